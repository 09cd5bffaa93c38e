/**
 * What an account has besides mail, and the list of what is gone from it. Together with the modseqs of memberships that
 * is all that `…/changes` of JMAP needs (RFC 8620 section 5.2): every change has a modseq, every end a row.
 */
import type { AnswerOf, Args, Modseq, ObjectKind } from "../../contract/mod.ts";
import { accountIdOf, emailIdOf } from "./ids.ts";
import { accountOf, nextModseq } from "./member.ts";
import type { AccountRow, MailboxRow, ObjectRow, Transaction } from "./tables.ts";

/** Objects of one kind that an account may have. */
const OBJECTS = 10_000;
/** Blobs that are kept for an account though no email has them, and their octets. */
const UPLOADS = 1000;
const UPLOAD_OCTETS = 1024 * 1024 * 1024;

/** Before this modseq the account does not know what is gone. */
export function floorOf(tx: Transaction, account: AccountRow): number {
  return tx.object(account.id, "floor", 0)?.changed ?? 0;
}

/** Before this modseq nobody but the owner is told what happened: what he might see was something else. */
export function rightsFloorOf(tx: Transaction, account: AccountRow): number {
  return tx.object(account.id, "floor", RIGHTS_FLOOR)?.changed ?? 0;
}

/** Rights of others changed. */
export function noteRights(tx: Transaction, { id }: AccountRow, modseq: number): void {
  tx.putObject({ account: id, kind: "floor", id: RIGHTS_FLOOR, created: 0, changed: modseq, value: "" });
}

const RIGHTS_FLOOR = 1;

/** A mailbox was made, or something of it changed that is not its emails. */
export function noteMailbox(
  tx: Transaction,
  account: AccountRow,
  row: MailboxRow,
  modseq: number,
  sortOrder?: number,
): void {
  const before = tx.object(account.id, "mailbox", row.id);
  tx.putObject({
    account: account.id,
    kind: "mailbox",
    id: row.id,
    created: before?.created ?? 0,
    changed: modseq,
    value: sortOrder === undefined ? before?.value ?? "0" : String(sortOrder),
  });
}

/** A mailbox is there from now on. */
export function noteNewMailbox(tx: Transaction, row: MailboxRow, sortOrder = 0): void {
  const { account, id, modseq } = row;
  tx.putObject({ account, kind: "mailbox", id, created: modseq, changed: modseq, value: String(sortOrder) });
}

/** A mailbox is gone. */
export function noteNoMailbox(tx: Transaction, account: AccountRow, row: MailboxRow, modseq: number): void {
  tx.removeObject(account.id, "mailbox", row.id);
  tx.addDestroyed({ account: account.id, kind: "mailbox", modseq, id: row.id, thread: 0 });
}

export function list(tx: Transaction, args: Args<"object.list">): AnswerOf<"object.list"> {
  const account = accountOf(tx, args.accountId);
  const wanted = args.ids && new Set(args.ids);
  const rows = tx.objects(account.id, args.kind);
  const objects = rows.filter((row) => !wanted || wanted.has(idOf(row.kind, row.id))).map((row) => ({
    objectId: idOf(row.kind, row.id),
    value: row.value,
    created: row.created as Modseq,
    changed: row.changed as Modseq,
  }));
  return { state: account.modseq as Modseq, objects };
}

export function set(tx: Transaction, args: Args<"object.set">): AnswerOf<"object.set"> {
  const account = accountOf(tx, args.accountId);
  const { kind, create = [], update = [], destroy = [] } = args;
  const oldState = account.modseq as Modseq;
  if ((args.ifState ?? oldState) !== oldState) return { refused: "stateMismatch" };
  let modseq = 0;
  const next = () => modseq ||= nextModseq(tx, account);
  let room = create.length === 0 ? 0 : OBJECTS - tx.objects(account.id, kind).length;
  const created = create.map((value) => {
    if (room-- <= 0) return null;
    const id = tx.next("object");
    tx.putObject({ account: account.id, kind, id, created: next(), changed: modseq, value });
    return idOf(kind, id);
  });
  const updated = update.map(({ objectId, value }) => {
    const row = tx.object(account.id, kind, numberOf(kind, objectId));
    if (!row) return false;
    if (row.value !== value) tx.putObject({ ...row, value, changed: next() });
    return true;
  });
  const destroyed = destroy.map((objectId) => {
    const row = tx.object(account.id, kind, numberOf(kind, objectId));
    if (!row) return false;
    tx.removeObject(account.id, kind, row.id);
    tx.addDestroyed({ account: account.id, kind, modseq: next(), id: row.id, thread: 0 });
    return true;
  });
  if (modseq > 0) tx.touch(account.id, null);
  return { oldState, newState: account.modseq as Modseq, created, updated, destroyed };
}

export function changes(tx: Transaction, args: Args<"object.changes">): AnswerOf<"object.changes"> {
  const account = accountOf(tx, args.accountId);
  const { since, kind } = args;
  if (since < floorOf(tx, account) || since > account.modseq) return { refused: "tooOld" };
  const created: string[] = [];
  const updated: string[] = [];
  const at: Record<string, Modseq> = {};
  for (const row of tx.objects(account.id, kind)) {
    if (row.changed <= since) continue;
    (row.created > since ? created : updated).push(idOf(kind, row.id));
    at[idOf(kind, row.id)] = row.changed as Modseq;
  }
  const destroyed = tx.destroyedSince(account.id, kind, since, Infinity).map(({ id, modseq }) => {
    at[idOf(kind, id)] = modseq as Modseq;
    return idOf(kind, id);
  });
  return { state: account.modseq as Modseq, created, updated, destroyed, at };
}

export function owners(tx: Transaction, args: Args<"object.owners">): AnswerOf<"object.owners"> {
  return tx.objectOwners(args.kind).map(accountIdOf);
}

export function keepBlob(tx: Transaction, args: Args<"blob.keep">): AnswerOf<"blob.keep"> {
  const account = accountOf(tx, args.accountId);
  const blob = tx.blob(args.blobId);
  if (!blob || !tx.accountHasBlob(account.id, blob)) return { kept: true };
  const id = tx.storeBlob(blob);
  const others = tx.objects(account.id, "upload").filter((row) => row.id !== id)
    .sort((a, b) => a.created - b.created);
  let octets = others.reduce((sum, row) => sum + Number(row.value), 0);
  let count = others.length;
  for (const row of others) {
    if (row.created > args.now && count < UPLOADS && octets + blob.size <= UPLOAD_OCTETS) break;
    tx.removeObject(account.id, "upload", row.id);
    count--;
    octets -= Number(row.value);
  }
  tx.putObject({ account: account.id, kind: "upload", id, created: args.until, changed: 0, value: String(blob.size) });
  return { kept: true };
}

/** `i` identity, `s` submission, `p` push subscription, `f` Sieve script (a filter), `d` mark of a report, and the row's number. */
const LETTERS: Readonly<Record<ObjectKind, string>> = {
  identity: "i",
  submission: "s",
  push: "p",
  sieve: "f",
  report: "d",
};

/** Marks of an account that wait to be read: the oldest go first. */
const REPORTS = 100;

/**
 * A report was delivered: somebody may want to know for which of the messages that the account sent (RFC 8621 section 7,
 * dsnBlobIds and mdnBlobIds). Whoever sent nothing gets no mark.
 */
export function noteReport(tx: Transaction, account: AccountRow, email: number, modseq: number): void {
  if (tx.objects(account.id, "submission").length === 0) return;
  const marks = tx.objects(account.id, "report");
  for (const mark of marks.slice(0, Math.max(0, marks.length + 1 - REPORTS))) {
    tx.removeObject(account.id, "report", mark.id);
  }
  const id = tx.next("object");
  tx.putObject({ account: account.id, kind: "report", id, created: modseq, changed: modseq, value: emailIdOf(email) });
}

/** The id of an object. */
export function objectIdOf(kind: ObjectKind, id: number): string {
  return idOf(kind, id);
}

function idOf(kind: ObjectRow["kind"], id: number): string {
  return LETTERS[kind as ObjectKind] + id.toString(36);
}

function numberOf(kind: ObjectKind, objectId: string): number {
  return objectId[0] === LETTERS[kind] && /^.[0-9a-z]{1,11}$/.test(objectId) ? parseInt(objectId.slice(1), 36) : 0;
}
