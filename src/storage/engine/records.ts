/** Records: small documents by kind and key (`contract/ops/record.ts`). */
import type { AnswerOf, Args, StoredRecord } from "../../contract/mod.ts";
import { accountIdOf, rowOf } from "./ids.ts";
import type { RecordRow, Transaction } from "./tables.ts";

/** Characters of a value. */
const VALUE = 1024 * 1024;
const KEY = /^[\x21-\x7e]{1,200}$/;
const PAGE = 1000;

export function get(tx: Transaction, args: Args<"record.get">): StoredRecord | null {
  const row = find(tx, args);
  return row && isAlive(row, args.now) ? print(row) : null;
}

export function list(tx: Transaction, args: Args<"record.list">): readonly StoredRecord[] {
  const { kind, now, accountId, prefix = "", after = "", descending = false } = args;
  const account = accountId === undefined ? null : rowOf("a", accountId);
  if (!KEY.test(prefix || "-") || !KEY.test(after || "-")) return [];
  const limit = Math.min(args.limit, PAGE);
  const found: StoredRecord[] = [];
  for (let from = after; found.length < limit;) {
    const page = tx.records({ kind, account, prefix, after: from, descending, limit });
    for (const row of page) if (isAlive(row, now) && found.length < limit) found.push(print(row));
    if (page.length < limit) break;
    from = page.at(-1)!.key;
  }
  return found;
}

export function put(tx: Transaction, args: Args<"record.put">): AnswerOf<"record.put"> {
  const { kind, key, value, ifVersion, accountId = null, expiresAt = null } = args;
  if (!KEY.test(key) || value.length > VALUE) return { refused: "invalid" };
  const account = accountId === null ? 0 : rowOf("a", accountId);
  if (accountId !== null && !tx.account(account)) return { refused: "noAccount" };
  // One that has expired is not there, but its versions are not used again.
  const before = tx.record(kind, key);
  const current = before && isAlive(before, args.now) ? before.version : null;
  if (ifVersion !== undefined && ifVersion !== current) return { refused: "changed" };
  const row = { kind, key, version: (before?.version ?? 0) + 1, account, expiresAt, value };
  tx.putRecord(row);
  return print(row);
}

export function take(tx: Transaction, args: Args<"record.take">): StoredRecord | null {
  const row = find(tx, args);
  if (row) tx.removeRecord(row);
  return row && isAlive(row, args.now) ? print(row) : null;
}

export function remove(tx: Transaction, { kind, key, ifVersion }: Args<"record.remove">): boolean {
  const row = find(tx, { kind, key });
  if (!row || (ifVersion !== undefined && ifVersion !== row.version)) return false;
  tx.removeRecord(row);
  return true;
}

export function prune(tx: Transaction, { now, limit }: Args<"record.prune">): number {
  const rows = tx.expiredRecords(now, Math.min(limit, PAGE));
  for (const row of rows) tx.removeRecord(row);
  return rows.length;
}

/** Also one that has expired. What cannot be a key is not looked for. */
function find(tx: Transaction, { kind, key }: Pick<RecordRow, "kind" | "key">): RecordRow | null {
  return KEY.test(key) ? tx.record(kind, key) : null;
}

function isAlive({ expiresAt }: RecordRow, now: number): boolean {
  return expiresAt === null || expiresAt > now;
}

function print({ key, value, version, account, expiresAt }: RecordRow): StoredRecord {
  return { key, value, version, accountId: account === 0 ? null : accountIdOf(account), expiresAt };
}
