/**
 * Accounts, their mailboxes, subscriptions and access control lists. Rows of accounts and mailboxes are handed out to be
 * changed in place: each operation has copies of its own, which are written when it has ended.
 */
import type { Credentials, MailboxRole } from "../../contract/mod.ts";
import { parseCredentials, printCredentials } from "../engine/credentials.ts";
import { byAddress, ofDomain, partBy } from "../engine/order.ts";
import type { AccountRow, AclRow, MailboxRow, Part } from "../engine/tables.ts";
import { DIRECTORY, type Key, name, ofAccount } from "./keys.ts";
import { NameTables } from "./name_tables.ts";
import type { View } from "./view.ts";

type KeptAccount = Omit<AccountRow, "credentials"> & { readonly credentials: string };

/** Whose a mailbox is: learned whenever one is met, and never changed. Shared by all operations of a process. */
export class Owners extends Map<number, number> {
  /** Mailboxes that messages were removed from since the last `reclaim`. */
  readonly lost = new Set<number>();
  /** Accounts that something was destroyed in since then. */
  readonly gone = new Set<number>();
}

const OWNERS = 100_000;
const accountKey = (id: number): Key => [ofAccount(id), "account", id];
const mailboxKey = (account: number, id: number): Key => [ofAccount(account), "mailbox", account, id];
const addressKey = (address: string): Key => [DIRECTORY, "address", name(address)];
const aclKey = (mailbox: number): Key => [DIRECTORY, "acl", mailbox];
const granteeKey = (grantee: string, mailbox: number): Key => [DIRECTORY, "grantee", name(grantee), mailbox];
const subscriptionsKey = (account: number): Key => [ofAccount(account), "subscriptions", account];

export class AccountTables extends NameTables {
  protected readonly owners: Owners;
  readonly #accounts = new Map<number, AccountRow>();
  readonly #mailboxes = new Map<number, MailboxRow>();
  readonly #dirtyAccounts = new Set<AccountRow>();
  readonly #dirtyMailboxes = new Set<MailboxRow>();

  constructor(view: View, owners: Owners) {
    super(view);
    this.owners = owners;
    if (owners.size > OWNERS) owners.clear();
  }

  override restart(): void {
    super.restart();
    this.#accounts.clear();
    this.#mailboxes.clear();
    this.#dirtyAccounts.clear();
    this.#dirtyMailboxes.clear();
  }

  override keep(): void {
    super.keep();
    for (const row of this.#dirtyAccounts) this.#putAccount(row);
    for (const row of this.#dirtyMailboxes) this.view.set(mailboxKey(row.account, row.id), { ...row });
  }

  account(id: number): AccountRow | null {
    const live = this.#accounts.get(id);
    if (live) return live;
    const kept = this.view.get<KeptAccount>(accountKey(id));
    if (!kept) return null;
    const row = { ...kept, credentials: credentialsOf(kept.credentials) };
    this.#accounts.set(id, row);
    return row;
  }

  accountByAddress(address: string): AccountRow | null {
    const id = this.view.get<number>(addressKey(address));
    return id === null ? null : this.account(id);
  }

  accounts(domain: string | null, part?: Part): readonly AccountRow[] {
    const ids = this.view.values<number>([DIRECTORY, "address"]);
    this.view.getAll(ids.map(accountKey));
    const rows = ofDomain(ids.map((id) => this.account(id)!), domain).sort(byAddress);
    return part ? partBy(rows, ({ address }) => address, part) : rows;
  }

  accountsNear(percent: number): readonly AccountRow[] {
    const isNear = (used: number, room: number | null) => room !== null && used * 100 >= room * percent;
    return this.accounts(null).filter((row) =>
      isNear(row.usedBytes, row.quotaBytes) || isNear(row.usedMessages, row.quotaMessages)
    );
  }

  firstAccount(domain: string): AccountRow | null {
    return [...this.accounts(domain)].sort((a, b) => a.id - b.id)[0] ?? null;
  }

  addAccount(row: AccountRow): void {
    this.#accounts.set(row.id, row);
    this.#putAccount(row);
    this.view.set(addressKey(row.address), row.id);
  }

  saveAccount(row: AccountRow): void {
    this.#dirtyAccounts.add(row);
  }

  removeAccount(row: AccountRow): void {
    this.#accounts.delete(row.id);
    this.#dirtyAccounts.delete(row);
    this.view.delete(accountKey(row.id));
    this.view.delete(addressKey(row.address));
    this.view.delete(subscriptionsKey(row.id));
    for (const token of this.tokens(row.id)) this.removeToken(token);
  }

  mailboxes(account: number): Iterable<MailboxRow> {
    return this.view.values<MailboxRow>([ofAccount(account), "mailbox", account]).map((kept) => this.#live(kept));
  }

  mailbox(account: number, id: number): MailboxRow | null {
    const live = this.#mailboxes.get(id);
    if (live?.account === account) return live;
    const kept = this.view.get<MailboxRow>(mailboxKey(account, id));
    return kept && this.#live(kept);
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
    this.#mailboxes.set(row.id, row);
    this.owners.set(row.id, row.account);
    this.view.set(mailboxKey(row.account, row.id), { ...row });
    this.view.append(["owner", row.id], row.account);
  }

  saveMailbox(row: MailboxRow): void {
    this.#dirtyMailboxes.add(row);
  }

  movePath(row: MailboxRow, path: string): void {
    (row as { path: string }).path = path;
    this.saveMailbox(row);
  }

  removeMailbox(row: MailboxRow): void {
    this.#mailboxes.delete(row.id);
    this.#dirtyMailboxes.delete(row);
    this.view.delete(mailboxKey(row.account, row.id));
    for (const { grantee } of this.acl(row.id)) this.view.delete(granteeKey(grantee, row.id));
    this.view.delete(aclKey(row.id));
    this.view.append(["owner", row.id]);
  }

  subscriptions(account: number): readonly string[] {
    return this.view.get<readonly string[]>(subscriptionsKey(account)) ?? [];
  }

  isSubscribed(account: number, path: string): boolean {
    return this.subscriptions(account).includes(path);
  }

  subscribe(account: number, path: string, subscribed: boolean): void {
    const names = this.subscriptions(account);
    if (names.includes(path) === subscribed) return;
    const changed = subscribed ? [...names, path].sort() : names.filter((one) => one !== path);
    this.view.set(subscriptionsKey(account), changed);
  }

  acl(mailbox: number): readonly AclRow[] {
    return this.view.get<readonly AclRow[]>(aclKey(mailbox)) ?? [];
  }

  aclNaming(grantee: string): readonly AclRow[] {
    return this.view.values<AclRow>([DIRECTORY, "grantee", name(grantee)]);
  }

  putAcl(row: AclRow): void {
    const others = this.acl(row.mailbox).filter(({ grantee }) => grantee !== row.grantee);
    this.view.set(aclKey(row.mailbox), [...others, row].sort((a, b) => a.grantee < b.grantee ? -1 : 1));
    this.view.set(granteeKey(row.grantee, row.mailbox), row);
  }

  removeAcl(mailbox: number, grantee: string): void {
    const left = this.acl(mailbox).filter((row) => row.grantee !== grantee);
    if (left.length > 0) this.view.set(aclKey(mailbox), left);
    else this.view.delete(aclKey(mailbox));
    this.view.delete(granteeKey(grantee, mailbox));
  }

  /** The scope of what is in a mailbox: its owner's. */
  protected scopeOf(mailbox: number): string {
    const known = this.owners.get(mailbox);
    if (known !== undefined) return ofAccount(known);
    const [owner] = this.view.loose<number>([["owner", mailbox]]);
    // Of one that is not there any more, nothing is: any scope will say so.
    if (owner === null || owner === undefined) return ofAccount(0);
    this.owners.set(mailbox, owner);
    return ofAccount(owner);
  }

  #putAccount(row: AccountRow): void {
    this.view.set(accountKey(row.id), { ...row, credentials: printCredentials(row.credentials) });
  }

  #live(kept: MailboxRow): MailboxRow {
    let row = this.#mailboxes.get(kept.id);
    if (!row) {
      this.#mailboxes.set(kept.id, row = { ...kept });
      this.owners.set(kept.id, kept.account);
    }
    return row;
  }
}

/** Rows are read by every operation, credentials hardly ever change. */
const parsed = new Map<string, Credentials>();
const PARSED = 2000;

function credentialsOf(text: string): Credentials {
  let credentials = parsed.get(text);
  if (!credentials) {
    if (parsed.size >= PARSED) parsed.clear();
    parsed.set(text, credentials = parseCredentials(text));
  }
  return credentials;
}
