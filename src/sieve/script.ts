/** A script that was checked: what `runSieve` runs. Whoever imports it treats `SieveScript` as one opaque value. */
import type { Spec, TagSpec } from "./check/spec.ts";
import type { Template } from "./check/template.ts";
import type { Comparator } from "./match/comparator.ts";
import type { Keys, MatchType } from "./run/matching.ts";
import type { Place } from "./syntax/tree.ts";

/** How values are compared with keys (RFC 5228 section 2.7). */
export interface MatchSpec {
  readonly type: MatchType;
  /** The value of the tag that names the type, where it has one. */
  readonly detail: string;
  readonly comparator: Comparator;
}

/** The value of an argument; a tag alone is `true`. */
export type CheckedValue = Template | readonly Template[] | number | true;

/** A test or command whose shape is known to be right. */
export interface CheckedNode {
  readonly name: string;
  readonly spec: Spec;
  readonly at: Place;
  /** Tags (`:name`) and positional arguments (`name`). */
  readonly values: ReadonlyMap<string, CheckedValue>;
  /** Those that were given, in the order of the table. */
  readonly tags: readonly TagSpec[];
  readonly match: MatchSpec;
  readonly tests: readonly CheckedNode[];
  readonly block: readonly CheckedNode[] | null;
  /** What follows from it and is the same in each run. */
  readonly memo: NodeMemo;
}

/** Made when it is first wanted; none of it depends on a message. */
export interface NodeMemo {
  description: string | null;
  keys: Keys | null;
  names: readonly string[] | null;
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

/** A tag with this function or mark. */
type TagWith<K extends keyof TagSpec> = TagSpec & Required<Pick<TagSpec, K>>;

/** The tags of a node with this function or mark, in the order of the table. */
export function tagsWith<K extends keyof TagSpec>(node: CheckedNode, what: K): TagWith<K>[] {
  return node.tags.filter((tag) => tag[what] !== undefined) as TagWith<K>[];
}

/** The first of them. */
export function tagWith<K extends keyof TagSpec>(node: CheckedNode, what: K): TagWith<K> | undefined {
  for (const tag of node.tags) if (tag[what] !== undefined) return tag as TagWith<K>;
  return undefined;
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

/** About how many octets of memory the commands take, for caches. */
export function weightOf(nodes: readonly CheckedNode[]): number {
  let octets = 0;
  for (const node of nodes) {
    octets += 600;
    for (const value of node.values.values()) {
      if (typeof value !== "object") continue;
      // A string, its place and pieces; and what it becomes as a key.
      for (const text of Array.isArray(value) ? value as readonly Template[] : [value as Template]) {
        octets += 400 + (node.match.type.keyOctets ?? 0) + 120 * text.pieces.length + 8 * (text.constant?.length ?? 0);
      }
    }
    octets += weightOf(node.tests) + (node.block === null ? 0 : weightOf(node.block));
  }
  return octets;
}
