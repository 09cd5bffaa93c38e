/** mailbox (RFC 5490 section 3): whether a mailbox is there, and making it. */
import { arg, flag, test } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import { everyAnswer } from "../run/questions.ts";

export const mailboxExtension: SieveExtension = {
  name: "mailbox",
  tests: [
    // Section 3.1: all of them.
    test(
      "mailboxexists",
      { args: [arg("mailboxes", "strings")] },
      (run, node) => everyAnswer(run, node, "mailboxes", (name) => run.ask().mailboxExists(name)),
    ),
  ],
  // Section 3.2.
  tags: [{ on: ["filing"], tags: [flag("create", { files: (_run, _node, filing) => ({ ...filing, create: true }) })] }],
};
