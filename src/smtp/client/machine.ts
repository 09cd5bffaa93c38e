import { encodeBase64 } from "../../base/base64.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import type { Secret } from "../../base/secret.ts";
import {
  type BlobId,
  type Effect,
  type EnvelopeRecipient,
  type EnvelopeSender,
  type Input,
  logEvent,
  type Machine,
  type Session,
  type SessionInfo,
  type Step,
  type TlsInfo,
} from "../../contract/mod.ts";
import { cannotCarry } from "./commands.ts";
import { type Extensions, NO_EXTENSIONS, parseExtensions } from "./extensions.ts";
import { type AttemptResult, ownTemporary, type RecipientResult } from "./outcome.ts";
import { type Reply, ReplyReader } from "./reply_reader.ts";
import {
  beginBatch,
  settleRest,
  startTransaction,
  type Transaction,
  transactionReply,
  verdictOf,
} from "./transaction.ts";

/** With whom to log in at the server. */
export interface ClientAuth {
  readonly username: string;
  readonly password: Secret;
}

/** Milliseconds to wait in each phase; RFC 5321 section 4.5.3.2 gives the least. */
export interface ClientTimeouts {
  readonly greeting: number;
  readonly command: number;
  readonly tls: number;
  readonly dataStart: number;
  readonly dataEnd: number;
  readonly quit: number;
}

const MINUTE = 60_000;
const TIMEOUTS: ClientTimeouts = {
  greeting: 5 * MINUTE,
  command: 5 * MINUTE,
  tls: MINUTE,
  dataStart: 2 * MINUTE,
  dataEnd: 10 * MINUTE, // section 4.5.3.2.6: too short a time here makes duplicates
  quit: 5_000,
};

/** What to send, and how. */
export interface SmtpClientOptions {
  readonly profile?: "smtp" | "lmtp";
  /** What we call ourselves in EHLO: a domain name or an address literal. */
  readonly hostname: string;
  readonly sender: EnvelopeSender;
  /** At least one. */
  readonly recipients: readonly EnvelopeRecipient[];
  readonly blobId: BlobId;
  /** Octets of the blob. */
  readonly size: number;
  /** Whole header fields to send before the blob. */
  readonly prefix: Uint8Array;
  /** Whether header fields hold octets above 127. Default: what the sender declared by SMTPUTF8. */
  readonly utf8Headers?: boolean;
  /** STARTTLS: never; where it is offered; or not without. A connection that is TLS already satisfies all. */
  readonly tls: "none" | "opportunistic" | "required";
  readonly auth?: ClientAuth | null;
  readonly timeouts?: Partial<ClientTimeouts>;
}

/** Named by the reply that is waited for. */
type Phase =
  | "greeting"
  | "ehlo"
  | "helo"
  | "startTls"
  | "tls"
  | "authPlain"
  | "authLoginUser"
  | "authLoginPassword"
  | "authDone"
  | "transaction"
  | "quit"
  | "done";

/** Where the conversation stands; `isFinished` tells its end. */
export interface ClientState {
  readonly options: SmtpClientOptions;
  readonly timeouts: ClientTimeouts;
  readonly replies: ReplyReader;
  readonly transaction: Transaction;
  phase: Phase;
  session: SessionInfo | null;
  tls: TlsInfo | null;
  offered: Extensions;
  serverName: string | null;
  /** The recipients' results, null while unknown. */
  readonly results: (RecipientResult | null)[];
  tryNextHost: boolean;
  tlsFailed: boolean;
  deadline: number | null;
}

/** The session that sends one message to one host. Drive it over a connected transport, then ask `outcome`. */
export function smtpClient(options: SmtpClientOptions): Session<ClientState> {
  const utf8Headers = options.utf8Headers ?? options.sender.smtputf8;
  const size = options.prefix.length + options.size;
  return {
    machine,
    state: {
      options,
      timeouts: { ...TIMEOUTS, ...options.timeouts },
      replies: new ReplyReader(),
      transaction: startTransaction({ ...options, message: { sender: options.sender, size, utf8Headers } }),
      phase: "greeting",
      session: null,
      tls: null,
      offered: NO_EXTENSIONS,
      serverName: null,
      results: options.recipients.map(() => null),
      tryNextHost: false,
      tlsFailed: false,
      deadline: null,
    },
  };
}

/** Whether every recipient's result is known. True before the connection has ended: QUIT is only good manners. */
export function isFinished(state: ClientState): boolean {
  return state.phase === "quit" || state.phase === "done";
}

/** What came of it so far; recipients without a result yet are temporary failures. */
export function outcome(state: ClientState): AttemptResult {
  const open = ownTemporary("4.4.2", "The connection was lost");
  return {
    recipients: state.results.map((result) => result ?? open),
    tls: state.tls,
    serverName: state.serverName,
    tryNextHost: isFinished(state) ? state.tryNextHost : !state.transaction.dotSent,
    tlsFailed: state.tlsFailed,
    dsn: state.offered.dsn,
  };
}

const machine: Machine<ClientState> = {
  step,
  wantsBytes: (state) => state.phase !== "tls" && state.phase !== "done",
  deadline: (state) => state.deadline,
};

function step(state: ClientState, input: Input, now: number): Step<ClientState> {
  const out: Effect[] = [];
  switch (input.type) {
    case "opened":
      state.session = input.session;
      state.tls = input.session.tls;
      state.deadline = now + state.timeouts.greeting;
      break;
    case "bytes":
      state.replies.push(input.chunk);
      read(state, now, out);
      state.replies.compact();
      break;
    case "tlsStarted":
      if (state.phase !== "tls") break;
      state.tls = input.tls;
      // RFC 3207 section 4.2: what was learned in the clear is forgotten.
      state.offered = NO_EXTENSIONS;
      greet(state, "ehlo", now, out);
      break;
    case "deadline":
      if (state.phase === "quit") end(state, out);
      else if (state.phase !== "done") fail(state, timeoutText(state), "4.4.2", out);
      break;
    case "shutdown":
      // Between commands the message is simply not sent; a body under way is finished or ends with the connection.
      if (!state.transaction.dataSent && !isFinished(state)) fail(state, "The server is stopping", "4.3.2", out);
      break;
    case "closed":
      if (state.phase === "tls") lost(state, "The TLS handshake failed", "4.7.5", true);
      else if (!isFinished(state)) lost(state, `The server closed the connection ${where(state)}`, "4.4.2", false);
      state.phase = "done";
      state.deadline = null;
      break;
    case "answer":
    case "failed":
    case "changes":
      break;
  }
  return { state, effects: out };
}

/** Goes as far as the received octets allow. */
function read(state: ClientState, now: number, out: Effect[]): void {
  while (state.phase !== "done" && state.phase !== "tls") {
    const result = state.replies.next();
    if (result === null) return;
    if (result.kind === "malformed") return fail(state, `The server sent ${result.reason}`, "4.5.0", out);
    onReply(state, result.reply, now, out);
  }
}

function onReply(state: ClientState, reply: Reply, now: number, out: Effect[]): void {
  // RFC 5321 section 3.8: 421 may come at any time; the connection is over.
  if (reply.code === 421 && state.phase !== "quit") return refused(state, reply, out);
  switch (state.phase) {
    case "greeting":
      state.serverName = (reply.lines[0] ?? "").split(" ")[0] || null;
      // RFC 5321 section 3.1: 554 is "no mail here"; another host of the domain may take it.
      if (reply.code !== 220) return refused(state, reply, out);
      return greet(state, "ehlo", now, out);
    case "ehlo":
      if (isPositive(reply)) {
        state.offered = parseExtensions(reply.lines.slice(1));
        return afterEhlo(state, now, out);
      }
      // Section 4.1.1.1: a server without EHLO is greeted again with HELO.
      if (reply.code < 500 || state.options.profile === "lmtp") return refused(state, reply, out);
      return greet(state, "helo", now, out);
    case "helo":
      if (!isPositive(reply)) return refused(state, reply, out);
      state.offered = NO_EXTENSIONS;
      return afterEhlo(state, now, out);
    case "startTls":
      return onStartTls(state, reply, now, out);
    case "authPlain":
    case "authLoginUser":
    case "authLoginPassword":
    case "authDone":
      return onAuth(state, reply, now, out);
    case "transaction":
      return onTransaction(state, reply, now, out);
    case "quit":
      return end(state, out);
    case "tls":
    case "done":
      return;
  }
}

function greet(state: ClientState, verb: "ehlo" | "helo", now: number, out: Effect[]): void {
  const word = state.options.profile === "lmtp" ? "LHLO" : verb === "ehlo" ? "EHLO" : "HELO";
  say(state, `${word} ${state.options.hostname}`, verb, now, out);
}

function afterEhlo(state: ClientState, now: number, out: Effect[]): void {
  const { tls, auth } = state.options;
  if (state.tls === null && tls !== "none") {
    if (state.offered.startTls) return say(state, "STARTTLS", "startTls", now, out);
    if (mustHaveTls(state)) return fail(state, "The server does not offer TLS, which is required here", "4.7.10", out);
  }
  if (auth) return startAuth(state, auth, now, out);
  beginTransaction(state, now, out);
}

function mustHaveTls(state: ClientState): boolean {
  return state.options.tls === "required" || state.options.sender.requireTls;
}

function onStartTls(state: ClientState, reply: Reply, now: number, out: Effect[]): void {
  if (reply.code !== 220) {
    if (mustHaveTls(state)) return fail(state, "The server offers TLS but refuses it", "4.7.10", out);
    state.tlsFailed = true;
    return state.options.auth ? startAuth(state, state.options.auth, now, out) : beginTransaction(state, now, out);
  }
  // Octets behind the reply came in the clear: injected (RFC 3207 section 6).
  if (state.replies.pending > 0) return fail(state, "Octets came before TLS began", "4.7.5", out);
  state.replies.clear();
  state.phase = "tls";
  state.deadline = now + state.timeouts.tls;
  out.push({ type: "startTls" });
}

function startAuth(state: ClientState, auth: ClientAuth, now: number, out: Effect[]): void {
  if (state.tls === null && state.options.tls !== "none") {
    return fail(state, "No password is sent without TLS, which the server does not offer", "4.7.11", out);
  }
  const { mechanisms } = state.offered;
  if (mechanisms.includes("PLAIN")) {
    // RFC 4616: authzid NUL authcid NUL passwd
    const message = encodeBase64(utf8Bytes(`\0${auth.username}\0${auth.password.reveal()}`));
    say(state, `AUTH PLAIN ${message}`, "authDone", now, out);
  } else if (mechanisms.includes("LOGIN")) say(state, "AUTH LOGIN", "authLoginUser", now, out);
  else fail(state, "The server offers no way to log in that we know (PLAIN, LOGIN)", "4.7.0", out);
}

function onAuth(state: ClientState, reply: Reply, now: number, out: Effect[]): void {
  const auth = state.options.auth;
  if (reply.code === 235) return beginTransaction(state, now, out);
  if (reply.code === 334 && auth && state.phase === "authLoginUser") {
    return say(state, encodeBase64(utf8Bytes(auth.username)), "authLoginPassword", now, out);
  }
  if (reply.code === 334 && auth && state.phase === "authLoginPassword") {
    return say(state, encodeBase64(utf8Bytes(auth.password.reveal())), "authDone", now, out);
  }
  // A wrong password of ours is no reason to return people's mail: temporary, until the operator has mended it.
  const said = verdictOf(reply);
  const text = `The login failed: ${said.code} ${said.text}`;
  refuse(state, { ...ownTemporary("4.7.8", text), remote: true }, false, out);
}

function beginTransaction(state: ClientState, now: number, out: Effect[]): void {
  const unfit = cannotCarry(state.transaction.message, state.offered);
  if (unfit) return refuse(state, unfit, false, out);
  state.phase = "transaction";
  proceed(state, beginBatch(state.transaction, state.results, state.offered, out), now, out);
}

function onTransaction(state: ClientState, reply: Reply, now: number, out: Effect[]): void {
  proceed(state, transactionReply(state.transaction, reply, state.results, state.offered, out), now, out);
}

function proceed(
  state: ClientState,
  next: "command" | "dataStart" | "dataEnd" | "finished",
  now: number,
  out: Effect[],
) {
  if (next === "finished") return quit(state, now, out);
  state.deadline = now + state.timeouts[next];
}

function quit(state: ClientState, now: number, out: Effect[]): void {
  // RFC 5321 section 4.1.1.10: the reply is waited for, shortly; the results are known.
  say(state, "QUIT", "quit", now, out);
  state.deadline = now + state.timeouts.quit;
}

function say(state: ClientState, line: string, phase: Phase, now: number, out: Effect[]): void {
  out.push({ type: "send", bytes: utf8Bytes(line + "\r\n") });
  state.phase = phase;
  state.deadline = now + state.timeouts.command;
}

/** The host will have none of it: other hosts may. */
function refused(state: ClientState, reply: Reply, out: Effect[]): void {
  const said = verdictOf(reply);
  // A 5yz in answer to a greeting is about us or the host, and no verdict on the message: temporary here.
  const result: RecipientResult = { ...said, kind: "temporary" };
  refuse(state, result, !state.transaction.dotSent, out);
}

function fail(state: ClientState, text: string, enhanced: string, out: Effect[]): void {
  out.push(logEvent("info", "smtp.client.failed", { phase: state.phase, reason: text }));
  refuse(state, ownTemporary(enhanced, text), !state.transaction.dotSent, out);
}

function refuse(state: ClientState, result: RecipientResult, tryNextHost: boolean, out: Effect[]): void {
  settleRest(state.results, result);
  state.tryNextHost = tryNextHost;
  out.push({ type: "send", bytes: utf8Bytes("QUIT\r\n") }); // never inside a body: all of that leaves in one step
  end(state, out);
}

function lost(state: ClientState, text: string, enhanced: string, tlsFailed: boolean): void {
  settleRest(state.results, ownTemporary(enhanced, text));
  state.tlsFailed ||= tlsFailed;
  state.tryNextHost = !state.transaction.dotSent;
}

function end(state: ClientState, out: Effect[]): void {
  state.phase = "done";
  state.deadline = null;
  out.push({ type: "close" });
}

function timeoutText(state: ClientState): string {
  return `The server did not answer in time ${where(state)}`;
}

function where(state: ClientState): string {
  switch (state.phase) {
    case "greeting":
      return "before its greeting";
    case "tls":
      return "in the TLS handshake";
    case "transaction":
      return state.transaction.dotSent ? "after the end of the message" : "while the message was being sent";
    default:
      return `after ${state.phase === "ehlo" ? "EHLO" : state.phase === "helo" ? "HELO" : "a command"}`;
  }
}

function isPositive(reply: Reply): boolean {
  return reply.code >= 200 && reply.code < 300;
}
