/** APPEND and REPLACE: new emails from bodies that a session has sealed. */
import type { AnswerOf, Args, Modseq, Uid, UidValidity } from "../../contract/mod.ts";
import { EMPTY } from "../../base/bytes.ts";
import { StorageError } from "../storage.ts";
import { mailboxOf } from "./email_read.ts";
import { parseFlags, SHARED } from "./flags.ts";
import { accountOf, addEmail, addMember, dropOrphan, hasRoom, nextModseq, removeMember } from "./member.ts";
import { canonicalPath } from "./path.ts";
import type { AccountRow, BlobRow, MailboxRow, MemberRow, Transaction } from "./tables.ts";
import { threadOf } from "./threads.ts";

type NewMessage = Args<"email.append">["messages"][number];

export function append(tx: Transaction, args: Args<"email.append">): AnswerOf<"email.append"> {
  const account = accountOf(tx, args.accountId);
  const mailbox = tx.mailboxByPath(account.id, canonicalPath(args.path));
  if (!mailbox) return { refused: "notFound" };
  const blobs = args.messages.map(({ blobId }) => readable(tx, account, tx.blob(blobId)));
  const bytes = blobs.reduce((sum, blob) => sum + blob.size, 0);
  if (!hasRoom(account, bytes, blobs.length)) return { refused: "overQuota" };
  const modseq = nextModseq(tx, account);
  const uids = args.messages.map((message, i) => add(tx, account, mailbox, message, blobs[i]!, modseq, args.now));
  return { uidValidity: mailbox.uidValidity as UidValidity, uids };
}

/** RFC 8508 section 3.4: only what it needs more than the replaced message counts against the quota. */
export function replace(tx: Transaction, args: Args<"email.replace">): AnswerOf<"email.replace"> {
  const account = accountOf(tx, args.accountId);
  const target = tx.mailboxByPath(account.id, canonicalPath(args.path));
  if (!target) return { refused: "notFound" };
  const source = mailboxOf(tx, args);
  const old = source && tx.members(source.id, args.uid, args.uid, 1)[0];
  if (!source || !old) return { refused: "gone" };
  const blob = readable(tx, account, tx.blob(args.message.blobId));
  const goes = isLast(tx, old);
  if (!fits(account, blob.size - (goes ? old.size : 0), goes ? 0 : 1)) return { refused: "overQuota" };
  const modseq = nextModseq(tx, account);
  const uid = add(tx, account, target, args.message, blob, modseq, args.now);
  removeMember(tx, source, old, modseq);
  dropOrphan(tx, account, old);
  return { uidValidity: target.uidValidity as UidValidity, uid, modseq: source.modseq as Modseq };
}

/** Where nothing grows, an account that is over its quota may go on. */
function fits(account: AccountRow, bytes: number, messages: number): boolean {
  const { quotaBytes, quotaMessages, usedBytes, usedMessages } = account;
  return (bytes <= 0 || quotaBytes === null || usedBytes + bytes <= quotaBytes) &&
    (messages <= 0 || quotaMessages === null || usedMessages + messages <= quotaMessages);
}

function isLast(tx: Transaction, member: MemberRow): boolean {
  return !(member.flags & SHARED) || tx.membersOf(member.email).length === 1;
}

function add(
  tx: Transaction,
  account: AccountRow,
  mailbox: MailboxRow,
  message: NewMessage,
  blob: BlobRow,
  modseq: number,
  now: number,
): Uid {
  const id = tx.next("email");
  const index = tx.blobIndex(blob.blobId);
  addEmail(tx, account, {
    id,
    account: account.id,
    thread: threadOf(tx, account.id, index, id),
    blob: tx.storeBlob(blob),
    blobId: blob.blobId,
    blobSize: blob.size,
    size: blob.size,
    internalDate: message.internalDate ?? now,
    sentAt: index?.envelope.sentAt ?? null,
    prefix: EMPTY,
  });
  const { bits, keywords } = parseFlags(message.flags);
  return addMember(tx, mailbox, { id, size: blob.size }, modseq, bits, keywords, now);
}

function readable(tx: Transaction, account: AccountRow, blob: BlobRow | null): BlobRow {
  if (blob && tx.accountHasBlob(account.id, blob)) return blob;
  throw new StorageError("bug", "there is no such blob for this account");
}
