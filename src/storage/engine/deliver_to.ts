/** Where deliveries of one message go: which account has to have room for them, and which emails they become. */
import type { AcceptArgs, AccountId, Delivery } from "../../contract/mod.ts";
import { StorageError } from "../storage.ts";
import { reachName } from "./access.ts";
import { rowOf } from "./ids.ts";
import { freeName, makeMailbox } from "./mailboxes.ts";
import { hasRoom } from "./member.ts";
import { canonicalPath } from "./path.ts";
import { flagRights } from "./rights.ts";
import type { AccountRow, BlobRow, MailboxRow, Transaction } from "./tables.ts";

/** Deliveries that are one email: same owner, body and flags, with a membership in each target. */
export interface Share {
  readonly owner: AccountRow;
  readonly blob: BlobRow;
  readonly size: number;
  readonly placed: Placed[];
}

/** A delivery at the place where it goes. */
export interface Placed {
  readonly delivery: Delivery;
  /** For whom: another than the owner where the mailbox is another's. */
  readonly asker: AccountRow;
  readonly mailbox: MailboxRow | null;
  readonly flags: readonly string[];
}

/** What is written, and which accounts have no room: nothing is delivered for these. */
export interface SharedOut {
  readonly shares: readonly Share[];
  readonly full: ReadonlySet<AccountId>;
}

/** Finds the place of every delivery, and room for it. Nothing is written yet. */
export function shareOut(tx: Transaction, args: AcceptArgs, blobOf: (delivery: Delivery) => BlobRow): SharedOut {
  const shares = new Map<string, Share>();
  const full = new Set<AccountId>();
  const taken = new Map<AccountRow, { bytes: number; messages: number }>();
  const byAccount = Map.groupBy(args.deliveries, ({ accountId }) => accountId);
  for (const [accountId, deliveries] of byAccount) {
    const asker = tx.account(rowOf("a", accountId));
    // Routed a moment ago, removed since: the whole message is tried again and routed anew.
    if (!asker) throw new StorageError("unavailable", "an account of the delivery is gone");
    const placed = deliveries.map((delivery) => ({ ...place(tx, asker, delivery), blob: blobOf(delivery) }));
    const needed = placed.filter(({ delivery }) => !delivery.optional);
    if (!take(needed, shares, taken)) {
      full.add(accountId);
      continue;
    }
    for (const one of placed.filter(({ delivery }) => delivery.optional)) take([one], shares, taken);
  }
  return { shares: [...shares.values()], full };
}

type Found = Placed & { readonly owner: AccountRow; readonly blob: BlobRow };

/** Adds them to the shares if there is room for all. */
function take(
  all: readonly Found[],
  shares: Map<string, Share>,
  taken: Map<AccountRow, { bytes: number; messages: number }>,
): boolean {
  const fresh = new Map<string, Share>();
  const more = new Map<AccountRow, { bytes: number; messages: number }>();
  for (const { owner, blob, delivery, flags } of all) {
    const key = keyOf(owner, blob, flags);
    if (shares.has(key) || fresh.has(key)) continue;
    const size = blob.size + delivery.prefix.length;
    fresh.set(key, { owner, blob, size, placed: [] });
    const sum = more.get(owner) ?? { bytes: 0, messages: 0 };
    more.set(owner, { bytes: sum.bytes + size, messages: sum.messages + 1 });
  }
  for (const [owner, { bytes, messages }] of more) {
    const before = taken.get(owner) ?? { bytes: 0, messages: 0 };
    if (!hasRoom(owner, before.bytes + bytes, before.messages + messages)) return false;
  }
  for (const [owner, { bytes, messages }] of more) {
    const before = taken.get(owner) ?? { bytes: 0, messages: 0 };
    taken.set(owner, { bytes: before.bytes + bytes, messages: before.messages + messages });
  }
  for (const [key, share] of fresh) shares.set(key, share);
  for (const { owner, blob, delivery, asker, mailbox, flags } of all) {
    shares.get(keyOf(owner, blob, flags))!.placed.push({ delivery, asker, mailbox, flags });
  }
  return true;
}

/** Flags belong to the email: copies that are marked differently are different emails. */
function keyOf(owner: AccountRow, blob: BlobRow, flags: readonly string[]): string {
  return [owner.id, blob.blobId, ...[...new Set(flags)].sort()].join(" ");
}

function place(tx: Transaction, asker: AccountRow, delivery: Delivery): Placed & { readonly owner: AccountRow } {
  const { target, flags } = delivery;
  const own = { delivery, asker, owner: asker, flags };
  if (!("path" in target)) return { ...own, mailbox: tx.mailboxByRole(asker.id, target.role) };
  const reached = reachName(tx, asker, target.path);
  if (reached) {
    if (reached.owner === asker) return { ...own, mailbox: reached.mailbox };
    // RFC 4314 section 2.1: "p" is to post there; who may append may do as much.
    if (!/[pi]/.test(reached.rights)) return { ...own, mailbox: null };
    const may = flagRights(reached.rights);
    const kept = flags.filter((flag) => may.all || (flag.startsWith("\\") ? may.bits !== 0 : may.keywords));
    return { delivery, asker, owner: reached.owner, mailbox: reached.mailbox, flags: kept };
  }
  // One account makes its new mailbox before the next delivery looks for it, and an empty one does no harm.
  if (target.create) {
    const free = freeName(tx, asker, target.path);
    if (!("refused" in free)) {
      const { role } = target.create;
      const use = role && free.owner === asker && !tx.mailboxByRole(asker.id, role) ? role : null;
      const mailbox = makeMailbox(tx, free.owner, free.path, use);
      if (free.owner === asker && !tx.isSubscribed(asker.id, free.path)) tx.subscribe(asker.id, free.path, true);
      return { ...own, owner: free.owner, mailbox };
    }
  }
  return { ...own, mailbox: tx.mailboxByPath(asker.id, canonicalPath(target.path)) };
}
