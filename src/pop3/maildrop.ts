import { type AccountId, ask, type MailboxId, type Program, type Uid, type UidRange } from "../contract/mod.ts";

/**
 * The messages a session sees, as they were at login. Message n is at n-1. Some 20 octets and an id a message:
 * everything else is read when it is asked for.
 */
export interface Maildrop {
  readonly accountId: AccountId;
  readonly mailboxId: MailboxId;
  readonly uids: Uint32Array;
  readonly sizes: Float64Array;
  /** RFC 1939 section 7 UIDL: 1 to 70 characters 0x21–0x7E, for ever the same. */
  readonly uidls: readonly string[];
  readonly deleted: Uint8Array;
  /** Of the messages not marked as deleted. */
  count: number;
  octets: number;
}

const PAGE = 2_000;

/** Reads INBOX page by page; null where the account has none (any more). */
export function* openMaildrop(accountId: AccountId): Program<Maildrop | null> {
  const snapshot = yield* ask("mailbox.open", { accountId, path: "INBOX" });
  if (!snapshot) return null;
  const { mailbox: { mailboxId }, uids } = snapshot;
  const kept = new Uint32Array(uids.length);
  const sizes = new Float64Array(uids.length);
  const uidls: string[] = [];
  const seen = new Set<string>();
  let octets = 0;
  let from: Uid | null = uids.length === 0 ? null : uids[0] as Uid;
  const last = uids[uids.length - 1] as Uid;
  while (from !== null && from <= last) {
    const range: UidRange = { first: from, last };
    const page: { readonly rows: readonly { uid: Uid; size: number; emailId: string }[]; readonly next: Uid | null } =
      yield* ask("email.read", { accountId, mailboxId, ranges: [range], fields: [], limit: PAGE });
    for (const { uid, size, emailId } of page.rows) {
      const n = uidls.length;
      if (n >= kept.length) break; // never more than the snapshot said
      kept[n] = uid;
      sizes[n] = size;
      octets += size;
      uidls.push(uidlOf(emailId, uid, seen));
    }
    from = page.next;
  }
  const count = uidls.length;
  return {
    accountId,
    mailboxId,
    uids: kept.subarray(0, count),
    sizes: sizes.subarray(0, count),
    uidls,
    deleted: new Uint8Array(count),
    count,
    octets,
  };
}

function uidlOf(emailId: string, uid: Uid, seen: Set<string>): string {
  const short = emailId.slice(0, 59);
  const uidl = seen.has(short) ? `${short}.${uid}` : short;
  seen.add(short);
  return uidl;
}

/** Marks message n (from 1). */
export function mark(drop: Maildrop, n: number): void {
  drop.deleted[n - 1] = 1;
  drop.count--;
  drop.octets -= drop.sizes[n - 1]!;
}

export function unmarkAll(drop: Maildrop): void {
  drop.deleted.fill(0);
  drop.count = drop.uidls.length;
  drop.octets = drop.sizes.reduce((sum, size) => sum + size, 0);
}

/** The marked UIDs as ranges. Only neighbours in number join: a range must not reach a message that came later. */
export function markedRanges(drop: Maildrop): UidRange[] {
  const ranges: { first: Uid; last: Uid }[] = [];
  for (let i = 0; i < drop.deleted.length; i++) {
    if (drop.deleted[i] === 0) continue;
    const uid = drop.uids[i] as Uid;
    const open = ranges.at(-1);
    if (open && open.last + 1 === uid) open.last = uid;
    else ranges.push({ first: uid, last: uid });
  }
  return ranges;
}
