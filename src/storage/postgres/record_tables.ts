/** Records by kind and key, on top of the objects of accounts. */
import type { AccountRow, RecordRow, RecordsAsked } from "../engine/tables.ts";
import { removal } from "./directory_tables.ts";
import { ObjectTables } from "./object_tables.ts";
import type { Cells } from "./wire/statement.ts";
import { rowWrite } from "./writes.ts";

const RECORD = "select kind, key, version, account, expires_at, value from records";
/** Beyond every key, which is ASCII. */
const LAST = "\x7f";
const PUT = rowWrite(
  "records",
  "ttiiit",
  "insert into records select * from $rows on conflict (kind, key) do update set version = excluded.version, " +
    "account = excluded.account, expires_at = excluded.expires_at, value = excluded.value",
  2,
);
const REMOVE = rowWrite(
  "records",
  "tt",
  "delete from records r using $rows v (kind, key) where r.kind = v.kind and r.key = v.key",
);
const REMOVE_OWNED = removal("records", "account");

export class RecordTables extends ObjectTables {
  override removeAccount(row: AccountRow): void {
    super.removeAccount(row);
    this.sql.write(REMOVE_OWNED, row.id);
  }

  record(kind: RecordRow["kind"], key: string): RecordRow | null {
    const cells = this.sql.get(`${RECORD} where kind = ?t and key = ?t`, kind, key);
    return cells ? readRecord(cells) : null;
  }

  records({ kind, account, prefix, after, descending, limit }: RecordsAsked): readonly RecordRow[] {
    const [from, to] = descending ? ["", after || LAST] : [after, LAST];
    const owned = account === null ? "" : "account = ?i and ";
    const sql = `${RECORD} where ${owned}kind = ?t and key > ?t and key < ?t and key >= ?t and key < ?t ` +
      `order by key ${descending ? "desc" : "asc"} limit ?i`;
    const owner = account === null ? [] : [account];
    return this.sql.all(sql, ...owner, kind, from, to, prefix, prefix + LAST, limit).map(readRecord);
  }

  putRecord({ kind, key, version, account, expiresAt, value }: RecordRow): void {
    this.sql.write(PUT, kind, key, version, account, expiresAt, value);
  }

  removeRecord({ kind, key }: RecordRow): void {
    this.sql.write(REMOVE, kind, key);
  }

  expiredRecords(now: number, limit: number): readonly RecordRow[] {
    const sql = `${RECORD} where expires_at <= ?i order by expires_at limit ?i`;
    return this.sql.all(sql, now, limit).map(readRecord);
  }
}

function readRecord(cells: Cells): RecordRow {
  const [kind, key, version, account] = cells as readonly [RecordRow["kind"], string, number, number];
  return { kind, key, version, account, expiresAt: cells[4] as number | null, value: cells[5] as string };
}
