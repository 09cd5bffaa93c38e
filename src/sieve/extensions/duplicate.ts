/** duplicate (RFC 7352): what was seen in earlier runs; this one is remembered once it has ended well. */
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/program.ts";
import { flag, test, valued } from "../check/spec.ts";
import { HEADER_NAME } from "../check/values.ts";
import type { SieveExtension } from "../extension.ts";
import { hashedKey } from "../run/hashed_key.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, given, numberOf, textOf } from "../script.ts";

function* testDuplicate(run: Run, node: CheckedNode): Program<boolean> {
  const id = uniqueId(run, node);
  if (id === null || id === "") return false; // section 3.1: without an identifier nothing is remembered
  const key = hashedKey("duplicate", run.text(textOf(node, ":handle")), id);
  const seen = yield* run.ask().seen(key);
  const { max, default: usual } = run.limits.duplicateSeconds;
  const seconds = Math.min(max, numberOf(node, ":seconds") ?? usual);
  // Section 3.3: with `:last` the time runs from the last message, else from the first.
  if (!seen || given(node, ":last")) run.remember(key, seconds);
  return seen;
}

function uniqueId(run: Run, node: CheckedNode): string | null {
  const given = textOf(node, ":uniqueid");
  if (given !== null) return run.text(given);
  const header = textOf(node, ":header");
  const name = header === null ? "message-id" : lowerAscii(run.text(header));
  const field = run.named(name)[0];
  return field === undefined ? null : run.reading.decoded(field);
}

const IDENTIFIER = { group: ":header and :uniqueid" };

export const duplicate: SieveExtension = {
  name: "duplicate",
  tests: [
    test("duplicate", {
      tags: [
        valued("handle", "string"),
        valued("header", "string", { ...IDENTIFIER, rule: HEADER_NAME }),
        valued("uniqueid", "string", IDENTIFIER),
        valued("seconds", "number", { least: 1 }),
        flag("last"),
      ],
    }, testDuplicate),
  ],
};
