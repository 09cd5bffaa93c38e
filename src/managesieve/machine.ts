import { encodeBase64 } from "../base/base64.ts";
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
import { authenticated, saslResponse } from "./authenticate.ts";
import { capability } from "./capability.ts";
import { argumentProblem, commandNamed, verbOf } from "./commands.ts";
import {
  MANAGESIEVE_LIMITS,
  type ManageSieveLimits,
  type ManageSieveOptions,
  type ManageSieveState,
  startState,
  type Then,
} from "./state.ts";
import type { Word } from "./wire/reader.ts";
import { response, wireString } from "./wire/response.ts";

const READ_AHEAD = 16 * 1024;
const BANNED = "Your address is refused here for a time";
const SHUTDOWN = "The server is shutting down";

/** A ManageSieve connection, server side. */
export function manageSieveSession(options: ManageSieveOptions): Session<ManageSieveState> {
  const limits = { ...MANAGESIEVE_LIMITS, ...options.limits };
  const connection = new Connection(options, limits);
  return {
    state: startState(),
    machine: {
      step: (state, input, now) => connection.step(state, input, now),
      wantsBytes: ({ phase, waiting, in: { length } }) =>
        phase !== "closed" && (waiting === null || waiting.for === "response") && length < READ_AHEAD,
      deadline: ({ phase, waiting, since, login }) => {
        if (phase === "closed" || (waiting !== null && waiting.for !== "response")) return null;
        return since + (login === null ? limits.authMs : limits.idleMs);
      },
    },
  };
}

type Answered = Extract<Input, { type: "answer" | "failed" }>;

/** The rules of a listener's connections; what one of them has come to is its state. */
class Connection {
  readonly #options: ManageSieveOptions;
  readonly #limits: ManageSieveLimits;

  constructor(options: ManageSieveOptions, limits: ManageSieveLimits) {
    this.#options = options;
    this.#limits = limits;
  }

  step(state: ManageSieveState, input: Input, now: number): Step<ManageSieveState> {
    const effects: Effect[] = [];
    if (state.phase !== "closed") this.#input(state, input, now, effects);
    if (state.goodbye === BANNED && this.#mayRead(state)) end(state, BANNED, "TRYLATER", effects);
    while (this.#mayRead(state) && this.#command(state, now, effects)) { /* pipelined commands, in order */ }
    if (state.goodbye !== null && this.#mayRead(state)) end(state, state.goodbye, "TRYLATER", effects);
    if (state.phase === "closed") {
      state.in.clear();
      state.reader.clear();
    }
    state.in.compact();
    return { state, effects };
  }

  #mayRead({ phase, waiting }: ManageSieveState): boolean {
    return phase !== "closed" && (waiting === null || waiting.for === "response");
  }

  #input(state: ManageSieveState, input: Input, now: number, out: Effect[]): void {
    switch (input.type) {
      case "opened":
        state.session = input.session;
        state.since = now;
        capability(state, this.#options, "ManageSieve ready", out);
        break;
      case "bytes":
        state.in.push(input.chunk);
        break;
      case "answer":
      case "failed":
        this.#answered(state, input, now, out);
        break;
      case "tlsStarted":
        if (state.session) state.session = { ...state.session, tls: input.tls };
        state.waiting = null;
        state.since = now;
        // RFC 5804 section 2.2: the capabilities are told anew, as those from before may have been changed on the way.
        capability(state, this.#options, "TLS negotiation was successful", out);
        break;
      case "deadline":
        end(state, "Too long without a command", "", out);
        break;
      case "shutdown":
        state.goodbye = input.why === "banned" ? BANNED : SHUTDOWN;
        break;
      case "closed":
        state.phase = "closed";
        break;
      case "changes":
        break;
    }
  }

  /** Takes one command, or one response of an exchange. False: there is none yet, or no more. */
  #command(state: ManageSieveState, now: number, out: Effect[]): boolean {
    const read = state.reader.read(state.in, state.login === null ? this.#limits.before : this.#limits.after);
    if (read === null) return false;
    if (state.login !== null) state.since = now;
    const exchange = state.waiting?.for === "response" ? state.waiting.exchange : null;
    if (read.kind === "broken") {
      if (read.fatal) return end(state, read.text, "", out), false;
      if (exchange !== null) this.#sasl(state, exchange, { type: "response", response: null }, now, out);
      else this.#bad(state, read.text, out);
      return true;
    }
    if (exchange !== null) this.#response(state, exchange, read.words, now, out);
    else this.#run(state, read.words, now, out);
    return true;
  }

  #run(state: ManageSieveState, words: readonly Word[], now: number, out: Effect[]): void {
    const verb = verbOf(words);
    const command = commandNamed(verb);
    if (command === null) return this.#bad(state, "Unknown command", out);
    if (command.when === "in" && state.login === null) return this.#bad(state, "Log in first", out);
    if (command.when === "out" && state.login !== null) return this.#bad(state, "Somebody is logged in already", out);
    const args = words.slice(1);
    const problem = argumentProblem(command, args);
    if (problem !== null) return this.#bad(state, `${verb}: ${problem}`, out);
    this.#then(state, command.run({ state, options: this.#options, args, out }), now, out);
  }

  #then(state: ManageSieveState, next: Then, now: number, out: Effect[]): void {
    if (!next) return;
    if (next === "startTls") this.#startTls(state, out);
    else if ("sasl" in next) this.#sasl(state, next.sasl, { type: "start" }, now, out);
    else this.#program(state, next.run, out);
  }

  /** Octets behind STARTTLS came in the clear and would be read as if they had come by TLS: the session ends. */
  #startTls(state: ManageSieveState, out: Effect[]): void {
    if (state.in.length > 0) {
      out.pop();
      out.push(logEvent("warn", "managesieve.injection", { remoteAddress: state.session?.remoteAddress ?? null }));
      return end(state, "Commands behind STARTTLS are not allowed", "", out);
    }
    state.waiting = { for: "tls" };
    out.push({ type: "startTls" });
  }

  #program(state: ManageSieveState, program: Program<void>, out: Effect[]): void {
    state.waiting = { for: "program", running: { program, waitingFor: 0 } };
    this.#advance(state, null, out);
  }

  #advance(state: ManageSieveState, input: Answered | null, out: Effect[]): void {
    if (state.waiting?.for !== "program") return;
    const progress = advance(state.waiting.running, input, () => ++state.nextId, out);
    if (progress.kind === "waiting") return;
    state.waiting = null;
    if (progress.kind === "failed") failed(progress.error.message, out);
  }

  #answered(state: ManageSieveState, input: Answered, now: number, out: Effect[]): void {
    const { waiting } = state;
    if (waiting?.for === "program" && waiting.running.waitingFor === input.id) {
      if (state.login !== null) state.since = now;
      this.#advance(state, input, out);
    } else if (waiting?.for === "answer" && waiting.id === input.id) {
      this.#sasl(state, waiting.exchange, input, now, out);
    }
  }

  /** RFC 5804 section 2.1: a response is one string. */
  #response(state: ManageSieveState, exchange: SaslExchange, words: readonly Word[], now: number, out: Effect[]): void {
    const [text] = words;
    const response = words.length === 1 && text?.kind === "string" ? saslResponse(text.bytes) : null;
    this.#sasl(state, exchange, { type: "response", response }, now, out);
  }

  #sasl(state: ManageSieveState, exchange: SaslExchange, input: SaslInput, now: number, out: Effect[]): void {
    const progress = advanceExchange(exchange, input);
    switch (progress.kind) {
      case "challenge":
        state.waiting = { for: "response", exchange };
        out.push(sendLine(wireString(encodeBase64(progress.data))));
        break;
      case "call": {
        const id = ++state.nextId;
        state.waiting = { for: "answer", exchange, id };
        out.push({ ...progress.call, id });
        break;
      }
      case "done":
        state.waiting = null;
        state.since = now;
        if (!authenticated(state, progress.outcome, this.#limits.authAttempts, out)) {
          end(state, "Too many failed logins", "", out);
        }
        break;
      case "failed":
        state.waiting = null;
        failed(progress.error.message, out);
        break;
    }
  }

  #bad(state: ManageSieveState, text: string, out: Effect[]): void {
    if (++state.badCommands >= this.#limits.badCommands) return end(state, "Too many bad commands", "", out);
    out.push(response("NO", text));
  }
}

/** The one place where a failure of ours becomes words. */
function failed(reason: string, out: Effect[]): void {
  out.push(logEvent("warn", "managesieve.failed", { reason }));
  out.push(response("NO", "Not possible just now, try again later", "TRYLATER"));
}

function end(state: ManageSieveState, text: string, code: string, out: Effect[]): void {
  state.phase = "closed";
  out.push(response("BYE", text, code), { type: "close" });
}
