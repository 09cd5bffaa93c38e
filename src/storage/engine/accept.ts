/** `mail.accept`: the one transaction in which a message becomes ours (DESIGN section 3). */
import type {
  AcceptArgs,
  AccountId,
  AnswerOf,
  BlobId,
  Delivery,
  EnvelopeRecipient,
  MailboxId,
  Uid,
} from "../../contract/mod.ts";
import { StorageError } from "../storage.ts";
import { type Share, shareOut } from "./deliver_to.ts";
import { rememberAll, repeatedFor } from "./delivery.ts";
import { enqueue } from "./enqueue.ts";
import { parseFlags, SHARED } from "./flags.ts";
import { accountIdOf, mailboxIdOf } from "./ids.ts";
import { addEmail, addMember, nextModseq } from "./member.ts";
import { noteReport } from "./objects.ts";
import type { BlobRow, MailboxRow, Transaction } from "./tables.ts";
import { threadOf } from "./threads.ts";

/** How long a delivery waits that found its account full, and how often it is tried: what a sender would do. */
const FULL_RETRY_MS = 15 * 60_000;
const FULL_EXPIRY_MS = 5 * 24 * 3600_000;

type Stored = { recipient: string; accountId: AccountId; mailboxId: MailboxId; uid: Uid };

export function accept(tx: Transaction, given: AcceptArgs): AnswerOf<"mail.accept"> {
  const args = withoutRepeated(tx, given);
  const blob = blobNamed(tx, args.blobId);
  const { shares, full } = shareOut(tx, args, ({ blobId }) => blobId ? blobNamed(tx, blobId) : blob);
  const waiting = args.deliveries.filter(({ accountId, optional }) => full.has(accountId) && !optional);
  const overQuota = [...new Set(waiting.map(({ recipient }) => recipient))];
  if (overQuota.length > 0 && args.overQuota === "refuse") return { refused: "overQuota", recipients: overQuota };
  const stored: Stored[] = [];
  for (const share of shares) deliver(tx, share, args.now, stored);
  report(tx, args, blob, args.deliveries.filter(({ accountId }) => !full.has(accountId)));
  if (args.overQuota === "defer") {
    // Several places that one filter chose for a recipient are one delivery to try again.
    const tried = new Set<string>();
    for (const delivery of waiting) {
      const key = `${delivery.accountId} ${delivery.recipient}`;
      if (!tried.has(key)) defer(tx, args, blob, delivery);
      tried.add(key);
    }
  }
  for (const entry of args.queued) {
    if (entry.after && full.has(entry.after)) continue;
    enqueue(tx, args, entry.blobId ? blobNamed(tx, entry.blobId) : blob, entry, null);
  }
  if (args.remember) rememberAll(tx, args.remember.filter(({ accountId }) => !full.has(accountId)), args.now);
  if (args.journal.length > 0) tx.addJournal(args.traceId, args.journal);
  return { stored, overQuota };
}

/** Two copies may have been on their way at once: who came second is found out here. */
function withoutRepeated(tx: Transaction, args: AcceptArgs): AcceptArgs {
  const repeated = repeatedFor(tx, args);
  if (repeated.size === 0) return args;
  const left = args.deliveries.filter(({ accountId }) => repeated.has(accountId));
  const notes = [...new Set(left.map(({ recipient }) => recipient))].map((recipient) => ({
    at: args.now,
    event: "discarded",
    recipient,
    detail: "Left out after all: the same Message-ID came at the same time.",
  }));
  return {
    ...args,
    deliveries: args.deliveries.filter(({ accountId }) => !repeated.has(accountId)),
    queued: args.queued.filter(({ accountId }) => !accountId || !repeated.has(accountId)),
    remember: args.remember?.filter(({ accountId }) => !repeated.has(accountId)) ?? [],
    journal: [...args.journal, ...notes],
  };
}

function blobNamed(tx: Transaction, blobId: BlobId): BlobRow {
  const blob = tx.blob(blobId);
  if (!blob) throw new StorageError("bug", "mail.accept without its blob");
  return blob;
}

function deliver(tx: Transaction, share: Share, now: number, stored: Stored[]): void {
  const { owner, blob, size, placed } = share;
  const first = placed[0]!;
  const id = tx.next("email");
  const index = tx.blobIndex(blob.blobId);
  const modseq = nextModseq(tx, owner);
  addEmail(tx, owner, {
    id,
    account: owner.id,
    thread: threadOf(tx, owner.id, index, id),
    blob: tx.storeBlob(blob),
    blobId: blob.blobId,
    blobSize: blob.size,
    size,
    internalDate: first.delivery.internalDate,
    sentAt: index?.envelope.sentAt ?? null,
    prefix: first.delivery.prefix,
    created: modseq,
  });
  if (index?.root.type === "multipart" && index.root.subtype === "report") noteReport(tx, owner, id, modseq);
  // \Deleted alone could differ between memberships, and a delivery has no use for it.
  const { bits, keywords } = parseFlags(first.flags);
  const targets = placed.map(({ mailbox }) => mailbox ?? inboxOf(tx, owner.id));
  const shared = targets.some((target) => target !== targets[0]) ? SHARED : 0;
  const uids = new Map<MailboxRow, Uid>();
  placed.forEach(({ delivery: { recipient } }, i) => {
    const mailbox = targets[i]!;
    let uid = uids.get(mailbox);
    if (uid === undefined) {
      uid = addMember(tx, mailbox, { id, size }, modseq, bits | shared, keywords, now);
      uids.set(mailbox, uid);
    }
    stored.push({ recipient, accountId: accountIdOf(owner.id), mailboxId: mailboxIdOf(mailbox.id), uid });
  });
}

function inboxOf(tx: Transaction, account: number): MailboxRow {
  const mailbox = tx.mailboxByPath(account, "INBOX");
  if (!mailbox) throw new StorageError("bug", "an account without INBOX");
  return mailbox;
}

function defer(tx: Transaction, args: AcceptArgs, blob: BlobRow, delivery: Delivery): void {
  const entry = {
    recipient: waitingFor(delivery),
    domain: null,
    prefix: delivery.plainPrefix ?? delivery.prefix,
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
