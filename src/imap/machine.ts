/** The session of one IMAP client: reads commands, runs their programs one after the other, tells news. */
import { ByteQueue } from "../base/byte_queue.ts";
import { concatBytes } from "../base/bytes.ts";
import {
  advance,
  type Effect,
  type Input,
  logEvent,
  type Machine,
  type Op,
  type OpFailed,
  type Progress,
  type Session,
  type Step,
} from "../contract/mod.ts";
import { MECHANISMS } from "../sasl/mod.ts";
import { authenticateLine, beginExchange, resumeExchange } from "./authenticate.ts";
import { capabilities } from "./capability.ts";
import { prepare, readTag } from "./command_table.ts";
import { bad, formatReply, no, ok, type Reply } from "./reply.ts";
import {
  IMAP_LIMITS,
  type ImapServerOptions,
  type ImapState,
  LOGGED_OFF,
  newsOf,
  type Outcome,
  type RunningCommand,
  type RunningNews,
  sendText,
} from "./session.ts";
import { needsNews, tellAll } from "./news.ts";
import { Notify } from "./notify.ts";
import { TEXTS } from "./texts.ts";
import { CommandReader } from "./wire/command_reader.ts";
import { Lexer } from "./wire/lexer.ts";
import { readerRules } from "./literal_rules.ts";
import { string } from "./wire/strings.ts";

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
    },
    limits: { ...IMAP_LIMITS, ...options.limits },
    input: new ByteQueue(),
    reader: new CommandReader(),
    session: null,
    tls: false,
    ...LOGGED_OFF,
    tag: "*",
    running: null,
    newsDue: false,
    exchange: null,
    idle: false,
    toldAt: 0,
    startingTls: false,
    compressed: false,
    shutdown: false,
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
      state.tls = input.session.tls !== null;
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
      state.tls = true;
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
      state.shutdown = true;
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
    if (state.shutdown) return bye(state, TEXTS.shutdown, out, "UNAVAILABLE");
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

/** Questions that may take long, and before which no line of a response is left unfinished. */
const LONG_OPS: ReadonlySet<Op> = new Set<Op>([
  "email.copy",
  "email.expunge",
  "email.flags",
  "email.move",
  "email.search",
  "email.sort",
  "email.thread",
]);

function mayTellProgress(state: ImapState): state is ImapState & { running: RunningCommand } {
  return state.running?.kind === "command" && LONG_OPS.has(state.running.task.op!);
}

/** RFC 9585: that the command is at work, and how far it has come. */
function tellProgress(state: ImapState & { running: RunningCommand }, now: number, out: Effect[]): void {
  const { running } = state;
  const { done = "NIL", goal = "NIL" } = running.progress ?? {};
  running.toldAt = now;
  out.push(sendText(`* OK [INPROGRESS (${string(state.tag)} ${done} ${goal})] ${TEXTS.inProgress}\r\n`));
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

function peer(state: ImapState): { remote: string; tls: boolean } {
  return { remote: state.session?.remoteAddress ?? "", tls: state.tls };
}

function startTls(state: ImapState, out: Effect[]): void {
  // What follows in the clear could have been put there by anybody: never carry it into TLS.
  if (state.input.length > 0) {
    finish(state, bad(TEXTS.tlsPipelined), out);
    return bye(state, TEXTS.tlsPipelined, out);
  }
  out.push(sendText(`${state.tag} OK ${TEXTS.tlsBegin}\r\n`), { type: "startTls" });
  state.startingTls = true;
}

function compress(state: ImapState, out: Effect[]): void {
  // RFC 4978 section 3: nothing follows before the answer; what does would be neither compressed nor not.
  if (state.input.length > 0) {
    finish(state, bad(TEXTS.compressPipelined), out);
    return bye(state, TEXTS.compressPipelined, out);
  }
  out.push(sendText(`${state.tag} OK ${TEXTS.compressBegin}\r\n`), { type: "compress" });
  state.compressed = true;
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

/** The tagged response. */
function answer(state: ImapState, reply: Reply, holdsExpunge: boolean, out: Effect[]): void {
  // RFC 5530 section 3, EXPUNGEISSUED: a NOOP soon would tell what could not be told now.
  const held = holdsExpunge && reply.status === "OK" && reply.code === null && state.view?.holdsExpunge === true;
  const told = held ? { ...reply, code: "EXPUNGEISSUED" } : reply;
  out.push(sendText(`${state.tag} ${formatReply(told)}\r\n`));
  if (state.badInARow >= state.limits.badCommands) bye(state, TEXTS.tooManyBad, out);
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

function tellNews(state: ImapState, mayExpunge: boolean, out: Effect[]): void {
  state.newsDue = false;
  const text = newsOf(state, mayExpunge);
  if (text !== "") out.push(sendText(text));
  tellClosed(state, mayExpunge, out);
}

function tellClosed(state: ImapState, mayExpunge: boolean, out: Effect[]): void {
  if (!state.view?.deleted || !mayExpunge) return;
  // RFC 9051 section 7.1, CLOSED: the session goes on in the authenticated state; nothing else of it is lost.
  state.view = null;
  out.push(sendText(`* OK [CLOSED] ${TEXTS.mailboxDeleted}\r\n`));
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

/** What happened is not known any more: nothing is kept up to date from here on, and the client is told so. */
function newsLost(state: ImapState, out: Effect[]): void {
  const contexts = state.view?.contexts;
  // RFC 5267 section 4.3.1
  for (const { tag } of contexts?.all() ?? []) {
    out.push(sendText(`* NO [NOUPDATE ${string(tag)}] ${TEXTS.unavailable}\r\n`));
    contexts!.cancel(tag);
  }
  if (state.notify === null) return;
  state.notify = new Notify([]); // RFC 5465 section 5.8
  out.push(sendText(`* OK [NOTIFICATIONOVERFLOW] ${TEXTS.notifyOverflow}\r\n`));
}

function bye(state: ImapState, text: string, out: Effect[], code: string | null = null): void {
  abortSinks(state, out);
  out.push(sendText(`* BYE ${code === null ? "" : `[${code}] `}${text}\r\n`), { type: "close" });
  state.closed = true;
}

function abortSinks(state: ImapState, out: Effect[]): void {
  for (const sink of state.sinks) out.push({ type: "bodyAbort", sink });
  state.sinks = [];
}

/** Neighbouring sends become one, so that a step costs few writes. */
function joinSends(effects: Effect[]): Effect[] {
  if (effects.length < 2) return effects;
  const out: Effect[] = [];
  let run: Uint8Array[] = [];
  const flush = (): void => {
    if (run.length > 0) out.push({ type: "send", bytes: run.length === 1 ? run[0]! : concatBytes(run) });
    run = [];
  };
  for (const effect of effects) {
    if (effect.type === "send") run.push(effect.bytes);
    else {
      flush();
      out.push(effect);
    }
  }
  flush();
  return out;
}
