/** servermetadata (RFC 5490 section 4): annotations of the server. */
import type { Program } from "../../contract/program.ts";
import { arg, test } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import { matchTexts } from "../run/matching.ts";
import { everyAnswer } from "../run/questions.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, textOf } from "../script.ts";

/** Section 4.1. */
function* testServerMetadata(run: Run, node: CheckedNode): Program<boolean> {
  const value = yield* run.ask().serverMetadata(run.text(textOf(node, "annotation")));
  const result = matchTexts(run, node, value === null ? [] : [value]);
  return typeof result === "boolean" ? result : yield* result;
}

export const serverMetadata: SieveExtension = {
  name: "servermetadata",
  tests: [
    test(
      "servermetadata",
      { slots: ["match"], args: [arg("annotation", "string"), arg("keys", "strings")] },
      testServerMetadata,
    ),
    // Section 4.2.
    test(
      "servermetadataexists",
      { args: [arg("annotations", "strings")] },
      (run, node) =>
        everyAnswer(run, node, "annotations", function* (entry) {
          return (yield* run.ask().serverMetadata(entry)) !== null;
        }),
    ),
  ],
};
