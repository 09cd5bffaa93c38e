/** What accounts have besides mail, and what is gone from them, on top of what was removed. */
import type { DestroyedRow, ObjectRow } from "../engine/tables.ts";
import { RemovedTables } from "./removed_tables.ts";
import type { Cells } from "./statements.ts";

const OBJECT = "select account, kind, id, created, changed, value from objects";
const DESTROYED = "select account, kind, modseq, id, thread from destroyed " +
  "where account = ?1 and kind = ?2 and modseq > ?3";
const GROUPS = "modseq <= coalesce((select modseq from destroyed where account = ?1 and kind = ?2 and modseq > ?3 " +
  "order by modseq limit 1 offset ?4), 9007199254740991)";

export class ObjectTables extends RemovedTables {
  objects(account: number, kind: ObjectRow["kind"]): readonly ObjectRow[] {
    return this.sql.all(`${OBJECT} where account = ? and kind = ? order by id`, account, kind).map(readObject);
  }

  object(account: number, kind: ObjectRow["kind"], id: number): ObjectRow | null {
    const cells = this.sql.get(`${OBJECT} where account = ? and kind = ? and id = ?`, account, kind, id);
    return cells ? readObject(cells) : null;
  }

  putObject({ account, kind, id, created, changed, value }: ObjectRow): void {
    const sql = "insert or replace into objects values (?, ?, ?, ?, ?, ?)";
    this.sql.run(sql, account, kind, id, created, changed, value);
  }

  removeObject(account: number, kind: ObjectRow["kind"], id: number): void {
    this.sql.run("delete from objects where account = ? and kind = ? and id = ?", account, kind, id);
    // Its blob may be nobody's now.
    if (kind === "upload") this.sql.run("insert or ignore into garbage values (?)", id);
  }

  objectOwners(kind: ObjectRow["kind"]): readonly number[] {
    const sql = "select distinct account from objects where kind = ? order by account";
    return this.sql.all(sql, kind).map(([account]) => account as number);
  }

  addDestroyed({ account, kind, modseq, id, thread }: DestroyedRow): void {
    this.sql.run("insert into destroyed values (?, ?, ?, ?, ?)", account, kind, modseq, id, thread);
  }

  destroyedSince(
    account: number,
    kind: DestroyedRow["kind"],
    modseq: number,
    limit: number,
  ): readonly DestroyedRow[] {
    const rows = Number.isFinite(limit)
      ? this.sql.all(`${DESTROYED} and ${GROUPS} order by modseq`, account, kind, modseq, limit - 1)
      : this.sql.all(`${DESTROYED} order by modseq`, account, kind, modseq);
    return rows.map(readDestroyed);
  }

  /** Blobs that were kept until now are nobody's any more. At most `limit`; answers how many. */
  expireUploads(now: number, limit: number): number {
    const rows = this.sql.all(
      "select account, id from objects where kind = 'upload' and created <= ? limit ?",
      now,
      limit,
    );
    for (const [account, id] of rows) this.removeObject(account as number, "upload", id as number);
    return rows.length;
  }
}

function readObject(cells: Cells): ObjectRow {
  const [account, kind, id, created, changed, value] = cells as [
    number,
    ObjectRow["kind"],
    number,
    number,
    number,
    string,
  ];
  return { account, kind, id, created, changed, value };
}

function readDestroyed(cells: Cells): DestroyedRow {
  const [account, kind, modseq, id, thread] = cells as [number, DestroyedRow["kind"], number, number, number];
  return { account, kind, modseq, id, thread };
}
