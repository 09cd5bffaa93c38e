/** Match type and comparator of a test, and whether they go together (RFC 5228 section 2.7, RFC 5231). */
import { lowerAscii } from "../../base/ascii.ts";
import { compileRegex } from "../match/regex.ts";
import type { Comparator } from "../match/comparator.ts";
import { isComparator } from "../match/comparator.ts";
import { type CheckedValue, type MatchSpec, type Relation } from "../script.ts";
import type { TestNode } from "../syntax/tree.ts";
import type { CheckContext } from "./context.ts";
import type { Template } from "./template.ts";

/** RFC 5228 sections 2.7.1 and 2.7.3. */
export const DEFAULT_MATCH: MatchSpec = { type: "is", relation: "eq", comparator: "i;ascii-casemap" };

const TYPES = ["is", "contains", "matches", "regex", "count", "value", "list"] as const;

/** Reads them out of the tags of a test. */
export function matchSpecOf(
  node: TestNode,
  values: ReadonlyMap<string, CheckedValue>,
  context: CheckContext,
): MatchSpec {
  const type = TYPES.find((name) => values.has(":" + name)) ?? "is";
  const relation = constantOf(values.get(":" + type));
  const comparator = comparatorOf(node, values, context);
  const match: MatchSpec = {
    type,
    relation: relation === null ? "eq" : lowerAscii(relation) as Relation,
    comparator,
  };
  if (comparator === "i;ascii-numeric" && (type === "contains" || type === "matches" || type === "regex")) {
    // RFC 4790 section 9.1.1: this comparator has no substrings.
    context.errors.add(
      node.at,
      `The comparator i;ascii-numeric cannot be used with :${type}.`,
      `:${type}`,
      ":is, :value or :count",
    );
  }
  if (type === "regex") checkPatterns(values, comparator, context);
  return match;
}

function comparatorOf(node: TestNode, values: ReadonlyMap<string, CheckedValue>, context: CheckContext): Comparator {
  const name = constantOf(values.get(":comparator"));
  if (name === null || !isComparator(name)) return DEFAULT_MATCH.comparator;
  // RFC 5228 section 2.7.3: these two are always there.
  if (name !== "i;octet" && name !== "i;ascii-casemap" && !context.required.has("comparator-" + name)) {
    context.errors.add(
      node.at,
      `This comparator needs \`require "comparator-${name}"\`.`,
      name,
      `require "comparator-${name}"`,
    );
  }
  return name;
}

/** Regular expressions that are known now must be ones. */
function checkPatterns(values: ReadonlyMap<string, CheckedValue>, comparator: Comparator, context: CheckContext): void {
  for (const name of ["keys", "values", "flags", "value"]) {
    const given = values.get(name);
    const texts = Array.isArray(given)
      ? given as readonly Template[]
      : typeof given === "object"
      ? [given as Template]
      : [];
    for (const text of texts) {
      const compiled = text.constant === null
        ? null
        : compileRegex(text.constant, comparator, context.limits.regexSize);
      if (compiled !== null && "problem" in compiled) {
        context.errors.add(text.at, `This is no regular expression: ${compiled.problem}.`, text.constant!);
      }
    }
  }
}

function constantOf(value: CheckedValue | undefined): string | null {
  return typeof value === "object" && !Array.isArray(value) ? (value as Template).constant : null;
}
