/** One connection to another server: a transport, the client machine on it, and one message after the other. */
import { pbkdf2, randomUUID } from "node:crypto";
import type { Args, LogEvent, Machine, OutgoingMail, SessionId, SessionInfo, TraceId } from "../../contract/mod.ts";
import { drive, type LiveSession } from "../../net/drive.ts";
import type { Transport } from "../../net/transport.ts";
import type { World } from "../../net/world.ts";
import {
  asksForNext,
  type AttemptResult,
  type ClientState,
  isFinished,
  isIdle,
  outcome,
  outcomeOf,
  ownTemporary,
  smtpClient,
  type SmtpClientOptions,
} from "../../smtp/client/mod.ts";
import type { Pooled } from "./connection_pool.ts";
import type { OutboundParts } from "./parts.ts";

/** A message that was given to a connection and has no result yet. */
interface Task {
  /** How many messages the connection carried before it. */
  readonly number: number;
  readonly recipients: number;
  /** Its commands went out behind another message. */
  readonly ahead: boolean;
  /** Told once, when it is out and another may come behind it. */
  sent: (() => void) | null;
  readonly resolve: (result: AttemptResult) => void;
}

/** Made with its first message; the pool keeps it while it asks for another. */
export class Connection implements Pooled {
  readonly key: string;
  readonly ended: Promise<void>;
  readonly #transport: Transport;
  readonly #parts: OutboundParts;
  readonly #sessions = new Set<LiveSession>();
  #state: ClientState;
  #traceId: TraceId;
  /** In their order; one, or two where one went ahead. */
  #tasks: Task[] = [];
  #stopped = false;
  /** Answers `relay.next`; there is one while the connection asks. */
  #next: ((mail: OutgoingMail | null) => void) | null = null;
  readonly #first: Promise<AttemptResult>;

  constructor(
    key: string,
    transport: Transport,
    options: SmtpClientOptions,
    traceId: TraceId,
    hostName: string,
    parts: OutboundParts,
    sent: () => void = () => {},
  ) {
    this.key = key;
    this.#transport = transport;
    this.#parts = parts;
    this.#traceId = traceId;
    const session = smtpClient(options);
    this.#state = session.state;
    const machine: Machine<ClientState> = {
      ...session.machine,
      step: (before, input, now) => {
        const step = session.machine.step(before, input, now);
        this.#state = step.state;
        this.#look();
        return step;
      },
    };
    this.#first = this.#begin(0, options.recipients.length, false, sent);
    parts.connections.opened(this);
    const world = this.#world(hostName, parts);
    const driving = { sessions: this.#sessions, deadlines: parts.deadlines, now: () => parts.clock.monotonic() };
    this.ended = drive({ machine, state: this.#state }, transport, world, infoOf(transport), driving)
      .catch(() => {})
      .then(() => this.#over());
  }

  /** What came of the message that it was made with. */
  get first(): Promise<AttemptResult> {
    return this.#first;
  }

  get isIdle(): boolean {
    return this.#next !== null && isIdle(this.#state);
  }

  get asks(): boolean {
    return this.#next !== null && asksForNext(this.#state);
  }

  get isLeaving(): boolean {
    return this.#tasks.length === 0 && !this.asks;
  }

  send(mail: OutgoingMail, traceId: TraceId, sent: () => void): Promise<AttemptResult> {
    const result = this.#begin(this.#state.sent + 1, mail.recipients.length, !isIdle(this.#state), sent);
    this.#traceId = traceId;
    this.#answer(mail);
    return result;
  }

  /** Says QUIT, as soon as it is done. */
  leave(): void {
    this.#answer(null);
  }

  /** The server stops: what is not being sent is not sent any more. */
  stop(): void {
    this.#stopped = true;
    if (isFinished(this.#state) && !isIdle(this.#state)) return this.cut(); // only the answer to QUIT is missing
    for (const live of this.#sessions) live.post({ type: "shutdown" });
  }

  /** Ends at once. */
  cut(): void {
    this.#stopped = true;
    // A transport that is destroyed tells nobody, so its driver is told here.
    const { onClose } = this.#transport;
    this.#transport.destroy();
    onClose?.(new Error("the attempt was broken off"));
    this.#settle(); // the driver may be waiting for something else
  }

  #begin(number: number, recipients: number, ahead: boolean, sent: () => void): Promise<AttemptResult> {
    const { promise, resolve } = Promise.withResolvers<AttemptResult>();
    this.#tasks.push({ number, recipients, ahead, sent, resolve });
    return promise;
  }

  #answer(mail: OutgoingMail | null): void {
    const next = this.#next;
    this.#next = null;
    next?.(mail);
  }

  /** After every step. */
  #look(): void {
    if (this.#next !== null && !asksForNext(this.#state)) {
      this.#next = null;
      this.#parts.connections.remove(this);
    }
    this.#tasks = this.#tasks.filter((task) => {
      const came = outcomeOf(this.#state, task.number);
      if (came === null) return true;
      task.resolve(came === "untouched" ? this.#untouched(task) : came);
      return false;
    });
  }

  /** The connection is gone, whatever the machine knows of it. */
  #settle(): void {
    for (const task of this.#tasks.splice(0)) {
      const came = outcomeOf(this.#state, task.number) ??
        (task.number === this.#state.sent ? outcome(this.#state) : "untouched");
      task.resolve(came === "untouched" ? this.#untouched(task) : came);
    }
  }

  /** The connection ended, or is given up, with nothing of the message sent. */
  #untouched({ recipients, ahead }: Task): AttemptResult {
    const { connections, clock } = this.#parts;
    // Some servers do not bear what RFC 2920 allows.
    if (ahead && !this.#stopped) connections.beCareful(this.key, clock.monotonic());
    const result = ownTemporary("4.4.2", "The server closed the connection before the message");
    return {
      ...outcome(this.#state),
      recipients: Array.from({ length: recipients }, () => result),
      tryNextHost: true,
      reused: true,
    };
  }

  #over(): void {
    this.#next = null;
    this.#parts.connections.closed(this);
    this.#settle();
  }

  #asked(): void {
    this.#parts.connections.put(this);
    const [task] = this.#tasks;
    if (task === undefined || !this.asks || isIdle(this.#state)) return;
    const { sent } = task;
    task.sent = null;
    sent?.();
  }

  #world(host: string, parts: OutboundParts): World {
    return {
      open: (session) => ({
        perform: (op, args) => {
          if (op === "relay.derive") return derived(args as Args<"relay.derive">) as never;
          if (op !== "relay.next") return Promise.reject(new Error(`the client machine asks nothing like ${op}`));
          const { promise, resolve } = Promise.withResolvers<OutgoingMail | null>();
          this.#next = resolve;
          this.#asked();
          return promise as never;
        },
        bodyChunk: () => {},
        bodyAbort: () => {},
        readBlob: (blobId, start, end) => parts.storage.readBlob(blobId, start, end),
        log: (event: LogEvent) =>
          parts.log({ ...event, fields: { session: session.id, traceId: this.#traceId, host, ...event.fields } }),
        close: () => {},
      }),
    };
  }
}

function infoOf(transport: Transport): SessionInfo {
  const { remoteAddress, remotePort, localAddress, localPort, tls } = transport;
  const id = `o${randomUUID().replaceAll("-", "")}` as SessionId;
  return { id, protocol: "smtp", remoteAddress, remotePort, localAddress, localPort, tls };
}

/** Whatever a relay asks for is done off this thread, and bounded by the exchange. */
function derived({ password, salt, iterations }: Args<"relay.derive">): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    pbkdf2(password.reveal(), salt, iterations, 32, "sha256", (error, key) => {
      if (error) reject(error);
      else resolve(new Uint8Array(key));
    });
  });
}
