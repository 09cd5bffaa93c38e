/** The session of one IMAP client: reads commands, runs their programs one after the other, tells news. */
import { ByteQueue } from "../base/byte_queue.ts";
import {
  advance,
  type Effect,
  type Input,
  logEvent,
  type Machine,
  type OpFailed,
  type Progress,
  type Session,
  type Step,
} from "../contract/mod.ts";
import { MECHANISMS } from "../sasl/mod.ts";
import { authenticateLine, beginExchange, resumeExchange } from "./authenticate.ts";
import { capabilities } from "./capability.ts";
import { prepare, readTag } from "./command_table.ts";
import { bad, no, ok, type Reply } from "./reply.ts";
import {
  IMAP_LIMITS,
  type ImapServerOptions,
  type ImapState,
  LOGGED_OFF,
  type Outcome,
  type RunningNews,
  sendText,
} from "./session.ts";
import { needsNews, tellAll } from "./news.ts";
import {
  abortSinks,
  answer,
  bye,
  compress,
  joinSends,
  mayTellProgress,
  newsLost,
  peer,
  startTls,
  tellClosed,
  tellNews,
  tellProgress,
} from "./say.ts";
import { TEXTS } from "./texts.ts";
import { CommandReader } from "./wire/command_reader.ts";
import { Lexer } from "./wire/lexer.ts";
import { readerRules } from "./literal_rules.ts";

/** A fresh session for one connection. */
export function imapSession(options: ImapServerOptions): Session<ImapState> {
  const state: ImapState = {
    options: {
      hostname: options.hostname,
      name: options.name ?? "Palomar",
      version: options.version ?? "0",
      allowPlaintextAuth: options.allowPlaintextAuth ?? false,
      startTls: options.startTls ?? false,
      mechanisms: options.mechanisms ?? MECHANISMS,
      utf8Only: options.utf8Only ?? false,
      contact: options.contact ?? null,
      comment: options.comment ?? null,
      jmapSession: options.jmapSession ?? null,
    },
    limits: { ...IMAP_LIMITS, ...options.limits },
    input: new ByteQueue(),
    reader: new CommandReader(),
    session: null,
    tls: null,
    ...LOGGED_OFF,
    tag: "*",
    running: null,
    newsDue: false,
    exchange: null,
    idle: false,
    toldAt: 0,
    startingTls: false,
    compressed: false,
    goodbye: null,
    closed: false,
    nextCall: 1,
    nextSink: 1,
    sinks: [],
    badInARow: 0,
    failedLogins: 0,
    openedAt: 0,
    activeAt: 0,
  };
  return { machine: imapMachine, state };
}

/** The machine of every IMAP session. */
export const imapMachine: Machine<ImapState> = {
  step,
  wantsBytes: (state) => !state.closed && !isBusy(state),
  deadline: (state) => {
    if (state.closed) return null;
    if (mayTellProgress(state)) return state.running.toldAt + state.limits.progressMs;
    if (isBusy(state)) return null;
    if (state.idle) return Math.min(state.toldAt + state.limits.keepAliveMs, state.activeAt + state.limits.idleMs);
    return state.login === null ? state.openedAt + state.limits.loginMs : state.activeAt + state.limits.idleMs;
  },
};

/** A question is out, or the handshake runs: nothing is read. */
function isBusy(state: ImapState): boolean {
  return state.running !== null || state.exchange?.waits === "call" || state.startingTls;
}

function step(state: ImapState, input: Input, now: number): Step<ImapState> {
  const out: Effect[] = [];
  if (state.closed) return { state, effects: out };
  switch (input.type) {
    case "opened":
      state.session = input.session;
      state.tls = input.session.tls;
      state.openedAt = state.activeAt = now;
      out.push(sendText(`* OK [CAPABILITY ${capabilities(state)}] ${state.options.hostname} ${TEXTS.greeting}\r\n`));
      break;
    case "bytes":
      state.input.push(input.chunk);
      state.activeAt = now;
      break;
    case "answer":
    case "failed":
      state.activeAt = now;
      if (state.running?.task.waitingFor === input.id) run(state, input, out);
      else if (state.exchange?.waits === "call" && state.exchange.waitingFor === input.id) {
        settle(state, resumeExchange(state, input, out), out);
      }
      break;
    case "changes":
      if (state.view) {
        state.view.apply(input.changes);
        state.newsDue = true;
      }
      break;
    case "heard":
      state.newsDue = true;
      break;
    case "tlsStarted":
      // RFC 9051 section 6.2.1: what was learned before TLS is forgotten.
      state.startingTls = false;
      state.tls = input.tls;
      state.openedAt = state.activeAt = now;
      break;
    case "deadline": {
      const due = imapMachine.deadline(state);
      if (due === null || due > now) break;
      if (mayTellProgress(state)) tellProgress(state, now, out);
      else if (state.idle && now < state.activeAt + state.limits.idleMs) {
        // Routers forget connections on which nothing is said; RFC 9051 section 6.3.13 leaves it to the server.
        state.toldAt = now;
        out.push(sendText(`* OK ${TEXTS.stillHere}\r\n`));
      } else bye(state, state.login ? TEXTS.timeout : TEXTS.loginTimeout, out);
      break;
    }
    case "shutdown":
      state.goodbye = input.why === "banned" ? TEXTS.banned : TEXTS.shutdown;
      break;
    case "closed":
      state.closed = true;
      if (state.running) out.push({ type: "cancel", id: state.running.task.waitingFor });
      if (state.exchange?.waits === "call") out.push({ type: "cancel", id: state.exchange.waitingFor });
      abortSinks(state, out);
      break;
  }
  pump(state, out);
  state.input.compact();
  return { state, effects: joinSends(out) };
}

/** Goes as far as the received octets allow: this loop is all of pipelining. */
function pump(state: ImapState, out: Effect[]): void {
  while (!state.closed && !isBusy(state)) {
    if (state.goodbye !== null) return bye(state, state.goodbye, out, "UNAVAILABLE");
    if (state.newsDue && mayTellNow(state)) {
      tellBetween(state, out);
      continue;
    }
    if (state.idle || state.exchange) {
      if (!takeLine(state, out)) return;
      continue;
    }
    const event = state.reader.next(state.input, readerRules(state));
    if (event === null) return;
    switch (event.kind) {
      case "command":
        begin(state, event.pieces, out);
        break;
      case "continue":
        out.push(sendText("+ OK\r\n"));
        break;
      case "chunk":
        out.push({ type: "bodyChunk", sink: event.sink, chunk: event.chunk });
        break;
      case "refused":
        abortSinks(state, out);
        state.tag = tagOf(event.pieces[0]);
        finish(state, event.reply, out);
        break;
      case "broken":
        abortSinks(state, out);
        state.tag = "*";
        finish(state, bad(TEXTS.bareLine), out);
        break;
      case "fatal":
        bye(state, event.why === "lineTooLong" ? TEXTS.lineTooLong : TEXTS.literalTooLarge, out);
        break;
    }
  }
}

function tagOf(piece: unknown): string {
  if (typeof piece !== "string") return "*";
  return readTag(new Lexer([piece]));
}

/** DONE behind IDLE, or a response to a challenge. False: no whole line is there. */
function takeLine(state: ImapState, out: Effect[]): boolean {
  const line = state.input.line(state.exchange ? state.limits.lineBefore * 2 : state.limits.lineBefore);
  if (line === null) return false;
  if (line.kind === "tooLong") {
    bye(state, TEXTS.lineTooLong, out);
  } else if (state.exchange) {
    settle(state, authenticateLine(state, line.kind === "line" ? line.text : null, out), out);
  } else {
    state.idle = false;
    // RFC 9051 section 6.3.13: only DONE ends IDLE.
    const done = line.kind === "line" && line.text.length === 4 && line.text.toUpperCase() === "DONE";
    finish(state, done ? ok("Idle ended") : bad("DONE was expected"), out);
  }
  return true;
}

function begin(state: ImapState, pieces: Parameters<typeof prepare>[1], out: Effect[]): void {
  const prepared = prepare(state, pieces);
  state.tag = prepared.tag;
  if ("reply" in prepared) {
    abortSinks(state, out);
    return finish(state, prepared.reply, out);
  }
  const { program, holdsExpunge } = prepared;
  const toldAt = state.activeAt; // it came with the octets of this step, or behind a command that ended in it
  state.running = { kind: "command", task: { program, waitingFor: 0 }, holdsExpunge, progress: null, toldAt };
  run(state, null, out);
}

function run(state: ImapState, input: Extract<Input, { type: "answer" | "failed" }> | null, out: Effect[]): void {
  const running = state.running!;
  const progress = advance(running.task, input, () => state.nextCall++, out);
  if (progress.kind === "waiting") return;
  state.running = null;
  if (running.kind === "news") return newsTold(state, running, progress, out);
  abortSinks(state, out);
  if (progress.kind === "failed") finish(state, failure(progress.error), out, running.holdsExpunge);
  else settle(state, progress.result, out, running.holdsExpunge);
}

/** The one place where a failure of the infrastructure becomes words (RFC 5530). */
function failure(error: OpFailed): Reply {
  if (error.reason === "full") return no(TEXTS.noSpace, "LIMIT");
  return error.reason === "bug" ? no(TEXTS.bug, "SERVERBUG") : no(TEXTS.unavailable, "UNAVAILABLE");
}

/** What a command's end means for the session. Null: it goes on. */
function settle(state: ImapState, outcome: Outcome | { failed: OpFailed } | null, out: Effect[], holds = false): void {
  if (outcome === null) return;
  if ("failed" in outcome) return finish(state, failure(outcome.failed), out);
  if (!("then" in outcome)) return finish(state, outcome, out, holds);
  switch (outcome.then) {
    case "idle":
      state.idle = true;
      state.toldAt = state.activeAt;
      out.push(sendText("+ idling\r\n"));
      state.newsDue = true;
      return;
    case "told":
      return;
    case "logout":
      out.push(sendText(`* BYE ${TEXTS.bye}\r\n${state.tag} OK Logged out\r\n`), { type: "close" });
      state.closed = true;
      return;
    case "startTls":
      return startTls(state, out);
    case "compress":
      return compress(state, out);
    case "loggedOff":
      // RFC 8437 section 4.1: compression would end with the login, but where its octets end nobody can tell.
      if (state.compressed) return bye(state, TEXTS.loggedOff, out);
      Object.assign(state, LOGGED_OFF);
      state.openedAt = state.activeAt; // the time to log in begins anew
      return finish(state, ok(TEXTS.loggedOff, `CAPABILITY ${capabilities(state)}`), out);
    case "cut":
      out.push(logEvent("warn", "imap.cut", peer(state)), { type: "close" });
      state.closed = true;
      return;
    case "authenticate":
      return settle(state, beginExchange(state, outcome.mechanism, outcome.initial, out), out);
    case "loggedIn":
      state.login = outcome.login;
      state.failedLogins = 0;
      out.push(logEvent("info", "login", { protocol: "imap", login: outcome.login.login, ...peer(state) }));
      return finish(state, ok(TEXTS.loggedIn, `CAPABILITY ${capabilities(state)}`), out);
    case "refused": {
      out.push(
        logEvent("warn", "login.refused", {
          protocol: "imap",
          login: outcome.user.slice(0, 255),
          why: outcome.why,
          ...peer(state),
        }),
      );
      const reply = outcome.why === "tooMany"
        ? no(TEXTS.tooManyTries, "UNAVAILABLE")
        : no(TEXTS.credentials, "AUTHENTICATIONFAILED");
      finish(state, reply, out);
      if (++state.failedLogins >= state.limits.loginAttempts) bye(state, TEXTS.tooManyLogins, out);
      return;
    }
  }
}

/** News, then the tagged response. */
function finish(state: ImapState, reply: Reply, out: Effect[], holdsExpunge = false): void {
  if (reply.status === "BAD") {
    state.badInARow++;
    out.push(logEvent("debug", "imap.bad", { text: reply.text, ...peer(state) }));
    return answer(state, reply, holdsExpunge, out);
  }
  state.badInARow = 0;
  if (needsNews(state)) return beginNews(state, reply, !holdsExpunge, out);
  tellNews(state, !holdsExpunge, out);
  answer(state, reply, holdsExpunge, out);
}

/** In IDLE, and with NOTIFY between commands too, news is told when it comes. */
function mayTellNow(state: ImapState): boolean {
  return state.exchange === null && (state.idle || state.notify !== null);
}

function tellBetween(state: ImapState, out: Effect[]): void {
  // RFC 5465 section 6.1: with SELECTED-DELAYED, EXPUNGE waits for a command that allows it; IDLE does.
  const mayExpunge = state.idle || state.notify?.selected.delayed === false;
  if (needsNews(state)) return beginNews(state, null, mayExpunge, out);
  tellNews(state, mayExpunge, out);
}

/** News that needs questions; `reply` is the tagged response behind it. */
function beginNews(state: ImapState, reply: Reply | null, mayExpunge: boolean, out: Effect[]): void {
  state.newsDue = false;
  const task = { program: tellAll(state, mayExpunge), waitingFor: 0 };
  state.running = { kind: "news", task, reply, mayExpunge };
  run(state, null, out);
}

function newsTold(
  state: ImapState,
  { reply, mayExpunge }: RunningNews,
  progress: Exclude<Progress<Outcome>, { kind: "waiting" }>,
  out: Effect[],
): void {
  if (progress.kind === "failed") newsLost(state, out);
  else if ("then" in progress.result && progress.result.then === "cut") return settle(state, progress.result, out);
  tellClosed(state, mayExpunge, out);
  if (reply !== null) answer(state, reply, !mayExpunge, out);
}
