/** Domains, accounts, aliases and settings. */
import { domainToAscii } from "../../base/address.ts";
import type { Account, Alias, AnswerOf, Args, DirectoryRefused, Domain, MailboxRole } from "../../contract/mod.ts";
import { forgetFloor } from "./archive.ts";
import { canonicalAddress, domainOf } from "./address.ts";
import { accountIdOf } from "./ids.ts";
import { forgetAll } from "./kept.ts";
import { empty, makeMailbox } from "./mailboxes.ts";
import { nextModseq } from "./member.ts";
import { forgetKey } from "./url_keys.ts";
import type { AccountRow, Part, Transaction } from "./tables.ts";

/** RFC 6154: what every client looks for. */
const FIRST_MAILBOXES: readonly (readonly [string, MailboxRole])[] = [
  ["INBOX", "inbox"],
  ["Drafts", "drafts"],
  ["Sent", "sent"],
  ["Trash", "trash"],
  ["Junk", "junk"],
  ["Archive", "archive"],
];

export function domainList(tx: Transaction, args: Args<"domain.list">): readonly Domain[] {
  return tx.domains(partOf(args));
}

export function domainGet(tx: Transaction, args: Args<"domain.get">): Domain | null {
  return tx.domain(domainOf(args.name) ?? "");
}

export function domainAdd(tx: Transaction, args: Args<"domain.add">): Domain | DirectoryRefused {
  const name = domainOf(args.name);
  if (name === null) return refuse("invalid", `${args.name} is not a domain name`);
  if (tx.domain(name)) return refuse("exists", `the domain ${name} is there already`);
  const row = { name, catchAll: null, createdAt: args.now };
  tx.putDomain(row);
  return row;
}

export function domainChange(tx: Transaction, args: Args<"domain.change">): Domain | DirectoryRefused {
  const domain = tx.domain(domainOf(args.name) ?? "");
  if (!domain) return refuse("notFound", `there is no domain ${args.name}`);
  let catchAll: string | null = null;
  if (args.catchAll !== null) {
    catchAll = canonicalAddress(args.catchAll);
    if (catchAll === null) return refuse("invalid", `${args.catchAll} is not an address`);
    if (!tx.accountByAddress(catchAll) && !tx.alias(catchAll)) {
      return refuse("notFound", `there is no account or alias ${catchAll}`);
    }
  }
  const row = { ...domain, catchAll };
  tx.putDomain(row);
  return row;
}

export function domainRemove(tx: Transaction, args: Args<"domain.remove">): { removed: true } | DirectoryRefused {
  const domain = tx.domain(domainOf(args.name) ?? "");
  if (!domain) return refuse("notFound", `there is no domain ${args.name}`);
  if (tx.firstAccount(domain.name)) return refuse("inUse", `the domain ${domain.name} has accounts`);
  if (tx.aliases(domain.name).length > 0) return refuse("inUse", `the domain ${domain.name} has aliases`);
  tx.removeDomain(domain.name);
  return { removed: true };
}

export function accountList(tx: Transaction, args: Args<"account.list">): readonly Account[] {
  const domain = args.domain === undefined ? null : domainToAscii(args.domain) ?? args.domain;
  return tx.accounts(domain, partOf(args)).map(printAccount);
}

export function accountGet(tx: Transaction, args: Args<"account.get">): Account | null {
  const row = accountAt(tx, args.address);
  return row && printAccount(row);
}

export function accountAdd(tx: Transaction, args: Args<"account.add">): Account | DirectoryRefused {
  const refused = checkNew(tx, args.address);
  if (typeof refused !== "string") return refused;
  if (!isQuota(args.quota)) return refuse("invalid", "a quota is a whole number that is not negative, or null");
  const row: AccountRow = {
    id: tx.next("account"),
    address: refused,
    name: args.name,
    quotaBytes: args.quota.bytes,
    quotaMessages: args.quota.messages,
    usedBytes: 0,
    usedMessages: 0,
    keptBytes: 0,
    modseq: 0,
    disabled: false,
    shared: args.shared ?? false,
    createdAt: args.now,
    credentials: args.credentials,
  };
  tx.addAccount(row);
  for (const [path, role] of FIRST_MAILBOXES) {
    makeMailbox(tx, row, path, role);
    tx.subscribe(row.id, path, true);
  }
  return printAccount(row);
}

export function accountChange(tx: Transaction, args: Args<"account.change">): Account | DirectoryRefused {
  const row = accountAt(tx, args.address);
  if (!row) return refuse("notFound", `there is no account ${args.address}`);
  if (args.quota && !isQuota(args.quota)) {
    return refuse("invalid", "a quota is a whole number that is not negative, or null");
  }
  if (args.name !== undefined) row.name = args.name;
  if (args.disabled !== undefined) row.disabled = args.disabled;
  if (args.credentials !== undefined) row.credentials = args.credentials;
  if (args.quota) {
    row.quotaBytes = args.quota.bytes;
    row.quotaMessages = args.quota.messages;
    // A quota is an object of JMAP: it has changed (RFC 9425 section 4.3).
    nextModseq(tx, row);
    tx.touch(row.id, null);
  }
  tx.saveAccount(row);
  return printAccount(row);
}

/** Its mail goes, and so does every alias' way to it: an alias without a target left, and a catch-all, go too. */
export function accountRemove(tx: Transaction, args: Args<"account.remove">): { removed: true } | DirectoryRefused {
  const row = accountAt(tx, args.address);
  if (!row) return refuse("notFound", `there is no account ${args.address}`);
  for (const mailbox of [...tx.mailboxes(row.id)]) {
    empty(tx, row, mailbox);
    tx.touch(row.id, mailbox.id);
    forgetKey(tx, mailbox);
    tx.removeMailbox(mailbox);
  }
  tx.touch(row.id, null);
  // Whoever has the address next inherits no rights.
  for (const grantee of [row.address, "-" + row.address]) {
    for (const entry of tx.aclNaming(grantee)) tx.removeAcl(entry.mailbox, grantee);
  }
  forgetAll(tx, row);
  forgetFloor(tx, row.id);
  tx.removeAccount(row);
  for (const alias of tx.aliases(null)) {
    if (alias.targets.includes(row.address)) dropTarget(tx, alias, row.address);
  }
  dropCatchAlls(tx, row.address);
  return { removed: true };
}

export function accountCredentials(
  tx: Transaction,
  args: Args<"account.credentials">,
): AnswerOf<"account.credentials"> {
  const address = canonicalAddress(args.login);
  if (address === null) return null;
  let row = tx.accountByAddress(address);
  const alias = row ? null : tx.alias(address);
  if (alias && alias.targets.length === 1) row = tx.accountByAddress(alias.targets[0]!);
  if (!row || row.shared) return null; // nobody logs in to a shared account
  return {
    accountId: accountIdOf(row.id),
    address: row.address,
    disabled: row.disabled,
    credentials: row.credentials,
  };
}

export function aliasList(tx: Transaction, args: Args<"alias.list">): readonly Alias[] {
  return tx.aliases(args.domain === undefined ? null : domainToAscii(args.domain) ?? args.domain, partOf(args));
}

export function aliasGet(tx: Transaction, args: Args<"alias.get">): Alias | null {
  const address = canonicalAddress(args.address);
  return address === null ? null : tx.alias(address);
}

export function aliasChange(tx: Transaction, args: Args<"alias.change">): Alias | DirectoryRefused {
  const before = aliasGet(tx, args);
  if (!before) return refuse("notFound", `there is no alias ${args.address}`);
  const targets = targetsOf(before.address, args.targets);
  if ("refused" in targets) return targets;
  const row = { ...before, targets };
  tx.putAlias(row);
  return row;
}

export function aliasAdd(tx: Transaction, args: Args<"alias.add">): Alias | DirectoryRefused {
  const address = checkNew(tx, args.address);
  if (typeof address !== "string") return address;
  const targets = targetsOf(address, args.targets);
  if ("refused" in targets) return targets;
  const row = { address, targets, createdAt: args.now };
  tx.putAlias(row);
  return row;
}

export function aliasRemove(tx: Transaction, args: Args<"alias.remove">): { removed: true } | DirectoryRefused {
  const address = canonicalAddress(args.address);
  if (address === null || !tx.alias(address)) return refuse("notFound", `there is no alias ${args.address}`);
  tx.removeAlias(address);
  dropCatchAlls(tx, address);
  return { removed: true };
}

export function settingGet(tx: Transaction, args: Args<"setting.get">): string | null {
  return tx.setting(args.name);
}

export function settingInit(tx: Transaction, args: Args<"setting.init">): string {
  const there = tx.setting(args.name);
  if (there !== null) return there;
  tx.putSetting(args.name, args.value);
  return args.value;
}

export function settingChange(tx: Transaction, args: Args<"setting.change">): { changed: boolean } {
  const { name, before, value } = args;
  if (tx.setting(name) !== before) return { changed: false };
  if (value !== null) tx.putSetting(name, value);
  else if (before !== null) tx.removeSetting(name);
  return { changed: true };
}

/** Each once, in its one spelling. */
function targetsOf(address: string, given: readonly string[]): readonly string[] | DirectoryRefused {
  const targets = new Set<string>();
  for (const target of given) {
    const canonical = canonicalAddress(target);
    if (canonical === null) return refuse("invalid", `${target} is not an address`);
    targets.add(canonical);
  }
  if (targets.size === 0) return refuse("invalid", "an alias needs a target");
  if (targets.has(address)) return refuse("invalid", "an alias cannot lead to itself");
  return [...targets];
}

function partOf({ after = "", limit }: { after?: string; limit?: number }): Part | undefined {
  return limit === undefined ? undefined : { after, limit };
}

function dropTarget(tx: Transaction, alias: Alias, target: string): void {
  const targets = alias.targets.filter((other) => other !== target);
  if (targets.length > 0) tx.putAlias({ ...alias, targets });
  else {
    tx.removeAlias(alias.address);
    dropCatchAlls(tx, alias.address);
  }
}

function dropCatchAlls(tx: Transaction, address: string): void {
  for (const domain of tx.domains()) if (domain.catchAll === address) tx.putDomain({ ...domain, catchAll: null });
}

/** The canonical form of an address that may be taken. */
function checkNew(tx: Transaction, text: string): string | DirectoryRefused {
  const address = canonicalAddress(text);
  if (address === null) return refuse("invalid", `${text} is not an address`);
  const domain = address.slice(address.lastIndexOf("@") + 1);
  if (!tx.domain(domain)) return refuse("noDomain", `the domain ${domain} is not ours: add it first`);
  if (tx.accountByAddress(address)) return refuse("exists", `the account ${address} is there already`);
  if (tx.alias(address)) return refuse("exists", `the alias ${address} is there already`);
  return address;
}

function accountAt(tx: Transaction, address: string): AccountRow | null {
  const canonical = canonicalAddress(address);
  return canonical === null ? null : tx.accountByAddress(canonical);
}

function printAccount(row: AccountRow): Account {
  return {
    accountId: accountIdOf(row.id),
    address: row.address,
    name: row.name,
    quota: { bytes: row.quotaBytes, messages: row.quotaMessages },
    usage: { bytes: row.usedBytes, messages: row.usedMessages },
    disabled: row.disabled,
    shared: row.shared,
    createdAt: row.createdAt,
  };
}

function isQuota(quota: Account["quota"]): boolean {
  return [quota.bytes, quota.messages].every((limit) => limit === null || (Number.isSafeInteger(limit) && limit >= 0));
}

function refuse(refused: DirectoryRefused["refused"], text: string): DirectoryRefused {
  return { refused, text };
}
