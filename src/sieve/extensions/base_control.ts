/** Control commands and the tests that hold others together (RFC 5228 sections 3 and 5). */
import { arg, command, test } from "../check/spec.ts";
import { PLAIN } from "../check/values.ts";
import type { SieveExtension } from "../extension.ts";
import { allAre, runTest } from "../run/evaluate.ts";

const nothing = (): void => {};
const not = (result: boolean): boolean => !result;

export const baseControl: SieveExtension = {
  name: null,
  commands: [
    command("require", { args: [arg("extensions", "strings", PLAIN)] }, nothing),
    // The branches are chosen where blocks are run.
    command("if", { tests: 1, block: true }, nothing),
    command("elsif", { tests: 1, block: true }, nothing),
    command("else", { block: true }, nothing),
    command("stop", {}, (run) => {
      run.say("action", "stop");
      return "stop";
    }),
  ],
  tests: [
    test("true", { quiet: true }, () => true),
    test("false", { quiet: true }, () => false),
    test("not", { quiet: true, tests: 1 }, (run, node) => {
      const result = runTest(run, node.tests[0]!);
      return typeof result === "boolean" ? !result : after(result, not);
    }),
    // Sections 5.2 and 5.3: both stop where the outcome is clear.
    test("allof", { quiet: true, tests: "many" }, (run, node) => allAre(run, node.tests, true)),
    test("anyof", { quiet: true, tests: "many" }, (run, node) => {
      const none = allAre(run, node.tests, false);
      return typeof none === "boolean" ? !none : after(none, not);
    }),
  ],
};

function* after(asked: ReturnType<typeof allAre> & object, change: (result: boolean) => boolean) {
  return change(yield* asked);
}
