/** A script that was checked: what `runSieve` runs. Whoever imports it treats `SieveScript` as one opaque value. */
import type { Comparator } from "./match/comparator.ts";
import type { Place } from "./syntax/tree.ts";
import type { Template } from "./check/template.ts";

/** The relations of RFC 5231 section 4. */
export type Relation = "gt" | "ge" | "lt" | "le" | "eq" | "ne";

/** How values are compared with keys (RFC 5228 section 2.7). */
export interface MatchSpec {
  readonly type: "is" | "contains" | "matches" | "regex" | "count" | "value" | "list";
  /** For `count` and `value`. */
  readonly relation: Relation;
  readonly comparator: Comparator;
}

/** The value of an argument; a tag alone is `true`. */
export type CheckedValue = Template | readonly Template[] | number | true;

/** A test or command whose shape is known to be right. */
export interface CheckedNode {
  readonly name: string;
  readonly at: Place;
  /** Tags (`:name`) and positional arguments (`name`). */
  readonly values: ReadonlyMap<string, CheckedValue>;
  readonly match: MatchSpec;
  readonly tests: readonly CheckedNode[];
  readonly block: readonly CheckedNode[] | null;
}

/** A script that may run. */
export interface SieveScript {
  readonly commands: readonly CheckedNode[];
  /** What it requires. */
  readonly extensions: ReadonlySet<string>;
}

/** Whether a tag was given. */
export function given(node: CheckedNode, name: string): boolean {
  return node.values.has(name);
}

/** A string argument, or null. */
export function textOf(node: CheckedNode, name: string): Template | null {
  const value = node.values.get(name);
  return typeof value === "object" && !Array.isArray(value) ? value as Template : null;
}

/** The strings of an argument; none where it was not given. */
export function textsOf(node: CheckedNode, name: string): readonly Template[] {
  const value = node.values.get(name);
  return Array.isArray(value) ? value : [];
}

/** A number, or null. */
export function numberOf(node: CheckedNode, name: string): number | null {
  const value = node.values.get(name);
  return typeof value === "number" ? value : null;
}
