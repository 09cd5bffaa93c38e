/** How accounts want their mail delivered, and what their filters remember, on top of scripts. */
import type { AccountRow } from "../engine/tables.ts";
import { SieveTables } from "./sieve_tables.ts";

export class DeliveryTables extends SieveTables {
  override removeAccount(row: AccountRow): void {
    super.removeAccount(row);
    this.sql.run("delete from delivery where account = ?", row.id);
    this.sql.run("delete from seen where account = ?", row.id);
  }

  deliverySettings(account: number): string | null {
    return (this.sql.get("select settings from delivery where account = ?", account)?.[0] ?? null) as string | null;
  }

  putDeliverySettings(account: number, settings: string): void {
    this.sql.run("insert or replace into delivery values (?, ?)", account, settings);
  }

  seenUntil(account: number, key: string): number | null {
    const cells = this.sql.get("select until from seen where account = ? and key = ?", account, key);
    return cells ? cells[0] as number : null;
  }

  putSeen(account: number, key: string, until: number): void {
    this.sql.run("insert or replace into seen values (?, ?, ?)", account, key, until);
  }

  forgetSeen(account: number, now: number): void {
    this.sql.run("delete from seen where account = ? and until <= ?", account, now);
  }

  countSeen(account: number): number {
    return this.sql.get("select count(*) from seen where account = ?", account)?.[0] as number;
  }

  dropSeen(account: number, count: number): void {
    this.sql.run(
      "delete from seen where account = ?1 and key in (select key from seen where account = ?1 order by until limit ?2)",
      account,
      count,
    );
  }
}
