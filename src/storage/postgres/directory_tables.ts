/**
 * Accounts, mailboxes, subscriptions and access control lists. A transaction that writes locks each account before it
 * reads what belongs to it, in ascending order of their numbers: so counters, UIDs and modseqs are true however many
 * nodes there are, and none waits for one that waits for it.
 */
import type { MailboxRole } from "../../contract/mod.ts";
import { WHOLE } from "../engine/order.ts";
import type { AccountRow, AclRow, MailboxRow, Part } from "../engine/tables.ts";
import { printCredentials } from "../engine/credentials.ts";
import { readAccount, readAcl, readMailbox } from "./directory_rows.ts";
import { type Known, Layer, LockedLate, type Mailboxes } from "./known.ts";
import { domainPart, NameTables } from "./name_tables.ts";
import type { Replay } from "./replay.ts";
import type { Cells, Value } from "./wire/statement.ts";
import { type RowWrite, rowWrite, type Writes } from "./writes.ts";

export const ACCOUNT =
  "select id, address, name, quota_bytes, quota_messages, used_bytes, used_messages, modseq, disabled, " +
  "created_at, credentials, shared, kept_bytes from accounts";
export const MAILBOX = "select id, account, path, role, uid_validity, uid_next, modseq, messages, unseen, size, " +
  "deleted, floor from mailboxes";
const ACL = "select mailbox, account, grantee, rights from acl";

const ADD_ACCOUNT = rowWrite("accounts", "itttiiiiifitfi", "insert into accounts select * from $rows");
const SAVE_ACCOUNT = rowWrite(
  "accounts",
  "itiiiiifti",
  "update accounts a set name = v.name, quota_bytes = v.qb, quota_messages = v.qm, used_bytes = v.ub, " +
    "used_messages = v.um, modseq = v.modseq, disabled = v.disabled, credentials = v.credentials, kept_bytes = v.kept " +
    "from $rows v (id, name, qb, qm, ub, um, modseq, disabled, credentials, kept) where a.id = v.id",
  1,
);
const REMOVE_ACCOUNT = removal("accounts", "id");
const REMOVED_WITH_ACCOUNT = ["subscriptions", "threads", "tokens", "objects", "destroyed"].map((table) =>
  removal(table, "account")
);
const ADD_MAILBOX = rowWrite("mailboxes", "iittiiiiiiii", "insert into mailboxes select * from $rows");
const SAVE_MAILBOX = rowWrite(
  "mailboxes",
  "ittiiiiiiii",
  "update mailboxes m set path = v.path, role = v.role, uid_validity = v.uid_validity, uid_next = v.uid_next, " +
    "modseq = v.modseq, messages = v.messages, unseen = v.unseen, size = v.size, deleted = v.deleted, " +
    "floor = v.floor from $rows v (id, path, role, uid_validity, uid_next, modseq, messages, unseen, size, deleted, " +
    "floor) where m.id = v.id",
  1,
);
const REMOVE_MAILBOX = removal("mailboxes", "id");
const REMOVED_WITH_MAILBOX = ["tombstones", "acl"].map((table) => removal(table, "mailbox"));
const SUBSCRIBE = rowWrite(
  "subscriptions",
  "it",
  "insert into subscriptions select * from $rows on conflict do nothing",
);
const UNSUBSCRIBE = rowWrite(
  "subscriptions",
  "it",
  "delete from subscriptions s using $rows v (account, path) where s.account = v.account and s.path = v.path",
);
const PUT_ACL = rowWrite(
  "acl",
  "itit",
  "insert into acl select * from $rows on conflict (mailbox, grantee) do update set rights = excluded.rights",
  2,
);
const REMOVE_ACL = rowWrite(
  "acl",
  "it",
  "delete from acl a using $rows v (mailbox, grantee) where a.mailbox = v.mailbox and a.grantee = v.grantee",
);

/** Takes away all rows whose column has one of these numbers. */
export function removal(table: string, column: string): RowWrite {
  return rowWrite(table, "i", `delete from ${table} where ${column} in (select * from $rows)`);
}

export class DirectoryTables extends NameTables {
  readonly #accounts: Layer<number, AccountRow | null>;
  readonly #addresses: Layer<string, number | null>;
  readonly #mailboxes: Layer<number, Mailboxes>;
  readonly #dirtyAccounts = new Set<number>();
  readonly #dirtyMailboxes = new Map<number, number>();
  readonly #subscribed = new Map<number, ReadonlySet<string>>();
  /** What watchers will be told, one call each. */
  touches:
    (readonly ["mailbox", number, number | null] | readonly ["entry", number, number | null, string] | "queue")[] = [];

  constructor(sql: Replay, known: Known) {
    super(sql, known);
    this.#accounts = new Layer(known.accounts, (row) => row && { ...row });
    this.#addresses = new Layer(known.addresses);
    this.#mailboxes = new Layer(known.mailboxes, (rows) => new Map(Array.from(rows, ([id, row]) => [id, { ...row }])));
  }

  override restart(): void {
    super.restart();
    this.#accounts.restart();
    this.#addresses.restart();
    this.#mailboxes.restart();
    this.#subscribed.clear();
    this.#dirtyAccounts.clear();
    this.#dirtyMailboxes.clear();
    this.touches = [];
  }

  override keep(): void {
    super.keep();
    this.#accounts.keep();
    this.#addresses.keep();
    this.#mailboxes.keep();
    for (const id of this.#dirtyAccounts) this.known.dirtyAccounts.add(id);
    for (const [id, account] of this.#dirtyMailboxes) this.known.dirtyMailboxes.set(id, account);
  }

  touch(account: number, mailbox: number | null): void {
    this.touches.push(["mailbox", account, mailbox]);
  }

  annotate(account: number, mailbox: number | null, entry: string): void {
    this.touches.push(["entry", account, mailbox, entry]);
  }

  touchQueue(): void {
    this.touches.push("queue");
  }

  account(id: number): AccountRow | null {
    const known = this.#accounts.get(id);
    if (known !== undefined) return known;
    return this.#keepAccount(id, this.sql.get(`${ACCOUNT} where id = ?i${this.#lock(id)}`, id));
  }

  accountByAddress(address: string): AccountRow | null {
    const known = this.#addresses.get(address);
    if (known !== undefined) return known === null ? null : this.account(known);
    // Which number it has is asked before it is locked: the numbers' order is the locks'.
    const cells = this.sql.isReadOnly
      ? this.sql.get(`${ACCOUNT} where address = ?t`, address)
      : this.sql.get("select id from accounts where address = ?t", address);
    const id = cells?.[0] as number | undefined;
    this.#addresses.set(address, id ?? null);
    if (id === undefined) return null;
    return this.#accounts.get(id) ?? (this.sql.isReadOnly ? this.#keepAccount(id, cells) : this.account(id));
  }

  accounts(domain: string | null, { after, limit }: Part = WHOLE): readonly AccountRow[] {
    const rows = domain === null
      ? this.sql.all(`${ACCOUNT} where address > ?t order by address limit ?i`, after, limit)
      : this.sql.all(`${ACCOUNT} where domain = ?t and address > ?t order by address limit ?i`, domain, after, limit);
    return rows.map((cells) => this.#accounts.get(cells[0] as number) ?? readAccount(cells));
  }

  firstAccount(domain: string): AccountRow | null {
    const cells = this.sql.get(`${ACCOUNT} where domain = ?t order by id limit 1`, domain);
    return cells ? this.#accounts.get(cells[0] as number) ?? readAccount(cells) : null;
  }

  accountsNear(percent: number): readonly AccountRow[] {
    const sql = `${ACCOUNT} where used_bytes * 100 >= quota_bytes * ?i or used_messages * 100 >= quota_messages * ?i ` +
      "order by id";
    return this.sql.all(sql, percent, percent).map(readAccount);
  }

  addAccount(row: AccountRow): void {
    this.sql.write(
      ADD_ACCOUNT,
      row.id,
      row.address,
      domainPart(row.address),
      row.name,
      row.quotaBytes,
      row.quotaMessages,
      row.usedBytes,
      row.usedMessages,
      row.modseq,
      row.disabled,
      row.createdAt,
      printCredentials(row.credentials),
      row.shared,
      row.keptBytes,
    );
    this.#accounts.set(row.id, row);
    this.#addresses.set(row.address, row.id);
    this.#mailboxes.set(row.id, new Map());
  }

  saveAccount(row: AccountRow): void {
    if (this.sql.isReadOnly) this.sql.write(SAVE_ACCOUNT);
    this.#dirtyAccounts.add(row.id);
  }

  removeAccount(row: AccountRow): void {
    this.sql.write(REMOVE_ACCOUNT, row.id);
    for (const write of REMOVED_WITH_ACCOUNT) this.sql.write(write, row.id);
    this.#accounts.set(row.id, null);
    this.#addresses.set(row.address, null);
    this.#mailboxes.set(row.id, new Map());
  }

  mailboxes(account: number): Iterable<MailboxRow> {
    return this.#of(account).values();
  }

  mailbox(account: number, id: number): MailboxRow | null {
    return this.#of(account).get(id) ?? null;
  }

  mailboxByPath(account: number, path: string): MailboxRow | null {
    for (const row of this.mailboxes(account)) if (row.path === path) return row;
    return null;
  }

  mailboxByRole(account: number, role: MailboxRole): MailboxRow | null {
    for (const row of this.mailboxes(account)) if (row.role === role) return row;
    return null;
  }

  addMailbox(row: MailboxRow): void {
    const { id, account, path, role, uidValidity, uidNext, modseq, messages, unseen, size, deleted, floor } = row;
    const counters = [uidValidity, uidNext, modseq, messages, unseen, size, deleted, floor];
    this.#of(account).set(id, row);
    this.sql.write(ADD_MAILBOX, id, account, path, role, ...counters);
  }

  saveMailbox(row: MailboxRow): void {
    if (this.sql.isReadOnly) this.sql.write(SAVE_MAILBOX);
    this.#dirtyMailboxes.set(row.id, row.account);
  }

  movePath(row: MailboxRow, path: string): void {
    (row as { path: string }).path = path;
    this.saveMailbox(row);
  }

  removeMailbox(row: MailboxRow): void {
    this.sql.write(REMOVE_MAILBOX, row.id);
    for (const write of REMOVED_WITH_MAILBOX) this.sql.write(write, row.id);
    this.#of(row.account).delete(row.id);
  }

  subscriptions(account: number): readonly string[] {
    const rows = this.sql.all("select path from subscriptions where account = ?i", account);
    return rows.map(([path]) => path as string).sort();
  }

  isSubscribed(account: number, path: string): boolean {
    if (!this.sql.isReadOnly) {
      return this.sql.get("select 1 from subscriptions where account = ?i and path = ?t", account, path) !== undefined;
    }
    // A list of mailboxes asks for each of them.
    let names = this.#subscribed.get(account);
    if (!names) this.#subscribed.set(account, names = new Set(this.subscriptions(account)));
    return names.has(path);
  }

  subscribe(account: number, path: string, subscribed: boolean): void {
    this.sql.write(subscribed ? SUBSCRIBE : UNSUBSCRIBE, account, path);
  }

  acl(mailbox: number): readonly AclRow[] {
    return this.sql.all(`${ACL} where mailbox = ?i order by grantee`, mailbox).map(readAcl);
  }

  aclNaming(grantee: string): readonly AclRow[] {
    return this.sql.all(`${ACL} where grantee = ?t`, grantee).map(readAcl);
  }

  putAcl({ mailbox, account, grantee, rights }: AclRow): void {
    this.sql.write(PUT_ACL, mailbox, grantee, account, rights);
  }

  removeAcl(mailbox: number, grantee: string): void {
    this.sql.write(REMOVE_ACL, mailbox, grantee);
  }

  #of(account: number): Mailboxes {
    let rows = this.#mailboxes.get(account);
    if (!rows) {
      this.#mailboxes.set(account, rows = readMailboxes(this.sql.all(`${MAILBOX} where account = ?i`, account)));
    }
    return rows;
  }

  #keepAccount(id: number, cells: Cells | undefined): AccountRow | null {
    const row = cells ? readAccount(cells) : null;
    this.#accounts.set(id, row);
    if (row) this.#addresses.set(row.address, id);
    return row;
  }

  #lock(id: number): string {
    if (this.sql.isReadOnly) return "";
    const { known } = this;
    if (!known.locked.has(id)) {
      if (id < known.highestLocked) throw new LockedLate(new Set([...known.locked, id]));
      known.lock(id);
    }
    return " for update";
  }
}

export function readMailboxes(rows: readonly Cells[]): Mailboxes {
  return new Map(rows.map((cells) => [cells[0] as number, readMailbox(cells)]));
}

/** Writes the rows that changed; the last thing before a commit. */
export function writeDirty(known: Known, writes: Writes): void {
  for (const [id, account] of known.dirtyMailboxes) {
    const row = known.mailboxes.get(account)?.get(id);
    if (row) writes.add(SAVE_MAILBOX, mailboxCells(row));
  }
  for (const id of known.dirtyAccounts) {
    const row = known.accounts.get(id);
    if (!row) continue;
    const { name, quotaBytes, quotaMessages, usedBytes, usedMessages, modseq, disabled, credentials } = row;
    const counters = [quotaBytes, quotaMessages, usedBytes, usedMessages, modseq];
    writes.add(SAVE_ACCOUNT, [id, name, ...counters, disabled, printCredentials(credentials), row.keptBytes]);
  }
}

function mailboxCells(row: MailboxRow): readonly Value[] {
  const { id, path, role, uidValidity, uidNext, modseq, messages, unseen, size, deleted, floor } = row;
  return [id, path, role, uidValidity, uidNext, modseq, messages, unseen, size, deleted, floor];
}
