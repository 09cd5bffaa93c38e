/** Tests of a message (RFC 5228 section 5). */
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/program.ts";
import { arg, type Spec, test, valued, type ValueRule } from "../check/spec.ts";
import { HEADER_NAME } from "../check/values.ts";
import type { SieveExtension } from "../extension.ts";
import { ComparedText } from "../match/comparator.ts";
import type { DraftField } from "../run/draft.ts";
import { keysOf, matchAny, namesOf } from "../run/matching.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, numberOf, tagWith } from "../script.ts";
import { wholeAddress } from "./base_matching.ts";

/** Fields that never hold addresses (section 5.1: the test is restricted to those that do). */
const NO_ADDRESSES: ReadonlySet<string> = new Set((
  "received date subject message-id comments keywords mime-version content-type content-transfer-encoding " +
  "dkim-signature authentication-results references in-reply-to"
).split(" "));

/** The name of a field that may hold addresses. */
export const ADDRESS_HEADER: ValueRule = {
  expected: "the name of a header field with addresses, such as From",
  holds: (value) => HEADER_NAME.holds(value) && !NO_ADDRESSES.has(lowerAscii(value)),
};

const KEYS = arg("keys", "strings");

/** Section 5.7. */
function testHeader(run: Run, node: CheckedNode): boolean | Program<boolean> {
  const fields = fieldsOf(run, node);
  return Array.isArray(fields) ? inFields(run, node, fields) : later(run, node, fields as Asked, inFields);
}

function inFields(run: Run, node: CheckedNode, fields: readonly DraftField[]): boolean | Program<boolean> {
  const { comparator } = node.match;
  const reader = tagWith(node, "reads");
  const values: ComparedText[] = [];
  for (const field of fields) {
    if (reader === undefined) values.push(run.reading.compared(field, comparator));
    else for (const text of reader.reads(run, node, field)) values.push(new ComparedText(text, comparator));
  }
  return matchAny(run, node.match, values, keysOf(run, node));
}

/** Section 5.1. */
function testAddress(run: Run, node: CheckedNode): boolean | Program<boolean> {
  const fields = fieldsOf(run, node);
  return Array.isArray(fields) ? inAddresses(run, node, fields) : later(run, node, fields as Asked, inAddresses);
}

function inAddresses(run: Run, node: CheckedNode, fields: readonly DraftField[]): boolean | Program<boolean> {
  const part = tagWith(node, "addressPart")?.addressPart ?? wholeAddress;
  const separators = run.facts.separators ?? "+";
  const values: ComparedText[] = [];
  let count = 0;
  for (const field of fields) {
    const found = run.reading.addressParts(field, part, separators, node.match.comparator);
    for (const value of found.values) values.push(value);
    count += found.count;
  }
  return matchAny(run, node.match, values, keysOf(run, node), { count });
}

/** Section 5.5: all of them. */
function testExists(run: Run, node: CheckedNode): boolean | Program<boolean> {
  const other = tagWith(node, "fields");
  if (other !== undefined) return later(run, node, other.fields(run, node), areThere);
  return areThere(run, node, run.fields());
}

function areThere(run: Run, node: CheckedNode, fields: readonly DraftField[]): boolean {
  return namesOf(run, node, "headers", lowerAscii).every((name) => run.reading.named(fields, name).length > 0);
}

/** Section 5.9. */
function testSize(run: Run, node: CheckedNode): boolean {
  const { view } = run;
  const size = view === null ? run.facts.index.size : view.root.bodyEnd - view.root.headerStart;
  const over = numberOf(node, ":over");
  return over !== null ? size > over : size < (numberOf(node, ":under") ?? 0);
}

type Asked = Program<readonly DraftField[]>;

function* later(
  run: Run,
  node: CheckedNode,
  asked: Asked,
  then: (run: Run, node: CheckedNode, fields: readonly DraftField[]) => boolean | Program<boolean>,
): Program<boolean> {
  const result = then(run, node, yield* asked);
  return typeof result === "boolean" ? result : yield* result;
}

/** The fields that a test names, in the order of the message, or how they are found. */
function fieldsOf(run: Run, node: CheckedNode): readonly DraftField[] | Asked {
  const other = tagWith(node, "fields");
  if (other !== undefined) return chosenLater(run, node, other.fields(run, node));
  return chosen(run, node, run.fields());
}

function* chosenLater(run: Run, node: CheckedNode, asked: Asked): Asked {
  return chosen(run, node, yield* asked);
}

function chosen(run: Run, node: CheckedNode, fields: readonly DraftField[]): readonly DraftField[] {
  const names = namesOf(run, node, "headers", lowerAscii);
  const chooser = tagWith(node, "chooses");
  if (chooser === undefined) {
    return names.length === 1
      ? run.reading.named(fields, names[0]!)
      : names.flatMap((name) => run.reading.named(fields, name));
  }
  return names.flatMap((name) => chooser.chooses(run.reading.named(fields, name), node) ?? []);
}

const OVER_UNDER = { group: ":over and :under" };

export const baseTests: SieveExtension = {
  name: null,
  tests: [
    test(
      "address",
      { slots: ["match", "addressPart"], args: [arg("headers", "strings", ADDRESS_HEADER), KEYS] },
      testAddress,
    ),
    test("exists", { args: [arg("headers", "strings", HEADER_NAME)] }, testExists),
    test("header", { slots: ["match"], args: [arg("headers", "strings", HEADER_NAME), KEYS] }, testHeader),
    test("size", {
      tags: [valued("over", "number", OVER_UNDER), valued("under", "number", OVER_UNDER)],
      extra: [
        (values) => values.has(":over") || values.has(":under") ? null : { message: "It needs :over or :under." },
      ],
    }, testSize),
  ] satisfies Spec[],
};
