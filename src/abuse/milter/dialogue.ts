/**
 * One message told to one milter (the protocol of sendmail, version 6), as a program: connection, HELO, envelope,
 * header and body in their order, all when the message is there. What is asked of the edge are octets to send, answers
 * to wait for, and ranges of the message to read.
 *
 * We offer to add, change and remove fields and to quarantine, and nothing that would change a body or an envelope. Some
 * milters announce that they might do that all the same (rspamd always does): they fail only if they do it. A recipient
 * that is refused refuses the message: the others were told yes already.
 */
import type { MailEnvelope, Peer, Refusal } from "../../contract/mod.ts";
import { clientAddress } from "../../mailauth/spf/ip_address.ts";
import type { OctetRange } from "../../base/octet_ranges.ts";
import type { AddedField } from "../field.ts";
import { MilterBroken, packet } from "./packet.ts";
import type { MilterReply } from "./reply.ts";
import { type FieldPlace, placeOf, type ToldField, toldFields } from "./told_fields.ts";

/** What is told. */
export interface MilterMessage {
  readonly hostname: string;
  readonly peer: Peer;
  readonly envelope: MailEnvelope;
  readonly traceId: string;
  /** Where the body begins, and the length of all. Octets. */
  readonly bodyStart: number;
  readonly size: number;
  /** What filters before have added, top first, and fields of the message that they removed. */
  readonly fields: readonly AddedField[];
  readonly removed: readonly OctetRange[];
}

/** What the edge has to do next. */
export type MilterStep =
  | { readonly kind: "send"; readonly octets: Uint8Array }
  | { readonly kind: "reply" }
  | { readonly kind: "read"; readonly start: number; readonly end: number };

/** What the milter has decided. */
export type MilterVerdict =
  | {
    readonly action: "accept";
    readonly fields: readonly AddedField[];
    /** Fields that go: octets of the message, or places in `MilterMessage.fields`. */
    readonly remove: readonly FieldPlace[];
    readonly quarantine: string | null;
  }
  | { readonly action: "reject" | "tempfail"; readonly refusal: Refusal }
  | { readonly action: "discard" };

/** The steps of one message; `reply` is resumed with a `MilterReply`, `read` with octets. Throws `MilterBroken`. */
export type MilterDialogue = Generator<MilterStep, MilterVerdict, unknown>;

/** SMFIF_ADDHDRS, SMFIF_CHGHDRS and SMFIF_QUARANTINE. */
export const ACTIONS = 0x01 | 0x10 | 0x20;
/** What a milter may leave out, and what it may leave unanswered: all that version 6 knows. */
export const PROTOCOL = 0x1fffff & ~0x100000;
const NO = { connect: 0x01, helo: 0x02, mail: 0x04, rcpt: 0x08, body: 0x10, headers: 0x20, eoh: 0x40, data: 0x200 };
const NO_REPLY = {
  headers: 0x80,
  connect: 0x1000,
  helo: 0x2000,
  mail: 0x4000,
  rcpt: 0x8000,
  data: 0x10000,
  eoh: 0x40000,
  body: 0x80000,
};
const CHUNK = 65_535;
const MOST_ANSWERS = 1000;
const MOST_HEADER = 1024 * 1024;
const REJECTED: Refusal = { code: 550, enhanced: "5.7.1", text: "The message was refused by a content filter" };
const DEFERRED: Refusal = { code: 451, enhanced: "4.7.1", text: "A content filter asks you to try again later" };
const ACCEPTED: MilterVerdict = { action: "accept", fields: [], remove: [], quarantine: null };

/** Tells the message, and ends with what was decided. */
export function* milterDialogue(message: MilterMessage): MilterDialogue {
  const protocol = yield* negotiate();
  const verdict = (yield* tellEnvelope(message, protocol)) ?? (yield* tellContent(message, protocol));
  yield { kind: "send", octets: packet("Q") };
  return verdict;
}

function* negotiate(): Generator<MilterStep, number, unknown> {
  yield { kind: "send", octets: packet("O", 6, ACTIONS, PROTOCOL) };
  const answer = yield* reply();
  if (answer.kind !== "options") throw new MilterBroken("no options came");
  const { version, protocol } = answer;
  if (version < 2) throw new MilterBroken(`version ${version} is too old`);
  if ((protocol & ~PROTOCOL) !== 0) throw new MilterBroken("it wants more than is offered");
  return protocol;
}

type Stage = keyof typeof NO;

/** Tells one thing and, unless it was agreed otherwise, waits. Null: go on. */
function* tell(
  stage: Stage,
  protocol: number,
  ...octets: readonly Uint8Array[]
): Generator<MilterStep, MilterVerdict | "skip" | null, unknown> {
  if ((protocol & NO[stage]) !== 0) return null;
  for (const one of octets) yield { kind: "send", octets: one };
  if ((protocol & NO_REPLY[stage]) !== 0) return null;
  return verdictOf(yield* reply());
}

function* tellEnvelope(
  { hostname, peer, envelope, traceId }: MilterMessage,
  protocol: number,
): Generator<MilterStep, MilterVerdict | null, unknown> {
  const { session, helo, login } = peer;
  const sender = `<${envelope.sender.reversePath}>`;
  const size = envelope.sender.size === null ? [] : [`SIZE=${envelope.sender.size}`];
  const told =
    (yield* tell("connect", protocol, macros("C", { j: hostname, "{daemon_name}": session.protocol }), client(peer))) ??
      (yield* tell(
        "helo",
        protocol,
        macros("H", session.tls ? { "{tls_version}": session.tls.version, "{cipher}": session.tls.cipher } : {}),
        packet("H", helo),
      )) ??
      (yield* tell(
        "mail",
        protocol,
        macros("M", {
          i: traceId,
          "{mail_addr}": envelope.sender.reversePath,
          ...(login ? { "{auth_authen}": login.login } : {}),
        }),
        packet("M", sender, ...size),
      ));
  if (told !== null) return final(told);
  for (const { forwardPath } of envelope.recipients) {
    const rcpt = yield* tell(
      "rcpt",
      protocol,
      macros("R", { "{rcpt_addr}": forwardPath }),
      packet("R", `<${forwardPath}>`),
    );
    if (rcpt !== null) return final(rcpt);
  }
  const data = yield* tell("data", protocol, packet("T"));
  return data === null ? null : final(data);
}

function* tellContent(message: MilterMessage, protocol: number): Generator<MilterStep, MilterVerdict, unknown> {
  const { bodyStart, size } = message;
  if ((protocol & NO.headers) === 0) {
    for (const { name, value } of yield* readFields(message)) {
      const told = yield* tell("headers", protocol, packet("L", name, value));
      if (told !== null) return final(told);
    }
  }
  const end = yield* tell("eoh", protocol, packet("N"));
  if (end !== null) return final(end);
  for (let at = bodyStart; at < size && (protocol & NO.body) === 0; at += CHUNK) {
    const told = yield* tell("body", protocol, packet("B", yield* read(at, Math.min(size, at + CHUNK))));
    if (told === "skip") break;
    if (told !== null) return told;
  }
  yield { kind: "send", octets: packet("E") };
  return yield* decision(message);
}

function* readFields(
  { bodyStart, fields, removed }: MilterMessage,
): Generator<MilterStep, readonly ToldField[], unknown> {
  return toldFields(yield* read(0, Math.min(bodyStart, MOST_HEADER)), fields, removed);
}

/** Behind the end: what is to be added, changed and removed, then what was decided. */
function* decision(message: MilterMessage): Generator<MilterStep, MilterVerdict, unknown> {
  const fields: AddedField[] = [];
  const remove = new Set<FieldPlace>();
  let told: readonly ToldField[] | null = null;
  let quarantine: string | null = null;
  for (let count = 0; count < MOST_ANSWERS; count++) {
    const answer = yield* reply();
    if (answer.kind === "addField") fields.push({ name: answer.name, value: answer.value });
    else if (answer.kind === "changeField") {
      const { name, index, value } = answer;
      told ??= yield* readFields(message);
      const place = placeOf(told, name, index);
      if (place !== null) remove.add(place);
      if (value !== "") fields.push({ name, value });
    } else if (answer.kind === "quarantine") quarantine = answer.reason;
    else {
      const verdict = verdictOf(answer);
      return verdict === null || verdict === ACCEPTED
        ? { action: "accept", fields, remove: [...remove], quarantine }
        : final(verdict);
    }
  }
  throw new MilterBroken("it never decides");
}

function verdictOf(answer: MilterReply): MilterVerdict | "skip" | null {
  switch (answer.kind) {
    case "continue":
      return null;
    case "skip":
      return "skip";
    case "accept":
      return ACCEPTED;
    case "reject":
      return { action: "reject", refusal: REJECTED };
    case "tempfail":
      return { action: "tempfail", refusal: DEFERRED };
    case "reply":
      return { action: answer.refusal.code < 500 ? "tempfail" : "reject", refusal: answer.refusal };
    case "discard":
      return { action: "discard" };
    default:
      throw new MilterBroken(`${answer.kind} came at the wrong time`);
  }
}

function final(verdict: MilterVerdict | "skip"): MilterVerdict {
  if (verdict === "skip") throw new MilterBroken("skip came at the wrong time");
  return verdict;
}

/** The next answer; that it is still at work is none. */
function* reply(): Generator<MilterStep, MilterReply, unknown> {
  for (let count = 0; count < MOST_ANSWERS; count++) {
    const answer = (yield { kind: "reply" }) as MilterReply;
    if (answer.kind !== "progress") return answer;
  }
  throw new MilterBroken("it never answers");
}

function* read(start: number, end: number): Generator<MilterStep, Uint8Array, unknown> {
  return (yield { kind: "read", start, end }) as Uint8Array;
}

function macros(command: string, values: Readonly<Record<string, string>>): Uint8Array {
  return packet("D", new Uint8Array([command.charCodeAt(0)]), ...Object.entries(values).flat());
}

function client({ session }: Peer): Uint8Array {
  const { remoteAddress, remotePort } = session;
  const version = clientAddress(remoteAddress)?.version;
  if (version === undefined) return packet("C", "localhost", new Uint8Array([0x55])); // U: unknown
  const port = new Uint8Array([remotePort >> 8, remotePort]);
  return packet("C", `[${remoteAddress}]`, new Uint8Array([0x30 + version]), port, remoteAddress);
}
