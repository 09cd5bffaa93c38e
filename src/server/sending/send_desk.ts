/** Takes messages of `POST /send` through the programs of submission, once each, and tells what became of them. */
import { domainToAscii } from "../../base/address.ts";
import { lowerAscii } from "../../base/ascii.ts";
import { encodeBase64 } from "../../base/base64.ts";
import { type Hasher, hasher } from "../../base/hash.ts";
import type { AccountId, Args, Refusal, SessionId, TraceId } from "../../contract/mod.ts";
import type { NotSent, SendActor, SendDesk, SendRequest, SentMessage } from "../../http/send_desk.ts";
import { NOT_YOURS } from "../../msa/mod.ts";
import type { Guard } from "../abuse/guard.ts";
import { SessionGuard } from "../abuse/session_guard.ts";
import { BodySinks } from "../body_sinks.ts";
import { type Bringer, newSessionId, type SubmissionParts, takeMessage, type TakenMessage } from "../submission.ts";
import { describeMessage } from "./describe.ts";
import { printSent } from "./fates.ts";
import { OnceKey } from "../once_key.ts";
import { addSent, changeSent, ownerOf, readSent, type Records, type SentRecord } from "./sent_record.ts";
import type { Suppressions } from "./suppressions.ts";

export interface SendDeskParts extends SubmissionParts {
  readonly hostname: string;
  /** Who limits what accounts send; left out: no account sends here. */
  readonly guard?: Guard;
  readonly suppressions: Suppressions;
  /** For how long a message may be held, milliseconds. */
  readonly futureReleaseMs: number;
  /** Told before a message goes. */
  readonly sends?: () => void;
  /** Told of recipients that a message was not sent to. */
  readonly suppressed?: (sent: SentRecord, recipients: readonly string[]) => void;
}

const ROWS = 1000;

export function createSendDesk(parts: SendDeskParts): SendDesk {
  const { storage, clock } = parts;
  const print = (sent: SentRecord) => printNow(sent, parts);
  const find = async (id: string, actor: SendActor): Promise<SentRecord | null> => {
    const found = await readSent(id, clock.wall(), storage);
    const owner = ownerOf(actor);
    return found && (owner === null || found.accountId === owner) ? found.sent : null;
  };
  return {
    async send(request) {
      const hash = request.idempotency ? startedHash(request) : null;
      const key = request.idempotency && keyOf(request.idempotency.key, request.actor, storage);
      const sessionId = newSessionId();
      if (!key || !hash) return await sendOnce(request, sessionId, null, parts);
      const state = await key.take(sessionId, clock.wall(), (traceId) => cameToBe(traceId, parts));
      if (state.kind === "underWay") return { conflict: "underWay" };
      if (state.kind === "done") return await replay(request, hash, state, parts.messageSize);
      return await sendUnder(key, request, sessionId, hash, parts);
    },
    async get(id, actor) {
      const sent = await find(id, actor);
      return sent && await print(sent);
    },
    async cancel(id, actor) {
      const sent = await find(id, actor);
      if (!sent) return null;
      const now = clock.wall();
      const rows = await storage.perform("queue.list", { after: null, limit: ROWS, traceId: sent.traceId });
      const early = rows.filter(({ attempts, state }) => attempts === 0 && state !== "leased");
      if ((sent.sendAt ?? 0) <= now || early.length === 0) return false;
      const ids = early.map(({ queueId }) => queueId);
      const by = ownerOf(actor) === null ? "the administrator" : "its sender";
      const { changed } = await storage.perform("queue.change", { ids, change: "remove", now, by });
      if (changed > 0) await changeSent(id, now, (one) => ({ ...one, canceled: true }), storage);
      return changed > 0;
    },
  };
}

function keyOf(key: string, actor: SendActor, storage: Records): OnceKey<SentMessage> {
  const accountId = ownerOf(actor);
  return new OnceKey(key, { storage, kind: "sendKey", owner: accountId ?? "server", accountId });
}

async function printNow(sent: SentRecord, { storage, clock }: SendDeskParts): Promise<SentMessage> {
  const { traceId } = sent;
  const [rows, journal] = await Promise.all([
    storage.perform("queue.list", { after: null, limit: ROWS, traceId }),
    storage.perform("journal.read", { traceId }),
  ]);
  return printSent(sent, rows, journal, clock.wall());
}

/** The message of a request that died under way, if it is in the store. */
async function cameToBe(traceId: TraceId, parts: SendDeskParts): Promise<SentMessage | null> {
  const { storage, clock } = parts;
  const journal = await storage.perform("journal.read", { traceId });
  if (!journal.some(({ event }) => event === "accepted")) return null;
  const found = await readSent(traceId, clock.wall(), storage);
  return found && await printNow(found.sent, parts);
}

function startedHash({ idempotency }: SendRequest): Hasher {
  const hash = hasher("sha256");
  hash.update(idempotency!.request);
  return hash;
}

type Sent = { readonly sent: SentMessage; readonly replayed: boolean } | NotSent;

/** The answer of before, if it is the same request. */
async function replay(
  { message }: SendRequest,
  hash: Hasher,
  { request, answer }: { readonly request: string; readonly answer: SentMessage },
  limit: number,
): Promise<Sent> {
  if ("octets" in message && message.octets) {
    let size = 0;
    for await (const octets of message.octets) {
      size += octets.length;
      if (size > limit) return { conflict: "otherRequest" };
      hash.update(octets);
    }
  }
  const same = request === "" || request === encodeBase64(hash.digest());
  return same ? { sent: answer, replayed: true } : { conflict: "otherRequest" };
}

async function sendUnder(
  key: OnceKey<SentMessage>,
  request: SendRequest,
  sessionId: SessionId,
  hash: Hasher,
  parts: SendDeskParts,
): Promise<Sent> {
  let isSent = false;
  try {
    const answer = await sendOnce(request, sessionId, hash, parts);
    if (!("sent" in answer)) return answer;
    isSent = true;
    await key.finish(encodeBase64(hash.digest()), answer.sent, parts.clock.wall());
    return answer;
  } finally {
    if (!isSent) await key.release().catch(() => {}); // it would be free in a quarter of an hour anyhow
  }
}

async function sendOnce(
  request: SendRequest,
  sessionId: SessionId,
  hash: Hasher | null,
  parts: SendDeskParts,
): Promise<Sent> {
  const { sendAt, actor } = request;
  if (sendAt !== null && sendAt - parts.clock.wall() > parts.futureReleaseMs) return { tooLate: true };
  const sentOf = request.saveToSent ? await accountOf(request, parts) : null;
  if (request.saveToSent && sentOf === null) return { noSent: true };
  const sinks = new BodySinks(parts.storage);
  try {
    const by: Bringer = {
      protocol: "submission",
      via: "HTTP",
      sessionId,
      ...(actor.kind === "account" && { login: { login: actor.login, address: actor.address } }),
    };
    const sender = { ...request.sender, ...(sendAt !== null && { hold: { until: sendAt } }) };
    const body = octetsOf(request, sessionId, hash, parts.clock.wall());
    const taken = await takeMessage({ sender, recipients: request.recipients, body }, sinks, parts, by);
    return "refused" in taken ? taken : await submit(request, taken, sentOf, parts);
  } finally {
    sinks.close();
  }
}

/** The message as it is to be, hashed on its way where that is asked for. */
async function* octetsOf(
  { message, saveToSent }: SendRequest,
  sessionId: SessionId,
  hash: Hasher | null,
  now: number,
): AsyncGenerator<Uint8Array> {
  if ("described" in message) {
    const { email } = message.described.from;
    const domain = email.slice(email.lastIndexOf("@") + 1);
    // The id of the message's way, so that reports about it find it.
    const facts = { now, messageId: `${sessionId}.1@${domain}`, random: newSessionId(), bcc: saveToSent };
    yield describeMessage(message.described, facts);
    return;
  }
  if (message.octets === null) return;
  for await (const octets of message.octets) {
    hash?.update(octets);
    yield octets;
  }
}

async function submit(
  request: SendRequest,
  taken: TakenMessage,
  sentOf: AccountId | null,
  parts: SendDeskParts,
): Promise<Sent> {
  const { args } = taken;
  const wrong = await refusedBefore(taken, parts);
  if (wrong) return wrong;
  const { storage, clock } = parts;
  const index = await storage.perform("blob.index", { blobId: args.blobId });
  const from = index?.envelope.from.map(({ host }) => host ?? "") ?? [];
  if (!mayWriteAs(request, [...from, ...index?.envelope.sender.map(({ host }) => host ?? "") ?? []])) {
    return { refused: NOT_YOURS };
  }
  const { reversePath } = args.envelope.sender;
  const left = request.evenSuppressed
    ? new Map<string, string>()
    : await parts.suppressions.among(domainOf(reversePath), request.recipients.map(({ forwardPath }) => forwardPath));
  const recipients = request.recipients.filter(({ forwardPath }) => !left.has(lowerAscii(forwardPath)));
  const sent: SentRecord = {
    traceId: args.traceId,
    messageId: messageIdOf(index?.envelope.messageId ?? null, `${args.traceId}@${parts.hostname}`),
    from: reversePath,
    createdAt: clock.wall(),
    sendAt: request.sendAt,
    tags: request.tags,
    metadata: request.metadata,
    recipients: request.recipients.map(({ forwardPath: address }) => {
      const suppressed = left.get(lowerAscii(address));
      return suppressed === undefined ? { address } : { address, suppressed };
    }),
  };
  if (recipients.length === 0) {
    parts.suppressed?.(sent, [...left.keys()]);
    return { suppressed: request.recipients.map(({ forwardPath }) => forwardPath) };
  }
  // Before the message: what is in the store has a record in any case.
  await addSent(sent, request.actor, storage);
  parts.sends?.();
  const answer = await taken.receive({ ...args, envelope: { ...args.envelope, recipients } });
  if ("refused" in answer) {
    await storage.perform("record.remove", { kind: "send", key: args.traceId });
    return answer;
  }
  if (sentOf !== null) await keepCopy(args, sentOf, parts);
  if (left.size > 0) parts.suppressed?.(sent, [...left.keys()]);
  return { sent: await printNow(sent, parts), replayed: false };
}

/** MAIL and RCPT, as of somebody who sends by SMTP; all recipients that are refused are named. */
async function refusedBefore({ args, run }: TakenMessage, parts: SendDeskParts): Promise<NotSent | null> {
  const { peer, envelope: { sender, recipients } } = args;
  const { programs } = parts;
  const limits = peer.login && parts.guard
    ? new SessionGuard(parts.guard, peer.session, { log: parts.log, run })
    : null;
  if (limits) {
    const begun = await limits.sender({ peer, sender }, () => run(programs.verifySender({ peer, sender })));
    if ("refused" in begun) return { refused: begun.refused };
  }
  const refused: { index: number; refusal: Refusal }[] = [];
  for (const [index, recipient] of recipients.entries()) {
    const question = { peer, sender, recipient };
    const verify = () => run(programs.verifyRecipient(question));
    const answer = await (limits?.recipient(question, verify) ?? verify());
    if ("refused" in answer) refused.push({ index, refusal: answer.refused });
  }
  const worst = refused.find(({ refusal }) => refusal.code >= 500) ?? refused[0];
  return worst === undefined ? null : { refused: worst.refusal, recipients: refused };
}

/** What an account may write as is asked by submission itself. */
function mayWriteAs({ actor, sender }: SendRequest, hosts: readonly string[]): boolean {
  if (actor.kind !== "domain") return true;
  const all = [...hosts, ...(sender.reversePath === "" ? [] : [domainOf(sender.reversePath)])];
  return all.length > 0 && all.every((host) => actor.domains.includes(domainToAscii(lowerAscii(host)) ?? ""));
}

/** The account whose Sent mailbox keeps a copy. */
async function accountOf({ actor, sender }: SendRequest, { storage }: SendDeskParts): Promise<AccountId | null> {
  if (actor.kind === "account") return actor.login.accountId;
  const account = await storage.perform("account.get", { address: lowerAscii(sender.reversePath) });
  return account?.accountId ?? null;
}

/** The message is on its way: a copy that finds no room is left out. */
async function keepCopy(args: Args<"message.receive">, accountId: AccountId, parts: SendDeskParts): Promise<void> {
  const { traceId, blobId, envelope: { sender } } = args;
  const now = parts.clock.wall();
  await parts.storage.perform("mail.accept", {
    traceId,
    sender,
    blobId,
    deliveries: [{
      accountId,
      recipient: sender.reversePath,
      target: { role: "sent" },
      flags: ["\\Seen"],
      prefix: new Uint8Array(0),
      internalDate: now,
      optional: true,
    }],
    queued: [],
    journal: [],
    now,
    overQuota: "skip",
  });
}

/** Submission gives one where there is none. */
function messageIdOf(field: string | null, given: string): string | null {
  return field === null ? given : /<([^<>\s]{1,900})>/.exec(field)?.[1] ?? null;
}

function domainOf(address: string): string {
  return lowerAscii(address.slice(address.lastIndexOf("@") + 1));
}
