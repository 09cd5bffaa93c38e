/** What an attempt came to, as the queue, the sender and the journal are told. Pure: rows and results in, decisions out. */
import type { DecidedFate, JournalEntry, Notify, QueueOutcome, QueueRow } from "../../contract/mod.ts";
import { type RecipientResult, verdictText } from "../../smtp/client/mod.ts";
import { retryAt, type RetryPolicy, waitKind } from "./retry.ts";
import { releasedAt } from "./wait_reason.ts";

/** One recipient's result. */
export interface Attempted {
  readonly row: QueueRow;
  readonly result: RecipientResult;
  /** The server that was spoken to last, by name, or null: it did not come to that. */
  readonly host: string | null;
  /** Its address, and what became of the others that it has; absent: it has no other name, or nobody was reached. */
  readonly via?: string | null;
  /** TLS that protected the message (`TLSv1.3`), or null. */
  readonly tls: string | null;
  /** A program or place here that took or refused it, in words; absent: it was for a server or for the store. */
  readonly place?: string;
  /** The message went into a mailbox here. */
  readonly local: boolean;
  /** Whether that server passes on wishes about reports (RFC 3461), so that success is its to report. */
  readonly dsn: boolean;
}

/** RFC 3464 section 2.3.3. */
export type ReportAction = "failed" | "delayed" | "relayed" | DecidedFate;

/** A recipient that the sender is told about. */
export interface Reported extends Attempted {
  readonly action: ReportAction;
  /** When it is tried again, with `delayed`. */
  readonly dueAt: number | null;
  /** Failed because its time was over, and not for good by itself. */
  readonly expired: boolean;
}

export interface Settlement {
  readonly outcomes: readonly QueueOutcome[];
  /** Whom the sender is told about, NOTIFY honoured; empty for a null reverse-path. */
  readonly reports: readonly Reported[];
  readonly journal: readonly JournalEntry[];
}

export interface SettleFacts {
  readonly retry: RetryPolicy;
  readonly now: number;
  /** We broke off ourselves: what is temporary is due again at once, and nothing is given up for it. */
  readonly interrupted: boolean;
  /** The destination is left alone until then; 0 or absent: it is not. */
  readonly notBefore?: number;
}

/** After so long in the queue a sender who asked for it (NOTIFY=DELAY) is told, once. */
export const DELAY_NOTICE_MS = 4 * 3600_000;

/** Decides for every recipient of an attempt. */
export function settle(attempted: readonly Attempted[], facts: SettleFacts): Settlement {
  const outcomes: QueueOutcome[] = [];
  const reports: Reported[] = [];
  const journal: JournalEntry[] = [];
  for (const one of attempted) {
    const decision = decide(one, facts);
    outcomes.push(decision.outcome);
    const recipient = one.row.recipient.forwardPath;
    // A delivery here is written by whoever routed it, with the mailbox's own address.
    const told = one.local && decision.outcome.outcome === "delivered";
    if (!told) journal.push({ at: facts.now, event: decision.event, recipient, detail: decision.detail });
    const report = reportOf(one, decision, facts);
    if (report) reports.push(report);
  }
  return { outcomes, reports, journal };
}

interface Decision {
  readonly outcome: QueueOutcome;
  readonly event: string;
  readonly detail: string;
  readonly expired: boolean;
}

function decide(one: Attempted, facts: SettleFacts): Decision {
  const { row, result } = one;
  const { queueId } = row;
  const reply = verdictText(result).slice(0, 500);
  const via = one.via ? ` (${one.via})` : "";
  const by = one.place !== undefined ? ` by ${one.place}` : one.host === null ? "" : ` by ${one.host}${via}`;
  const said = `${result.remote ? "it said" : "the reason"}: ${reply}`;
  if (result.kind === "delivered") {
    if (one.place !== undefined) {
      const detail = `Handed to ${one.place}, ${said}`;
      return { outcome: { queueId, outcome: "delivered", reply }, event: "delivered", detail, expired: false };
    }
    const outcome = one.local ? "delivered" : "relayed";
    const detail = one.local
      ? `Delivered to the mailbox: ${reply}`
      : `Taken${by} ${one.tls === null ? "in clear" : `over ${one.tls}`}, ${said}`;
    return { outcome: { queueId, outcome, reply }, event: "delivered", detail, expired: false };
  }
  if (result.kind === "permanent") {
    const detail = `Refused for good${by}, ${said}`;
    return { outcome: { queueId, outcome: "failed", reply }, event: "bounced", detail, expired: false };
  }
  if (facts.interrupted) {
    const detail = "The attempt was broken off, because the server stops; it is made again after its start.";
    return {
      outcome: { queueId, outcome: "deferred", reply, dueAt: facts.now },
      event: "deferred",
      detail,
      expired: false,
    };
  }
  const { expiresAt, traceId: seed } = row;
  const attempts = row.attempts + 1;
  const notBefore = facts.notBefore ?? 0;
  const dueAt = retryAt(facts.retry, { seed, attempts, expiresAt, kind: waitKind(result), notBefore }, facts.now);
  if (dueAt === null) {
    const detail = `Given up after ${attempts} attempt(s) in ${duration(facts.now - row.queuedAt)}${by}, ${said}`;
    return { outcome: { queueId, outcome: "failed", reply }, event: "bounced", detail, expired: true };
  }
  const detail = `Put off${by}, tried again in ${duration(dueAt - facts.now)}, ${said}`;
  return { outcome: { queueId, outcome: "deferred", reply, dueAt }, event: "deferred", detail, expired: false };
}

function reportOf(one: Attempted, { outcome, expired }: Decision, facts: SettleFacts): Reported | null {
  const { row } = one;
  // RFC 5321 section 4.5.5: never a report about a report.
  if (row.sender.reversePath === "") return null;
  // What is decided already cannot fail or be late.
  if (row.report) return outcome.outcome === "delivered" ? { ...one, action: row.report, dueAt: null, expired } : null;
  const { notify } = row.recipient;
  switch (outcome.outcome) {
    case "failed":
      return wants(notify, "failure", true) ? { ...one, action: "failed", dueAt: null, expired } : null;
    case "delivered":
      // Where it is not of the store, this is the end of its way.
      if (one.place !== undefined && wants(notify, "success", false)) {
        return { ...one, action: "delivered", dueAt: null, expired };
      }
      return null; // `mail.accept` queues the report with the delivery, where that found room
    case "relayed":
      // RFC 3461 section 5.2.2: where the next server knows no reports, this is the last that can be told.
      return !one.dsn && wants(notify, "success", false) ? { ...one, action: "relayed", dueAt: null, expired } : null;
    case "deferred": {
      // Told by the one attempt whose wait passes the mark, so that it is told once without a note about it.
      const mark = releasedAt(row) + DELAY_NOTICE_MS;
      const passes = facts.now < mark && mark <= outcome.dueAt;
      return passes && wants(notify, "delay", false)
        ? { ...one, action: "delayed", dueAt: outcome.dueAt, expired }
        : null;
    }
  }
}

/** RFC 3461 section 4.1: without NOTIFY failures are reported, and nothing else need be. */
function wants(notify: Notify, what: "success" | "failure" | "delay", unsaid: boolean): boolean {
  return notify === null ? unsaid : notify.includes(what);
}

/** `45 seconds`, `3 hours`, `5 days`: rounded, for people. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [value, unit] = seconds < 120
    ? [seconds, "second"]
    : seconds < 7200
    ? [Math.round(seconds / 60), "minute"]
    : seconds < 172_800
    ? [Math.round(seconds / 3600), "hour"]
    : [Math.round(seconds / 86_400), "day"];
  return `${value} ${unit}${value === 1 ? "" : "s"}`;
}
