/** APPEND and REPLACE: new emails from bodies that a session has sealed. */
import type { AnswerOf, Args, Modseq, Uid, UidValidity } from "../../contract/mod.ts";
import { EMPTY } from "../../base/bytes.ts";
import { StorageError } from "../storage.ts";
import { mailboxByName, mailboxFor, mayReadBlob, type Reached } from "./access.ts";
import { parseFlags, SHARED } from "./flags.ts";
import { addEmail, addMember, dropOrphan, hasRoom, nextModseq, removeMember } from "./member.ts";
import { flagRights } from "./rights.ts";
import type { AccountRow, BlobRow, MemberRow, Transaction } from "./tables.ts";
import { threadOf } from "./threads.ts";

type NewMessage = Args<"email.append">["messages"][number];

export function append(tx: Transaction, args: Args<"email.append">): AnswerOf<"email.append"> {
  const target = mailboxByName(tx, args.accountId, args.path, "i");
  if ("refused" in target) return target;
  const { asker, owner: account, mailbox } = target;
  const blobs = args.messages.map(({ blobId }) => readable(tx, asker, tx.blob(blobId)));
  const bytes = blobs.reduce((sum, blob) => sum + blob.size, 0);
  if (!hasRoom(account, bytes, blobs.length)) return { refused: "overQuota" };
  const modseq = nextModseq(tx, account);
  const uids = args.messages.map((message, i) => add(tx, target, message, blobs[i]!, modseq, args.now).uid);
  return { uidValidity: mailbox.uidValidity as UidValidity, uids };
}

/** RFC 8508 section 3.4: only what it needs more than the replaced message counts against the quota. */
export function replace(tx: Transaction, args: Args<"email.replace">): AnswerOf<"email.replace"> {
  const target = mailboxByName(tx, args.accountId, args.path, "i");
  if ("refused" in target) return target;
  const source = mailboxFor(tx, args.accountId, args.mailboxId, "r");
  if ("refused" in source) return { refused: "gone" };
  const old = tx.members(source.mailbox.id, args.uid, args.uid, 1)[0];
  if (!old) return { refused: "gone" };
  // RFC 8508 section 3.4: "t" and "e", for the old message is deleted and expunged.
  if (!source.rights.includes("t") || !source.rights.includes("e")) return { refused: "noPermission" };
  const blob = readable(tx, target.asker, tx.blob(args.message.blobId));
  const goes = source.owner === target.owner && isLast(tx, old);
  if (!fits(target.owner, blob.size - (goes ? old.size : 0), goes ? 0 : 1)) return { refused: "overQuota" };
  const modseq = nextModseq(tx, source.owner);
  const arriving = source.owner === target.owner ? modseq : nextModseq(tx, target.owner);
  const { uid } = add(tx, target, args.message, blob, arriving, args.now);
  removeMember(tx, source.mailbox, old, modseq);
  dropOrphan(tx, source.owner, old);
  const uidValidity = target.mailbox.uidValidity as UidValidity;
  return { uidValidity, uid, modseq: source.mailbox.modseq as Modseq };
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

/** A new email in a mailbox. */
export function add(
  tx: Transaction,
  { owner: account, mailbox, rights }: Reached,
  message: NewMessage & { readonly prefix?: Uint8Array },
  blob: BlobRow,
  modseq: number,
  now: number,
): { readonly uid: Uid; readonly email: number } {
  const id = tx.next("email");
  const index = tx.blobIndex(blob.blobId);
  const prefix = message.prefix ?? EMPTY;
  const size = blob.size + prefix.length;
  addEmail(tx, account, {
    id,
    account: account.id,
    thread: threadOf(tx, account.id, index, id),
    blob: tx.storeBlob(blob),
    blobId: blob.blobId,
    blobSize: blob.size,
    size,
    internalDate: message.internalDate ?? now,
    sentAt: index?.envelope.sentAt ?? null,
    prefix,
    created: modseq,
  });
  // RFC 4314 section 4: flags that may not be set are left out.
  const may = flagRights(rights);
  const { bits, keywords } = parseFlags(message.flags);
  const kept = may.keywords ? keywords : "";
  return { uid: addMember(tx, mailbox, { id, size }, modseq, bits & may.bits, kept, now), email: id };
}

export function readable(tx: Transaction, account: AccountRow, blob: BlobRow | null): BlobRow {
  if (blob && mayReadBlob(tx, account, blob)) return blob;
  throw new StorageError("bug", "there is no such blob for this account");
}
