/** mboxmetadata (RFC 5490 section 3): annotations of mailboxes. */
import type { Program } from "../../contract/program.ts";
import { arg, test } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import { everyAnswer } from "../run/questions.ts";
import { matchTexts } from "../run/matching.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, textOf } from "../script.ts";

/** Section 3.3. */
function* testMetadata(run: Run, node: CheckedNode): Program<boolean> {
  const mailbox = run.text(textOf(node, "mailbox"));
  const value = yield* run.ask().mailboxMetadata(mailbox, run.text(textOf(node, "annotation")));
  const result = matchTexts(run, node, value === null ? [] : [value]);
  return typeof result === "boolean" ? result : yield* result;
}

export const mboxMetadata: SieveExtension = {
  name: "mboxmetadata",
  tests: [
    test("metadata", {
      slots: ["match"],
      args: [arg("mailbox", "string"), arg("annotation", "string"), arg("keys", "strings")],
    }, testMetadata),
    // Section 3.4.
    test("metadataexists", { args: [arg("mailbox", "string"), arg("annotations", "strings")] }, (run, node) => {
      const mailbox = run.text(textOf(node, "mailbox"));
      return everyAnswer(run, node, "annotations", function* (entry) {
        return (yield* run.ask().mailboxMetadata(mailbox, entry)) !== null;
      });
    }),
  ],
};
