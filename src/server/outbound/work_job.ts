/** One claimed job from its lease to its settlement. */
import { type AcceptArgs, type JournalEntry, logEvent } from "../../contract/mod.ts";
import { type Attempted, deliverLocal, settle, type Settlement } from "../../mta/queue/mod.ts";
import { ownTemporary } from "../../smtp/client/mod.ts";
import { type Attempt, localFacts, type OutboundParts } from "./parts.ts";
import { storeReport } from "./report.ts";
import { isOursNow, sendJob } from "./send_job.ts";

interface Worked {
  readonly attempted: readonly Attempted[];
  /** Local deliveries to accept with the settlement. */
  readonly notices: readonly AcceptArgs[];
}

/** What became of each recipient, for the metrics. Rejects where the store fails: then the lease runs out. */
export async function workJob(attempt: Attempt, owner: string, parts: OutboundParts): Promise<Settlement> {
  const { job, stop } = attempt;
  const { attempted, notices } = await attemptJob(attempt, parts);
  const settlement = settle(attempted, {
    retry: parts.policy.retry,
    now: parts.clock.wall(),
    interrupted: stop.signal.aborted,
  });
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
  tell(attempted, settlement, parts);
  return settlement;
}

async function attemptJob(attempt: Attempt, parts: OutboundParts): Promise<Worked> {
  const { job } = attempt;
  try {
    if (job.domain === null || await parts.run(isOursNow(job))) return await deliverHere(attempt, parts);
    return { attempted: await sendJob(attempt, job.domain, parts), notices: [] };
  } catch (error) {
    // The store or we ourselves: never a reason to return somebody's mail.
    parts.log(logEvent("warn", "queue.attempt.failed", { traceId: job.traceId, error: String(error) }));
    const result = ownTemporary("4.3.0", "This server has trouble of its own");
    return {
      attempted: job.recipients.map((row) => ({ row, result, host: null, local: false, dsn: false })),
      notices: [],
    };
  }
}

async function deliverHere({ job }: Attempt, parts: OutboundParts): Promise<Worked> {
  const attempted: Attempted[] = [];
  const notices: AcceptArgs[] = [];
  for (const row of job.recipients) {
    const { result, notice } = await parts.run(deliverLocal(job, row, localFacts(parts)));
    attempted.push({ row, result, host: null, local: true, dsn: false });
    if (notice) notices.push(notice);
  }
  return { attempted, notices };
}

function tell(attempted: readonly Attempted[], settlement: Settlement, parts: OutboundParts): void {
  for (const [i, { queueId, outcome, reply }] of settlement.outcomes.entries()) {
    const { row, host } = attempted[i]!;
    parts.log(logEvent("info", `queue.${outcome}`, {
      traceId: row.traceId,
      queueId,
      recipient: row.recipient.forwardPath,
      host,
      attempts: row.attempts + 1,
      reply,
    }));
  }
}
