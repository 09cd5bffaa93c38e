import { upperAscii } from "../base/ascii.ts";
import { decodeBase64, encodeBase64 } from "../base/base64.ts";
import {
  advance,
  type Effect,
  type Input,
  logEvent,
  type Program,
  sendLine,
  type Session,
  type Step,
} from "../contract/mod.ts";
import { advanceExchange, type SaslExchange, type SaslInput } from "../sasl/mod.ts";
import { auth, authenticated, capa, pass, stls, user, utf8 } from "./authorization.ts";
import { POP3_LIMITS, type Pop3Limits, type Pop3Options, type Pop3State, startState, type Then } from "./state.ts";
import { dele, list, retr, rset, stat, top, uidl, update } from "./transaction.ts";

const READ_AHEAD = 16 * 1024;
const TEMPORARY = "-ERR [SYS/TEMP] Not possible just now, try again later";

/** A POP3 connection, server side. */
export function pop3Session(options: Pop3Options): Session<Pop3State> {
  const limits = { ...POP3_LIMITS, ...options.limits };
  const connection = new Connection(options, limits);
  return {
    state: startState(),
    machine: {
      step: (state, input, now) => connection.step(state, input, now),
      wantsBytes: ({ phase, waiting, in: { length } }) =>
        phase !== "closed" && (waiting === null || waiting.for === "response") && length < READ_AHEAD,
      deadline: ({ phase, waiting, since }) => {
        if (phase === "closed" || (waiting !== null && waiting.for !== "response")) return null;
        return since + (phase === "transaction" ? limits.idleMs : limits.authMs);
      },
    },
  };
}

type Answered = Extract<Input, { type: "answer" | "failed" }>;

const BANNED = "-ERR [SYS/TEMP] Your address is refused here for a time";

/** The rules of a listener's connections; what one of them has come to is its state. */
class Connection {
  readonly #options: Pop3Options;
  readonly #limits: Pop3Limits;

  constructor(options: Pop3Options, limits: Pop3Limits) {
    this.#options = options;
    this.#limits = limits;
  }

  step(state: Pop3State, input: Input, now: number): Step<Pop3State> {
    const effects: Effect[] = [];
    if (state.phase !== "closed") this.#input(state, input, now, effects);
    if (state.goodbye === BANNED && this.#mayRead(state)) end(state, BANNED, effects);
    while (this.#mayRead(state) && this.#line(state, now, effects)) { /* pipelined commands, in order */ }
    if (state.goodbye !== null && this.#mayRead(state)) end(state, state.goodbye, effects);
    if (state.phase === "closed") state.in.clear();
    state.in.compact();
    return { state, effects };
  }

  #mayRead({ phase, waiting }: Pop3State): boolean {
    return phase !== "closed" && (waiting === null || waiting.for === "response");
  }

  #input(state: Pop3State, input: Input, now: number, out: Effect[]): void {
    switch (input.type) {
      case "opened":
        state.session = input.session;
        state.since = now;
        out.push(sendLine(`+OK ${this.#options.hostname} POP3 ready`));
        break;
      case "bytes":
        state.in.push(input.chunk);
        break;
      case "answer":
      case "failed":
        this.#answered(state, input, now, out);
        break;
      case "tlsStarted":
        // RFC 2595 section 4: nothing that was said in the clear counts any more.
        if (state.session) state.session = { ...state.session, tls: input.tls };
        state.waiting = null;
        state.user = null;
        state.since = now;
        break;
      case "deadline":
        // RFC 1939 section 3: the autologout timer removes nothing.
        end(state, "-ERR [SYS/TEMP] Too long without a command", out);
        break;
      case "shutdown":
        state.goodbye = input.why === "banned" ? BANNED : "-ERR [SYS/TEMP] The server is shutting down";
        break;
      case "closed":
        state.phase = "closed";
        break;
      case "changes":
        break;
    }
  }

  /** Takes one line. False: there is none. */
  #line(state: Pop3State, now: number, out: Effect[]): boolean {
    const authorizing = state.phase === "authorization";
    const line = state.in.line(authorizing ? this.#limits.saslLine : this.#limits.line);
    if (line === null) return false;
    if (line.kind === "tooLong") {
      end(state, "-ERR The line is too long", out);
      return false;
    }
    if (line.kind !== "line") {
      this.#bad(state, "-ERR Lines end with CRLF", out);
      return true;
    }
    if (authorizing && state.waiting?.for !== "response" && line.text.length + 2 > this.#limits.line) {
      if (upperAscii(line.text.slice(0, 5)) !== "AUTH ") {
        end(state, "-ERR The line is too long", out);
        return false;
      }
    }
    if (state.phase === "transaction") state.since = now;
    if (state.waiting?.for === "response") this.#response(state, state.waiting.exchange, line.text, now, out);
    else this.#command(state, line.text, now, out);
    return true;
  }

  #command(state: Pop3State, text: string, now: number, out: Effect[]): void {
    const space = text.indexOf(" ");
    const verb = upperAscii(space < 0 ? text : text.slice(0, space));
    const args = space < 0 ? "" : text.slice(space + 1);
    if (verb === "CAPA" && args === "") return capa(state, this.#options, out);
    const next = state.phase === "authorization"
      ? this.#authorization(state, verb, args, out)
      : this.#transaction(state, verb, args, out);
    if (next === "unknown") this.#bad(state, "-ERR Unknown command in this state", out);
    else this.#then(state, next, now, out);
  }

  #authorization(state: Pop3State, verb: string, args: string, out: Effect[]): Then | "unknown" {
    switch (verb) {
      case "USER":
        return user(state, args, this.#options, out);
      case "PASS":
        return pass(state, args, this.#options, out);
      case "AUTH":
        return auth(state, args, this.#options, out);
      case "UTF8":
        return utf8(state, args, out);
      case "STLS":
        if (stls(state, args, this.#options, out)) this.#startTls(state, out);
        return;
      case "QUIT":
        return end(state, "+OK Goodbye", out);
    }
    return "unknown";
  }

  #transaction(state: Pop3State, verb: string, args: string, out: Effect[]): Then | "unknown" {
    const drop = state.drop!;
    switch (verb) {
      case "STAT":
        return stat(drop, args, out);
      case "LIST":
        return list(drop, args, out);
      case "UIDL":
        return uidl(drop, args, out);
      case "RETR":
        return retr(drop, args, out);
      case "TOP":
        return top(drop, args, out);
      case "DELE":
        return dele(drop, args, out);
      case "RSET":
        return rset(drop, args, out);
      case "NOOP":
        return void out.push(sendLine("+OK"));
      case "QUIT":
        if (args !== "") return void out.push(sendLine("-ERR QUIT takes no argument"));
        state.quitting = true;
        return { run: update(state) };
    }
    return "unknown";
  }

  /** Octets behind STLS came in the clear and would be read as if they had come by TLS: the session ends. */
  #startTls(state: Pop3State, out: Effect[]): void {
    if (state.in.length > 0) {
      out.pop();
      out.push(logEvent("warn", "pop3.injection", { remoteAddress: state.session?.remoteAddress ?? null }));
      return end(state, "-ERR Commands behind STLS are not allowed", out);
    }
    state.waiting = { for: "tls" };
    out.push({ type: "startTls" });
  }

  #then(state: Pop3State, next: Then, now: number, out: Effect[]): void {
    if (!next) return;
    if ("sasl" in next) this.#sasl(state, next.sasl, { type: "start" }, now, out);
    else this.#run(state, next.run, out);
  }

  #run(state: Pop3State, program: Program<void>, out: Effect[]): void {
    const running = { program, waitingFor: 0 };
    state.waiting = { for: "program", running };
    this.#advance(state, null, out);
  }

  #advance(state: Pop3State, input: Answered | null, out: Effect[]): void {
    if (state.waiting?.for !== "program") return;
    const progress = advance(state.waiting.running, input, () => ++state.nextId, out);
    if (progress.kind === "waiting") return;
    state.waiting = null;
    if (progress.kind === "failed") this.#failed(state, progress.error.message, out);
  }

  #answered(state: Pop3State, input: Answered, now: number, out: Effect[]): void {
    const { waiting } = state;
    if (waiting?.for === "program" && waiting.running.waitingFor === input.id) {
      state.since = now;
      this.#advance(state, input, out);
    } else if (waiting?.for === "answer" && waiting.id === input.id) {
      state.since = now;
      this.#sasl(state, waiting.exchange, input, now, out);
    }
  }

  #response(state: Pop3State, exchange: SaslExchange, line: string, now: number, out: Effect[]): void {
    // RFC 5034 section 4: "*" gives up; what is no Base64 ends the exchange as well.
    const response = line === "*" ? null : decodeBase64(line);
    this.#sasl(state, exchange, { type: "response", response }, now, out);
  }

  #sasl(state: Pop3State, exchange: SaslExchange, input: SaslInput, now: number, out: Effect[]): void {
    const progress = advanceExchange(exchange, input);
    switch (progress.kind) {
      case "challenge":
        state.waiting = { for: "response", exchange };
        out.push(sendLine(`+ ${encodeBase64(progress.data)}`));
        break;
      case "call": {
        const id = ++state.nextId;
        state.waiting = { for: "answer", exchange, id };
        out.push({ ...progress.call, id });
        break;
      }
      case "done":
        state.waiting = null;
        this.#then(state, authenticated(state, progress.outcome, this.#limits.authAttempts, out), now, out);
        break;
      case "failed":
        state.waiting = null;
        this.#failed(state, progress.error.message, out);
        break;
    }
  }

  /** The one place where a failure of ours becomes words (RFC 3206 section 3). */
  #failed(state: Pop3State, reason: string, out: Effect[]): void {
    out.push(logEvent("warn", "pop3.failed", { reason }));
    // RFC 1939 section 6: a QUIT that could not remove says so, and the session ends all the same.
    if (state.quitting) end(state, "-ERR [SYS/TEMP] Marked messages were not removed", out);
    else out.push(sendLine(TEMPORARY));
  }

  #bad(state: Pop3State, text: string, out: Effect[]): void {
    if (++state.badCommands >= this.#limits.badCommands) return end(state, "-ERR Too many bad commands", out);
    out.push(sendLine(text));
  }
}

function end(state: Pop3State, text: string, out: Effect[]): void {
  state.phase = "closed";
  out.push(sendLine(text), { type: "close" });
}
