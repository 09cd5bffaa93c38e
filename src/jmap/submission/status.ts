/** What is known of a submission: kept with it, and asked of the queue and the journal as long as it may change (RFC 8621 section 7). */
import {
  type AccountId,
  ask,
  type JournalEntry,
  type Modseq,
  type Program,
  type QueueRow,
} from "../../contract/mod.ts";
import { printDate } from "../date.ts";
import { type Json, type JsonObject, sameJson } from "../json.ts";
import { takeReports } from "./reports.ts";
import { readSubmission, type Submission, type SubmissionStatus } from "./stored.ts";

export interface FoundSubmission extends Submission {
  readonly id: string;
  readonly status: SubmissionStatus;
}

const ROWS = 1000;
const ENDS: ReadonlySet<string> = new Set(["delivered", "relayed", "sent", "bounced", "refused"]);

/**
 * Submissions as they are now; `ids` null: all. What became otherwise since somebody looked is kept, so that the state is
 * another one (RFC 8620 section 5.1).
 */
export function* lookUp(
  accountId: AccountId,
  ids: readonly string[] | null,
): Program<{ readonly state: Modseq; readonly found: readonly FoundSubmission[] }> {
  const kind = "submission";
  yield* takeReports(accountId);
  const now = yield* ask("clock.now", {});
  const { state, objects } = yield* ask("object.list", { accountId, kind, ids });
  const found: FoundSubmission[] = [];
  const update: { readonly objectId: string; readonly value: string }[] = [];
  for (const object of objects) {
    const submission = readSubmission(object);
    const status = submission.status?.isEnded ? submission.status : yield* statusOf(submission, now);
    found.push({ ...submission, id: object.objectId, status });
    if (sameJson(status as unknown as Json, submission.status as unknown as Json)) continue;
    update.push({ objectId: object.objectId, value: JSON.stringify({ ...submission, status }) });
  }
  if (update.length === 0) return { state, found };
  const kept = yield* ask("object.set", { accountId, kind, update });
  return { state: "refused" in kept ? state : kept.newState, found };
}

/** Rows of the queue that were never tried and wait for their time: they can be taken back. */
export function* pendingRows({ traceId, sendAt }: Submission, now: number): Program<readonly QueueRow[]> {
  if (sendAt <= now) return [];
  return pendingOf(yield* ask("queue.list", { after: null, limit: ROWS, traceId }));
}

function pendingOf(rows: readonly QueueRow[]): readonly QueueRow[] {
  return rows.every(({ attempts, state }) => attempts <= 1 && state !== "leased") ? rows : [];
}

/** Asks what became of it. */
export function* statusOf(submission: Submission, now: number): Program<SubmissionStatus> {
  const { traceId, envelope, sendAt, isCanceled } = submission;
  if (isCanceled) return { undoStatus: "canceled", deliveryStatus: null, isEnded: true };
  const rows = yield* ask("queue.list", { after: null, limit: ROWS, traceId });
  const journal = yield* ask("journal.read", { traceId });
  const recipients = (envelope["rcptTo"] as readonly { readonly email: string }[]).map(({ email }) => email);
  const isEnded = rows.length === 0 && recipients.every((email) => endOf(email, journal));
  return {
    undoStatus: sendAt > now && pendingOf(rows).length > 0 ? "pending" : "final",
    deliveryStatus: Object.fromEntries(recipients.map((email) => [email, deliveryOf(email, rows, journal)])),
    ...(isEnded && { isEnded }),
  };
}

/** The whole object. */
export function printSubmission(found: FoundSubmission): JsonObject {
  const { id, identityId, emailId, threadId, envelope, sendAt, status } = found;
  return {
    id,
    identityId,
    emailId,
    threadId,
    envelope,
    sendAt: printDate(sendAt),
    undoStatus: status.undoStatus,
    deliveryStatus: withDisplayed(status.deliveryStatus, found.displayed ?? []),
    dsnBlobIds: found.dsnBlobIds ?? [],
    mdnBlobIds: found.mdnBlobIds ?? [],
  };
}

function withDisplayed(status: JsonObject | null, displayed: readonly string[]): JsonObject | null {
  if (status === null || displayed.length === 0) return status;
  const entries = Object.entries(status).map(([email, one]) =>
    displayed.includes(email) ? [email, { ...one as JsonObject, displayed: "yes" }] : [email, one]
  );
  return Object.fromEntries(entries) as JsonObject;
}

function deliveryOf(email: string, rows: readonly QueueRow[], journal: readonly JournalEntry[]): JsonObject {
  const row = rows.find(({ recipient }) => isSame(recipient.forwardPath, email));
  const status = (delivered: string, smtpReply: Json): JsonObject => ({ smtpReply, delivered, displayed: "unknown" });
  if (row) return status("queued", row.lastReply ?? "250 2.0.0 in the queue");
  const last = endOf(email, journal);
  const reply = replyIn(last?.detail ?? "");
  if (last?.event === "delivered") return status("yes", reply ?? "250 2.0.0 delivered");
  if (last?.event === "bounced" || last?.event === "refused") return status("no", reply ?? "550 5.0.0 not delivered");
  return status("unknown", reply ?? "250 2.0.0 sent");
}

/** What became of it for a recipient in the end, as far as it is known. */
function endOf(email: string, journal: readonly JournalEntry[]): JournalEntry | undefined {
  return journal.findLast(({ recipient, event }) => isSame(recipient, email) && ENDS.has(event));
}

function isSame(text: string | null, email: string): boolean {
  return text?.toLowerCase() === email.toLowerCase();
}

/** A reply of SMTP that stands in a text. */
function replyIn(text: string): string | null {
  return /\b[2-5]\d\d [2-5]\.\d{1,3}\.\d{1,3} .{0,500}/.exec(text)?.[0] ?? null;
}
