/** Memberships that went and can come back, on top of the queue. */
import type { RemovedRow } from "../engine/tables.ts";
import { removal } from "./directory_tables.ts";
import { QueueTables } from "./queue_tables.ts";
import type { Cells } from "./wire/statement.ts";
import { rowWrite } from "./writes.ts";

const ROW = "select id, account, mailbox, path, uid, email, flags, keywords, save_date, size, at from removed";
const ADD = rowWrite(
  "removed",
  "iitiiitiii",
  "insert into removed (account, mailbox, path, uid, email, flags, keywords, save_date, size, at) select * from $rows",
);
const DROP = removal("removed", "id");

export class RemovedTables extends QueueTables {
  get undeleteMs(): number {
    return this.known.keeping.undeleteMs;
  }

  /** The same however often an operation is run. */
  wall(): number {
    return this.known.now;
  }

  addRemoved(row: Omit<RemovedRow, "id">): void {
    const { account, mailbox, path, uid, email, flags, keywords, saveDate, size, at } = row;
    this.sql.write(ADD, account, mailbox, path, uid, email, flags, keywords, saveDate, size, at);
  }

  dropRemoved(id: number): void {
    this.sql.write(DROP, id);
  }

  removedOf(email: number): readonly RemovedRow[] {
    return this.sql.all(`${ROW} where email = ?i`, email).map(readRemoved);
  }

  removedSince(account: number, since: number, after: number, limit: number): readonly RemovedRow[] {
    const sql = `${ROW} where account = ?i and id > ?i and at >= ?i order by id limit ?i`;
    return this.sql.all(sql, account, after, since, limit).map(readRemoved);
  }

  removedBefore(time: number, limit: number): readonly RemovedRow[] {
    return this.sql.all(`${ROW} where at < ?i order by at limit ?i`, time, limit).map(readRemoved);
  }

  oldestRemoved(account: number): RemovedRow | null {
    const cells = this.sql.get(`${ROW} where account = ?i order by id limit 1`, account);
    return cells ? readRemoved(cells) : null;
  }
}

function readRemoved(cells: Cells): RemovedRow {
  return {
    id: cells[0] as number,
    account: cells[1] as number,
    mailbox: cells[2] as number,
    path: cells[3] as string,
    uid: cells[4] as number,
    email: cells[5] as number,
    flags: cells[6] as number,
    keywords: cells[7] as string,
    saveDate: cells[8] as number,
    size: cells[9] as number,
    at: cells[10] as number,
  };
}
