/** Records by kind and key, on top of the objects of accounts. */
import type { AccountRow, RecordRow, RecordsAsked } from "../engine/tables.ts";
import { ObjectTables } from "./object_tables.ts";
import type { Cells } from "./statements.ts";

const RECORD = "select kind, key, version, account, expires_at, value from records";
/** Beyond every key, which is ASCII. */
const LAST = "\x7f";

export class RecordTables extends ObjectTables {
  override removeAccount(row: AccountRow): void {
    super.removeAccount(row);
    this.sql.run("delete from records where account = ?", row.id);
  }

  record(kind: RecordRow["kind"], key: string): RecordRow | null {
    const cells = this.sql.get(`${RECORD} where kind = ? and key = ?`, kind, key);
    return cells ? readRecord(cells) : null;
  }

  records({ kind, account, prefix, after, descending, limit }: RecordsAsked): readonly RecordRow[] {
    const [from, to] = descending ? ["", after || LAST] : [after, LAST];
    const owned = account === null ? "" : "account = ? and ";
    const sql = `${RECORD} where ${owned}kind = ? and key > ? and key < ? and key >= ? and key < ? ` +
      `order by key ${descending ? "desc" : "asc"} limit ?`;
    const owner = account === null ? [] : [account];
    return this.sql.all(sql, ...owner, kind, from, to, prefix, prefix + LAST, limit).map(readRecord);
  }

  putRecord({ kind, key, version, account, expiresAt, value }: RecordRow): void {
    const sql = "insert or replace into records values (?, ?, ?, ?, ?, ?)";
    this.sql.run(sql, kind, key, version, account, expiresAt, value);
  }

  removeRecord({ kind, key }: RecordRow): void {
    this.sql.run("delete from records where kind = ? and key = ?", kind, key);
  }

  expiredRecords(now: number, limit: number): readonly RecordRow[] {
    return this.sql.all(`${RECORD} where expires_at <= ? order by expires_at limit ?`, now, limit).map(readRecord);
  }
}

function readRecord(cells: Cells): RecordRow {
  const [kind, key, version, account] = cells as readonly [RecordRow["kind"], string, number, number];
  return { kind, key, version, account, expiresAt: cells[4] as number | null, value: cells[5] as string };
}
