/** Reading emails and blobs. */
import type { AnswerOf, Args, EmailRow, Modseq, Uid } from "../../contract/mod.ts";
import { mailboxFor } from "./access.ts";
import { printFlags } from "./flags.ts";
import { emailIdOf, threadIdOf } from "./ids.ts";
import type { JoinedRow, MailboxRow, MemberRow, Transaction } from "./tables.ts";

/** Octets of a header that are read. */
export const HEADER_LIMIT = 256 * 1024;
const PAGE = 1000;

/** Reads octets `[start, end)` of a blob. Synchronous: the store's own pages. */
export type BlobSlice = (blobId: EmailRow["blobId"], start: number, end: number) => Uint8Array;

/** The mailbox, where the account may read it. */
export function mailboxOf(
  tx: Transaction,
  args: { readonly accountId: string; readonly mailboxId: string },
): MailboxRow | null {
  const reached = mailboxFor(tx, args.accountId, args.mailboxId, "r");
  return "refused" in reached ? null : reached.mailbox;
}

/** Merges ranges that overlap or touch, so that no row comes twice. */
export function sortedRanges(
  ranges: readonly { first: number; last: number }[],
): readonly { first: number; last: number }[] {
  if (ranges.length < 2) return ranges;
  const sorted = [...ranges].sort((a, b) => a.first - b.first);
  const merged: { first: number; last: number }[] = [];
  for (const { first, last } of sorted) {
    const before = merged[merged.length - 1];
    if (before && first <= before.last + 1) before.last = Math.max(before.last, last);
    else merged.push({ first, last });
  }
  return merged;
}

/** The memberships of the ranges, ascending, read in pages. */
export function* membersIn(
  tx: Transaction,
  mailbox: MailboxRow,
  ranges: readonly { first: number; last: number }[],
): Generator<MemberRow> {
  for (const { first, last } of sortedRanges(ranges)) {
    for (let from = first; from <= last;) {
      const page = tx.members(mailbox.id, from, last, PAGE);
      yield* page;
      if (page.length < PAGE) break;
      from = page[page.length - 1]!.uid + 1;
    }
  }
}

export function read(tx: Transaction, args: Args<"email.read">, slice: BlobSlice): AnswerOf<"email.read"> {
  const mailbox = mailboxOf(tx, args);
  if (!mailbox) return { rows: [], next: null };
  const wanted = {
    envelope: args.fields.includes("envelope"),
    structure: args.fields.includes("structure"),
    imapEnvelope: args.fields.includes("imapEnvelope"),
    imapStructure: args.fields.includes("imapStructure"),
    header: args.fields.includes("header"),
    utf8: args.utf8 ?? false,
  };
  const limit = Math.max(1, args.limit);
  const rows: EmailRow[] = [];
  for (const { first, last } of sortedRanges(args.ranges)) {
    // One more than wanted tells whether there is a next page.
    for (const row of tx.joined(mailbox.id, first, last, limit + 1 - rows.length, wanted)) {
      if (rows.length === limit) return { rows, next: row.uid as Uid };
      rows.push(print(row, wanted.header, slice));
    }
  }
  return { rows, next: null };
}

/** What of messages is in memory, straight from there. */
export function marks(tx: Transaction, args: Args<"email.marks">): AnswerOf<"email.marks"> {
  const mailbox = mailboxOf(tx, args);
  if (!mailbox) return { uids: new Uint32Array(0), modseqs: new Float64Array(0), flags: [], next: null };
  return tx.marks(mailbox).page(sortedRanges(args.ranges), args.changedSince ?? 0, Math.max(1, args.limit));
}

function print(row: JoinedRow, header: boolean, slice: BlobSlice): EmailRow {
  const printed: { -readonly [K in keyof EmailRow]: EmailRow[K] } = {
    uid: row.uid as Uid,
    modseq: row.modseq as Modseq,
    emailId: emailIdOf(row.email),
    threadId: threadIdOf(row.thread),
    flags: printFlags(row.flags, row.keywords),
    internalDate: row.internalDate,
    saveDate: row.saveDate,
    sentAt: row.sentAt,
    size: row.size,
    blobId: row.blobId,
    blobSize: row.blobSize,
    prefix: row.prefix,
  };
  if (row.envelope) printed.envelope = row.envelope;
  if (row.structure) printed.structure = row.structure;
  if (row.imap?.envelope) printed.imapEnvelope = row.imap.envelope;
  if (row.imap?.structure) printed.imapStructure = row.imap.structure;
  if (header) printed.header = headerOf(row, slice);
  return printed;
}

function headerOf(row: JoinedRow, slice: BlobSlice): Uint8Array {
  const end = Math.min(row.headerEnd, row.blobSize, Math.max(0, HEADER_LIMIT - row.prefix.length));
  const header = new Uint8Array(row.prefix.length + end);
  header.set(row.prefix);
  if (end > 0) header.set(row.header?.subarray(0, end) ?? slice(row.blobId, 0, end), row.prefix.length);
  return header;
}
