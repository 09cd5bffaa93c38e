/**
 * What a person does with rows of the queue. All of it goes in pages, each a transaction: a page that is made again
 * changes nothing more, and whoever was cut off goes on beyond the last row of the page before.
 */
import { lowerAscii } from "../../base/ascii.ts";
import type { Args, JournalEntry, QueueChange, QueueChoice, QueuePage, QueueState } from "../../contract/mod.ts";
import { queueIdOf, rowOf } from "./ids.ts";
import { classOf } from "./queue_class.ts";
import type { QueueRecord, Transaction } from "./tables.ts";

const PAGE = 500;

export function change(tx: Transaction, args: Args<"queue.change">): QueuePage {
  const { change, now } = args;
  // Of all that waits few are held as a rule, and there is an order of those alone.
  return eachOf(tx, args, change === "release" ? "held" : undefined, (row) => changeRow(tx, row, change, now), () => ({
    event: EVENTS[change],
    detail: `${WORDS[change]} by ${args.by}.`,
  }));
}

const EVENTS: Readonly<Record<QueueChange, string>> = {
  retry: "retried",
  hold: "held",
  release: "released",
  remove: "removed",
  urgent: "prioritised",
  normal: "prioritised",
  bulk: "prioritised",
};
const WORDS: Readonly<Record<QueueChange, string>> = {
  retry: "Made due at once",
  hold: "Held until it is released",
  release: "Released",
  remove: "Removed from the queue without a report to the sender",
  urgent: "Made urgent",
  normal: "Given normal priority",
  bulk: "Put behind other mail",
};

/** An attempt that is under way is left alone, but for its removal, which ignores its outcome, and its priority. */
function changeRow(tx: Transaction, row: QueueRecord, to: QueueChange, now: number): boolean {
  switch (to) {
    case "remove":
      tx.removeQueueRow(row);
      return true;
    case "urgent":
    case "normal":
    case "bulk":
      if (row.priority === to) return false;
      row.priority = to;
      row.class = classOf(to, row.attempts);
      tx.saveQueueRow(row);
      return true;
    case "hold":
    case "retry":
      if (row.state !== "ready") return false;
      break;
    case "release":
      if (row.state !== "held") return false;
  }
  if (to === "retry") row.dueAt = Math.min(row.dueAt, now);
  row.state = to === "hold" ? "held" : "ready";
  row.wakeAt = to === "hold" ? null : row.dueAt;
  tx.saveQueueRow(row);
  return true;
}

/** An attempt that is under way keeps its way: only what waits or is held gets another. */
export function reroute(tx: Transaction, args: Args<"queue.reroute">): QueuePage {
  const { route, now } = args;
  const reroutedTo = route === null ? "Goes the usual way again" : `Goes by way of ${route} from now on`;
  return eachOf(tx, args, undefined, (row) => {
    if (row.state === "leased" || row.domain === null || row.route === route) return false;
    row.route = route;
    row.dueAt = Math.min(row.dueAt, now);
    row.wakeAt = row.state === "held" ? null : row.dueAt;
    tx.saveQueueRow(row);
    return true;
  }, () => ({ event: "rerouted", detail: `${reroutedTo}, as ${args.by} said.` }));
}

export function putRight(tx: Transaction, args: Args<"queue.putRight">): QueuePage {
  const choice = { ids: null, now: args.now, after: args.after ?? null, ...(args.limit && { limit: args.limit }) };
  return eachOf(tx, choice, undefined, (row) => {
    const latest = args.now + (row.state === "leased" ? args.leaseMs : args.longestMs);
    const ahead = Math.max(0, row.queuedAt - args.now);
    // A sender may have asked for a late first attempt (RFC 4865), so that has no limit here.
    const isLate = ahead === 0 && row.state === "ready" && row.attempts > 0 && row.dueAt > latest;
    const isHeldLong = row.state === "leased" && row.wakeAt! > latest;
    if (ahead === 0 && !isLate && !isHeldLong) return false;
    row.queuedAt -= ahead;
    row.expiresAt -= ahead;
    row.dueAt = isLate ? args.now : row.dueAt - ahead;
    if (row.state === "ready") row.wakeAt = row.dueAt;
    else if (row.state === "leased") row.wakeAt = Math.min(row.wakeAt!, latest);
    tx.saveQueueRow(row);
    return true;
  }, () => ({ event: "deferred", detail: "" }));
}

function eachOf(
  tx: Transaction,
  choice: QueueChoice,
  state: QueueState | undefined,
  changed: (row: QueueRecord) => boolean,
  entry: () => Pick<JournalEntry, "event" | "detail">,
): QueuePage {
  const { rows, next } = chosen(tx, choice, state);
  const done = rows.filter(changed);
  if (done.length > 0) tx.touchQueue();
  if (choice.by !== undefined) {
    for (const [traceId, of] of Map.groupBy(done, (row) => row.traceId)) {
      const entries = of.map(({ recipient }) => ({ at: choice.now, recipient: recipient.forwardPath, ...entry() }));
      tx.addJournal(traceId, entries);
    }
  }
  return { changed: done.length, next };
}

function chosen(
  tx: Transaction,
  choice: QueueChoice,
  state: QueueState | undefined,
): { readonly rows: readonly QueueRecord[]; readonly next: QueuePage["next"] } {
  const domain = choice.domain === undefined ? undefined : lowerAscii(choice.domain);
  if (choice.ids !== null) {
    const rows = [...new Set(choice.ids)].map((id) => tx.queueRow(rowOf("q", id)));
    return {
      rows: rows.filter((row) => row !== null && (domain === undefined || row.domain === domain)) as QueueRecord[],
      next: null,
    };
  }
  const { after = null, limit = PAGE } = choice;
  const rows = tx.queueRows(after === null ? 0 : rowOf("q", after), Math.max(1, limit), { domain, state });
  return { rows, next: rows.length < limit ? null : queueIdOf(rows[rows.length - 1]!.id) };
}
