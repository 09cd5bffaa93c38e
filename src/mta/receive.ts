import {
  type AcceptArgs,
  type AnswerOf,
  type Args,
  ask,
  type JournalEntry,
  logEvent,
  type MailEnvelope,
  type Program,
  type QueuePriority,
  type Refusal,
} from "../contract/mod.ts";
import { lowerAscii } from "../base/ascii.ts";
import {
  acceptArgs,
  HEADER_TOO_LARGE,
  headerPriority,
  hops,
  OVER_QUOTA,
  type Plan,
  planMail,
  readStoredHeader,
  receivedField,
  resultsOf,
  returnedEntry,
  silentBecause,
  standsAlone,
  TOO_LARGE,
  TOO_MANY_HOPS,
} from "../mda/mod.ts";
import { type HeaderField, unfold } from "../message/header.ts";
import { check } from "./check.ts";
import type { ReceivePolicy } from "./policy.ts";
import { takeReport, takingReports } from "./report_mail.ts";
import { sealForwarded } from "./seal.ts";

type Received = Args<"message.receive">;
type Answer = AnswerOf<"message.receive">;

/**
 * Takes a message from outside (profiles mx and lmtp): decides, routes and accepts in one transaction. `accepted` is
 * answered only when the message is on disk.
 */
export function* receiveMail(received: Received, policy: ReceivePolicy): Program<Answer> {
  let args = received;
  if (args.size > policy.messageSize) return yield* refuse(args, TOO_LARGE);
  const header = yield* readStoredHeader(args.blobId, policy.headerSize);
  if (header === "tooLarge") return yield* refuse(args, HEADER_TOO_LARGE);
  if (hops(header.fields) > policy.maxHops) return yield* refuse(args, TOO_MANY_HOPS);
  const now = yield* ask("clock.now", {});
  const checked = yield* check(args, header.fields, header.index.root.bodyStart, policy, now);
  if ("refusal" in checked) {
    // The sender has the id in the reply, and may ask.
    yield* ask("journal.add", { traceId: args.traceId, entries: checked.journal });
    return yield* refuse(args, checked.refusal);
  }
  if (checked.forgedSender) args = { ...args, envelope: untold(args.envelope) };
  const { recipients } = args.envelope;
  const onlyRecipient = recipients.length === 1 ? recipients[0]!.forwardPath : null;
  const facts = { peer: args.peer, hostname: policy.hostname, traceId: args.traceId, onlyRecipient, now };
  const fields = checked.fields + receivedField({ ...facts, disclose: true }) + (args.fields ?? "");
  const junk = checked.junk || args.junk === true;
  const planned = yield* planMail({
    envelope: args.envelope,
    size: args.size,
    junk,
    // Whoever passes on what is not its sender's, or spam, is taken for its source.
    mayForward: junk ? { allowed: false, why: junkReason(checked.junk) } : { allowed: true },
    fields,
    relay: false,
    hostname: policy.hostname,
    localAddress: args.peer.session.localAddress,
    deliveredTo: deliveredTo(header.fields),
    now,
    giveUpMs: policy.giveUpMs,
    ...(policy.forwarding && { forwarding: policy.forwarding }),
    ...takingReports(policy),
    ...(policy.filter && {
      filter: {
        policy: policy.filter,
        blobId: checked.body.blobId,
        traceId: args.traceId,
        silent: silentBecause(fields, junk),
        remoteAddress: args.peer.session.remoteAddress,
      },
    }),
  });
  const routed = withWords(planned, args, fields, now, policy);
  const first = routed.results.find((result) => result !== null);
  if (first && routed.results.every((result) => result !== null)) {
    if (routed.journal.length > 0) {
      yield* ask("journal.add", { traceId: args.traceId, entries: [...checked.journal, ...routed.journal] });
    }
    return yield* refuse(args, first, routed.results);
  }
  const reported = policy.readReports ? yield* takeReport(args, header.fields, routed, checked, now) : { journal: [] };
  if ("refusal" in reported) {
    yield* ask("journal.add", { traceId: args.traceId, entries: [...checked.journal, ...reported.journal] });
    return yield* refuse(args, reported.refusal);
  }
  const journal = [...checked.journal, ...reported.journal];
  const lmtp = args.peer.session.protocol === "lmtp";
  const plan = lmtp ? routed : withReturned(routed, args, fields, now, policy);
  if (checked.forgedSender && plan.queued.length > 0) {
    const detail =
      `SPF says that <${args.envelope.sender.reversePath}> did not send it, so nobody is told what becomes of it.`;
    journal.push({ at: now, event: "untold", recipient: null, detail });
  }
  const sealed = yield* sealForwarded(plan, args, checked, fields, now);
  const priority = headerPriority(header.fields);
  return yield* accept({ ...args, ...checked.body, priority }, sealed, lmtp, journal, now);
}

/** RFC 5321 section 6.2: reports to somebody who has not written are mail that nobody wants (backscatter). */
function untold(envelope: MailEnvelope): MailEnvelope {
  return { ...envelope, recipients: envelope.recipients.map((one) => ({ ...one, notify: [] })) };
}

/**
 * SMTP has one reply for all (RFC 5321 section 4.2.5), so whoever is refused now gets a bounce from the queue. What may
 * not be forwarded does not show who it is from: then nobody is told but the journal.
 */
function withReturned(plan: Plan, args: Received, fields: string, now: number, policy: ReceivePolicy): Plan {
  const queued = [...plan.queued];
  const journal = [...plan.journal];
  for (const [index, recipient] of args.envelope.recipients.entries()) {
    const refusal = plan.results[index] ?? null;
    if (refusal === null) continue;
    if (!plan.untold.has(index)) queued.push(returnedEntry(recipient, fields, now, policy.giveUpMs));
    else journal.push({ at: now, event: "refused", recipient: recipient.forwardPath, detail: `${refusal.text}.` });
  }
  return { ...plan, queued, journal, results: plan.results.map(() => null) };
}

/**
 * RFC 5429 section 2.2: `reject` in words that a reply cannot have is no reply but a report, which has them. Where
 * nobody may be told by a report, an ASCII reply is what is left.
 */
function withWords(plan: Plan, args: Received, fields: string, now: number, policy: ReceivePolicy): Plan {
  const { sender, recipients } = args.envelope;
  if (sender.smtputf8 || sender.reversePath === "") return plan;
  const queued = [...plan.queued];
  const results = plan.results.map((refusal, index) => {
    if (!refusal?.words?.exactly || plan.untold.has(index)) return refusal;
    queued.push(returnedEntry(recipients[index]!, fields, now, policy.giveUpMs));
    return null;
  });
  return { ...plan, queued, results };
}

function* accept(
  args: Received & { readonly priority: QueuePriority },
  plan: Plan,
  lmtp: boolean,
  checked: readonly JournalEntry[],
  now: number,
): Program<Answer> {
  const mode = quotaMode(plan, lmtp);
  const entry: JournalEntry = { at: now, event: "accepted", recipient: null, detail: acceptedBecause(args) };
  // Nobody keeps a report that was read: there is nothing to write but that it came.
  if (plan.reports.size > 0 && plan.deliveries.length + plan.queued.length + plan.remember.length === 0) {
    yield* ask("journal.add", { traceId: args.traceId, entries: [entry, ...checked, ...plan.journal] });
    yield acceptedEvent(args, 0, 0);
    return { accepted: args.traceId, recipients: plan.results };
  }
  const answer = yield* ask("mail.accept", acceptArgs(plan, { ...args, now }, mode, entry, checked));
  if ("refused" in answer) return yield* refuse(args, OVER_QUOTA);
  if (answer.overQuota.length > 0) yield* explainFull(args, answer.overQuota, mode, now);
  const results = mode === "skip" ? resultsOf(plan, answer) : plan.results;
  yield acceptedEvent(args, answer.stored.length, plan.queued.length);
  return { accepted: args.traceId, recipients: results };
}

function acceptedEvent({ traceId, envelope, size }: Received, delivered: number, queued: number) {
  const { sender: { reversePath: sender }, recipients: { length: recipients } } = envelope;
  return logEvent("info", "message.accepted", { traceId, sender, recipients, delivered, queued, size });
}

/** LMTP can tell each recipient, SMTP only one: with several, the full mailbox waits in the queue. */
function quotaMode(plan: Plan, lmtp: boolean): AcceptArgs["overQuota"] {
  if (!lmtp) return standsAlone(plan) ? "refuse" : "defer";
  const counted = new Map<number, number>();
  for (const indexes of plan.served.values()) {
    for (const index of indexes) counted.set(index, (counted.get(index) ?? 0) + 1);
  }
  // A recipient with several targets cannot be refused for one of them: the others would get the message twice.
  const shared = [...counted.values()].some((count) => count > 1) ||
    plan.queued.some(({ after }) => after === undefined);
  return shared ? "defer" : "skip";
}

function* explainFull(
  args: Received,
  addresses: readonly string[],
  mode: AcceptArgs["overQuota"],
  now: number,
): Program<void> {
  const event = mode === "defer" ? "deferred" : "refused";
  const end = mode === "defer" ? "the message waits in the queue" : "the message was refused";
  const entries = addresses.map((recipient) => (
    { at: now, event, recipient, detail: `The mailbox of ${recipient} is full: ${end}.` }
  ));
  yield* ask("journal.add", { traceId: args.traceId, entries });
}

function* refuse(args: Received, refusal: Refusal, recipients?: readonly (Refusal | null)[]): Program<Answer> {
  yield logEvent("info", "message.refused", {
    traceId: args.traceId,
    sender: args.envelope.sender.reversePath,
    remoteAddress: args.peer.session.remoteAddress,
    code: refusal.code,
    enhanced: refusal.enhanced,
    text: refusal.text,
  });
  // RFC 2033 section 4.2: nothing was accepted, but each recipient still has a reply of its own.
  if (recipients && args.peer.session.protocol === "lmtp") return { accepted: args.traceId, recipients };
  return { refused: refusal };
}

function junkReason(unproven: boolean): string {
  return unproven ? "it does not show who it is from" : "it is taken for spam";
}

function acceptedBecause(args: Received): string {
  const { peer, envelope } = args;
  return `Accepted from <${envelope.sender.reversePath}> by ${peer.session.remoteAddress} (${peer.helo}) over ` +
    `${peer.via}, ${args.size} octets, for ${envelope.recipients.length} recipient(s).`;
}

function deliveredTo(fields: readonly HeaderField[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { name, raw } of fields) if (name === "delivered-to") found.add(lowerAscii(unfold(raw)));
  return found;
}
