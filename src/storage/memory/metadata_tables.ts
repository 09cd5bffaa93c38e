/** Annotations in a map of mailboxes, on top of the directory. */
import type { AccountRow, MailboxRow, MetadataRow } from "../engine/tables.ts";
import { DirectoryTables } from "./directory_tables.ts";

export class MetadataTables extends DirectoryTables {
  readonly #metadata = new Map<number, readonly MetadataRow[]>();

  override removeMailbox(row: MailboxRow): void {
    super.removeMailbox(row);
    this.undo.delete(this.#metadata, row.id);
  }

  override removeAccount(row: AccountRow): void {
    super.removeAccount(row);
    for (const [mailbox, rows] of this.#metadata) {
      this.undo.set(this.#metadata, mailbox, rows.filter(({ account }) => account !== row.id));
    }
  }

  metadata(account: number, mailbox: number): readonly MetadataRow[] {
    return this.metadataOf(mailbox).filter((row) => row.account === account);
  }

  metadataOf(mailbox: number): readonly MetadataRow[] {
    return this.#metadata.get(mailbox) ?? [];
  }

  metadataSize(account: number): number {
    let size = 0;
    for (const rows of this.#metadata.values()) {
      for (const row of rows) if (row.account === account) size += row.entry.length + row.value.length;
    }
    return size;
  }

  putMetadata(row: MetadataRow): void {
    this.removeMetadata(row.account, row.mailbox, row.entry);
    this.undo.set(this.#metadata, row.mailbox, [...this.metadataOf(row.mailbox), { ...row, value: row.value.slice() }]);
  }

  removeMetadata(account: number, mailbox: number, entry: string): void {
    const left = this.metadataOf(mailbox).filter((row) => row.account !== account || row.entry !== entry);
    this.undo.set(this.#metadata, mailbox, left);
  }
}
