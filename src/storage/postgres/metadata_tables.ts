/** Annotations and Sieve scripts, on top of the directory. */
import { utf8Bytes, utf8String } from "../../base/bytes.ts";
import type { AccountRow, MailboxRow, MetadataRow, SieveRow } from "../engine/tables.ts";
import { DirectoryTables, removal } from "./directory_tables.ts";
import type { Cells } from "./wire/statement.ts";
import { rowWrite } from "./writes.ts";

const METADATA = "select account, mailbox, entry, value from metadata";
const PUT = rowWrite(
  "metadata",
  "iitib",
  "insert into metadata select * from $rows on conflict (mailbox, account, entry) do update " +
    "set size = excluded.size, value = excluded.value",
  3,
);
const REMOVE = rowWrite(
  "metadata",
  "iit",
  "delete from metadata m using $rows v (mailbox, account, entry) " +
    "where m.mailbox = v.mailbox and m.account = v.account and m.entry = v.entry",
);
const REMOVE_OF_MAILBOX = removal("metadata", "mailbox");
const REMOVE_OF_ACCOUNT = removal("metadata", "account");

const PUT_SIEVE = rowWrite(
  "sieve",
  "itifb",
  "insert into sieve select * from $rows on conflict (account, name) do update " +
    "set octets = excluded.octets, active = excluded.active, content = excluded.content",
  2,
);
const REMOVE_SIEVE = rowWrite(
  "sieve",
  "it",
  "delete from sieve s using $rows v (account, name) where s.account = v.account and s.name = v.name",
);
const ACTIVATE_SIEVE = rowWrite(
  "sieve",
  "it",
  "update sieve s set active = (s.name is not distinct from v.name) from $rows v (account, name) " +
    "where s.account = v.account",
  1,
);
const REMOVE_SIEVES = removal("sieve", "account");

export class MetadataTables extends DirectoryTables {
  override removeMailbox(row: MailboxRow): void {
    super.removeMailbox(row);
    this.sql.write(REMOVE_OF_MAILBOX, row.id);
  }

  override removeAccount(row: AccountRow): void {
    super.removeAccount(row);
    this.sql.write(REMOVE_OF_ACCOUNT, row.id);
    this.sql.write(REMOVE_SIEVES, row.id);
  }

  metadata(account: number, mailbox: number): readonly MetadataRow[] {
    return this.sql.all(`${METADATA} where mailbox = ?i and account = ?i`, mailbox, account).map(readMetadata);
  }

  metadataOf(mailbox: number): readonly MetadataRow[] {
    return this.sql.all(`${METADATA} where mailbox = ?i`, mailbox).map(readMetadata);
  }

  metadataSize(account: number): number {
    return this.sql.get(
      "select coalesce(sum(size), 0)::bigint from metadata where account = ?i",
      account,
    )![0] as number;
  }

  putMetadata({ account, mailbox, entry, value }: MetadataRow): void {
    this.sql.write(PUT, mailbox, account, entry, entry.length + value.length, value);
  }

  removeMetadata(account: number, mailbox: number, entry: string): void {
    this.sql.write(REMOVE, mailbox, account, entry);
  }

  sieves(account: number): readonly SieveRow[] {
    const rows = this.sql.all("select name, octets, active from sieve where account = ?i order by name", account);
    return rows.map((
      [name, octets, active],
    ) => ({ account, name: name as string, octets: octets as number, active: active as boolean }));
  }

  sieveText(account: number, name: string): string | null {
    const cells = this.sql.get("select content from sieve where account = ?i and name = ?t", account, name);
    return cells ? utf8String(cells[0] as Uint8Array) : null;
  }

  putSieve({ account, name, octets, active }: SieveRow, content: string): void {
    this.sql.write(PUT_SIEVE, account, name, octets, active, utf8Bytes(content));
  }

  removeSieve(account: number, name: string): void {
    this.sql.write(REMOVE_SIEVE, account, name);
  }

  activateSieve(account: number, name: string | null): void {
    this.sql.write(ACTIVATE_SIEVE, account, name);
  }
}

function readMetadata(cells: Cells): MetadataRow {
  const [account, mailbox, entry, value] = cells as [number, number, string, Uint8Array];
  return { account, mailbox, entry, value };
}
