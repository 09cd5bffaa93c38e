/** spamtest (RFC 5235 section 2.2): how likely the message is spam. */
import type { Program } from "../../contract/program.ts";
import { arg, test } from "../check/spec.ts";
import type { SieveExtension } from "../extension.ts";
import { matchTexts } from "../run/matching.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, given } from "../script.ts";

/** 0 untested, 1 to 10; with `:percent` 0 to 100, and then untested has no value to count. */
function testSpam(run: Run, node: CheckedNode): boolean | Program<boolean> {
  const percent = run.facts.spamPercent ?? null;
  const count = percent === null ? 0 : 1;
  const bounded = Math.min(100, Math.max(0, percent ?? 0));
  if (given(node, ":percent")) return matchTexts(run, node, [String(Math.round(bounded))], { count });
  return matchTexts(run, node, [String(percent === null ? 0 : 1 + Math.round(bounded * 9 / 100))], { count });
}

export const spamTest: SieveExtension = {
  name: "spamtest",
  tests: [test("spamtest", { slots: ["match"], args: [arg("keys", "strings")] }, testSpam)],
};
