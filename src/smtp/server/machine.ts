import {
  type AnswerOf,
  type Input,
  logEvent,
  type Machine,
  OpFailed,
  type Session,
  type Step,
} from "../../contract/mod.ts";
import { advance, authLine } from "./auth.ts";
import { finish, readChunk, readData, received, sealed } from "./body.ts";
import { command } from "./commands.ts";
import { clientVerified, greeting } from "./greeting.ts";
import { mailVerified, rcptVerified } from "./envelope.ts";
import { ehloAt } from "./hello.ts";
import { type SmtpServerOptions, SmtpState } from "./state.ts";

/** A line without an end is followed so far. */
const LONGEST_LINE = 65_536;

/** One SMTP, submission or LMTP connection, from its greeting to its end. */
export function smtpSession(options: SmtpServerOptions): Session<SmtpState> {
  return { machine: MACHINE, state: new SmtpState(options) };
}

const MACHINE: Machine<SmtpState> = { step, wantsBytes, deadline };

function wantsBytes(s: SmtpState): boolean {
  if (s.at.kind === "asking" && s.at.then.kind === "client") return s.in.length === 0;
  return s.at.kind !== "asking" && s.at.kind !== "tls" && s.at.kind !== "closed";
}

/** RFC 5321 section 4.5.3.2, and a least rate for bodies. A question that is out has the world's own limits. */
function deadline(s: SmtpState): number | null {
  const { limits } = s.options;
  if (!wantsBytes(s) || s.session === null) return null;
  const body = s.at.kind === "data" || s.at.kind === "chunk" ? s.at.body : null;
  if (body !== null) {
    const slowest = body.startedAt + limits.dataMs + body.size / limits.minimumRate * 1000;
    return Math.min(s.since + limits.dataMs, slowest);
  }
  return s.since + (s.helo === null ? limits.handshakeMs : limits.commandMs);
}

function step(s: SmtpState, input: Input, now: number): Step<SmtpState> {
  s.out = [];
  s.now = now;
  if (s.at.kind === "closed") return { state: s, effects: [] };
  take(s, input);
  run(s);
  s.in.compact();
  return { state: s, effects: s.out };
}

function take(s: SmtpState, input: Input): void {
  switch (input.type) {
    case "opened": {
      s.session = input.session;
      s.tls = input.session.tls;
      s.since = s.now;
      if (!s.options.verifyClient) return greeting(s);
      s.at = { kind: "asking", id: s.nextCall(), then: { kind: "client" } };
      return void s.out.push({ type: "call", id: s.at.id, op: "client.verify", args: { session: input.session } });
    }
    case "bytes":
      if (s.at.kind === "tls") return s.end("4.7.0", "Octets came in the clear behind STARTTLS");
      if (s.at.kind === "data" || (s.at.kind === "chunk" && s.at.body !== null)) s.since = s.now;
      if (s.at.kind === "asking") s.early = true;
      return s.in.push(input.chunk);
    case "answer":
    case "failed":
      return answered(s, input);
    case "tlsStarted":
      s.in.clear();
      s.restart(input.tls);
      s.since = s.now;
      return void s.out.push(logEvent("info", "tls", { version: input.tls.version, cipher: input.tls.cipher }));
    case "deadline": {
      const at = deadline(s);
      if (at !== null && s.now >= at) s.end("4.4.2", "Timed out; closing the connection");
      return;
    }
    case "shutdown":
      s.stopping = input.why ?? "server";
      if (s.stopping === "banned" && (s.at.kind === "data" || s.at.kind === "chunk" || s.at.kind === "longLine")) {
        goodbye(s);
      }
      return;
    case "closed":
      if (s.at.kind === "asking") s.out.push({ type: "cancel", id: s.at.id });
      s.resetMail();
      s.in.clear();
      s.at = { kind: "closed" };
      return;
    case "changes":
      return;
  }
}

/** An answer, or a failure in its place: the one spot where a failure becomes a reply. */
function answered(s: SmtpState, input: Extract<Input, { type: "answer" | "failed" }>): void {
  if (s.at.kind !== "asking" || s.at.id !== input.id) return;
  const then = s.at.then;
  s.at = { kind: "command" };
  s.since = s.now;
  if (then.kind === "auth") return advance(s, then.auth, input);
  if (then.kind === "client") return clientVerified(s, input.type === "failed" ? null : input.value as never);
  if (input.type === "failed") {
    s.logFailure(new OpFailed(input.op, input.reason, input.text));
    const full = input.reason === "full";
    const text = full ? "Not enough storage, please try again later" : "Temporary failure, please try again later";
    const reply = { code: full ? 452 : 451, enhanced: full ? "4.3.1" : "4.3.0", text };
    return "body" in then ? finish(s, then.body, reply) : s.reply(reply.code, reply.enhanced, reply.text);
  }
  switch (then.kind) { // the driver answers a call with its own op's answer
    case "ehlo":
      return ehloAt(s, input.value as AnswerOf<"clock.now">);
    case "mail":
      return mailVerified(s, then.sender, input.value as AnswerOf<"sender.verify">);
    case "rcpt":
      return rcptVerified(s, then.recipient, input.value as AnswerOf<"rcpt.verify">);
    case "seal":
      return sealed(s, then.body, input.value as AnswerOf<"body.seal">);
    case "receive":
      return received(s, then.body, input.value as AnswerOf<"message.receive">);
  }
}

/** Goes as far as the received octets allow: this loop is all of pipelining. */
function run(s: SmtpState): void {
  for (;;) {
    const at = s.at;
    switch (at.kind) {
      case "data":
        readData(s, at);
        if (s.at === at) return;
        break;
      case "chunk":
        readChunk(s, at);
        if (s.at === at) return;
        break;
      case "command":
      case "auth":
        // A body of several BDATs is let to its end.
        if (s.stopping === "banned" || (s.stopping && (s.mail?.body ?? null) === null)) return goodbye(s);
        if (!readLine(s)) return;
        break;
      case "longLine":
        if (!skipLine(s, at.length)) return;
        break;
      default:
        return;
    }
    s.since = s.now;
  }
}

function goodbye(s: SmtpState): void {
  if (s.stopping === "banned") s.end("4.7.0", "Your address is refused here for a time");
  else s.end("4.3.2", "Server is shutting down, please connect again");
}

function readLine(s: SmtpState): boolean {
  const at = s.at;
  const limit = at.kind === "auth" ? s.options.limits.authLine : s.options.limits.commandLine;
  if (s.in.length > limit && s.in.peek().subarray(0, limit).indexOf(10) < 0) {
    s.at = { kind: "longLine", length: 0 };
    return skipLine(s, 0);
  }
  const line = s.in.line(limit);
  if (line === null) return false;
  if (line.kind === "line") {
    if (at.kind === "auth") authLine(s, at, line.text);
    else command(s, line.text);
  } else {
    s.at = { kind: "command" };
    if (line.kind === "tooLong") s.refuse("unknown", 500, "5.5.2", "Line too long");
    else s.refuse("unknown", 500, "5.5.2", "End every line with CR LF, and use neither alone");
  }
  return true;
}

/** Consumes the rest of a line that is too long, then answers it. */
function skipLine(s: SmtpState, length: number): boolean {
  const lf = s.in.peek().indexOf(10);
  const count = lf < 0 ? s.in.length : lf + 1;
  if (length + count > LONGEST_LINE) {
    s.end("4.5.2", "Line too long; closing the connection");
    return true;
  }
  s.in.skip(count);
  s.at = { kind: "longLine", length: length + count };
  if (lf < 0) return false;
  s.at = { kind: "command" };
  s.refuse("unknown", 500, "5.5.2", "Line too long");
  return true;
}
