/**
 * Who may reach which mailbox (RFC 4314). Every operation that names a mailbox, by its id or by its name, comes through
 * here. An owner may do everything; anybody else needs an entry in the mailbox's access control list. Who may neither
 * see (`l`) nor read (`r`) a mailbox is told the same as of one that never was.
 */
import type { MailboxDenied } from "../../contract/mod.ts";
import { rowOf } from "./ids.ts";
import { accountOf } from "./member.ts";
import { locate } from "./names.ts";
import { type Right, RIGHTS, union, without } from "./rights.ts";
import type { AccountRow, AclRow, BlobRow, MailboxRow, Transaction } from "./tables.ts";

/** A mailbox within reach of whoever asks. */
export interface Reached {
  readonly asker: AccountRow;
  readonly owner: AccountRow;
  readonly mailbox: MailboxRow;
  /** The asker's. */
  readonly rights: string;
}

const NOT_FOUND: MailboxDenied = { refused: "notFound" };
const NO_PERMISSION: MailboxDenied = { refused: "noPermission" };

/** The mailbox of an id, where the account has this right. */
export function mailboxFor(
  tx: Transaction,
  accountId: string,
  mailboxId: string,
  right: Right,
): Reached | MailboxDenied {
  return allow(reachId(tx, accountOf(tx, accountId), rowOf("m", mailboxId)), right);
}

/** The mailbox that the account knows by this name, where it has this right. */
export function mailboxByName(tx: Transaction, accountId: string, name: string, right: Right): Reached | MailboxDenied {
  return allow(reachName(tx, accountOf(tx, accountId), name), right);
}

/** The mailbox that the account knows by this name, where it may see it. */
export function visibleByName(tx: Transaction, accountId: string, name: string): Reached | null {
  const reached = reachName(tx, accountOf(tx, accountId), name);
  return reached && isVisible(reached.rights) ? reached : null;
}

function allow(reached: Reached | null, right: Right): Reached | MailboxDenied {
  if (!reached) return NOT_FOUND;
  if (reached.rights.includes(right)) return reached;
  return isVisible(reached.rights) ? NO_PERMISSION : NOT_FOUND;
}

export function isVisible(rights: string): boolean {
  return rights.includes("l") || rights.includes("r");
}

function reachId(tx: Transaction, asker: AccountRow, id: number): Reached | null {
  const own = tx.mailbox(asker.id, id);
  if (own) return { asker, owner: asker, mailbox: own, rights: RIGHTS };
  const entries = tx.acl(id);
  const owner = entries.length === 0 ? null : tx.account(entries[0]!.account);
  const mailbox = owner && tx.mailbox(owner.id, id);
  return owner && mailbox ? { asker, owner, mailbox, rights: rightsIn(entries, asker) } : null;
}

/** Whatever the rights are, even none. */
export function reachName(tx: Transaction, asker: AccountRow, name: string): Reached | null {
  const { owner, path } = locate(tx, asker, name);
  const mailbox = owner && tx.mailboxByPath(owner.id, path);
  return owner && mailbox ? { asker, owner, mailbox, rights: rightsOf(tx, asker, mailbox) } : null;
}

/** Section 2: what is granted to the account and to anyone, less what either is denied. */
export function rightsOf(tx: Transaction, asker: AccountRow, mailbox: MailboxRow): string {
  return mailbox.account === asker.id ? RIGHTS : rightsIn(tx.acl(mailbox.id), asker);
}

function rightsIn(entries: readonly AclRow[], asker: AccountRow): string {
  const grantees = granteesOf(asker);
  let granted = "";
  let denied = "";
  for (const { grantee, rights } of entries) {
    if (grantees.includes(grantee)) granted = union(granted, rights);
    else if (grantee[0] === "-" && grantees.includes(grantee.slice(1))) denied = union(denied, rights);
  }
  return denied === "" ? granted : without(granted, denied);
}

/** What an account is called in lists: its address, and its domain, which is `anyone` for mailboxes of the same domain. */
function granteesOf({ address }: AccountRow): readonly string[] {
  return [address, anyoneOf(address)];
}

/** `anyone` as rows have it: the owner's domain, so that nobody of another domain is meant. */
export function anyoneOf(ownerAddress: string): string {
  return ownerAddress.slice(ownerAddress.lastIndexOf("@"));
}

/** The mailboxes of others in whose lists the account is named, with its rights. */
export function* reachedOfOthers(tx: Transaction, asker: AccountRow): Generator<Reached> {
  const met = new Set<number>();
  for (const grantee of granteesOf(asker)) {
    for (const { account, mailbox } of tx.aclNaming(grantee)) {
      if (account === asker.id || met.has(mailbox)) continue;
      met.add(mailbox);
      const reached = reachId(tx, asker, mailbox);
      if (reached) yield reached;
    }
  }
}

/** Whether the account has the blob, or may read a mailbox that has it. */
export function mayReadBlob(tx: Transaction, account: AccountRow, blob: BlobRow): boolean {
  if (tx.accountHasBlob(account.id, blob)) return true;
  for (const { owner, mailbox, rights } of reachedOfOthers(tx, account)) {
    if (rights.includes("r") && tx.accountHasBlob(owner.id, blob) && tx.mailboxHasBlob(mailbox, blob)) return true;
  }
  return false;
}
