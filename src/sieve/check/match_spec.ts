/** Match type and comparator of a test, and whether they go together (RFC 5228 section 2.7). */
import { lowerAscii } from "../../base/ascii.ts";
import { ASCII_CASEMAP, type Comparator } from "../match/comparator.ts";
import type { CheckedValue, MatchSpec } from "../script.ts";
import type { TestNode } from "../syntax/tree.ts";
import type { CheckContext } from "./context.ts";
import { IS } from "../extensions/base_matching.ts";
import type { Spec } from "./spec.ts";
import type { Template } from "./template.ts";

/** RFC 5228 sections 2.7.1 and 2.7.3. */
export const DEFAULT_MATCH: MatchSpec = { type: IS, detail: "", comparator: ASCII_CASEMAP };

/** Reads them out of the tags of a test. */
export function matchSpecOf(
  node: TestNode,
  spec: Spec,
  values: ReadonlyMap<string, CheckedValue>,
  context: CheckContext,
): MatchSpec {
  if (!spec.slots.includes("match") || values.size === 0) return DEFAULT_MATCH;
  let tag = null;
  for (const name of values.keys()) {
    const found = name.startsWith(":") ? spec.tagged.get(name.slice(1)) : undefined;
    if (found?.matches !== undefined) tag = found;
  }
  const comparator = comparatorOf(node, values, context);
  if (tag?.matches === undefined) {
    return comparator === ASCII_CASEMAP ? DEFAULT_MATCH : { ...DEFAULT_MATCH, comparator };
  }
  const type = tag.matches;
  if (type.partial && comparator.fold === null) {
    const name = ":" + tag.name;
    const message = `The comparator ${comparator.name} cannot be used with ${name}.`;
    context.errors.add(node.at, message, name, ":is, :value or :count");
  }
  if (type.wrong !== undefined) checkKeys(spec, values, comparator, context, type.wrong);
  return { type, detail: lowerAscii(constantOf(values.get(":" + tag.name)) ?? ""), comparator };
}

function comparatorOf(node: TestNode, values: ReadonlyMap<string, CheckedValue>, context: CheckContext): Comparator {
  const name = constantOf(values.get(":comparator"));
  const found = name === null ? undefined : context.language.comparators.get(name);
  if (name === null || found === undefined) return ASCII_CASEMAP; // it was said already that there is none
  const { comparator, needs } = found;
  if (needs !== null && !context.required.has(needs)) {
    const expected = `require "${needs}"`;
    context.errors.add(node.at, `This comparator needs \`${expected}\`.`, name, expected);
  }
  return comparator;
}

/** Patterns that are known now must be ones. */
function checkKeys(
  spec: Spec,
  values: ReadonlyMap<string, CheckedValue>,
  comparator: Comparator,
  context: CheckContext,
  wrong: (key: string, comparator: Comparator, limits: CheckContext["limits"]) => string | null,
): void {
  const given = values.get(spec.args.at(-1)?.name ?? "");
  if (typeof given !== "object") return;
  for (const text of Array.isArray(given) ? given as readonly Template[] : [given as Template]) {
    const problem = text.constant === null ? null : wrong(text.constant, comparator, context.limits);
    if (problem !== null) context.errors.add(text.at, problem, text.constant!);
  }
}

function constantOf(value: CheckedValue | undefined): string | null {
  return typeof value === "object" && !Array.isArray(value) ? (value as Template).constant : null;
}
