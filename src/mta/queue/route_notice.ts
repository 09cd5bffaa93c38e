/** A report on its way to the sender: like any mail of ours, but its failure is told to nobody. */
import type { AcceptArgs, BlobId, JournalEntry, MailEnvelope, Program, Refusal, TraceId } from "../../contract/mod.ts";
import { acceptArgs, planMail, returnedEntry } from "../../mda/mod.ts";
import type { LocalFacts } from "./deliver_local.ts";

export interface Notice {
  readonly traceId: TraceId;
  /** From the null sender to one recipient. */
  readonly envelope: MailEnvelope;
  readonly blobId: BlobId;
  readonly size: number;
  /** One sentence for the report's own journal. */
  readonly about: string;
}

/** What `queue.settle` has to accept for a report, or why it goes nowhere. */
export function* routeNotice(notice: Notice, facts: LocalFacts): Program<AcceptArgs | { readonly refused: Refusal }> {
  const { filter, ...routing } = facts;
  const plan = yield* planMail({
    ...routing,
    envelope: notice.envelope,
    size: notice.size,
    fields: "",
    relay: true, // it is our own message
    deliveredTo: new Set(),
  });
  const refused = plan.results[0] ?? null;
  if (refused) return { refused };
  const first: JournalEntry = { at: facts.now, event: "accepted", recipient: null, detail: notice.about };
  if (!filter || plan.deliveries.length === 0) return acceptArgs(plan, { ...notice, now: facts.now }, "defer", first);
  // The settlement that a report belongs to must not wait for filters: the queue runs them, at once.
  const queued = notice.envelope.recipients.map((one) => returnedEntry(one, "", facts.now, facts.giveUpMs));
  return acceptArgs({ ...plan, deliveries: [], queued, journal: [] }, { ...notice, now: facts.now }, "defer", first);
}
