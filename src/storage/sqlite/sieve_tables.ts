/** Sieve scripts, on top of annotations. */
import type { AccountRow, SieveRow } from "../engine/tables.ts";
import { MetadataTables } from "./metadata_tables.ts";

export class SieveTables extends MetadataTables {
  override removeAccount(row: AccountRow): void {
    super.removeAccount(row);
    this.sql.run("delete from sieve where account = ?", row.id);
  }

  sieves(account: number): readonly SieveRow[] {
    return this.sql.all("select name, octets, active from sieve where account = ? order by name", account).map((
      [name, octets, active],
    ) => ({ account, name: name as string, octets: octets as number, active: active === 1 }));
  }

  sieveText(account: number, name: string): string | null {
    const cells = this.sql.get("select content from sieve where account = ? and name = ?", account, name);
    return cells ? cells[0] as string : null;
  }

  putSieve({ account, name, octets, active }: SieveRow, content: string): void {
    this.sql.run("insert or replace into sieve values (?, ?, ?, ?, ?)", account, name, octets, active ? 1 : 0, content);
  }

  removeSieve(account: number, name: string): void {
    this.sql.run("delete from sieve where account = ? and name = ?", account, name);
  }

  activateSieve(account: number, name: string | null): void {
    this.sql.run("update sieve set active = (name is ?) where account = ?", name, account);
  }
}
