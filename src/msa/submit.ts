import { domainToAscii, formatAddress } from "../base/address.ts";
import { joinRanges } from "../base/octet_ranges.ts";
import {
  type AnswerOf,
  type Args,
  ask,
  type JournalEntry,
  logEvent,
  type Peer,
  type Program,
  type QueuePriority,
  type Refusal,
} from "../contract/mod.ts";
import {
  acceptArgs,
  HEADER_TOO_LARGE,
  headerPriority,
  hops,
  MANY_RECIPIENTS,
  OVER_QUOTA,
  type Plan,
  planMail,
  readStoredHeader,
  receivedField,
  returnedEntry,
  standsAlone,
  SYSTEM_FULL,
  TOO_LARGE,
  TOO_MANY_HOPS,
} from "../mda/mod.ts";
import { formatDate } from "../message/date.ts";
import type { HeaderField } from "../message/header.ts";
import type { EnvelopeAddress, MessageIndex } from "../message/model.ts";
import { holdMail, releaseTime } from "./future_release.ts";
import type { SubmitPolicy } from "./policy.ts";
import { signaturesOf } from "./signatures.ts";
import { LOGIN_FIRST, mayUse, NOT_YOURS } from "./verify.ts";

type Submitted = Args<"message.receive">;
type Answer = AnswerOf<"message.receive">;

const MOST_AUTHORS = 20;
const TOO_MANY: Refusal = { code: 452, enhanced: "4.5.3", text: "Too many recipients" };
const ONE_FROM: Refusal = { code: 554, enhanced: "5.6.0", text: "The message needs exactly one From field" };
const ONE_SENDER: Refusal = { code: 554, enhanced: "5.6.0", text: "The message has more than one Sender field" };
const NO_AUTHOR: Refusal = { code: 554, enhanced: "5.6.0", text: "No address can be read from the From field" };
const NOT_AUTHOR: Refusal = { ...NOT_YOURS, code: 550, text: "You may not send as the address in From or Sender" };

/** Takes a submitted message: mends it, delivers what is ours and queues the rest, in one transaction. */
export function* submitMail(args: Submitted, policy: SubmitPolicy): Program<Answer> {
  const { peer, envelope } = args;
  if (peer.login === null && !peer.trusted) return yield* refuse(args, LOGIN_FIRST);
  if (args.size > policy.messageSize) return yield* refuse(args, TOO_LARGE);
  if (envelope.recipients.length > policy.maxRecipients) return yield* refuse(args, TOO_MANY);
  // Asked at MAIL too; asked again because this is where mail leaves.
  if (!(yield* maySend(peer, envelope.sender.reversePath))) return yield* refuse(args, NOT_YOURS);
  const header = yield* readStoredHeader(args.blobId, policy.headerSize);
  if (header === "tooLarge") return yield* refuse(args, HEADER_TOO_LARGE);
  const wrong = yield* checkHeader(header.fields, header.index, peer, policy);
  if (wrong) return yield* refuse(args, wrong);
  const body = yield* withoutPrivate(args, header.fields);
  if ("refused" in body) return yield* refuse(args, SYSTEM_FULL);
  const now = yield* ask("clock.now", {});
  const message = { ...args, ...body };
  const fields = newFields(args, header.fields, policy, now) + (args.fields ?? "");
  const signatures = yield* signaturesOf(message, header.index.envelope.from, fields, now);
  const priority = priorityOf(args, header.fields);
  return yield* send({ ...message, priority }, signatures + fields, policy, now);
}

/** RFC 6409 section 6.1: the author is who logged in. */
function* checkHeader(
  fields: readonly HeaderField[],
  index: MessageIndex,
  peer: Peer,
  policy: SubmitPolicy,
): Program<Refusal | null> {
  if (hops(fields) > policy.maxHops) return TOO_MANY_HOPS;
  const count = (name: string) => fields.filter((field) => field.name === name).length;
  // RFC 5322 section 3.6. Two From fields show one author to a filter and another to a person.
  if (count("from") > 1) return ONE_FROM;
  if (count("sender") > 1) return ONE_SENDER;
  const authors = addresses(index.envelope.from);
  if (count("from") === 1 && (authors === null || authors.length === 0)) return NO_AUTHOR;
  const senders = count("sender") === 0 ? [] : addresses(index.envelope.sender);
  if (authors === null || senders === null || authors.length + senders.length > MOST_AUTHORS) return NO_AUTHOR;
  for (const address of new Set(count("from") === 0 ? senders : [...authors, ...senders])) {
    if (!(yield* maySend(peer, address))) return NOT_AUTHOR;
  }
  return null;
}

function* maySend({ login, trusted }: Peer, address: string): Program<boolean> {
  return trusted === true || (login !== null && (yield* mayUse(login.accountId, address)));
}

/** The mailboxes of an address list (RFC 5322 groups left out), or null where one of them is no address. */
function addresses(list: readonly EnvelopeAddress[]): string[] | null {
  const found: string[] = [];
  for (const { mailbox, host } of list) {
    if (host === null) continue;
    const domain = domainToAscii(host);
    if (!mailbox || !domain) return null;
    found.push(formatAddress({ local: mailbox, domain }));
  }
  return found;
}

/** RFC 5322 section 3.6.3: blind copies stay blind. RFC 5321 section 4.4: Return-Path is the last server's to write. */
const PRIVATE = ["bcc", "resent-bcc", "return-path"];

function* withoutPrivate(
  args: Submitted,
  fields: readonly HeaderField[],
): Program<AnswerOf<"body.rewrite">> {
  const cut = joinRanges([...args.cut ?? [], ...fields.filter((field) => PRIVATE.includes(field.name))]);
  if (cut.length === 0) return { blobId: args.blobId, size: args.size };
  return yield* ask("body.rewrite", { blobId: args.blobId, cut });
}

/** What goes before the message: Received, and the fields that RFC 6409 section 8 lets a server add. */
function newFields(
  args: Submitted,
  fields: readonly HeaderField[],
  policy: SubmitPolicy,
  now: number,
): string {
  const { recipients, sender } = args.envelope;
  const onlyRecipient = recipients.length === 1 ? recipients[0]!.forwardPath : null;
  const { peer, traceId } = args;
  const { hostname, discloseClient: disclose } = policy;
  const has = (name: string) => fields.some((field) => field.name === name);
  let text = receivedField({ peer, hostname, traceId, onlyRecipient, now, disclose });
  if (!has("from")) text += `From: <${sender.reversePath || peer.login?.login || `postmaster@${hostname}`}>\r\n`;
  if (!has("date")) text += `Date: ${formatDate(now)}\r\n`;
  if (!has("message-id")) text += `Message-ID: <${traceId}@${hostname}>\r\n`;
  return text;
}

/** What was asked for, else what the header says. A mailing is one, whatever its sender would like. */
function priorityOf({ envelope, peer }: Submitted, fields: readonly HeaderField[]): QueuePriority {
  const { priority: wish } = envelope.sender;
  if (wish === undefined || (wish === "normal" && !peer.trusted)) return headerPriority(fields);
  return wish === "urgent" && !peer.trusted && envelope.recipients.length > MANY_RECIPIENTS ? "bulk" : wish;
}

function* send(
  args: Submitted & { readonly priority: QueuePriority },
  fields: string,
  policy: SubmitPolicy,
  now: number,
): Program<Answer> {
  const { envelope, traceId } = args;
  const routed = yield* planMail({
    envelope,
    size: args.size,
    fields,
    relay: true,
    hostname: policy.hostname,
    localAddress: args.peer.session.localAddress,
    deliveredTo: new Set(),
    now,
    giveUpMs: policy.giveUpMs,
    ...(policy.forwarding && { forwarding: policy.forwarding }),
    ...(policy.filter && {
      filter: { policy: policy.filter, blobId: args.blobId, traceId, silent: null, remoteAddress: null },
    }),
  });
  const first = routed.results.find((result) => result !== null);
  if (first && routed.results.every((result) => result !== null)) return yield* refuse(args, first);
  const returned = envelope.recipients.filter((_, index) => routed.results[index] !== null)
    .map((recipient) => returnedEntry(recipient, fields, now, policy.giveUpMs));
  const releaseAt = releaseTime(envelope.sender, now);
  const plan = releaseAt > now
    ? yield* heldPlan(args, routed, fields, policy, now, releaseAt)
    : { ...routed, queued: [...routed.queued, ...returned] };
  const mode = standsAlone(plan) ? "refuse" : "defer";
  const login = args.peer.login?.login ?? "the administrator";
  const detail =
    `Submitted by ${login} as <${envelope.sender.reversePath}> over ${args.peer.via}, ${args.size} octets.`;
  const entry: JournalEntry = { at: now, event: "accepted", recipient: null, detail };
  const answer = yield* ask("mail.accept", acceptArgs(plan, { ...args, now }, mode, entry));
  if ("refused" in answer) return yield* refuse(args, OVER_QUOTA);
  yield logEvent("info", "message.submitted", {
    traceId,
    login,
    sender: envelope.sender.reversePath,
    delivered: answer.stored.length,
    queued: plan.queued.length,
    size: args.size,
  });
  return { accepted: traceId, recipients: envelope.recipients.map(() => null) };
}

/** RFC 4865: nothing is delivered yet, here neither. */
function* heldPlan(
  args: Submitted,
  routed: Plan,
  fields: string,
  policy: SubmitPolicy,
  now: number,
  releaseAt: number,
): Program<Plan> {
  const { hostname, giveUpMs } = policy;
  const { localAddress } = args.peer.session;
  const { recipients } = args.envelope;
  const held = yield* holdMail({ recipients, fields, now, releaseAt, giveUpMs, hostname, localAddress });
  return { ...routed, deliveries: [], remember: [], served: new Map(), ...held };
}

function* refuse(args: Submitted, refusal: Refusal): Program<Answer> {
  yield logEvent("info", "message.refused", {
    traceId: args.traceId,
    login: args.peer.login?.login ?? null,
    code: refusal.code,
    enhanced: refusal.enhanced,
    text: refusal.text,
  });
  return { refused: refusal };
}
