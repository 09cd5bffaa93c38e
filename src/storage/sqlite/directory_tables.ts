/**
 * Directory rows, accounts and mailboxes. Accounts and mailboxes are kept in memory while they are in use and written
 * once a commit however often they changed in it: fifty messages into one mailbox are one update of its counters.
 * This process alone writes the file (it holds the lock), so what is in memory is true.
 */
import type { MailboxRole } from "../../contract/mod.ts";
import { WHOLE } from "../engine/order.ts";
import type { AccountRow, AclRow, MailboxRow, Part, Sequence } from "../engine/tables.ts";
import { TouchedSet } from "../engine/watchers.ts";
import { printCredentials } from "../engine/credentials.ts";
import { readAccount, readAcl, readMailbox } from "./directory_rows.ts";
import { domainPart, NameTables } from "./name_tables.ts";
import type { Cells } from "./statements.ts";

interface AccountEntry {
  readonly row: AccountRow;
  mailboxes: Map<number, MailboxRow> | null;
  paths: Map<string, MailboxRow>;
  subscriptions: Set<string> | null;
}

type LoadedEntry = AccountEntry & { readonly mailboxes: Map<number, MailboxRow> };

const CACHED_ACCOUNTS = 5000;
const ACCOUNT = "select id, address, name, quota_bytes, quota_messages, used_bytes, used_messages, modseq, disabled, " +
  "created_at, credentials, shared, kept_bytes from accounts";
const ACL = "select mailbox, account, grantee, rights from acl";
const SAVE_MAILBOX =
  "update mailboxes set path = ?, role = ?, uid_validity = ?, uid_next = ?, modseq = ?, messages = ?, " +
  "unseen = ?, size = ?, deleted = ?, floor = ? where id = ?";
const SAVE_ACCOUNT = "update accounts set name = ?, quota_bytes = ?, quota_messages = ?, used_bytes = ?, " +
  "used_messages = ?, modseq = ?, disabled = ?, credentials = ?, kept_bytes = ? where id = ?";

export class DirectoryTables extends NameTables {
  readonly touched = new TouchedSet();
  readonly #accounts = new Map<number, AccountEntry>();
  readonly #addresses = new Map<string, AccountEntry>();
  readonly #dirtyAccounts = new Set<AccountRow>();
  readonly #dirtyMailboxes = new Set<MailboxRow>();
  readonly #sequences = new Map<Sequence, number>();
  readonly #dirtySequences = new Set<Sequence>();

  /** Writes what changed in memory; the last thing before a commit. */
  flush(): void {
    for (const row of this.#dirtyMailboxes) {
      this.sql.run(
        SAVE_MAILBOX,
        row.path,
        row.role,
        row.uidValidity,
        row.uidNext,
        row.modseq,
        row.messages,
        row.unseen,
        row.size,
        row.deleted,
        row.floor,
        row.id,
      );
    }
    for (const row of this.#dirtyAccounts) {
      const { name, quotaBytes, quotaMessages, usedBytes, usedMessages, modseq, disabled, credentials } = row;
      this.sql.run(
        SAVE_ACCOUNT,
        name,
        quotaBytes,
        quotaMessages,
        usedBytes,
        usedMessages,
        modseq,
        disabled ? 1 : 0,
        printCredentials(credentials),
        row.keptBytes,
        row.id,
      );
    }
    for (const name of this.#dirtySequences) {
      this.sql.run("insert or replace into sequences values (?, ?)", name, this.#sequences.get(name)!);
    }
  }

  /** After a commit. */
  settle(): void {
    this.#dirtyMailboxes.clear();
    this.#dirtyAccounts.clear();
    this.#dirtySequences.clear();
    this.touched.clear();
    if (this.#accounts.size <= CACHED_ACCOUNTS) return;
    this.#accounts.clear();
    this.#addresses.clear();
  }

  /** After a rollback: nothing in memory is true any more. */
  override forget(): void {
    super.forget();
    this.settle();
    this.#accounts.clear();
    this.#addresses.clear();
    this.#sequences.clear();
  }

  touch(account: number, mailbox: number | null): void {
    this.touched.touch(account, mailbox);
  }

  annotate(account: number, mailbox: number | null, entry: string): void {
    this.touched.annotate(account, mailbox, entry);
  }

  touchQueue(): void {
    this.touched.queue = true;
  }

  next(sequence: Sequence): number {
    const last = this.#sequences.get(sequence) ??
      Number(this.sql.get("select value from sequences where name = ?", sequence)?.[0] ?? 0);
    this.#sequences.set(sequence, last + 1);
    this.#dirtySequences.add(sequence);
    return last + 1;
  }

  /** A sequence that is below what is in use goes up to it. */
  raise(sequence: Sequence, least: number): boolean {
    const last = this.next(sequence) - 1;
    this.#sequences.set(sequence, Math.max(last, least));
    return last < least;
  }

  account(id: number): AccountRow | null {
    return this.#entry(id)?.row ?? null;
  }

  accountByAddress(address: string): AccountRow | null {
    const entry = this.#addresses.get(address);
    if (entry) return entry.row;
    const cells = this.sql.get(`${ACCOUNT} where address = ?`, address);
    return cells ? this.#keep(cells).row : null;
  }

  accounts(domain: string | null, { after, limit }: Part = WHOLE): readonly AccountRow[] {
    const where = domain === null ? "address > ?" : "domain = ? and address > ?";
    const values = domain === null ? [after, limit] : [domain, after, limit];
    const ids = this.sql.all(`select id from accounts where ${where} order by address limit ?`, ...values);
    return ids.map(([id]) => this.account(id as number)!);
  }

  firstAccount(domain: string): AccountRow | null {
    const id = this.sql.get("select id from accounts where domain = ? order by id limit 1", domain)?.[0];
    return id === undefined ? null : this.account(id as number);
  }

  accountsNear(percent: number): readonly AccountRow[] {
    const sql = "select id from accounts where used_bytes * 100 >= quota_bytes * ?1 or " +
      "used_messages * 100 >= quota_messages * ?1 order by id";
    return this.sql.all(sql, percent).map(([id]) => this.account(id as number)!);
  }

  addAccount(row: AccountRow): void {
    this.sql.run(
      "insert into accounts values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      row.id,
      row.address,
      domainPart(row.address),
      row.name,
      row.quotaBytes,
      row.quotaMessages,
      row.usedBytes,
      row.usedMessages,
      row.modseq,
      row.disabled ? 1 : 0,
      row.createdAt,
      printCredentials(row.credentials),
      row.shared ? 1 : 0,
      row.keptBytes,
    );
    const entry = { row, mailboxes: new Map(), paths: new Map(), subscriptions: new Set<string>() };
    this.#accounts.set(row.id, entry);
    this.#addresses.set(row.address, entry);
  }

  saveAccount(row: AccountRow): void {
    this.#dirtyAccounts.add(row);
  }

  removeAccount(row: AccountRow): void {
    this.sql.run("delete from accounts where id = ?", row.id);
    this.sql.run("delete from subscriptions where account = ?", row.id);
    this.sql.run("delete from threads where account = ?", row.id);
    this.sql.run("delete from tokens where account = ?", row.id);
    this.sql.run("insert or ignore into garbage select id from objects where account = ? and kind = 'upload'", row.id);
    this.sql.run("delete from objects where account = ?", row.id);
    this.sql.run("delete from destroyed where account = ?", row.id);
    this.#accounts.delete(row.id);
    this.#addresses.delete(row.address);
    this.#dirtyAccounts.delete(row);
  }

  mailboxes(account: number): Iterable<MailboxRow> {
    return this.#loaded(account)?.mailboxes.values() ?? [];
  }

  mailbox(account: number, id: number): MailboxRow | null {
    return this.#loaded(account)?.mailboxes.get(id) ?? null;
  }

  mailboxByPath(account: number, path: string): MailboxRow | null {
    return this.#loaded(account)?.paths.get(path) ?? null;
  }

  mailboxByRole(account: number, role: MailboxRole): MailboxRow | null {
    for (const row of this.mailboxes(account)) if (row.role === role) return row;
    return null;
  }

  addMailbox(row: MailboxRow): void {
    const entry = this.#loaded(row.account);
    this.sql.run(
      "insert into mailboxes values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      row.id,
      row.account,
      row.path,
      row.role,
      row.uidValidity,
      row.uidNext,
      row.modseq,
      row.messages,
      row.unseen,
      row.size,
      row.deleted,
      row.floor,
    );
    entry?.mailboxes.set(row.id, row);
    entry?.paths.set(row.path, row);
  }

  saveMailbox(row: MailboxRow): void {
    this.#dirtyMailboxes.add(row);
  }

  movePath(row: MailboxRow, path: string): void {
    const paths = this.#loaded(row.account)?.paths;
    if (paths?.get(row.path) === row) paths.delete(row.path);
    (row as { path: string }).path = path;
    paths?.set(path, row);
    this.saveMailbox(row);
  }

  removeMailbox(row: MailboxRow): void {
    this.sql.run("delete from mailboxes where id = ?", row.id);
    this.sql.run("delete from tombstones where mailbox = ?", row.id);
    this.sql.run("delete from acl where mailbox = ?", row.id);
    const entry = this.#loaded(row.account);
    entry?.mailboxes.delete(row.id);
    entry?.paths.delete(row.path);
    this.#dirtyMailboxes.delete(row);
  }

  subscriptions(account: number): readonly string[] {
    return [...this.#subscribed(account)].sort();
  }

  isSubscribed(account: number, path: string): boolean {
    return this.#subscribed(account).has(path);
  }

  subscribe(account: number, path: string, subscribed: boolean): void {
    const names = this.#subscribed(account);
    if (subscribed) {
      this.sql.run("insert or ignore into subscriptions values (?, ?)", account, path);
      names.add(path);
    } else {
      this.sql.run("delete from subscriptions where account = ? and path = ?", account, path);
      names.delete(path);
    }
  }

  acl(mailbox: number): readonly AclRow[] {
    return this.sql.all(`${ACL} where mailbox = ? order by grantee`, mailbox).map(readAcl);
  }

  aclNaming(grantee: string): readonly AclRow[] {
    return this.sql.all(`${ACL} where grantee = ?`, grantee).map(readAcl);
  }

  putAcl({ mailbox, account, grantee, rights }: AclRow): void {
    this.sql.run("insert or replace into acl values (?, ?, ?, ?)", mailbox, grantee, account, rights);
  }

  removeAcl(mailbox: number, grantee: string): void {
    this.sql.run("delete from acl where mailbox = ? and grantee = ?", mailbox, grantee);
  }

  #subscribed(account: number): Set<string> {
    const entry = this.#entry(account);
    if (!entry) return new Set();
    return entry.subscriptions ??= new Set(
      this.sql.all("select path from subscriptions where account = ?", account).map(([path]) => path as string),
    );
  }

  #entry(id: number): AccountEntry | null {
    const entry = this.#accounts.get(id);
    if (entry) return entry;
    const cells = this.sql.get(`${ACCOUNT} where id = ?`, id);
    return cells ? this.#keep(cells) : null;
  }

  #keep(cells: Cells): AccountEntry {
    const row = readAccount(cells);
    const there = this.#accounts.get(row.id);
    if (there) return there;
    const entry: AccountEntry = { row, mailboxes: null, paths: new Map(), subscriptions: null };
    this.#accounts.set(row.id, entry);
    this.#addresses.set(row.address, entry);
    return entry;
  }

  #loaded(account: number): LoadedEntry | null {
    const entry = this.#entry(account);
    if (!entry || entry.mailboxes) return entry as LoadedEntry | null;
    entry.mailboxes = new Map();
    for (const cells of this.sql.all("select * from mailboxes where account = ?", account)) {
      const row = readMailbox(cells);
      entry.mailboxes.set(row.id, row);
      entry.paths.set(row.path, row);
    }
    return entry as LoadedEntry;
  }
}
