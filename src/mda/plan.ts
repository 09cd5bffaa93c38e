import { equalsIgnoreCase } from "../base/ascii.ts";
import { utf8Bytes } from "../base/bytes.ts";
import type {
  AcceptArgs,
  AnswerOf,
  BlobId,
  Delivery,
  EnvelopeRecipient,
  JournalEntry,
  MailEnvelope,
  Program,
  QueueEntry,
  Refusal,
  TraceId,
} from "../contract/mod.ts";
import { deliverTo } from "./deliver.ts";
import { NOT_OURS, OVER_QUOTA, quotaRefusal, routingRefusal } from "./refusals.ts";
import { type Route, type RouteOptions, routeRecipient } from "./route.ts";
import { deliveredToField } from "./trace.ts";

export interface PlanRequest extends RouteOptions {
  readonly envelope: MailEnvelope;
  readonly size: number;
  /** Fields that every copy bears, whole lines. */
  readonly fields: string;
  /** It goes where each account keeps its junk. */
  readonly junk?: boolean;
  /** Whether a recipient that is not ours is queued (an authenticated submitter) or refused. */
  readonly relay: boolean;
  /** Addresses in the message's Delivered-To fields, lower case: forwarding to one of them again is a loop. */
  readonly deliveredTo: ReadonlySet<string>;
  readonly now: number;
  /** How long the queue tries, milliseconds. */
  readonly giveUpMs: number;
}

/** What to write for a message. */
export interface Plan {
  readonly deliveries: readonly Delivery[];
  readonly queued: readonly QueueEntry[];
  /** One entry a recipient of the envelope: why it is not served, or null. */
  readonly results: readonly (Refusal | null)[];
  /** Which recipients (by index) a delivery serves, by `Delivery.recipient`. */
  readonly served: ReadonlyMap<string, readonly number[]>;
  readonly journal: readonly JournalEntry[];
}

interface Draft {
  readonly deliveries: Delivery[];
  readonly queued: QueueEntry[];
  readonly served: Map<string, number[]>;
  readonly journal: JournalEntry[];
  /** Account and detail, or remote address, to the address it was first found as. */
  readonly known: Map<string, string>;
}

/** Routes every recipient; each account and each remote address gets the message once. */
export function* planMail(request: PlanRequest): Program<Plan> {
  const draft: Draft = { deliveries: [], queued: [], served: new Map(), journal: [], known: new Map() };
  const results: (Refusal | null)[] = [];
  for (const [index, recipient] of request.envelope.recipients.entries()) {
    const { routes, problems } = yield* routeRecipient(recipient.forwardPath, request);
    const usable: Route[] = [];
    let refusal: Refusal | null = null;
    for (const route of routes) {
      const why = routeRefusal(route, request);
      if (why) refusal = why;
      else usable.push(route);
    }
    if (usable.length === 0) {
      results.push(refusal ?? routingRefusal({ routes, problems }));
      continue;
    }
    results.push(null);
    for (const dead of problems) {
      note(draft, request, "refused", dead.address, `A target of ${recipient.forwardPath} is left out: ${dead.kind}.`);
    }
    for (const route of usable) yield* place(route, recipient, index, request, draft);
  }
  return { ...draft, results };
}

function routeRefusal(route: Route, request: PlanRequest): Refusal | null {
  if (route.kind === "account") return null;
  // Never an open relay: only an alias of ours or an authenticated submitter leads outside.
  if (route.alias === null) return request.relay ? null : NOT_OURS;
  if (!request.deliveredTo.has(route.alias)) return null;
  return { code: 554, enhanced: "5.4.6", text: "This address has forwarded the message before: this is a mail loop" };
}

function* place(
  route: Route,
  recipient: EnvelopeRecipient,
  index: number,
  request: PlanRequest,
  draft: Draft,
): Program<void> {
  const key = route.kind === "account" ? `${route.accountId} ${route.detail ?? ""}` : `@ ${route.address}`;
  const known = draft.known.get(key);
  if (known !== undefined) return void draft.served.get(known)?.push(index);
  draft.known.set(key, route.address);
  if (route.kind === "remote") return enqueue(route, recipient, request, draft);
  draft.served.set(route.address, [index]);
  const facts = {
    reversePath: request.envelope.sender.reversePath,
    fields: request.fields,
    now: request.now,
    junk: request.junk ?? false,
  };
  draft.deliveries.push(...yield* deliverTo(route, facts));
  // The transaction decides about room; what is full already is told by whoever accepts.
  if (quotaRefusal(route, request.size)) return;
  const { forwardPath } = recipient;
  const why = equalsIgnoreCase(forwardPath, route.account) ? "" : `, to whom ${forwardPath} leads`;
  note(draft, request, "delivered", route.address, `Delivered to the mailbox of ${route.account}${why}.`);
}

function enqueue(
  route: Extract<Route, { kind: "remote" }>,
  recipient: EnvelopeRecipient,
  request: PlanRequest,
  draft: Draft,
): void {
  // Delivered-To names the alias, so that a forwarder's loop is seen at its second round.
  const trace = route.alias === null ? "" : deliveredToField(route.alias);
  draft.queued.push({
    // RFC 3461 section 5.2.7: the original recipient stays known behind an alias.
    recipient: { ...recipient, forwardPath: route.address },
    domain: route.domain,
    prefix: utf8Bytes(trace + request.fields),
    dueAt: request.now,
    expiresAt: request.now + request.giveUpMs,
  });
  const by = route.alias === null ? "" : `, forwarded by ${route.alias}`;
  note(draft, request, "queued", route.address, `Waits in the queue for ${route.domain}${by}.`);
}

function note(draft: Draft, request: PlanRequest, event: string, recipient: string, detail: string): void {
  draft.journal.push({ at: request.now, event, recipient, detail });
}

/** The question for `mail.accept`; `first` and `more` come before the plan's own entries. */
export function acceptArgs(
  plan: Plan,
  message: { traceId: TraceId; envelope: MailEnvelope; blobId: BlobId; now: number },
  overQuota: AcceptArgs["overQuota"],
  first: JournalEntry,
  more: readonly JournalEntry[] = [],
): AcceptArgs {
  return {
    traceId: message.traceId,
    sender: message.envelope.sender,
    blobId: message.blobId,
    deliveries: plan.deliveries,
    queued: plan.queued,
    journal: [first, ...more, ...plan.journal],
    now: message.now,
    overQuota,
  };
}

/** A recipient that was fine at RCPT and is not any more: the queue tries it here, and bounces it where it must. */
export function returnedEntry(recipient: EnvelopeRecipient, fields: string, now: number, giveUpMs: number): QueueEntry {
  return { recipient, domain: null, prefix: utf8Bytes(fields), dueAt: now, expiresAt: now + giveUpMs };
}

/** The results after acceptance: a recipient whose delivery found no room is named. */
export function resultsOf(
  plan: Plan,
  answer: Exclude<AnswerOf<"mail.accept">, { refused: unknown }>,
): (Refusal | null)[] {
  const results = [...plan.results];
  for (const address of answer.overQuota) {
    for (const index of plan.served.get(address) ?? []) results[index] = OVER_QUOTA;
  }
  return results;
}
