/** mailboxid (RFC 9042): mailboxes by their identifiers, which stay when they get other names. */
import { arg, test, valued } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import { everyAnswer } from "../run/questions.ts";
import { textOf } from "../script.ts";

export const mailboxId: SieveExtension = {
  name: "mailboxid",
  tests: [
    // Section 4.2.
    test(
      "mailboxidexists",
      { args: [arg("ids", "strings")] },
      (run, node) =>
        everyAnswer(run, node, "ids", function* (id) {
          return (yield* run.ask().mailboxById(id)) !== null;
        }),
    ),
  ],
  tags: [{
    on: ["filing"],
    tags: [valued("mailboxid", "string", {
      // Section 4.1: where there is none, the mailbox that is named.
      *files(run, node, filing) {
        return {
          ...filing,
          mailbox: (yield* run.ask().mailboxById(run.text(textOf(node, ":mailboxid")))) ?? filing.mailbox,
        };
      },
    })],
  }],
};
