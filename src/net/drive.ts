/**
 * The driver: the only place where a machine meets a socket.
 *
 * It keeps the contract's promises: effects in order, each awaited before the next read; calls started, not awaited;
 * sends joined and flushed when the session would wait; one chunk at most held while the machine does not want to
 * read. Whatever throws ends this connection alone, and is logged.
 *
 * It is built for two things at once. Busy: when everything is answered at once, no promise is made between a chunk
 * and its reply. Idle: a connection holds its machine's state, one small object, and no buffer, timer or pending
 * promise but its own end.
 */
import { setImmediate } from "node:timers";
import { type AnySession, type Call, type Effect, type Input, logEvent, type SessionInfo } from "../contract/mod.ts";
import { copyBlob } from "./blob_copy.ts";
import { Deadlines, monotonicNow, processDeadlines, type Sleeper } from "./deadlines.ts";
import { DeflateTransport } from "./deflate_transport.ts";
import { describeFailure } from "./failure.ts";
import { OutBuffer } from "./out_buffer.ts";
import { type TraceEntry, traceEntry } from "./trace.ts";
import type { Transport } from "./transport.ts";
import type { SessionWorld, World } from "./world.ts";

/** A session under way, for whoever has news for it: the listener's `shutdown`. */
export interface LiveSession {
  post(input: Input): void;
}

/** What a driver is told of one session. */
export interface DriveOptions {
  /** Monotonic milliseconds; a test's own clock. */
  readonly now?: () => number;
  /** Who wakes sessions; by default one heap for the process (or one by `now`). */
  readonly deadlines?: Deadlines;
  /** Told each input with its effects. It sees what a peer sends, passwords included: for tests and debugging. */
  readonly trace?: (entry: TraceEntry) => void;
  /** The session is in this set as long as it lives. */
  readonly sessions?: Set<LiveSession>;
  /** Told of the session when it begins. */
  readonly live?: (session: LiveSession) => void;
  /** How long a peer may take nothing of what waits for it before the connection is cut, milliseconds. */
  readonly stallMs?: number;
}

const STALL_MS = 300_000;
/** A machine that lets its deadline stand after it was told is asked again after so many milliseconds. */
const DEADLINE_AGAIN_MS = 1_000;

/**
 * Runs a session over a transport until either ends. The transport is closed and the session's world let go when it
 * resolves. Rejects only when `world.open` throws, because there is no log yet to say so.
 */
export function drive(
  session: AnySession,
  transport: Transport,
  world: World,
  info: SessionInfo,
  options: DriveOptions = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const driver = new Driver(session, transport, options, resolve);
    try {
      driver.start(world, info);
    } catch (error) {
      transport.destroy();
      reject(error);
    }
  });
}

class Driver implements Sleeper, LiveSession {
  wakeAt = Infinity;
  wakeSlot = -1;
  wakeKey = Infinity;

  readonly #session: AnySession;
  #transport: Transport;
  readonly #options: DriveOptions;
  readonly #deadlines: Deadlines;
  readonly #now: () => number;
  readonly #ended: () => void;
  #out: OutBuffer;
  #world: SessionWorld | null = null;
  #state: unknown;
  #open = true;
  /** A step is being performed further up the stack. */
  #stepping = false;
  /** An effect or a flush is awaited: nothing may be stepped. */
  #waiting = false;
  #inbox: Input[] = [];
  /** Octets that came while the machine did not want them: one chunk, then the transport is paused. */
  #held: Uint8Array | null = null;
  #paused = false;
  /** The peer has ended its side; told when the machine would read on. */
  #peerEnded = false;
  #closedTold = false;
  /** The deadline that the machine was last told of. */
  #told: number | null = null;
  /** Ids of calls that are out, but for those answered at once. */
  #calls: Set<number> | null = null;
  #flushDue = false;
  /** The chunk of the step under way: borrowed, so it must not be needed after `#onData` returns. */
  #borrowed = false;

  constructor(session: AnySession, transport: Transport, options: DriveOptions, ended: () => void) {
    this.#session = session;
    this.#state = session.state;
    this.#transport = transport;
    this.#options = options;
    this.#now = options.now ?? monotonicNow;
    this.#deadlines = options.deadlines ?? (options.now ? new Deadlines(options.now) : processDeadlines);
    this.#ended = ended;
    this.#out = new OutBuffer(transport);
  }

  start(world: World, info: SessionInfo): void {
    this.#world = world.open(info, (input) => this.post(input));
    this.#options.sessions?.add(this);
    this.#options.live?.(this);
    this.#listen();
    this.post({ type: "opened", session: info });
  }

  #listen(): void {
    this.#transport.onData = (chunk) => this.#onData(chunk);
    this.#transport.onClose = (error) => this.#onClose(error);
  }

  post(input: Input): void {
    if (!this.#open) return;
    this.#inbox.push(input);
    this.#run();
  }

  /** The shared timer: the machine's deadline, or the peer's time to take its output. */
  wake(): void {
    if (!this.#open) return;
    if (this.#waiting) {
      this.#log("info", "connection.stalled", {});
      this.#end(true);
    } else {
      this.#told = this.#session.machine.deadline(this.#state);
      this.post({ type: "deadline" });
    }
  }

  #onData(chunk: Uint8Array): void {
    if (!this.#open || chunk.length === 0) return;
    if (this.#held === null && this.#canRead()) {
      this.#borrowed = true;
      this.#inbox.push({ type: "bytes", chunk });
      this.#run();
      this.#borrowed = false;
      return;
    }
    // The transport owns its chunk; what is kept is a copy.
    this.#held = this.#held === null ? chunk.slice() : joined(this.#held, chunk);
    if (!this.#paused) {
      this.#paused = true;
      this.#transport.pause();
    }
  }

  #onClose(error: Error | null): void {
    if (!this.#open) return;
    this.#peerEnded = true;
    if (error === null) return this.#run();
    // Broken: nothing that is held will be answered, and whoever waits for a reply is told at once (cancelling).
    this.#held = null;
    if (this.#closedTold) return;
    this.#closedTold = true;
    this.post({ type: "closed" });
  }

  #canRead(): boolean {
    return !this.#stepping && !this.#waiting && this.#inbox.length === 0 && this.#wantsBytes();
  }

  #wantsBytes(): boolean {
    return this.#session.machine.wantsBytes(this.#state);
  }

  /** Steps through all that has come; ends when the session waits. */
  #run(): void {
    if (this.#stepping || this.#waiting) return;
    try {
      this.#turn();
    } catch (error) {
      this.#bug(error);
    }
  }

  #turn(): void {
    while (this.#open) {
      const input = this.#next();
      if (input === null) {
        if (this.#calls !== null && this.#calls.size > 0 && !this.#out.isFull) {
          this.#flushSoon();
          return this.#rest();
        }
        const wait = this.#out.flush();
        if (wait === null) return this.#rest();
        return this.#await(wait, null);
      }
      if (!this.#step(input)) return;
    }
  }

  /** An answer that is out may come within this turn of the loop: what it makes us say goes in the same packet. */
  #flushSoon(): void {
    if (this.#flushDue || this.#out.isEmpty) return;
    this.#flushDue = true;
    if (flushDue.push(this) === 1) setImmediate(flushAll);
  }

  /** The turn is over. */
  flush(): void {
    this.#flushDue = false;
    if (!this.#open || this.#waiting) return; // who waits flushes when it goes on
    const wait = this.#out.flush();
    if (wait !== null) this.#await(wait, null);
  }

  /** The next input, or null: the session waits. */
  #next(): Input | null {
    while (this.#inbox.length > 0) {
      const input = this.#inbox.length === 1 ? this.#inbox.pop()! : this.#inbox.shift()!;
      // It may have moved on since the timer fired.
      if (input.type === "deadline" && !this.#isDue()) continue;
      return input;
    }
    if (this.#held === null && !this.#peerEnded) return null;
    if (this.#closedTold || !this.#wantsBytes()) return null;
    if (this.#held !== null) {
      const chunk = this.#held;
      this.#held = null;
      return { type: "bytes", chunk };
    }
    this.#closedTold = true;
    return { type: "closed" };
  }

  #isDue(): boolean {
    const at = this.#session.machine.deadline(this.#state);
    return at !== null && at <= this.#now();
  }

  /** One step with its effects. False: something is awaited. */
  #step(input: Input): boolean {
    const now = this.#now();
    const traced = this.#options.trace ? traceEntry(input, now) : null;
    this.#stepping = true;
    try {
      const { state, effects } = this.#session.machine.step(this.#state, input, now);
      this.#state = state;
      if (traced) this.#options.trace!(traced(effects));
      return this.#perform(effects, 0, input);
    } finally {
      this.#stepping = false;
    }
  }

  #perform(effects: readonly Effect[], from: number, input: Input): boolean {
    for (let i = from; i < effects.length; i++) {
      const wait = this.#effect(effects[i]!);
      if (!this.#open) return false;
      if (wait !== null) {
        const rest = this.#borrowed ? owned(effects.slice(i + 1)) : effects.slice(i + 1);
        // A body's piece comes at once as a rule: what was sent before it goes out with it, in one packet.
        this.#await(wait, () => this.#perform(rest, 0, input), effects[i]!.type !== "sendBlob");
        return false;
      }
    }
    if (input.type === "closed") {
      this.#end(false);
      return false;
    }
    return true;
  }

  /** Performs one effect; a promise when the next one has to wait for it. */
  #effect(effect: Effect): Promise<void> | null {
    switch (effect.type) {
      case "send":
        this.#out.push(effect.bytes);
        return this.#out.isFull ? this.#out.flush() : null;
      case "bodyChunk":
        return this.#bodyChunk(effect.sink, effect.chunk);
      case "call":
        this.#call(effect);
        return null;
      case "sendBlob":
        if (this.#closedTold) return null;
        return copyBlob(effect, this.#world!, this.#out, () => this.#open && !this.#closedTold).catch((error) => {
          // A part may be sent already: only the end of the connection tells the peer that the rest will not come.
          this.#log("warn", "blob.unreadable", { blob: effect.blobId, error: describeFailure(error).text });
          this.#end(true);
        });
      case "bodyAbort":
        this.#world!.bodyAbort(effect.sink);
        return null;
      case "cancel":
        this.#cancel(effect.id);
        return null;
      case "log":
        this.#world!.log(effect);
        return null;
      case "startTls":
        return this.#startTls();
      case "compress":
        return this.#compress();
      case "close":
        this.#end(false);
        return null;
    }
  }

  #bodyChunk(sink: number, chunk: Uint8Array): Promise<void> | null {
    const failed = (error: unknown) => this.#log("warn", "driver.bug", { error: describeFailure(error).text });
    try {
      const wait = this.#world!.bodyChunk(sink, chunk);
      return wait === undefined ? null : wait.catch(failed);
    } catch (error) {
      // Errors of a body are sticky and surface when it is sealed (contract, rule 5); one that gets here is a bug.
      failed(error);
      return null;
    }
  }

  #call(call: Call): void {
    try {
      const value: unknown = this.#world!.perform(call.op, call.args);
      if (!(value instanceof Promise)) {
        this.#inbox.push({ type: "answer", id: call.id, op: call.op, value } as Input);
        return;
      }
      (this.#calls ??= new Set()).add(call.id);
      value.then(
        (value) => {
          if (this.#calls!.delete(call.id)) this.post({ type: "answer", id: call.id, op: call.op, value } as Input);
        },
        (error) => {
          if (this.#calls!.delete(call.id)) this.post(this.#failed(call, error));
        },
      );
    } catch (error) {
      this.#inbox.push(this.#failed(call, error));
    }
  }

  #failed(call: Call, error: unknown): Input {
    const { reason, text } = describeFailure(error);
    if (this.#open) this.#log("warn", reason === "bug" ? "driver.bug" : "call.failed", { op: call.op, error: text });
    return { type: "failed", id: call.id, op: call.op, reason, text };
  }

  #cancel(id: number): void {
    if (this.#calls?.delete(id)) return;
    this.#inbox = this.#inbox.filter((input) =>
      !((input.type === "answer" || input.type === "failed") && input.id === id)
    );
  }

  async #startTls(): Promise<void> {
    const flushed = this.#out.flush();
    if (flushed !== null) await flushed;
    if (!this.#open) return;
    if (this.#held !== null) {
      // RFC 3207 section 4.2: whatever the client sent before the handshake could be anybody's.
      this.#log("warn", "tls.injected", { octets: this.#held.length });
      return this.#end(true);
    }
    this.#resume();
    try {
      const tls = await this.#transport.startTls();
      if (this.#open) this.#inbox.unshift({ type: "tlsStarted", tls });
    } catch (error) {
      this.#log("info", "tls.failed", { error: describeFailure(error).text });
      this.#closedTold = true;
      if (this.#open) this.#inbox.unshift({ type: "closed" });
    }
  }

  async #compress(): Promise<void> {
    if (this.#held !== null) {
      // RFC 4978 section 3: what was sent before the answer is neither deflated nor expected.
      this.#log("warn", "compress.pipelined", { octets: this.#held.length });
      return this.#end(true);
    }
    const flushed = this.#out.flush();
    if (flushed !== null) await flushed;
    if (!this.#open) return;
    const first = this.#held; // the peer has seen the answer: this is deflated
    this.#held = null;
    this.#transport = new DeflateTransport(this.#transport, first);
    this.#out = new OutBuffer(this.#transport);
    this.#listen();
    this.#resume();
  }

  /** Waits with everything; goes on with `then`, and with the inbox when that is done. */
  #await(wait: Promise<void>, then: (() => boolean) | null, flushes = true): void {
    this.#waiting = true;
    const flushed = then === null || !flushes ? null : this.#out.flush(); // what was sent should not wait with us
    this.#deadlines.set(this, this.#now() + (this.#options.stallMs ?? STALL_MS));
    const both = flushed === null ? wait : Promise.all([wait, flushed]).then(nothing);
    both.then(() => this.#goOn(then), (error) => this.#bug(error));
  }

  #goOn(then: (() => boolean) | null): void {
    this.#waiting = false;
    if (!this.#open) return;
    try {
      if (then !== null) {
        this.#stepping = true;
        const done = (() => {
          try {
            return then();
          } finally {
            this.#stepping = false;
          }
        })();
        if (!done) return;
      }
      this.#turn();
    } catch (error) {
      this.#bug(error);
    }
  }

  /** The session waits: for octets if it wants them, for its deadline, for answers. */
  #rest(): void {
    if (this.#paused && this.#held === null) this.#resume();
    const at = this.#session.machine.deadline(this.#state);
    if (at === null) {
      if (this.wakeSlot >= 0) this.#deadlines.set(this, null);
    } else if (at !== this.wakeAt) {
      const now = this.#now();
      this.#deadlines.set(this, at > now || at !== this.#told ? at : now + DEADLINE_AGAIN_MS);
    }
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#transport.resume();
  }

  #log(level: "debug" | "info" | "warn", event: string, fields: Record<string, string | number | boolean>): void {
    try {
      this.#world?.log(logEvent(level, event, fields));
    } catch {
      // A log that is broken is no reason to drop a connection.
    }
  }

  #bug(error: unknown): void {
    this.#log("warn", "driver.bug", { error: describeFailure(error).text });
    this.#end(true);
  }

  #end(broken: boolean): void {
    if (!this.#open) return;
    this.#open = false;
    this.#inbox = [];
    this.#held = null;
    this.#calls?.clear();
    this.#deadlines.set(this, null);
    this.#options.sessions?.delete(this);
    this.#transport.onData = null;
    this.#transport.onClose = null;
    if (broken) this.#transport.destroy();
    else {
      void this.#out.flush();
      this.#transport.close();
    }
    try {
      this.#world?.close();
    } catch (error) {
      this.#log("warn", "driver.bug", { error: describeFailure(error).text });
    }
    this.#ended();
  }
}

/** Sessions with something to say at the end of this turn of the loop. */
let flushDue: Driver[] = [];

function flushAll(): void {
  const drivers = flushDue;
  flushDue = [];
  for (const driver of drivers) driver.flush();
}

/** Effects that are performed after the chunk they came from was given back. */
function owned(effects: readonly Effect[]): readonly Effect[] {
  return effects.map((effect) => effect.type === "bodyChunk" ? { ...effect, chunk: effect.chunk.slice() } : effect);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function nothing(): void {}
