/** Records of OAuth: JSON that this folder has written. */
import { type AccountId, ask, type Program, type RecordKind, type StoredRecord } from "../contract/mod.ts";

/** A record with its value read. */
export interface Stored<T> {
  readonly value: T;
  readonly version: number;
  readonly expiresAt: number | null;
}

/** Reads one; null: it is not there. */
export function* load<T>(kind: RecordKind, key: string, now: number): Program<Stored<T> | null> {
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) return null;
  const found = yield* ask("record.get", { kind, key, now });
  return found && read<T>(found);
}

/** Reads and removes one. */
export function* take<T>(kind: RecordKind, key: string, now: number): Program<Stored<T> | null> {
  const found = yield* ask("record.take", { kind, key, now });
  return found && read<T>(found);
}

/** Writes one; false: it has changed since that version, or its account is gone. */
export function* save(
  kind: RecordKind,
  key: string,
  value: unknown,
  more: {
    readonly now: number;
    readonly expiresAt: number | null;
    readonly accountId?: AccountId;
    readonly ifVersion?: number | null;
  },
): Program<boolean> {
  const answer = yield* ask("record.put", { kind, key, value: JSON.stringify(value), ...more });
  return !("refused" in answer);
}

/** The value of a record as it was written. */
export function read<T>({ value, version, expiresAt }: StoredRecord): Stored<T> {
  return { value: JSON.parse(value) as T, version, expiresAt };
}
