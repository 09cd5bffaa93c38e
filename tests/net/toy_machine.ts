/** A protocol small enough to read at a glance: one line, one reply. It uses every effect the driver knows. */
import { ByteQueue } from "../../src/base/byte_queue.ts";
import { latin1Bytes } from "../../src/base/bytes.ts";
import {
  type AnswerOf,
  type Args,
  type BlobId,
  type Effect,
  type Input,
  type LogEvent,
  type Op,
  sendLine,
  type Session,
  type SessionId,
  type SessionInfo,
} from "../../src/contract/mod.ts";
import type { Transport } from "../../src/net/transport.ts";
import type { World } from "../../src/net/world.ts";

export interface Toy {
  readonly queue: ByteQueue;
  waiting: boolean;
  nextId: number;
  /** Octets of a body still to come. */
  body: number;
  idleUntil: number | null;
  lastInput: number;
  idleMs: number;
}

export function toy(idleMs: number = 60_000): Session<Toy> {
  return {
    state: { queue: new ByteQueue(), waiting: false, nextId: 1, body: 0, idleUntil: null, lastInput: 0, idleMs },
    machine: {
      step(state, input, now) {
        const effects: Effect[] = [];
        if (input.type !== "deadline") state.lastInput = now;
        toyInput(state, input, effects);
        if (!state.waiting) toyLines(state, effects);
        state.queue.compact();
        return { state, effects };
      },
      wantsBytes: (state) => !state.waiting,
      deadline: (state) => state.lastInput + state.idleMs,
    },
  };
}

function toyInput(state: Toy, input: Input, effects: Effect[]): void {
  switch (input.type) {
    case "opened":
      return void effects.push(sendLine(`hello ${input.session.remoteAddress}${input.session.tls ? " tls" : ""}`));
    case "bytes":
      return state.queue.push(input.chunk);
    case "answer":
      state.waiting = false;
      return void effects.push(sendLine(`answer ${JSON.stringify(input.value)}`));
    case "failed":
      state.waiting = false;
      return void effects.push(sendLine(`failed ${input.reason}`));
    case "tlsStarted":
      return void effects.push(sendLine(`secured ${input.tls.version}`));
    case "deadline":
      return void effects.push(sendLine("too slow"), { type: "close" });
    case "shutdown":
      return void effects.push(sendLine("shutting down"), { type: "close" });
    case "closed":
      return void effects.push({ type: "log", level: "info", event: "toy.closed", fields: {} });
    case "changes":
      return void effects.push(sendLine("news"));
  }
}

function toyLines(state: Toy, effects: Effect[]): void {
  while (!state.waiting) {
    if (state.body > 0) {
      if (state.queue.length === 0) return;
      const chunk = state.queue.take(state.body);
      state.body -= chunk.length;
      effects.push({ type: "bodyChunk", sink: 1, chunk });
      if (state.body === 0) effects.push(sendLine("body taken"));
      continue;
    }
    const line = state.queue.line(1000);
    if (line === null) return;
    if (line.kind !== "line") return void effects.push({ type: "close" });
    if (toyCommand(state, line.text.split(" "), effects)) return;
  }
}

/** True: the last effect of this step. */
function toyCommand(state: Toy, [verb, argument = "", extra]: string[], effects: Effect[]): boolean {
  switch (verb) {
    case "echo":
      effects.push(sendLine(argument));
      return false;
    case "ask":
      state.waiting = true;
      effects.push({ type: "call", id: state.nextId++, op: "clock.now", args: {} });
      return false;
    case "cancel":
      effects.push({ type: "call", id: state.nextId, op: "clock.now", args: {} });
      effects.push({ type: "cancel", id: state.nextId++ }, sendLine("cancelled"));
      return false;
    case "body":
      state.body = Number(argument);
      return false;
    case "blob":
      effects.push({
        type: "sendBlob",
        blobId: "bx" as BlobId,
        start: 0,
        end: Number(argument),
        ...(extra ? { encoding: "dotStuffed" } : {}),
      });
      effects.push(sendLine("."));
      return false;
    case "tls":
      if (state.queue.length > 0) {
        effects.push({ type: "close" });
        return true;
      }
      effects.push(sendLine("go"), { type: "startTls" });
      return true;
    case "crash":
      throw new Error("a bug in the machine");
    case "quit":
      effects.push(sendLine("bye"), { type: "close" });
      return true;
    default:
      effects.push(sendLine("what?"));
      return false;
  }
}

/** A world for toys, with everything a test may want to look at or to hold up. */
export class ToyWorld implements World {
  readonly logs: LogEvent[] = [];
  readonly posts: ((input: Input) => void)[] = [];
  body = "";
  opened = 0;
  closed = 0;
  aborted = 0;
  blob: Uint8Array = new Uint8Array(0);
  answer: () => unknown = () => 42;
  hold: Promise<void> | null = null;
  /** The longest that a piece of a blob was. */
  longestRead = 0;
  bytesRead = 0;

  open(_session: SessionInfo, post: (input: Input) => void): ReturnType<World["open"]> {
    this.opened++;
    this.posts.push(post);
    return {
      perform: <K extends Op>(_op: K, _args: Args<K>) => this.answer() as AnswerOf<K>,
      bodyChunk: (_sink, chunk) => {
        for (const octet of chunk) this.body += String.fromCharCode(octet);
        if (this.hold) return this.hold;
      },
      bodyAbort: () => void this.aborted++,
      readBlob: (_blob, start, end) => {
        this.longestRead = Math.max(this.longestRead, end - start);
        this.bytesRead += end - start;
        return Promise.resolve(this.blob.slice(start, end));
      },
      log: (event) => void this.logs.push(event),
      close: () => void this.closed++,
    };
  }

  events(): string[] {
    return this.logs.map((event) => event.event);
  }
}

export function infoOf(transport: Transport): SessionInfo {
  const { remoteAddress, remotePort, localAddress, localPort, tls } = transport;
  return { id: "s1" as SessionId, protocol: "smtp", remoteAddress, remotePort, localAddress, localPort, tls };
}

/** The client's side of a transport: writes latin1 text, waits for text. */
export class Client {
  readonly transport: Transport;
  text = "";
  ended = false;
  error: Error | null = null;
  #look: (() => void)[] = [];

  constructor(transport: Transport) {
    this.transport = transport;
    transport.onData = (chunk) => {
      for (const octet of chunk) this.text += String.fromCharCode(octet);
      this.#wake();
    };
    transport.onClose = (error) => {
      this.ended = true;
      this.error = error;
      this.#wake();
    };
  }

  send(text: string): void {
    this.transport.write(latin1Bytes(text));
  }

  /** Waits until `end` has come; the text up to it, which is taken away. */
  async until(end: string): Promise<string> {
    for (;;) {
      const at = this.text.indexOf(end);
      if (at >= 0) {
        const got = this.text.slice(0, at + end.length);
        this.text = this.text.slice(at + end.length);
        return got;
      }
      if (this.ended) {
        throw new Error(`ended before ${JSON.stringify(end)}: ${JSON.stringify(this.text)} ${this.error}`);
      }
      await new Promise<void>((resolve) => this.#look.push(resolve));
    }
  }

  async end(): Promise<string> {
    while (!this.ended) await new Promise<void>((resolve) => this.#look.push(resolve));
    return this.text;
  }

  #wake(): void {
    const look = this.#look;
    this.#look = [];
    for (const resolve of look) resolve();
  }
}
