/** What is known of a submission: kept with it, and asked of the queue and the journal when somebody looks (RFC 8621 section 7). */
import {
  ask,
  type JournalEntry,
  type Program,
  type QueueRow,
  type StoredObject,
  type TraceId,
} from "../../contract/mod.ts";
import { printDate } from "../date.ts";
import type { Json, JsonObject } from "../json.ts";

/** As it is stored. */
export interface Submission {
  readonly identityId: string;
  readonly emailId: string;
  readonly threadId: string;
  readonly envelope: JsonObject;
  /** Milliseconds since 1970. */
  readonly sendAt: number;
  readonly traceId: TraceId;
  readonly isCanceled?: true;
}

const ROWS = 1000;

export function readSubmission({ value }: StoredObject): Submission {
  return JSON.parse(value) as Submission;
}

/** Rows of the queue that were never tried and wait for their time: they can be taken back. */
export function* pendingRows({ traceId, sendAt }: Submission, now: number): Program<readonly QueueRow[]> {
  if (sendAt <= now) return [];
  const rows = yield* ask("queue.list", { after: null, limit: ROWS, traceId });
  return rows.every(({ attempts, state }) => attempts <= 1 && state !== "leased") ? rows : [];
}

/** The whole object. `isPending` is what `pendingRows` found. */
export function* printSubmission(id: string, submission: Submission, now: number): Program<JsonObject> {
  const { identityId, emailId, threadId, envelope, sendAt, isCanceled } = submission;
  const pending = isCanceled ? [] : yield* pendingRows(submission, now);
  return {
    id,
    identityId,
    emailId,
    threadId,
    envelope,
    sendAt: printDate(sendAt),
    undoStatus: isCanceled ? "canceled" : pending.length > 0 ? "pending" : "final",
    deliveryStatus: isCanceled ? null : yield* deliveryStatus(submission),
    dsnBlobIds: [],
    mdnBlobIds: [],
  };
}

function* deliveryStatus({ traceId, envelope }: Submission): Program<JsonObject> {
  const rows = yield* ask("queue.list", { after: null, limit: ROWS, traceId });
  const journal = yield* ask("journal.read", { traceId });
  const recipients = (envelope["rcptTo"] as readonly { readonly email: string }[]).map(({ email }) => email);
  return Object.fromEntries(recipients.map((email) => [email, statusOf(email, rows, journal)]));
}

function statusOf(email: string, rows: readonly QueueRow[], journal: readonly JournalEntry[]): JsonObject {
  const same = (text: string | null) => text?.toLowerCase() === email.toLowerCase();
  const row = rows.find(({ recipient }) => same(recipient.forwardPath));
  const status = (delivered: string, smtpReply: Json): JsonObject => ({ smtpReply, delivered, displayed: "unknown" });
  if (row) return status("queued", row.lastReply ?? "250 2.0.0 in the queue");
  const last = journal.filter(({ recipient, event }) => same(recipient) && ENDS.has(event)).at(-1);
  const reply = replyIn(last?.detail ?? "");
  if (last?.event === "delivered") return status("yes", reply ?? "250 2.0.0 delivered");
  if (last?.event === "bounced" || last?.event === "refused") return status("no", reply ?? "550 5.0.0 not delivered");
  return status("unknown", reply ?? "250 2.0.0 sent");
}

const ENDS: ReadonlySet<string> = new Set(["delivered", "relayed", "sent", "bounced", "refused"]);

/** A reply of SMTP that stands in a text. */
function replyIn(text: string): string | null {
  return /\b[2-5]\d\d [2-5]\.\d{1,3}\.\d{1,3} .{0,500}/.exec(text)?.[0] ?? null;
}
