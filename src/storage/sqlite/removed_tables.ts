/** Memberships that went and can come back, on top of the queue. */
import type { RemovedRow } from "../engine/tables.ts";
import { QueueTables } from "./queue_tables.ts";
import type { Cells } from "./statements.ts";

const ROW = "select id, account, mailbox, path, uid, email, flags, keywords, save_date, size, at from removed";

export class RemovedTables extends QueueTables {
  undeleteMs = 0;
  wall: () => number = () => Date.now();

  addRemoved(row: Omit<RemovedRow, "id">): void {
    const { account, mailbox, path, uid, email, flags, keywords, saveDate, size, at } = row;
    this.sql.run(
      "insert into removed (account, mailbox, path, uid, email, flags, keywords, save_date, size, at) " +
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      account,
      mailbox,
      path,
      uid,
      email,
      flags,
      keywords,
      saveDate,
      size,
      at,
    );
  }

  dropRemoved(id: number): void {
    this.sql.run("delete from removed where id = ?", id);
  }

  removedOf(email: number): readonly RemovedRow[] {
    return this.sql.all(`${ROW} where email = ?`, email).map(readRemoved);
  }

  removedSince(account: number, since: number, after: number, limit: number): readonly RemovedRow[] {
    const sql = `${ROW} where account = ? and id > ? and at >= ? order by id limit ?`;
    return this.sql.all(sql, account, after, since, limit).map(readRemoved);
  }

  removedBefore(time: number, limit: number): readonly RemovedRow[] {
    return this.sql.all(`${ROW} where at < ? order by at limit ?`, time, limit).map(readRemoved);
  }

  oldestRemoved(account: number): RemovedRow | null {
    const cells = this.sql.get(`${ROW} where account = ? order by id limit 1`, account);
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
