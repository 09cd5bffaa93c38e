import { formatAddress, parseAddress } from "../base/address.ts";
import { equalsIgnoreCase, isAscii } from "../base/ascii.ts";
import { utf8Bytes } from "../base/bytes.ts";
import type {
  AcceptArgs,
  AnswerOf,
  BlobId,
  Delivery,
  EnvelopeRecipient,
  EnvelopeSender,
  JournalEntry,
  MailEnvelope,
  Program,
  QueueEntry,
  QueuePriority,
  Refusal,
  Remembered,
  TraceId,
} from "../contract/mod.ts";
import { encodeVerp } from "../mailauth/mod.ts";
import { type DeliverFacts, deliverTo, type Filtering } from "./deliver.ts";
import { FilterMessage } from "./filter/message.ts";
import type { FilterRequest } from "./filter/policy.ts";
import { forwardedSender, type ForwardPolicy, type MayForward } from "./forward.ts";
import { prioritised } from "./priority.ts";
import { NOT_OURS, notForwarded, OVER_QUOTA, quotaRefusal, routingRefusal } from "./refusals.ts";
import { type Route, type RouteOptions, routeRecipient } from "./route.ts";
import { deliveredToField } from "./trace.ts";

export interface PlanRequest extends RouteOptions {
  readonly envelope: MailEnvelope;
  readonly size: number;
  /** Fields that every copy bears, whole lines. */
  readonly fields: string;
  /** It goes where each account keeps its junk. */
  readonly junk?: boolean;
  /** How mail goes on to other servers; left out: with its sender rewritten. */
  readonly forwarding?: ForwardPolicy;
  /** Whether it may; left out: it may. */
  readonly mayForward?: MayForward;
  /** Whether a recipient that is not ours is queued (an authenticated submitter) or refused. */
  readonly relay: boolean;
  /** Addresses in the message's Delivered-To fields, lower case: forwarding to one of them again is a loop. */
  readonly deliveredTo: ReadonlySet<string>;
  readonly now: number;
  /** How long the queue tries, milliseconds. */
  readonly giveUpMs: number;
  /** The filters of accounts; left out: nobody's runs. */
  readonly filter?: FilterRequest;
}

/** What to write for a message. */
export interface Plan {
  readonly deliveries: readonly Delivery[];
  readonly queued: readonly QueueEntry[];
  /** One entry a recipient of the envelope: why it is not served, or null. */
  readonly results: readonly (Refusal | null)[];
  /** Recipients (by index) that are refused and not to be reported: the sender may be somebody else's. */
  readonly untold: ReadonlySet<number>;
  /** Recipients (by index) that lead to nobody but whoever reads reports. */
  readonly reports: ReadonlySet<number>;
  /** Which recipients (by index) a delivery serves, by `Delivery.recipient`. */
  readonly served: ReadonlyMap<string, readonly number[]>;
  readonly journal: readonly JournalEntry[];
  /** What filters want to be remembered. */
  readonly remember: readonly Remembered[];
}

const SRS: ForwardPolicy = { srs: true };

interface Draft {
  readonly deliveries: Delivery[];
  readonly queued: QueueEntry[];
  readonly served: Map<string, number[]>;
  readonly journal: JournalEntry[];
  /** What each delivery serves, by `Delivery.recipient`: the lists that the deliveries bear. */
  readonly asked: Map<string, EnvelopeRecipient[]>;
  /** Account and detail, or remote address, to the address it was first found as. */
  readonly known: Map<string, string>;
  readonly remember: Remembered[];
  /** Why an owner's filter does not take it, by the address as `known` has it. */
  readonly refusals: Map<string, Refusal>;
  readonly filtering: Filtering | null;
}

/** Routes every recipient; each account and each remote address gets the message once. */
export function* planMail(request: PlanRequest): Program<Plan> {
  const draft: Draft = {
    deliveries: [],
    queued: [],
    served: new Map(),
    journal: [],
    asked: new Map(),
    known: new Map(),
    remember: [],
    refusals: new Map(),
    filtering: request.filter ? filteringOf(request.filter) : null,
  };
  const results: (Refusal | null)[] = [];
  const untold = new Set<number>();
  const reports = new Set<number>();
  for (const [index, recipient] of request.envelope.recipients.entries()) {
    const options = { ...request, reversePath: request.envelope.sender.reversePath };
    const { routes, problems } = yield* routeRecipient(recipient.forwardPath, options);
    const usable: Route[] = [];
    const refused: { readonly address: string; readonly why: Refusal }[] = [];
    for (const route of routes) {
      const why = routeRefusal(route, request);
      if (why) refused.push({ address: route.address, why });
      else usable.push(route);
    }
    if (usable.length === 0) {
      if (refused.length > 0 && request.mayForward?.allowed === false) untold.add(index);
      results.push(refused.at(-1)?.why ?? routingRefusal({ routes, problems }));
      continue;
    }
    if (usable.every(({ kind }) => kind === "reports")) reports.add(index);
    for (const dead of problems) {
      note(draft, request, "refused", dead.address, `A target of ${recipient.forwardPath} is left out: ${dead.kind}.`);
    }
    for (const { address, why } of refused) {
      note(draft, request, "refused", address, `A target of ${recipient.forwardPath} is left out: ${why.text}.`);
    }
    const asked = askedOf(recipient, request);
    const target = usable.length > 1 ? expand(asked, request, draft) : asked;
    const rejected: { readonly address: string; readonly why: Refusal }[] = [];
    for (const route of usable) {
      const why = yield* place(route, target, index, request, draft);
      if (why) rejected.push({ address: route.address, why });
    }
    const first = rejected[0];
    if (first && rejected.length === usable.length) {
      // Whoever may be forged is told by a reply of SMTP alone.
      if (request.filter?.silent) untold.add(index);
      results.push(first.why);
      continue;
    }
    results.push(null);
    for (const { address, why } of rejected) returnFor(address, target, why, request, draft);
  }
  const { deliveries, queued, served, journal, remember } = draft;
  return { deliveries, queued, served, journal, results, untold, reports, remember };
}

function filteringOf(request: FilterRequest): Filtering {
  return { request, message: new FilterMessage(request.blobId), remembered: new Set(), redirected: new Set() };
}

/** One of several that a recipient leads to refuses: the queue asks it again, and reports. */
function returnFor(
  address: string,
  recipient: EnvelopeRecipient,
  why: Refusal,
  request: PlanRequest,
  draft: Draft,
): void {
  if (request.filter?.silent) return note(draft, request, "refused", address, `${why.text}.`);
  const { fields, now, giveUpMs } = request;
  draft.queued.push(returnedEntry({ ...recipient, forwardPath: address }, fields, now, giveUpMs));
}

function routeRefusal(route: Route, request: PlanRequest): Refusal | null {
  if (route.kind !== "remote") return null;
  // Never an open relay: only an alias of ours or an authenticated submitter leads outside.
  if (route.alias === null) return request.relay ? null : NOT_OURS;
  const { mayForward } = request;
  if (mayForward && !mayForward.allowed) return notForwarded(mayForward.why);
  if (!request.deliveredTo.has(route.alias)) return null;
  return { code: 554, enhanced: "5.4.6", text: "This address has forwarded the message before: this is a mail loop" };
}

/** Junk gets no report of success: its sender is hardly who it says, and should not learn that the address is good. */
function askedOf(recipient: EnvelopeRecipient, request: PlanRequest): EnvelopeRecipient {
  return request.junk ? withoutSuccess(recipient) : recipient;
}

/** RFC 3461 section 5.2.7.3 (c): the alias itself is reported, and its targets are asked for no report of success. */
function expand(recipient: EnvelopeRecipient, request: PlanRequest, draft: Draft): EnvelopeRecipient {
  if (!recipient.notify?.includes("success")) return recipient;
  if (request.envelope.sender.reversePath !== "") {
    draft.queued.push({ ...returnedEntry(recipient, "", request.now, request.giveUpMs), report: "expanded" });
  }
  return withoutSuccess(recipient);
}

function withoutSuccess(recipient: EnvelopeRecipient): EnvelopeRecipient {
  const { notify } = recipient;
  return notify === null ? recipient : { ...recipient, notify: notify.filter((word) => word !== "success") };
}

function* place(
  route: Route,
  recipient: EnvelopeRecipient,
  index: number,
  request: PlanRequest,
  draft: Draft,
): Program<Refusal | null> {
  if (route.kind === "reports") return null;
  const key = route.kind === "account" ? `${route.accountId} ${route.detail ?? ""}` : `@ ${route.address}`;
  const known = draft.known.get(key);
  if (known !== undefined) {
    draft.served.get(known)?.push(index);
    draft.asked.get(known)?.push(recipient);
    return draft.refusals.get(known) ?? null;
  }
  draft.known.set(key, route.address);
  if (route.kind === "remote") {
    yield* enqueue(route, recipient, request, draft);
    return null;
  }
  draft.served.set(route.address, [index]);
  const serves = [recipient];
  draft.asked.set(route.address, serves);
  const delivered = yield* deliverTo(route, deliverFacts(recipient, request), draft.filtering);
  // The transaction decides about room; what is full already is told by whoever accepts.
  const full = quotaRefusal(route, request.size) !== null;
  for (const { event, detail } of delivered.notes) {
    if (!full || event !== "delivered") note(draft, request, event, route.address, detail);
  }
  if (delivered.refusal) {
    draft.refusals.set(route.address, delivered.refusal);
    return delivered.refusal;
  }
  const main = delivered.deliveries.findIndex(({ optional }) => !optional);
  for (const [i, delivery] of delivered.deliveries.entries()) {
    draft.deliveries.push(i === main ? { ...delivery, serves } : delivery);
  }
  draft.queued.push(...delivered.queued);
  draft.remember.push(...delivered.remember);
  if (delivered.notes.length === 0 && !full) {
    const { forwardPath } = recipient;
    const why = equalsIgnoreCase(forwardPath, route.account) ? "" : `, to whom ${forwardPath} leads`;
    note(draft, request, "delivered", route.address, `Delivered to the mailbox of ${route.account}${why}.`);
  }
  return null;
}

function deliverFacts(recipient: EnvelopeRecipient, request: PlanRequest): DeliverFacts {
  const { fields, now, deliveredTo, giveUpMs } = request;
  return {
    sender: request.envelope.sender,
    recipient,
    fields,
    now,
    junk: request.junk ?? false,
    mayForward: request.mayForward ?? { allowed: true },
    forwarding: request.forwarding ?? SRS,
    deliveredTo,
    giveUpMs,
  };
}

function* enqueue(
  route: Extract<Route, { kind: "remote" }>,
  recipient: EnvelopeRecipient,
  request: PlanRequest,
  draft: Draft,
): Program<void> {
  const { sender } = request.envelope;
  const { alias } = route;
  // Delivered-To names the alias, so that a forwarder's loop is seen at its second round.
  const trace = alias === null ? "" : deliveredToField(alias);
  const own = alias === null
    ? ownSender(sender, route.address)
    : yield* forwardedSender(sender, alias, request.forwarding ?? SRS, request.now);
  draft.queued.push({
    // RFC 3461 section 5.2.1 (c) and 5.2.7: the original recipient stays known behind an alias.
    recipient: {
      ...recipient,
      forwardPath: route.address,
      orcpt: recipient.orcpt ?? (alias === null ? null : originalRecipient(recipient.forwardPath)),
    },
    ...(own !== sender && { sender: own }),
    domain: route.domain,
    prefix: utf8Bytes(trace + request.fields),
    dueAt: request.now,
    expiresAt: request.now + request.giveUpMs,
  });
  const as = own === sender ? "" : ` as <${own.reversePath}>`;
  const by = alias === null ? "" : `, forwarded by ${alias}${as}`;
  note(draft, request, "queued", route.address, `Waits in the queue for ${route.domain}${by}.`);
}

/** With VERP, one that names the recipient; an address that does not fit has to do with the plain one. */
function ownSender(sender: EnvelopeSender, recipient: string): EnvelopeSender {
  const to = sender.verp ? parseAddress(recipient) : null;
  const from = to === null ? null : parseAddress(sender.reversePath);
  const local = to === null || from === null ? null : encodeVerp(from.local, to);
  if (from === null || local === null) return sender;
  const { verp: _, ...rest } = sender;
  return { ...rest, reversePath: formatAddress({ local, domain: from.domain }) };
}

/** RFC 3461 section 4.2, RFC 6533 section 3. */
function originalRecipient(forwardPath: string): string {
  return `${isAscii(forwardPath) ? "rfc822" : "utf-8"};${forwardPath}`;
}

function note(draft: Draft, request: PlanRequest, event: string, recipient: string, detail: string): void {
  draft.journal.push({ at: request.now, event, recipient, detail });
}

/** The question for `mail.accept`; `first` and `more` come before the plan's own entries. */
export function acceptArgs(
  plan: Plan,
  message: { traceId: TraceId; envelope: MailEnvelope; blobId: BlobId; now: number; priority?: QueuePriority },
  overQuota: AcceptArgs["overQuota"],
  first: JournalEntry,
  more: readonly JournalEntry[] = [],
): AcceptArgs {
  return {
    traceId: message.traceId,
    sender: message.envelope.sender,
    blobId: message.blobId,
    deliveries: plan.deliveries,
    queued: prioritised(plan.queued, message.priority ?? "normal"),
    journal: [first, ...more, ...plan.journal],
    ...(plan.remember.length > 0 && { remember: plan.remember }),
    now: message.now,
    overQuota,
  };
}

/** Everything is for one account: it can be refused as a whole where that has no room. */
export function standsAlone({ deliveries, queued }: Plan): boolean {
  const [first] = deliveries;
  return first !== undefined && deliveries.every(({ recipient }) => recipient === first.recipient) &&
    queued.every(({ after }) => after === first.accountId);
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
