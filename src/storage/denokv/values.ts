/** Rows as values of Deno KV, which takes 64 KiB each: what is larger lies in parts behind its key. */
import { deserialize, serialize } from "node:v8";
import { concatBytes } from "../../base/bytes.ts";
import type { Key, Part } from "./keys.ts";

/** Octets of a value, or of a part of one. */
export const PIECE = 60_000;
const FOLLOWS = "parts";

/** A write as Deno KV takes it; without `value` the key goes. */
export interface Mutation {
  readonly key: readonly Part[];
  readonly value?: unknown;
  readonly weight: number;
}

/** Octets that a value takes up at most. */
export function weigh(value: unknown): number {
  if (value === null || value === undefined || typeof value === "boolean") return 2;
  if (typeof value === "number") return 10;
  if (typeof value === "string") return 5 + (/^[\0-\xff]*$/.test(value) ? value.length : 2 * value.length);
  // A view is written with all that it is a view of.
  if (value instanceof Uint8Array) return value.buffer.byteLength + 20;
  let sum = 8;
  if (Array.isArray(value)) {
    for (const one of value) sum += weigh(one);
    return sum;
  }
  for (const key in value as object) sum += key.length + 3 + weigh((value as Record<string, unknown>)[key]);
  return sum;
}

export function weighKey(key: readonly Part[]): number {
  let sum = 8;
  for (const part of key) sum += typeof part === "string" ? 2 + 3 * part.length : 10;
  return sum;
}

/** Where the n-th part of a large value lies. */
export function partKey([scope, ...rest]: readonly Part[], part: number): readonly Part[] {
  return [scope!, "~", ...rest, part];
}

/** The writes that put a value in place of one that had `before` parts; `value` undefined removes it. */
export function mutationsOf(key: Key, value: unknown, weight: number, before: number): Mutation[] {
  const mutations: Mutation[] = [];
  let parts = 0;
  if (value === undefined) mutations.push({ key, weight: weighKey(key) });
  else if (weight <= PIECE) mutations.push({ key, value, weight: weight + weighKey(key) });
  else {
    const octets = new Uint8Array(serialize(value));
    for (let at = 0; at < octets.length; at += PIECE) {
      const piece = octets.slice(at, at + PIECE);
      const place = partKey(key, parts++);
      mutations.push({ key: place, value: piece, weight: piece.length + 20 + weighKey(place) });
    }
    mutations.push({ key, value: { [FOLLOWS]: parts }, weight: 30 + weighKey(key) });
  }
  for (let part = parts; part < before; part++) {
    const place = partKey(key, part);
    mutations.push({ key: place, weight: weighKey(place) });
  }
  return mutations;
}

/** How many parts follow; 0: the value is whole. */
export function partsOf(value: unknown): number {
  if (typeof value !== "object" || value === null || !(FOLLOWS in value)) return 0;
  return (value as { readonly [FOLLOWS]: number })[FOLLOWS];
}

export function joinParts(parts: readonly Uint8Array[]): unknown {
  return compact(deserialize(concatBytes(parts)));
}

/** The same with octets of its own: what was read out of a larger whole is a view of it, and would be written with it. */
function compact(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(compact);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, compact(one)]));
}
