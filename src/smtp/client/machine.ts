import { utf8Bytes } from "../../base/bytes.ts";
import { type Effect, type Input, logEvent, type Machine, type Session, type Step } from "../../contract/mod.ts";
import { giveUpAhead, goAhead, mayAskAhead, takeAhead } from "./ahead.ts";
import { cannotCarry } from "./commands.ts";
import { end, fail, lost, quit, refuse, refused, say, timeoutText, where, withdraw } from "./ending.ts";
import { NO_EXTENSIONS, parseExtensions } from "./extensions.ts";
import { onAuth, onDerived, startAuth } from "./login.ts";
import type { SmtpClientOptions } from "./options.ts";
import type { Reply } from "./reply_reader.ts";
import { type ClientState, initialState, isFinished, repliesDue, takeNext } from "./state.ts";
import { beginBatch, type Next, settleRest, transactionReply } from "./transaction.ts";

/**
 * The session that sends one message to one host, and with `reuse` others after it. Drive it over a connected
 * transport, then ask `outcome`.
 */
export function smtpClient(options: SmtpClientOptions): Session<ClientState> {
  return { machine, state: initialState(options) };
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
      state.openedAt = now;
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
      onDeadline(state, now, out);
      break;
    case "shutdown":
      if (state.phase === "idle") leaveNow(state, out);
      // Between commands the message is simply not sent; a body under way is finished or ends with the connection.
      else if (!state.transaction.dataSent && !isFinished(state)) fail(state, "The server is stopping", "4.3.2", out);
      else if (state.ahead) giveUpAhead(state);
      else if (state.asking) {
        withdraw(state, out);
        state.leaving = true;
      }
      break;
    case "closed":
      if (state.phase === "tls") lost(state, "The TLS handshake failed", "4.7.5", true);
      else if (!isFinished(state)) lost(state, `The server closed the connection ${where(state)}`, "4.4.2", false);
      state.phase = "done";
      state.deadline = null;
      state.asking = false;
      break;
    case "answer":
    case "failed":
      onAnswer(state, input, now, out);
      break;
    case "changes":
      break;
  }
  return { state, effects: out };
}

function onDeadline(state: ClientState, now: number, out: Effect[]): void {
  if (state.phase === "idle") leave(state, now, out);
  else if (state.phase === "quit") end(state, out);
  else if (state.ahead && now < state.finalBy) giveUpAhead(state);
  else if (state.phase !== "done") fail(state, timeoutText(state), "4.4.2", out);
}

/** Goes as far as the received octets allow. */
function read(state: ClientState, now: number, out: Effect[]): void {
  // What is said in this step is answered in a later one: a reply beyond these was there before its command.
  let due = repliesDue(state);
  while (state.phase !== "done" && state.phase !== "tls") {
    const result = state.replies.next();
    if (result === null) return;
    if (state.phase === "idle") return unasked(state, out);
    if (result.kind === "malformed") return fail(state, `The server sent ${result.reason}`, "4.5.0", out);
    if (due-- <= 0 && result.reply.code !== 421) {
      if (state.phase === "quit") return end(state, out);
      return fail(state, "The server sent a reply before it was asked", "4.5.0", out);
    }
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
    case "auth":
      if (onAuth(state, reply, now, out)) beginTransaction(state, now, out);
      return;
    case "transaction":
      return proceed(state, transactionReply(state.transaction, reply, state.results, state.offered, out), now, out);
    case "quit":
      return end(state, out);
    case "derive":
    case "idle":
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
  if (state.tls === null && state.options.tls !== "none") {
    if (state.offered.startTls) return say(state, "STARTTLS", "startTls", now, out);
    if (mustHaveTls(state)) return fail(state, "The server does not offer TLS, which is required here", "4.7.10", out);
  }
  afterTls(state, now, out);
}

function afterTls(state: ClientState, now: number, out: Effect[]): void {
  if (state.options.auth) startAuth(state, state.options.auth, now, out);
  else beginTransaction(state, now, out);
}

function mustHaveTls(state: ClientState): boolean {
  return state.options.tls === "required" || state.mail.sender.requireTls;
}

function onStartTls(state: ClientState, reply: Reply, now: number, out: Effect[]): void {
  if (reply.code !== 220) {
    if (mustHaveTls(state)) return fail(state, "The server offers TLS but refuses it", "4.7.10", out);
    state.tlsFailed = true;
    return afterTls(state, now, out);
  }
  // Octets behind the reply came in the clear: injected (RFC 3207 section 6).
  if (state.replies.pending > 0) return fail(state, "Octets came before TLS began", "4.7.5", out);
  state.replies.clear();
  state.phase = "tls";
  state.deadline = now + state.timeouts.tls;
  out.push({ type: "startTls" });
}

function beginTransaction(state: ClientState, now: number, out: Effect[]): void {
  state.letIn = true;
  const unfit = cannotCarry(state.transaction.message, state.offered);
  if (unfit) {
    if (!mayGoOn(state, now)) return refuse(state, unfit, false, out);
    settleRest(state.results, unfit);
    return finished(state, now, out);
  }
  state.phase = "transaction";
  proceed(state, beginBatch(state.transaction, state.results, state.offered, out), now, out);
}

function proceed(state: ClientState, next: Next, now: number, out: Effect[]): void {
  if (next === "finished") return finished(state, now, out);
  state.deadline = now + state.timeouts[next];
  if (next !== "dataEnd") return;
  state.finalBy = state.deadline;
  if (mayAskAhead(state) && mayGoOn(state, now)) askForNext(state, out);
  if (state.ahead) state.deadline = Math.min(state.finalBy, state.ahead.until);
}

/** The message's results are known. */
function finished(state: ClientState, now: number, out: Effect[]): void {
  const { ahead } = state;
  if (state.abandoned) return end(state, out);
  if (ahead) {
    takeAhead(state, ahead);
    if (!ahead.begun) return beginTransaction(state, now, out);
    const left = state.transaction.commands[0]?.command.verb;
    return proceed(state, left === undefined ? "finished" : left === "DATA" ? "dataStart" : "command", now, out);
  }
  if (!state.leaving && mayGoOn(state, now)) return waitForNext(state, now, out);
  if (state.asking) withdraw(state, out);
  quit(state, now, out);
}

function mayGoOn({ options, sent, openedAt, offered, transaction }: ClientState, now: number): boolean {
  const { reuse } = options;
  if (reuse === null || reuse === undefined || sent + 1 >= reuse.messages || now - openedAt >= reuse.ms) return false;
  // RFC 9422 section 4.1: the server would answer 421 from there on.
  return offered.mailLimit === null || transaction.mails < offered.mailLimit;
}

function waitForNext(state: ClientState, now: number, out: Effect[]): void {
  state.phase = "idle";
  state.deadline = now + state.timeouts.idle;
  if (!state.asking) askForNext(state, out);
}

function askForNext(state: ClientState, out: Effect[]): void {
  state.asking = true;
  out.push({ type: "call", id: ++state.asked, op: "relay.next", args: { sent: state.sent + 1 } });
}

function onAnswer(
  state: ClientState,
  input: Extract<Input, { type: "answer" | "failed" }>,
  now: number,
  out: Effect[],
): void {
  if (input.id !== state.asked) return;
  if (state.phase === "derive" && input.op === "relay.derive") {
    if (input.type === "failed") fail(state, "The login failed: there is no key", "4.3.0", out);
    else onDerived(state, input.value, now, out);
  } else if (state.asking && input.op === "relay.next") {
    state.asking = false;
    const mail = input.type === "failed" ? null : input.value;
    if (state.phase !== "idle") {
      if (mail === null) state.leaving = true;
      else goAhead(state, mail, now, out);
    } else if (mail === null) quit(state, now, out);
    else {
      takeNext(state, mail);
      beginTransaction(state, now, out);
    }
  }
}

/** The question is withdrawn, and the connection ends politely. */
function leave(state: ClientState, now: number, out: Effect[]): void {
  withdraw(state, out);
  quit(state, now, out);
}

/** The same in a hurry: nobody waits for the answer to QUIT. */
function leaveNow(state: ClientState, out: Effect[]): void {
  withdraw(state, out);
  out.push({ type: "send", bytes: utf8Bytes("QUIT\r\n") });
  end(state, out);
}

/** An idle connection on which the server speaks: it says goodbye (421), or we do not understand each other. */
function unasked(state: ClientState, out: Effect[]): void {
  withdraw(state, out);
  out.push(logEvent("debug", "smtp.client.unasked", {}));
  end(state, out);
}

function isPositive(reply: Reply): boolean {
  return reply.code >= 200 && reply.code < 300;
}
