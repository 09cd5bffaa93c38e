/**
 * What an operation will ask for, as far as its arguments tell: read for all operations of a transaction at once, so that
 * the usual ones need not wait for a second answer.
 */
import { lowerAscii } from "../../base/ascii.ts";
import type { AcceptArgs, Args, BlobId, StorageOp } from "../../contract/mod.ts";
import { canonicalAddress } from "../engine/address.ts";
import { rowOf } from "../engine/ids.ts";
import { threadKeys } from "../engine/threads.ts";
import type { Blobs } from "./blobs.ts";
import type { Numbered } from "./known.ts";
import { threadKey } from "./mail_tables.ts";
import type { Range } from "./member_stock.ts";

export class Hints {
  readonly accounts = new Set<number>();
  readonly blobs = new Set<BlobId>();
  /** Account and key of threads. */
  readonly threads: [number, number][] = [];
  readonly queue = new Set<number>();
  /** Numbers of records that are changed (`recordLock`). */
  readonly records = new Set<number>();
  readonly addresses = new Set<string>();
  readonly sequences = new Map<Numbered, number>();
  /** It changes what is shared by all accounts. */
  isDirectory = false;

  need(sequence: Numbered, count: number): void {
    this.sequences.set(sequence, (this.sequences.get(sequence) ?? 0) + count);
  }
}

const DIRECTORY = /^(domain|account|alias|setting|forwarding|url|token)\./;
const QUEUE_LIMIT = 1000;

/** Adds what this operation will ask for. */
export function hint(hints: Hints, blobs: Blobs, op: StorageOp, args: unknown): void {
  const { accountId } = args as { readonly accountId?: string | null };
  if (typeof accountId === "string" && rowOf("a", accountId) > 0) hints.accounts.add(rowOf("a", accountId));
  if (DIRECTORY.test(op)) hints.isDirectory = true;
  switch (op) {
    case "mail.accept":
      return hintAccept(hints, blobs, args as AcceptArgs);
    case "email.append":
      return hintBlobs(
        hints,
        blobs,
        rowOf("a", accountId!),
        (args as Args<"email.append">).messages.map(({ blobId }) => blobId),
      );
    case "email.import": {
      const ids = (args as Args<"email.import">).messages.map(({ blobId }) => blobId);
      return hintBlobs(hints, blobs, rowOf("a", accountId!), ids);
    }
    case "email.set":
      return hintBlobs(
        hints,
        blobs,
        rowOf("a", (args as Args<"email.set">).ownerId ?? accountId!),
        (args as Args<"email.set">).create?.map(({ blobId }) => blobId) ?? [],
      );
    case "blob.keep":
      return hintBlobs(hints, blobs, 0, [(args as Args<"blob.keep">).blobId]);
    case "sieve.put":
      return hints.need("object", 1);
    case "object.set":
      return hints.need("object", (args as Args<"object.set">).create?.length ?? 0);
    case "record.put":
    case "record.take":
    case "record.remove":
      hints.records.add(recordLock(args as Args<"record.remove">));
      return;
    case "email.replace":
      return hintBlobs(hints, blobs, rowOf("a", accountId!), [(args as Args<"email.replace">).message.blobId]);
    case "queue.settle": {
      const { outcomes, notices } = args as Args<"queue.settle">;
      hintQueue(hints, outcomes.map(({ queueId }) => queueId));
      for (const notice of notices) hintAccept(hints, blobs, notice);
      return;
    }
    case "queue.renew":
      return hintQueue(hints, (args as Args<"queue.renew">).queueIds);
    case "queue.putBack":
      return hintQueue(hints, (args as Args<"queue.putBack">).rows.map(({ queueId }) => queueId));
    case "queue.change":
    case "queue.reroute":
      return hintQueue(hints, (args as Args<"queue.change">).ids ?? []);
    case "account.add":
      hints.need("account", 1);
      hints.need("mailbox", 6);
      return hints.need("uidValidity", 6);
    case "address.resolve":
      return hintAddress(hints, (args as Args<"address.resolve">).address);
    case "account.credentials":
      return hintAddress(hints, (args as Args<"account.credentials">).login);
  }
}

/** What a transaction locks that changes a record: two records with one number wait for each other in vain. */
function recordLock({ kind, key }: Args<"record.remove">): number {
  let hash = 0;
  for (const char of `${kind} ${key}`) hash = Math.imul(hash, 31) + char.charCodeAt(0) | 0;
  return hash;
}

/** UIDs that an operation works on. */
export function rangesOf(args: unknown): readonly Range[] {
  const { ranges } = args as { readonly ranges?: readonly Range[] | null };
  return Array.isArray(ranges) ? ranges : [];
}

/** Blobs that an operation names. */
export function blobsOf(op: StorageOp, args: unknown): readonly BlobId[] {
  if (op === "mail.accept") return [(args as AcceptArgs).blobId];
  if (op === "email.import") return (args as Args<"email.import">).messages.map(({ blobId }) => blobId);
  if (op === "email.append") return (args as Args<"email.append">).messages.map(({ blobId }) => blobId);
  if (op === "email.replace") return [(args as Args<"email.replace">).message.blobId];
  if (op === "email.set") return (args as Args<"email.set">).create?.map(({ blobId }) => blobId) ?? [];
  if (op === "blob.keep") return [(args as Args<"blob.keep">).blobId];
  return op === "queue.settle" ? (args as Args<"queue.settle">).notices.map(({ blobId }) => blobId) : [];
}

function hintAccept(hints: Hints, blobs: Blobs, args: AcceptArgs): void {
  const accounts = new Set(args.deliveries.map(({ accountId }) => rowOf("a", accountId)));
  const own = [...args.deliveries, ...args.queued].flatMap(({ blobId }) => blobId ? [blobId] : []);
  hintBlobs(hints, blobs, 0, [args.blobId, ...own]);
  const index = blobs.held(args.blobId)?.index;
  const keys = index && accounts.size > 0 ? threadKeys(index).map(threadKey) : [];
  for (const account of accounts) {
    hints.accounts.add(account);
    for (const key of keys) hints.threads.push([account, key]);
  }
  hints.need("email", accounts.size);
  hints.need("queue", args.queued.length);
}

function hintBlobs(hints: Hints, blobs: Blobs, account: number, ids: readonly BlobId[]): void {
  hints.need("email", ids.length);
  hints.need("blob", ids.length);
  for (const id of ids) {
    const held = blobs.held(id);
    if (!held) continue;
    hints.blobs.add(id);
    if (account > 0) { for (const key of threadKeys(held.index)) hints.threads.push([account, threadKey(key)]); }
  }
}

function hintQueue(hints: Hints, ids: readonly string[]): void {
  for (const id of ids.slice(0, QUEUE_LIMIT)) if (rowOf("q", id) > 0) hints.queue.add(rowOf("q", id));
}

function hintAddress(hints: Hints, text: string): void {
  const canonical = lowerAscii(text) === "postmaster" ? null : canonicalAddress(text);
  if (canonical !== null) hints.addresses.add(canonical);
}
