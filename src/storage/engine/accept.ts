/** `mail.accept`: the one transaction in which a message becomes ours (DESIGN section 3). */
import type {
  AcceptArgs,
  AccountId,
  AnswerOf,
  Delivery,
  EnvelopeRecipient,
  MailboxId,
  Uid,
} from "../../contract/mod.ts";
import { StorageError } from "../storage.ts";
import { enqueue } from "./enqueue.ts";
import { parseFlags, SHARED } from "./flags.ts";
import { accountIdOf, mailboxIdOf, rowOf } from "./ids.ts";
import { addEmail, addMember, hasRoom, nextModseq } from "./member.ts";
import { canonicalPath } from "./path.ts";
import type { AccountRow, BlobRow, MailboxRow, Transaction } from "./tables.ts";
import { threadOf } from "./threads.ts";

/** How long a delivery waits that found its account full, and how often it is tried: what a sender would do. */
const FULL_RETRY_MS = 15 * 60_000;
const FULL_EXPIRY_MS = 5 * 24 * 3600_000;

/** All deliveries of the message to one account: one email, a membership in each target. */
interface Share {
  readonly account: AccountRow;
  readonly deliveries: Delivery[];
}

type Stored = { recipient: string; accountId: AccountId; mailboxId: MailboxId; uid: Uid };

export function accept(tx: Transaction, args: AcceptArgs): AnswerOf<"mail.accept"> {
  const blob = tx.blob(args.blobId);
  if (!blob) throw new StorageError("bug", "mail.accept without its blob");
  const shares = shareOut(tx, args.deliveries);
  const full = shares.filter(({ account, deliveries }) =>
    !hasRoom(account, blob.size + deliveries[0]!.prefix.length, 1)
  );
  const overQuota = full.flatMap(({ deliveries }) => deliveries.map(({ recipient }) => recipient));
  if (overQuota.length > 0 && args.overQuota === "refuse") return { refused: "overQuota", recipients: overQuota };
  const stored: Stored[] = [];
  for (const share of shares) if (!full.includes(share)) deliver(tx, share, blob, args.now, stored);
  const delivered = shares.filter((share) => !full.includes(share)).flatMap(({ deliveries }) => deliveries);
  report(tx, args, blob, delivered);
  if (args.overQuota === "defer") {
    for (const { deliveries } of full) for (const delivery of deliveries) defer(tx, args, blob, delivery);
  }
  for (const entry of args.queued) enqueue(tx, args, blob, entry, null);
  if (args.journal.length > 0) tx.addJournal(args.traceId, args.journal);
  return { stored, overQuota };
}

function shareOut(tx: Transaction, deliveries: readonly Delivery[]): readonly Share[] {
  const shares = new Map<number, Share>();
  for (const delivery of deliveries) {
    const id = rowOf("a", delivery.accountId);
    const share = shares.get(id);
    if (share) {
      share.deliveries.push(delivery);
      continue;
    }
    const account = tx.account(id);
    // Routed a moment ago, removed since: the whole message is tried again and routed anew.
    if (!account) throw new StorageError("unavailable", "an account of the delivery is gone");
    shares.set(id, { account, deliveries: [delivery] });
  }
  return [...shares.values()];
}

function deliver(tx: Transaction, share: Share, blob: BlobRow, now: number, stored: Stored[]): void {
  const { account, deliveries } = share;
  const first = deliveries[0]!;
  const id = tx.next("email");
  const index = tx.blobIndex(blob.blobId);
  const size = blob.size + first.prefix.length;
  addEmail(tx, account, {
    id,
    account: account.id,
    thread: threadOf(tx, account.id, index, id),
    blob: tx.storeBlob(blob),
    blobId: blob.blobId,
    blobSize: blob.size,
    size,
    internalDate: first.internalDate,
    sentAt: index?.envelope.sentAt ?? null,
    prefix: first.prefix,
  });
  // Flags belong to the email; \Deleted alone could differ, and a delivery has no use for it.
  const { bits, keywords } = parseFlags(deliveries.flatMap((delivery) => delivery.flags));
  const targets = deliveries.map((delivery) => targetOf(tx, account, delivery));
  const shared = targets.some((target) => target !== targets[0]) ? SHARED : 0;
  const modseq = nextModseq(tx, account);
  const uids = new Map<MailboxRow, Uid>();
  deliveries.forEach(({ recipient }, i) => {
    const mailbox = targets[i]!;
    let uid = uids.get(mailbox);
    if (uid === undefined) {
      uid = addMember(tx, mailbox, { id, size }, modseq, bits | shared, keywords, now);
      uids.set(mailbox, uid);
    }
    stored.push({ recipient, accountId: accountIdOf(account.id), mailboxId: mailboxIdOf(mailbox.id), uid });
  });
}

function targetOf(tx: Transaction, account: AccountRow, { target }: Delivery): MailboxRow {
  const named = "path" in target
    ? tx.mailboxByPath(account.id, canonicalPath(target.path))
    : tx.mailboxByRole(account.id, target.role);
  const mailbox = named ?? tx.mailboxByPath(account.id, "INBOX");
  if (!mailbox) throw new StorageError("bug", "an account without INBOX");
  return mailbox;
}

function defer(tx: Transaction, args: AcceptArgs, blob: BlobRow, delivery: Delivery): void {
  const entry = {
    recipient: waitingFor(delivery),
    domain: null,
    prefix: delivery.prefix,
    dueAt: args.now + FULL_RETRY_MS,
    expiresAt: args.now + FULL_EXPIRY_MS,
  };
  enqueue(tx, args, blob, entry, "the mailbox is full");
}

/** What waits for its account keeps what was asked for it (RFC 3461 section 5.2.6). */
function waitingFor({ recipient: forwardPath, serves = [] }: Delivery): EnvelopeRecipient {
  const asked = serves.some(({ notify }) => notify !== null);
  // Whoever is silent wants to hear of failure (section 4.1).
  const notify = asked ? [...new Set(serves.flatMap((one) => one.notify ?? ["failure" as const]))] : null;
  return { forwardPath, notify, orcpt: serves.find(({ orcpt }) => orcpt !== null)?.orcpt ?? null };
}

/**
 * RFC 3461 section 5.2.4: who asked for it is told of success. A row of the queue, so that it is told if and only if the
 * delivery is on disk; never to the null sender (RFC 5321 section 4.5.5).
 */
function report(tx: Transaction, args: AcceptArgs, blob: BlobRow, deliveries: readonly Delivery[]): void {
  if (args.sender.reversePath === "") return;
  const told = new Set<EnvelopeRecipient>(); // several deliveries may serve one recipient
  for (const recipient of deliveries.flatMap(({ serves = [] }) => serves)) {
    if (told.has(recipient) || !recipient.notify?.includes("success")) continue;
    told.add(recipient);
    const dueAt = args.now;
    const prefix = new Uint8Array(0); // the sender knows its message as it was sent
    const expiresAt = dueAt + FULL_EXPIRY_MS;
    enqueue(tx, args, blob, { recipient, domain: null, prefix, dueAt, expiresAt, report: "delivered" }, null);
  }
}
