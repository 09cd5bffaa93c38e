/** How accounts want their mail delivered, and what their filters remember, on top of scripts. */
import type { AccountRow } from "../engine/tables.ts";
import { removal } from "./directory_tables.ts";
import { MetadataTables } from "./metadata_tables.ts";
import { rowWrite } from "./writes.ts";

const PUT_SETTINGS = rowWrite(
  "delivery",
  "it",
  "insert into delivery select * from $rows on conflict (account) do update set settings = excluded.settings",
  1,
);
const PUT_SEEN = rowWrite(
  "seen",
  "iti",
  "insert into seen select * from $rows on conflict (account, key) do update set until = excluded.until",
  2,
);
const FORGET_SEEN = rowWrite(
  "seen",
  "ii",
  "delete from seen s using $rows v (account, until) where s.account = v.account and s.until <= v.until",
);
const DROP_SEEN = rowWrite(
  "seen",
  "ii",
  "delete from seen s using $rows v (account, count) where s.account = v.account and s.key in " +
    "(select key from seen where account = v.account order by until limit v.count)",
);
const REMOVED_WITH_ACCOUNT = [removal("delivery", "account"), removal("seen", "account")];

export class DeliveryTables extends MetadataTables {
  override removeAccount(row: AccountRow): void {
    super.removeAccount(row);
    for (const write of REMOVED_WITH_ACCOUNT) this.sql.write(write, row.id);
  }

  deliverySettings(account: number): string | null {
    const cells = this.sql.get("select settings from delivery where account = ?i", account);
    return cells ? cells[0] as string : null;
  }

  putDeliverySettings(account: number, settings: string): void {
    this.sql.write(PUT_SETTINGS, account, settings);
  }

  seenUntil(account: number, key: string): number | null {
    const cells = this.sql.get("select until from seen where account = ?i and key = ?t", account, key);
    return cells ? cells[0] as number : null;
  }

  putSeen(account: number, key: string, until: number): void {
    this.sql.write(PUT_SEEN, account, key, until);
  }

  forgetSeen(account: number, now: number): void {
    this.sql.write(FORGET_SEEN, account, now);
  }

  countSeen(account: number): number {
    return this.sql.get("select count(*) from seen where account = ?i", account)![0] as number;
  }

  dropSeen(account: number, count: number): void {
    this.sql.write(DROP_SEEN, account, count);
  }
}
