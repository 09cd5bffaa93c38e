/** Domains, aliases, settings, accounts and their mailboxes in maps. Rows are handed out live and remembered as they were. */
import type { MailboxRole } from "../../contract/mod.ts";
import { byAddress, ofDomain, partBy } from "../engine/order.ts";
import type {
  AccountRow,
  AclRow,
  AliasRow,
  DomainRow,
  MailboxRow,
  Part,
  Sequence,
  TokenRow,
} from "../engine/tables.ts";
import { TouchedSet } from "../engine/watchers.ts";
import { UndoLog } from "./undo.ts";

export class DirectoryTables {
  readonly touched = new TouchedSet();
  protected readonly undo = new UndoLog();
  readonly #sequences = new Map<Sequence, number>();
  readonly #domains = new Map<string, DomainRow>();
  readonly #tokens = new Map<string, TokenRow>();
  readonly #aliases = new Map<string, AliasRow>();
  readonly #settings = new Map<string, string>();
  readonly #senders = new Map<string, { readonly address: string; readonly until: number }>();
  readonly #accounts = new Map<number, AccountRow>();
  readonly #addresses = new Map<string, AccountRow>();
  readonly #mailboxes = new Map<number, Map<number, MailboxRow>>();
  readonly #subscriptions = new Map<number, Set<string>>();
  readonly #acls = new Map<number, readonly AclRow[]>();

  /** Runs an operation; one that throws leaves nothing behind. */
  transaction<R>(run: () => R): R {
    try {
      const result = run();
      this.undo.forget();
      return result;
    } catch (error) {
      this.undo.rollBack();
      this.touched.clear();
      throw error;
    }
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
    const next = (this.#sequences.get(sequence) ?? 0) + 1;
    this.undo.set(this.#sequences, sequence, next);
    return next;
  }

  domain(name: string): DomainRow | null {
    return this.#domains.get(name) ?? null;
  }

  domains(part?: Part): readonly DomainRow[] {
    const rows = [...this.#domains.values()];
    return part ? partBy(rows, ({ name }) => name, part) : rows;
  }

  putDomain(row: DomainRow): void {
    this.undo.set(this.#domains, row.name, row);
  }

  removeDomain(name: string): void {
    this.undo.delete(this.#domains, name);
  }

  alias(address: string): AliasRow | null {
    return this.#aliases.get(address) ?? null;
  }

  aliases(domain: string | null, part?: Part): readonly AliasRow[] {
    const rows = ofDomain(this.#aliases.values(), domain).sort(byAddress);
    return part ? partBy(rows, ({ address }) => address, part) : rows;
  }

  token(hash: string): TokenRow | null {
    return this.#tokens.get(hash) ?? null;
  }

  tokens(account: number): readonly TokenRow[] {
    return [...this.#tokens.values()].filter((row) => row.account === account).sort((a, b) => a.id - b.id);
  }

  putToken(row: TokenRow): void {
    this.undo.set(this.#tokens, row.hash, row);
  }

  removeToken(row: TokenRow): void {
    this.undo.delete(this.#tokens, row.hash);
  }

  putAlias(row: AliasRow): void {
    this.undo.set(this.#aliases, row.address, row);
  }

  removeAlias(address: string): void {
    this.undo.delete(this.#aliases, address);
  }

  setting(name: string): string | null {
    return this.#settings.get(name) ?? null;
  }

  putSetting(name: string, value: string): void {
    this.undo.set(this.#settings, name, value);
  }

  removeSetting(name: string): void {
    this.undo.delete(this.#settings, name);
  }

  senderBehind(key: string): { readonly address: string; readonly until: number } | null {
    return this.#senders.get(key) ?? null;
  }

  keepSender(key: string, address: string, until: number): void {
    this.undo.delete(this.#senders, key); // in the order in which they end, more or less
    this.undo.set(this.#senders, key, { address, until });
  }

  forgetSenders(now: number): void {
    for (const [key, { until }] of this.#senders) {
      if (until > now) break;
      this.undo.delete(this.#senders, key);
    }
  }

  account(id: number): AccountRow | null {
    return this.undo.remember(this.#accounts.get(id));
  }

  accountByAddress(address: string): AccountRow | null {
    return this.undo.remember(this.#addresses.get(address));
  }

  accounts(domain: string | null, part?: Part): readonly AccountRow[] {
    const rows = ofDomain(this.#accounts.values(), domain).sort(byAddress);
    return part ? partBy(rows, ({ address }) => address, part) : rows;
  }

  accountsNear(percent: number): readonly AccountRow[] {
    const isNear = (used: number, room: number | null) => room !== null && used * 100 >= room * percent;
    return [...this.#accounts.values()].filter((row) =>
      isNear(row.usedBytes, row.quotaBytes) || isNear(row.usedMessages, row.quotaMessages)
    );
  }

  firstAccount(domain: string): AccountRow | null {
    return this.undo.remember(ofDomain(this.#accounts.values(), domain).sort((a, b) => a.id - b.id)[0]);
  }

  addAccount(row: AccountRow): void {
    this.undo.set(this.#accounts, row.id, row);
    this.undo.set(this.#addresses, row.address, row);
    this.undo.set(this.#mailboxes, row.id, new Map());
    this.undo.set(this.#subscriptions, row.id, new Set());
  }

  saveAccount(_row: AccountRow): void {}

  removeAccount(row: AccountRow): void {
    this.undo.delete(this.#accounts, row.id);
    this.undo.delete(this.#addresses, row.address);
    this.undo.delete(this.#mailboxes, row.id);
    this.undo.delete(this.#subscriptions, row.id);
    for (const token of this.tokens(row.id)) this.removeToken(token);
  }

  mailboxes(account: number): Iterable<MailboxRow> {
    const rows = [...this.#mailboxes.get(account)?.values() ?? []];
    for (const row of rows) this.undo.remember(row);
    return rows;
  }

  mailbox(account: number, id: number): MailboxRow | null {
    return this.undo.remember(this.#mailboxes.get(account)?.get(id));
  }

  mailboxByPath(account: number, path: string): MailboxRow | null {
    return this.#find(account, (row) => row.path === path);
  }

  mailboxByRole(account: number, role: MailboxRole): MailboxRow | null {
    return this.#find(account, (row) => row.role === role);
  }

  addMailbox(row: MailboxRow): void {
    this.undo.set(this.#mailboxes.get(row.account)!, row.id, row);
  }

  saveMailbox(_row: MailboxRow): void {}

  movePath(row: MailboxRow, path: string): void {
    (row as { path: string }).path = path;
  }

  removeMailbox(row: MailboxRow): void {
    this.undo.delete(this.#mailboxes.get(row.account)!, row.id);
    this.undo.delete(this.#acls, row.id);
  }

  subscriptions(account: number): readonly string[] {
    return [...this.#subscriptions.get(account) ?? []].sort();
  }

  isSubscribed(account: number, path: string): boolean {
    return this.#subscriptions.get(account)?.has(path) ?? false;
  }

  subscribe(account: number, path: string, subscribed: boolean): void {
    const names = this.#subscriptions.get(account);
    if (!names || names.has(path) === subscribed) return;
    if (subscribed) names.add(path);
    else names.delete(path);
    this.undo.did(() => subscribed ? names.delete(path) : names.add(path));
  }

  acl(mailbox: number): readonly AclRow[] {
    return this.#acls.get(mailbox) ?? [];
  }

  aclNaming(grantee: string): readonly AclRow[] {
    const rows: AclRow[] = [];
    for (const acl of this.#acls.values()) for (const row of acl) if (row.grantee === grantee) rows.push(row);
    return rows;
  }

  putAcl(row: AclRow): void {
    const others = this.acl(row.mailbox).filter((other) => other.grantee !== row.grantee);
    this.undo.set(this.#acls, row.mailbox, [...others, row].sort((a, b) => a.grantee < b.grantee ? -1 : 1));
  }

  removeAcl(mailbox: number, grantee: string): void {
    const left = this.acl(mailbox).filter((other) => other.grantee !== grantee);
    if (left.length > 0) this.undo.set(this.#acls, mailbox, left);
    else this.undo.delete(this.#acls, mailbox);
  }

  /** The mailboxes of all accounts. */
  protected *everyMailbox(): Iterable<MailboxRow> {
    for (const mailboxes of this.#mailboxes.values()) yield* mailboxes.values();
  }

  #find(account: number, wanted: (row: MailboxRow) => boolean): MailboxRow | null {
    return this.undo.remember([...this.#mailboxes.get(account)?.values() ?? []].find(wanted));
  }
}
