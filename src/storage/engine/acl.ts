/** Access control lists: told and changed (RFC 4314 section 3). */
import type { AclEntry, AclRefused, AnswerOf, Args, MailboxDenied } from "../../contract/mod.ts";
import { anyoneOf, isVisible, mailboxByName, type Reached, reachedOfOthers, reachName } from "./access.ts";
import { canonicalAddress } from "./address.ts";
import { accountIdOf } from "./ids.ts";
import { accountOf, nextModseq } from "./member.ts";
import { nameFor } from "./names.ts";
import { noteMailbox, noteRights } from "./objects.ts";
import { parseRights, RIGHTS, union, without } from "./rights.ts";
import type { AccountRow, Transaction } from "./tables.ts";

/** Entries of one mailbox. */
const ENTRIES_LIMIT = 1000;

export function get(tx: Transaction, args: Args<"acl.get">): AnswerOf<"acl.get"> {
  const reached = mailboxByName(tx, args.accountId, args.path, "a");
  if ("refused" in reached) return reached;
  const entries: AclEntry[] = [{ identifier: reached.owner.address, rights: RIGHTS }];
  for (const { grantee, rights } of tx.acl(reached.mailbox.id)) {
    entries.push({ identifier: identifierOf(grantee), rights });
  }
  return { path: printedName(reached), entries };
}

export function set(tx: Transaction, args: Args<"acl.set">): AnswerOf<"acl.set"> {
  const reached = mailboxByName(tx, args.accountId, args.path, "a");
  if ("refused" in reached) return reached;
  const change = parseRights(args.rights);
  if (change === null) return { refused: "badRights" };
  const who = granteeOf(tx, reached.owner, args.identifier, args.mode === "replace" && change === "");
  if ("refused" in who) return who;
  if (who.account?.id === reached.owner.id) return ownersOwn(who.grantee, args.mode, change);
  const { mailbox, owner } = reached;
  const entries = tx.acl(mailbox.id);
  const before = entries.find((entry) => entry.grantee === who.grantee)?.rights ?? "";
  const rights = args.mode === "add"
    ? union(before, change)
    : args.mode === "remove"
    ? without(before, change)
    : change;
  if (rights === before) return { done: true };
  if (before === "" && entries.length >= ENTRIES_LIMIT) return { refused: "tooMany" };
  if (rights === "") tx.removeAcl(mailbox.id, who.grantee);
  else tx.putAcl({ mailbox: mailbox.id, account: owner.id, grantee: who.grantee, rights });
  const modseq = nextModseq(tx, owner);
  noteMailbox(tx, owner, mailbox, modseq);
  noteRights(tx, owner, modseq);
  // Whoever looks at it finds out whether he still may.
  tx.touch(owner.id, mailbox.id);
  tx.touch(owner.id, null);
  if (who.account) tx.touch(who.account.id, null);
  return { done: true };
}

/** The owner has all rights, and cannot lock himself out. */
function ownersOwn(grantee: string, mode: Args<"acl.set">["mode"], change: string): { done: true } | AclRefused {
  const positive = grantee[0] !== "-";
  const changesNothing = positive ? mode === "add" || change === RIGHTS && mode === "replace" : change === "";
  return changesNothing || change === "" && mode !== "replace" ? { done: true } : { refused: "isOwner" };
}

export function grantable(tx: Transaction, args: Args<"acl.grantable">): AnswerOf<"acl.grantable"> {
  const reached = mailboxByName(tx, args.accountId, args.path, "a");
  if ("refused" in reached) return reached;
  const who = granteeOf(tx, reached.owner, args.identifier, false);
  if ("refused" in who) return who;
  const path = printedName(reached);
  if (who.account?.id !== reached.owner.id) return { path, required: "", optional: RIGHTS };
  return who.grantee[0] === "-" ? { path, required: "", optional: "" } : { path, required: RIGHTS, optional: "" };
}

export function owners(tx: Transaction, args: Args<"acl.owners">): AnswerOf<"acl.owners"> {
  const found = new Map<number, { address: string; rights: string }>();
  for (const { owner, rights } of reachedOfOthers(tx, accountOf(tx, args.accountId))) {
    if (!isVisible(rights)) continue;
    const before = found.get(owner.id)?.rights ?? "";
    found.set(owner.id, { address: owner.address, rights: union(before, rights) });
  }
  return Array.from(found, ([id, told]) => ({ accountId: accountIdOf(id), ...told }));
}

export function mine(tx: Transaction, args: Args<"acl.mine">): AnswerOf<"acl.mine"> {
  const reached = reachName(tx, accountOf(tx, args.accountId), args.path);
  // Section 4: MYRIGHTS needs any of these.
  if (!reached || !/[lrikxa]/.test(reached.rights)) return { refused: "notFound" } satisfies MailboxDenied;
  return { path: printedName(reached), rights: reached.rights };
}

function printedName({ asker, owner, mailbox }: Reached): string {
  return nameFor(asker, owner, mailbox.path);
}

interface Grantee {
  readonly grantee: string;
  /** Null: everybody of the domain, or somebody who is gone. */
  readonly account: AccountRow | null;
}

/** `gone`: an entry is to be taken away, so it need not name anybody who is there. */
function granteeOf(tx: Transaction, owner: AccountRow, identifier: string, gone: boolean): Grantee | AclRefused {
  const sign = identifier.startsWith("-") ? "-" : "";
  const name = identifier.slice(sign.length);
  if (name === "anyone") return { grantee: sign + anyoneOf(owner.address), account: null };
  const address = canonicalAddress(name);
  const account = address === null ? null : accountNamed(tx, address);
  if (account) return { grantee: sign + account.address, account };
  return address !== null && gone ? { grantee: sign + address, account: null } : { refused: "noIdentifier" };
}

/** By its address, or by an alias that leads to it alone. */
function accountNamed(tx: Transaction, address: string): AccountRow | null {
  const account = tx.accountByAddress(address);
  if (account) return account;
  const targets = tx.alias(address)?.targets ?? [];
  return targets.length === 1 ? tx.accountByAddress(targets[0]!) : null;
}

function identifierOf(grantee: string): string {
  if (grantee.startsWith("@")) return "anyone";
  return grantee.startsWith("-@") ? "-anyone" : grantee;
}
