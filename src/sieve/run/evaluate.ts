/** Runs the tests of a script and notes what they said. */
import type { Program } from "../../contract/program.ts";
import { type CheckedNode, textsOf } from "../script.ts";
import { describeTest } from "./describe.ts";
import { testHasFlag } from "./flags.ts";
import { matchAny } from "./matching.ts";
import type { Run } from "./run.ts";
import { testBody } from "./test_body.ts";
import { testCurrentDate, testDate } from "./test_date.ts";
import { testAddress, testEnvelope, testExists, testHeader, testSize } from "./test_header.ts";
import {
  testDuplicate,
  testEnvironment,
  testMailboxExists,
  testMailboxIdExists,
  testMetadata,
  testMetadataExists,
  testNotifyCapability,
  testServerMetadata,
  testServerMetadataExists,
  testSpam,
  testSpecialUseExists,
  testValidExtList,
  testValidNotifyMethod,
  testVirus,
} from "./test_world.ts";

type Test = (run: Run, node: CheckedNode) => Program<boolean>;

const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ["address", testAddress],
  ["body", testBody],
  ["currentdate", testCurrentDate],
  ["date", testDate],
  ["duplicate", testDuplicate],
  ["envelope", testEnvelope],
  ["environment", testEnvironment],
  ["exists", testExists],
  ["hasflag", testHasFlag],
  ["header", testHeader],
  ["ihave", testIhave],
  ["mailboxexists", testMailboxExists],
  ["mailboxidexists", testMailboxIdExists],
  ["metadata", testMetadata],
  ["metadataexists", testMetadataExists],
  ["notify_method_capability", testNotifyCapability],
  ["servermetadata", testServerMetadata],
  ["servermetadataexists", testServerMetadataExists],
  ["size", testSize],
  ["spamtest", testSpam],
  ["specialuse_exists", testSpecialUseExists],
  ["string", testString],
  ["valid_ext_list", testValidExtList],
  ["valid_notify_method", testValidNotifyMethod],
  ["virustest", testVirus],
]);

/** Whether a test is true. `allof` and `anyof` stop where the outcome is clear (RFC 5228 sections 5.2 and 5.3). */
export function* runTest(run: Run, node: CheckedNode): Program<boolean> {
  run.enter(node);
  switch (node.name) {
    case "true":
      return true;
    case "false":
      return false;
    case "not":
      return !(yield* runTest(run, node.tests[0]!));
    case "allof":
      for (const test of node.tests) if (!(yield* runTest(run, test))) return false;
      return true;
    case "anyof":
      for (const test of node.tests) if (yield* runTest(run, test)) return true;
      return false;
  }
  const test = TESTS.get(node.name);
  if (test === undefined) throw new Error(`no test ${node.name}`); // the checker lets none through
  const result = yield* test(run, node);
  if (run.log.length < run.limits.logLines) run.say("test", describeTest(node), result);
  return result;
}

/** RFC 5229 section 5; empty strings are not counted (section 5). */
function* testString(run: Run, node: CheckedNode): Program<boolean> {
  const values = run.all(textsOf(node, "source"));
  const count = values.filter((value) => value !== "").length;
  return yield* matchAny(run, node.match, values, run.all(textsOf(node, "keys")), { count });
}

/** RFC 5463 section 4: the checker put what is there into the extensions of the script. */
// deno-lint-ignore require-yield -- tests are programs
function* testIhave(run: Run, node: CheckedNode): Program<boolean> {
  return run.all(textsOf(node, "extensions")).every((name) => run.scope.script.extensions.has(name));
}
