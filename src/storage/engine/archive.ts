/** Import: messages with the UIDs, dates and flags that they had, once; and what is remembered for their way back. */
import type { AnswerOf, Args, ImportedMessage, Origin, Uid, UidValidity } from "../../contract/mod.ts";
import { mailboxByName, type Reached } from "./access.ts";
import { add, readable } from "./email_append.ts";
import { rowOf } from "./ids.ts";
import { accountOf, hasRoom, nextModseq } from "./member.ts";
import type { AccountRow, BlobRow, MailboxRow, Transaction } from "./tables.ts";

/** What others call UID or UIDVALIDITY is taken up to here: the numbers must not run out because of a broken file. */
const HIGHEST = 4_000_000_000;

export function importEmails(tx: Transaction, args: Args<"email.import">): AnswerOf<"email.import"> {
  const target = own(tx, args.accountId, args.path);
  if ("refused" in target) return target;
  const { owner: account, mailbox } = target;
  const fresh = freshOnes(tx, account, args.messages);
  const blobs = new Map<ImportedMessage, BlobRow>();
  let bytes = 0;
  for (const message of fresh) {
    const blob = readable(tx, account, tx.blob(message.blobId));
    blobs.set(message, blob);
    bytes += blob.size;
  }
  if (!hasRoom(account, bytes, blobs.size)) return { refused: "overQuota" };
  const modseq = blobs.size === 0 ? 0 : nextModseq(tx, account);
  const uids = args.messages.map((message) => {
    const blob = blobs.get(message);
    if (!blob) return null;
    raiseUidNext(mailbox, message.uid);
    const { uid, email } = add(tx, target, message, blob, modseq, args.now);
    if (message.origin) tx.addOrigin({ email, account: account.id, ...message.origin });
    return uid;
  });
  return { uidValidity: mailbox.uidValidity as UidValidity, uids };
}

/** Those that no message of the account has the origin of, nor one before in the list. */
function freshOnes(tx: Transaction, account: AccountRow, messages: readonly ImportedMessage[]): ImportedMessage[] {
  const met = new Set<string>();
  return messages.filter(({ origin }) => {
    if (!origin) return true;
    if (met.has(origin.key) || tx.hasOrigin(account.id, origin.key)) return false;
    met.add(origin.key);
    return true;
  });
}

export function known(tx: Transaction, args: Args<"email.known">): readonly boolean[] {
  const account = accountOf(tx, args.accountId);
  return args.keys.map((key) => tx.hasOrigin(account.id, key));
}

export function origins(tx: Transaction, args: Args<"email.origins">): readonly (Origin | null)[] {
  const account = accountOf(tx, args.accountId);
  return args.emailIds.map((emailId) => {
    const row = tx.origin(rowOf("e", emailId));
    return row?.account === account.id ? { key: row.key, name: row.name, lineEnds: row.lineEnds } : null;
  });
}

export function adopt(tx: Transaction, args: Args<"mailbox.adopt">): AnswerOf<"mailbox.adopt"> {
  const target = own(tx, args.accountId, args.path);
  if ("refused" in target) return target;
  const { owner: account, mailbox } = target;
  const wanted = args.uidValidity;
  if (wanted !== null && wanted !== mailbox.uidValidity && mayAdopt(tx, account, mailbox, wanted)) {
    mailbox.uidValidity = wanted;
    tx.saveMailbox(mailbox);
    tx.touch(account.id, mailbox.id);
  }
  raiseUidNext(mailbox, args.uidNext);
  tx.saveMailbox(mailbox);
  return {
    uidValidity: mailbox.uidValidity as UidValidity,
    uidNext: mailbox.uidNext as Uid,
    adopted: wanted === mailbox.uidValidity,
  };
}

/** A name, a UIDVALIDITY and a UID mean one message forever: no client may have met the same three before. */
function mayAdopt(tx: Transaction, account: AccountRow, mailbox: MailboxRow, wanted: number): boolean {
  if (mailbox.uidNext !== 1 || !Number.isInteger(wanted) || wanted < 1 || wanted > HIGHEST) return false;
  if (wanted <= uidValidityFloor(tx, account.id)) return false;
  for (const other of tx.mailboxes(account.id)) if (other !== mailbox && other.uidValidity === wanted) return false;
  return true;
}

function raiseUidNext(mailbox: MailboxRow, uid: number | null): void {
  if (uid !== null && Number.isInteger(uid) && uid > mailbox.uidNext && uid <= HIGHEST) mailbox.uidNext = uid;
}

/** Up to where UIDVALIDITYs may have been those of names of the account that mean another mailbox by now, or none. */
export function uidValidityFloor(tx: Transaction, account: number): number {
  return Number(tx.setting(floorName(account)) ?? 0);
}

/** The name of this mailbox is free for another: that one's UIDVALIDITY must be higher. */
export function leaveName(tx: Transaction, mailbox: MailboxRow): void {
  if (mailbox.uidValidity <= uidValidityFloor(tx, mailbox.account)) return;
  tx.putSetting(floorName(mailbox.account), String(mailbox.uidValidity));
}

/** With the account. */
export function forgetFloor(tx: Transaction, account: number): void {
  tx.removeSetting(floorName(account));
}

function floorName(account: number): string {
  return `uidValidity.floor.${account}`;
}

/** A mailbox of the account itself. */
function own(
  tx: Transaction,
  accountId: string,
  path: string,
): Reached | { readonly refused: "notFound" | "noPermission" } {
  const reached = mailboxByName(tx, accountId, path, "i");
  if ("refused" in reached || reached.owner === reached.asker) return reached;
  return { refused: "noPermission" };
}
