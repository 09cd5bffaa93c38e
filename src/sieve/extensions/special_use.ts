/** special-use (RFC 8579): mailboxes by what they are for. */
import { arg, optional, test, valued, type ValueRule } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import { everyAnswer } from "../run/questions.ts";
import { textOf } from "../script.ts";

/** RFC 6154. */
export const SPECIAL_USE: ValueRule = {
  expected: "a special use such as \\Junk",
  holds: (value) => /^\\[A-Za-z0-9_-]{1,64}$/.test(value),
};

export const specialUse: SieveExtension = {
  name: "special-use",
  tests: [
    // Section 3: somewhere, or at the mailbox that is named.
    test(
      "specialuse_exists",
      { args: [optional("mailbox", "string"), arg("uses", "strings", SPECIAL_USE)] },
      (run, node) => {
        const mailbox = textOf(node, "mailbox");
        const among = mailbox === null ? null : run.text(mailbox);
        return everyAnswer(run, node, "uses", function* (use) {
          return (yield* run.ask().mailboxByUse(use, among)) !== null;
        });
      },
    ),
  ],
  tags: [{
    on: ["filing"],
    tags: [valued("specialuse", "string", {
      rule: SPECIAL_USE,
      // Section 4: where there is none, the mailbox that is named, which gets the use if it is made.
      *files(run, node, filing) {
        const use = run.text(textOf(node, ":specialuse"));
        const mailbox = yield* run.ask().mailboxByUse(use, null);
        return { ...filing, mailbox: mailbox ?? filing.mailbox, specialUse: use };
      },
    })],
  }],
};
