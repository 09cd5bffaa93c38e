/** One claimed job from its lease to its settlement. */
import { type AcceptArgs, type DecidedFate, type JournalEntry, logEvent, type QueueJob } from "../../contract/mod.ts";
import { type Attempted, deliverLocal, NOT_TRIED, settle, type Settlement } from "../../mta/queue/mod.ts";
import { ownTemporary, type RecipientResult } from "../../smtp/client/mod.ts";
import { BodySinks } from "../body_sinks.ts";
import type { TargetWay } from "../../mda/mod.ts";
import type { Attempt } from "./attempt.ts";
import { handOver, handOverOf } from "./hand_over.ts";
import { localFacts, type OutboundParts } from "./parts.ts";
import { pause } from "./waiting.ts";
import { storeReport } from "./report.ts";
import { isOursNow, sendJob } from "./send_job.ts";

interface Worked {
  readonly attempted: readonly Attempted[];
  /** The destination is left alone until then, or 0. */
  readonly notBefore: number;
  /** Local deliveries to accept with the settlement. */
  readonly notices: readonly AcceptArgs[];
}

/** Waits before the settlement is tried again, milliseconds. The lease is renewed meanwhile. */
const PAUSES: readonly number[] = [0, 500, 5_000, 15_000, 30_000];

/** What a row says that only reports. */
const DECIDED: Readonly<Record<DecidedFate, RecipientResult>> = {
  delivered: { kind: "delivered", code: 250, enhanced: "2.1.5", text: "Delivered", remote: false },
  expanded: { kind: "delivered", code: 250, enhanced: "2.1.5", text: "Passed on to several addresses", remote: false },
};

/** What became of each recipient, for the metrics. Rejects where the store fails to the end: then the lease runs out. */
export async function workJob(attempt: Attempt, parts: OutboundParts): Promise<Settlement> {
  const sinks = new BodySinks(parts.storage);
  try {
    return await workWith(attempt, sinks, parts);
  } finally {
    sinks.close();
  }
}

async function workWith(attempt: Attempt, sinks: BodySinks, parts: OutboundParts): Promise<Settlement> {
  const { attempted, notices, notBefore } = await attemptJob(attempt, sinks, parts);
  const settlement = settle(attempted, {
    retry: parts.policy.retry,
    now: parts.clock.wall(),
    interrupted: attempt.stop.signal.aborted,
    notBefore,
  });
  // Local deliveries are of the settlement's own transaction: where that fails nothing has happened yet.
  const pauses = notices.length > 0 ? [0] : PAUSES;
  for (const [i, ms] of pauses.entries()) {
    await pause(ms, attempt.stop.signal);
    try {
      await record(attempt, settlement, notices, parts);
      break;
    } catch (error) {
      parts.log(logEvent("warn", "queue.settle.failed", { traceId: attempt.job.traceId, error: String(error) }));
      if (i < pauses.length - 1 && !attempt.cut.signal.aborted) continue;
      if (notices.length > 0) throw error;
      // What other servers have taken must not be sent again for a report that cannot be written now.
      const told = new Set(settlement.reports.map(({ row }) => row.queueId));
      const outcomes = settlement.outcomes.filter(({ queueId }) => !told.has(queueId));
      if (outcomes.length === 0) throw error;
      await record(attempt, { ...settlement, outcomes, reports: [] }, [], parts);
      break;
    }
  }
  tell(attempted, settlement, parts);
  parts.settled?.(attempted, settlement.outcomes, notices);
  return settlement;
}

/** Writes the report and ends the attempt in the store. A report is routed anew each time: its account may be gone. */
async function record(
  attempt: Attempt,
  settlement: Settlement,
  notices: readonly AcceptArgs[],
  parts: OutboundParts,
): Promise<void> {
  const { job, owner } = attempt;
  const report = await storeReport(job, settlement.reports, parts);
  const journal: JournalEntry[] = [...settlement.journal, ...(report?.journal ?? [])];
  try {
    await parts.storage.perform("queue.settle", {
      owner,
      outcomes: settlement.outcomes,
      notices: report?.notice ? [...notices, report.notice] : notices,
      journal,
      traceId: job.traceId,
      now: parts.clock.wall(),
    });
  } finally {
    report?.release();
  }
}

async function attemptJob(attempt: Attempt, sinks: BodySinks, parts: OutboundParts): Promise<Worked> {
  const { job, suspended } = attempt;
  try {
    const way = handOverOf(job);
    if (way !== null) return await handedOver(attempt, way, sinks, parts);
    if (job.domain === null || await parts.run(isOursNow(job))) return await deliverHere(attempt, sinks, parts);
    if (suspended) return putOff(job, ownTemporary("4.4.1", `${NOT_TRIED}${suspended.why}`), suspended.until);
    const { attempted, experience, notBefore = 0 } = await sendJob(attempt, job.domain, parts);
    const alone = attempt.stop.signal.aborted ? 0 : attempt.learn(experience);
    return { attempted, notices: [], notBefore: Math.max(alone, notBefore) };
  } catch (error) {
    // The store or we ourselves: never a reason to return somebody's mail.
    parts.log(logEvent("warn", "queue.attempt.failed", { traceId: job.traceId, error: String(error) }));
    return putOff(job, ownTemporary("4.3.0", "This server has trouble of its own"), 0);
  }
}

async function handedOver(attempt: Attempt, way: TargetWay, sinks: BodySinks, parts: OutboundParts): Promise<Worked> {
  const { job, suspended } = attempt;
  if (suspended) return putOff(job, ownTemporary("4.3.0", `${NOT_TRIED}${suspended.why}`), suspended.until);
  const { attempted, notices, experience, notBefore } = await handOver(attempt, way, sinks, parts);
  const alone = attempt.stop.signal.aborted ? 0 : attempt.learn(experience);
  return { attempted, notices, notBefore: Math.max(alone, notBefore) };
}

function putOff(job: QueueJob, result: RecipientResult, notBefore: number): Worked {
  const attempted = job.recipients.map((row) => ({ row, result, host: null, tls: null, local: false, dsn: false }));
  return { attempted, notices: [], notBefore };
}

async function deliverHere({ job }: Attempt, sinks: BodySinks, parts: OutboundParts): Promise<Worked> {
  const attempted: Attempted[] = [];
  const notices: AcceptArgs[] = [];
  for (const row of job.recipients) {
    if (row.report) {
      const result = DECIDED[row.report];
      attempted.push({ row, result, host: null, tls: null, local: true, dsn: false });
      continue;
    }
    const { result, notice } = await parts.runMaking(deliverLocal(job, row, localFacts(parts)), sinks);
    attempted.push({ row, result, host: null, tls: null, local: true, dsn: false });
    if (notice) notices.push(notice);
  }
  return { attempted, notices, notBefore: 0 };
}

function tell(attempted: readonly Attempted[], settlement: Settlement, parts: OutboundParts): void {
  for (const [i, { queueId, outcome, reply }] of settlement.outcomes.entries()) {
    const { row, host, tls } = attempted[i]!;
    parts.log(logEvent("info", `queue.${row.report && outcome === "delivered" ? "reported" : outcome}`, {
      traceId: row.traceId,
      queueId,
      recipient: row.recipient.forwardPath,
      host,
      tls,
      attempts: row.attempts + 1,
      reply,
    }));
  }
}
