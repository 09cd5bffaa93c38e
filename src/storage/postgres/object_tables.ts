/** What accounts have besides mail, and what is gone from them, on top of what was removed. */
import type { DestroyedRow, ObjectRow } from "../engine/tables.ts";
import { ADD_GARBAGE } from "./queue_tables.ts";
import { RemovedTables } from "./removed_tables.ts";
import type { Cells } from "./wire/statement.ts";
import { rowWrite } from "./writes.ts";

const OBJECT = "select account, kind, id, created, changed, value from objects";
const DESTROYED = "select account, kind, modseq, id, thread from destroyed";
const PUT = rowWrite(
  "objects",
  "itiiit",
  "insert into objects select * from $rows on conflict (account, kind, id) do update set " +
    "created = excluded.created, changed = excluded.changed, value = excluded.value",
  3,
);
const REMOVE = rowWrite(
  "objects",
  "iti",
  "delete from objects o using $rows v (account, kind, id) " +
    "where o.account = v.account and o.kind = v.kind and o.id = v.id",
);
const ADD_DESTROYED = rowWrite("destroyed", "itiii", "insert into destroyed select * from $rows");

type Kind = ObjectRow["kind"];

export class ObjectTables extends RemovedTables {
  objects(account: number, kind: Kind): readonly ObjectRow[] {
    const sql = `${OBJECT} where account = ?i and kind = ?t order by id`;
    return this.sql.all(sql, account, kind).map(readObject);
  }

  object(account: number, kind: Kind, id: number): ObjectRow | null {
    const cells = this.sql.get(`${OBJECT} where account = ?i and kind = ?t and id = ?i`, account, kind, id);
    return cells ? readObject(cells) : null;
  }

  putObject({ account, kind, id, created, changed, value }: ObjectRow): void {
    this.sql.write(PUT, account, kind, id, created, changed, value);
  }

  removeObject(account: number, kind: Kind, id: number): void {
    this.sql.write(REMOVE, account, kind, id);
    // Its blob may be nobody's now.
    if (kind === "upload") this.sql.write(ADD_GARBAGE, id);
  }

  objectOwners(kind: Kind): readonly number[] {
    const sql = "select distinct account from objects where kind = ?t order by account";
    return this.sql.all(sql, kind).map(([account]) => account as number);
  }

  addDestroyed({ account, kind, modseq, id, thread }: DestroyedRow): void {
    this.sql.write(ADD_DESTROYED, account, kind, modseq, id, thread);
  }

  destroyedSince(account: number, kind: DestroyedRow["kind"], modseq: number, limit: number): readonly DestroyedRow[] {
    const where = "where account = ?i and kind = ?t and modseq > ?i";
    if (!Number.isFinite(limit)) {
      return this.sql.all(`${DESTROYED} ${where} order by modseq`, account, kind, modseq).map(readDestroyed);
    }
    const sql = `${DESTROYED} ${where} and modseq <= coalesce((select modseq from destroyed ${where} ` +
      "order by modseq limit 1 offset ?i), 9007199254740991) order by modseq";
    return this.sql.all(sql, account, kind, modseq, account, kind, modseq, limit - 1).map(readDestroyed);
  }
}

function readObject(cells: Cells): ObjectRow {
  const [account, kind, id, created, changed] = cells as readonly [number, Kind, number, number, number];
  return { account, kind, id, created, changed, value: cells[5] as string };
}

function readDestroyed(cells: Cells): DestroyedRow {
  const [account, kind, modseq, id] = cells as readonly [number, DestroyedRow["kind"], number, number];
  return { account, kind, modseq, id, thread: cells[4] as number };
}
