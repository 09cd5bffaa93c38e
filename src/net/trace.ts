/**
 * Recorded sessions: every input with its time and the effects that came of it, as JSON. A machine is deterministic,
 * so a trace that is replayed gives the same effects; where it does not, a bug was found or fixed.
 *
 * A trace holds what the peer sent, passwords included. Secrets in answers are recorded as `‹secret›`.
 */
import type { AnySession, Effect, Input } from "../contract/mod.ts";
import { Secret } from "../base/secret.ts";
import { latin1Bytes, latin1String } from "../base/bytes.ts";

/** One step. `input` and `effects` are plain JSON. */
export interface TraceEntry {
  readonly now: number;
  readonly input: unknown;
  readonly effects: readonly unknown[];
}

/** Takes the input down before the step (its chunk is borrowed); the result makes the entry. */
export function traceEntry(input: Input, now: number): (effects: readonly Effect[]) => TraceEntry {
  const recorded = toJson(input);
  return (effects) => ({ now, input: recorded, effects: effects.map(toJson) });
}

/** Plays a trace against a fresh session; the first difference, or null. */
export function replay(
  trace: readonly TraceEntry[],
  session: AnySession,
): { readonly at: number; readonly want: readonly unknown[]; readonly got: readonly unknown[] } | null {
  let state = session.state;
  for (const [at, entry] of trace.entries()) {
    const step = session.machine.step(state, fromJson(entry.input) as Input, entry.now);
    state = step.state;
    const got = step.effects.map(toJson);
    if (JSON.stringify(got) !== JSON.stringify(entry.effects)) return { at, want: entry.effects, got };
  }
  return null;
}

/** Bytes, lists of numbers, maps, sets and secrets become objects with one key that begins with `$`. */
function toJson(value: unknown): unknown {
  if (value === null || typeof value !== "object") return typeof value === "bigint" ? { $bigint: `${value}` } : value;
  if (value instanceof Uint8Array) return { $bytes: btoa(latin1String(value)) };
  if (value instanceof Uint32Array) return { $uint32: [...value] };
  if (value instanceof Secret) return { $secret: String(value) };
  if (value instanceof Map) return { $map: [...value].map(toJson) };
  if (value instanceof Set) return { $set: [...value].map(toJson) };
  if (Array.isArray(value)) return value.map(toJson);
  return Object.fromEntries(
    Object.entries(value).filter(([, v]) => v !== undefined && typeof v !== "function").map(([k, v]) => [k, toJson(v)]),
  );
}

function fromJson(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(fromJson);
  const record = value as Record<string, unknown>;
  const keys = Object.keys(record);
  if (keys.length === 1) {
    const only = record[keys[0]!];
    switch (keys[0]) {
      case "$bytes":
        return latin1Bytes(atob(only as string));
      case "$uint32":
        return Uint32Array.from(only as number[]);
      case "$secret":
        return new Secret(only);
      case "$bigint":
        return BigInt(only as string);
      case "$map":
        return new Map((only as unknown[]).map(fromJson) as [unknown, unknown][]);
      case "$set":
        return new Set((only as unknown[]).map(fromJson));
    }
  }
  return Object.fromEntries(Object.entries(record).map(([k, v]) => [k, fromJson(v)]));
}
