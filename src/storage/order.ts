/** SORT and THREAD over the rows that a search finds (RFC 5256): the same for every driver, in slices of time. */
import type { Args, Op, SearchKey, SortCriterion, SortKey, Uid } from "../contract/mod.ts";
import {
  compareKeys,
  type Envelope,
  type MessageIndex,
  type ThreadAlgorithm,
  type ThreadMessage,
  type ThreadNode,
  threads,
} from "../message/mod.ts";
import type { JoinedRow, Transaction } from "./engine/tables.ts";
import { grownThreads } from "./flat_threads.ts";
import { search } from "./search.ts";
import { Breath, type SearchSource, type Soon } from "./search_source.ts";
import { bareId, isTextKey, sortText } from "./sort_text.ts";

/** Rows that are read at a time. */
const PAGE = 200;
/** Beyond so many rows an index is asked, where there is one. */
const MANY = 200;

/** A row with its envelope. */
type OrderRow = JoinedRow & { readonly envelope: Envelope };

/** The driver's part: rows with envelopes, ascending by UID, at most `limit`. */
export interface OrderSource extends SearchSource {
  envelopes(first: number, last: number, limit: number): Soon<readonly JoinedRow[]>;
}

/** The part of a source that tables have. */
export function rowsOf(
  tables: Pick<Transaction, "joined" | "members">,
  mailbox: number,
): Pick<OrderSource, "page" | "envelopes" | "members"> {
  return {
    page: (first, last, limit) => tables.joined(mailbox, first, last, limit, { envelope: false, structure: false }),
    envelopes: (first, last, limit) => tables.joined(mailbox, first, last, limit, { envelope: true, structure: false }),
    members: (first, last, limit) => tables.members(mailbox, first, last, limit),
  };
}

/** The questions that are answered here. */
type SearchOp = "email.search" | "email.sort" | "email.thread";

export function isSearch(op: Op): op is SearchOp {
  return op === "email.search" || op === "email.sort" || op === "email.thread";
}

/** Answers one of them; `source` null: the mailbox is gone. */
export function answerSearch(op: SearchOp, args: unknown, source: OrderSource | null): unknown {
  if (source === null) return op === "email.thread" ? { threads: [], modseq: 0 } : { uids: [], modseq: 0 };
  const { search: key } = args as Args<"email.search">;
  switch (op) {
    case "email.search":
      return search(source, key, (args as Args<"email.search">).ids);
    case "email.sort":
      return sort(source, key, (args as Args<"email.sort">).order);
    case "email.thread":
      return thread(source, key, (args as Args<"email.thread">).algorithm);
  }
}

export async function sort(
  source: OrderSource,
  key: SearchKey,
  order: readonly SortCriterion[],
): Promise<Awaited<ReturnType<typeof search>>> {
  const { uids, modseq } = await search(source, key);
  const prepared = uids.length > MANY ? await source.order?.sorted(uids, order) : null;
  if (prepared) return { uids: [...prepared] as Uid[], modseq };
  const breath = new Breath();
  const rows: { readonly uid: Uid; readonly values: readonly (string | number)[] }[] = [];
  await eachRow(source, uids, breath, (row) => {
    rows.push({ uid: row.uid as Uid, values: order.map((criterion) => valueOf(criterion.key, row)) });
  });
  const signs = order.map(({ reverse }) => reverse ? -1 : 1);
  rows.sort((a, b) => {
    for (let i = 0; i < signs.length; i++) {
      const compared = compare(a.values[i]!, b.values[i]!);
      if (compared !== 0) return compared * signs[i]!;
    }
    return a.uid - b.uid;
  });
  return { uids: rows.map(({ uid }) => uid), modseq };
}

export async function thread(
  source: OrderSource,
  key: SearchKey,
  algorithm: ThreadAlgorithm,
): Promise<{ threads: ThreadNode[]; modseq: Awaited<ReturnType<typeof search>>["modseq"] }> {
  const { uids, modseq } = await search(source, key);
  const breath = new Breath();
  const prepared = uids.length > MANY ? await source.order?.threaded(uids, algorithm) : null;
  if (prepared) return { threads: await grownThreads(prepared, breath), modseq };
  const messages: ThreadMessage[] = [];
  await eachRow(source, uids, breath, (row) => {
    const add = (index: MessageIndex | null): void =>
      void messages.push({
        uid: row.uid,
        messageId: bareId(row.envelope.messageId),
        references: index?.references ?? [],
        subject: row.envelope.subject ?? "",
        date: row.sentAt ?? row.internalDate,
      });
    const index = algorithm === "orderedSubject" ? null : source.index(row.blobId);
    return index instanceof Promise ? index.then(add) : add(index);
  });
  const work = threads(messages, algorithm);
  for (;;) {
    const step = work.next();
    if (step.done) return { threads: step.value, modseq };
    await breath.take();
  }
}

/** Calls back with each row of these UIDs (ascending) that is still there. */
async function eachRow(
  source: OrderSource,
  uids: readonly Uid[],
  breath: Breath,
  take: (row: OrderRow) => Soon<void>,
): Promise<void> {
  const last = uids[uids.length - 1] ?? 0;
  let at = 0;
  for (let first = uids[0] ?? 1; at < uids.length;) {
    const page = await source.envelopes(first, last, PAGE);
    for (const row of page) {
      while (at < uids.length && uids[at]! < row.uid) at++; // gone meanwhile
      if (uids[at] !== row.uid) continue;
      at++;
      const taken = take(row as OrderRow);
      if (taken) await taken;
    }
    if (page.length < PAGE) return;
    // Where few match, what lies between is not read.
    first = Math.max(page[page.length - 1]!.uid + 1, uids[at] ?? 0);
    await breath.take();
  }
}

function valueOf(key: SortKey, row: OrderRow): string | number {
  if (isTextKey(key)) return sortText(key, row.envelope);
  if (key === "size") return row.size;
  return key === "arrival" ? row.internalDate : row.sentAt ?? row.internalDate; // RFC 5256 section 2.2
}

function compare(a: string | number, b: string | number): number {
  return typeof a === "number" ? a - (b as number) : compareKeys(a, b as string);
}
