/** Annotations, on top of the directory. */
import type { AccountRow, MailboxRow, MetadataRow } from "../engine/tables.ts";
import { DirectoryTables } from "./directory_tables.ts";
import type { Cells } from "./statements.ts";

const METADATA = "select account, mailbox, entry, value from metadata";

export class MetadataTables extends DirectoryTables {
  override removeMailbox(row: MailboxRow): void {
    super.removeMailbox(row);
    this.sql.run("delete from metadata where mailbox = ?", row.id);
  }

  override removeAccount(row: AccountRow): void {
    super.removeAccount(row);
    this.sql.run("delete from metadata where account = ?", row.id);
  }

  metadata(account: number, mailbox: number): readonly MetadataRow[] {
    return this.sql.all(`${METADATA} where mailbox = ? and account = ?`, mailbox, account).map(readMetadata);
  }

  metadataOf(mailbox: number): readonly MetadataRow[] {
    return this.sql.all(`${METADATA} where mailbox = ?`, mailbox).map(readMetadata);
  }

  metadataSize(account: number): number {
    return Number(this.sql.get("select sum(size) from metadata where account = ?", account)![0] ?? 0);
  }

  putMetadata({ account, mailbox, entry, value }: MetadataRow): void {
    const size = entry.length + value.length;
    this.sql.run("insert or replace into metadata values (?, ?, ?, ?, ?)", mailbox, account, entry, size, value);
  }

  removeMetadata(account: number, mailbox: number, entry: string): void {
    this.sql.run("delete from metadata where mailbox = ? and account = ? and entry = ?", mailbox, account, entry);
  }
}

function readMetadata(cells: Cells): MetadataRow {
  return {
    account: cells[0] as number,
    mailbox: cells[1] as number,
    entry: cells[2] as string,
    value: cells[3] as Uint8Array,
  };
}
