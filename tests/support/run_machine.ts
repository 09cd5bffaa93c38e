/**
 * Runs a machine against a scripted world that answers at once. Received chunks are overwritten after their step,
 * which proves that no machine keeps borrowed octets.
 */
import { latin1Bytes, latin1String } from "../../src/base/bytes.ts";
import type {
  AnswerOf,
  Args,
  Call,
  Effect,
  Input,
  LogEvent,
  Op,
  Session,
  SessionInfo,
} from "../../src/contract/mod.ts";
import type { SessionId } from "../../src/contract/mod.ts";

/** Answers by op. A thrown `OpFailed` becomes the input `failed`. */
export type Answers = { [K in Op]?: (args: Args<K>) => AnswerOf<K> };

/** What an answer returns that comes later, as an input of the test's own. */
export const LATER = Symbol("later") as never;

export interface Played {
  /** All that was sent, as latin1; a `sendBlob` shows as `«blob start-end encoding lines»`. */
  sent: string;
  /** Octets of every sink, as latin1, by sink. */
  bodies: Map<number, string>;
  calls: Call[];
  logs: LogEvent[];
  closed: boolean;
}

export const TEST_SESSION: SessionInfo = {
  id: "s1" as SessionId,
  protocol: "smtp",
  remoteAddress: "192.0.2.1",
  remotePort: 40000,
  localAddress: "192.0.2.25",
  localPort: 25,
  tls: null,
};

export interface PlayOptions {
  session?: Partial<SessionInfo>;
  /** Inputs after the client's octets. */
  after?: readonly Input[];
  now?: number;
}

/** Plays `client` (latin1, or pieces of it) against the session, in pieces of `size` octets. */
export function play<S>(
  session: Session<S>,
  client: string | readonly string[],
  answers: Answers,
  size: number = Infinity,
  options: PlayOptions = {},
): Played {
  const player = new Player(session, answers, options);
  for (const piece of typeof client === "string" ? [client] : client) player.feed(piece, size);
  for (const input of options.after ?? []) player.input(input);
  return player.played;
}

/** A session under way, for tests that look between the inputs. */
export class Player<S> {
  readonly played: Played = { sent: "", bodies: new Map(), calls: [], logs: [], closed: false };
  now: number;
  readonly #session: Session<S>;
  readonly #answers: Answers;
  #state: S;

  constructor(session: Session<S>, answers: Answers, options: PlayOptions = {}) {
    this.#session = session;
    this.#state = session.state;
    this.#answers = answers;
    this.now = options.now ?? 0;
    this.input({ type: "opened", session: { ...TEST_SESSION, ...options.session } });
  }

  get state(): S {
    return this.#state;
  }

  /** When the machine wants to be woken, by its own clock. */
  get deadline(): number | null {
    return this.#session.machine.deadline(this.#state);
  }

  feed(client: string, size: number = Infinity): void {
    const bytes = latin1Bytes(client);
    for (let at = 0; at < bytes.length && !this.played.closed; at += size) {
      if (!this.#session.machine.wantsBytes(this.#state)) {
        throw new Error("the machine does not read, and nothing is out");
      }
      this.input({ type: "bytes", chunk: bytes.slice(at, Math.min(bytes.length, at + size)) });
      if (size === Infinity) break;
    }
  }

  input(first: Input): void {
    const queue: Input[] = [first];
    while (queue.length > 0 && !this.played.closed) {
      const input = queue.shift()!;
      const { state, effects } = this.#session.machine.step(this.#state, input, this.now);
      this.#state = state;
      const answers: Input[] = [];
      for (const effect of effects) this.#perform(effect, answers);
      if (input.type === "bytes") input.chunk.fill(0x7e);
      queue.unshift(...answers);
    }
  }

  #perform(effect: Effect, answers: Input[]): void {
    const played = this.played;
    switch (effect.type) {
      case "send":
        played.sent += latin1String(effect.bytes);
        break;
      case "sendBlob":
        played.sent += `«${effect.blobId} ${effect.start}-${effect.end}${effect.encoding ? " " + effect.encoding : ""}${
          effect.lines === undefined ? "" : " " + effect.lines
        }»`;
        break;
      case "bodyChunk":
        played.bodies.set(effect.sink, (played.bodies.get(effect.sink) ?? "") + latin1String(effect.chunk));
        break;
      case "call":
        played.calls.push(effect);
        answers.push(...this.#answer(effect));
        break;
      case "startTls":
        answers.push({ type: "tlsStarted", tls: { version: "TLSv1.3", cipher: "TEST", serverName: null } });
        break;
      case "log":
        played.logs.push(effect);
        break;
      case "close":
        played.closed = true;
        break;
      case "bodyAbort":
      case "compress":
      case "cancel":
        break;
    }
  }

  #answer(call: Call): Input[] {
    const answer = this.#answers[call.op] as ((args: unknown) => unknown) | undefined;
    if (!answer) throw new Error(`the test has no answer for ${call.op}`);
    try {
      const value = answer(call.args);
      return value === LATER ? [] : [{ type: "answer", id: call.id, op: call.op, value } as Input];
    } catch (error) {
      const reason = (error as { reason?: "full" | "unavailable" | "bug" }).reason;
      if (reason === undefined) throw error;
      return [{ type: "failed", id: call.id, op: call.op, reason, text: String(error) }];
    }
  }
}
