/** One connection to another server: a transport, the client machine on it, and one message after the other. */
import { pbkdf2, randomUUID } from "node:crypto";
import type { Args, LogEvent, Machine, OutgoingMail, SessionId, SessionInfo, TraceId } from "../../contract/mod.ts";
import { drive, type LiveSession } from "../../net/drive.ts";
import type { Transport } from "../../net/transport.ts";
import type { World } from "../../net/world.ts";
import {
  type AttemptResult,
  type ClientState,
  isFinished,
  isIdle,
  outcome,
  ownTemporary,
  smtpClient,
  type SmtpClientOptions,
} from "../../smtp/client/mod.ts";
import type { ConnectionPool } from "./connection_pool.ts";
import type { OutboundParts } from "./parts.ts";

/** A message that was given to a connection and has no result yet. */
interface Task {
  /** How many messages the connection carried before it. */
  readonly number: number;
  readonly recipients: number;
  readonly resolve: (result: AttemptResult) => void;
}

/** Made with its first message; `pool` keeps it while it is idle. */
export class Connection {
  /** Connections of the same key are as good as each other. */
  readonly key: string;
  /** Resolves when the connection is over. Never rejects. */
  readonly ended: Promise<void>;
  readonly #transport: Transport;
  readonly #pool: ConnectionPool;
  readonly #sessions = new Set<LiveSession>();
  #state: ClientState;
  #traceId: TraceId;
  #task: Task | null = null;
  /** Answers `relay.next`; there is one while the connection is idle. */
  #next: ((mail: OutgoingMail | null) => void) | null = null;
  readonly #first: Promise<AttemptResult>;

  constructor(
    key: string,
    transport: Transport,
    options: SmtpClientOptions,
    traceId: TraceId,
    hostName: string,
    parts: OutboundParts,
  ) {
    this.key = key;
    this.#transport = transport;
    this.#pool = parts.connections;
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
    this.#first = this.#begin(0, options.recipients.length);
    this.#pool.opened(this);
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

  /** Sends another message, while it is idle. Resolves when every recipient's result is known. Never rejects. */
  send(mail: OutgoingMail, traceId: TraceId): Promise<AttemptResult> {
    const result = this.#begin(this.#state.sent + 1, mail.recipients.length);
    this.#traceId = traceId;
    this.#answer(mail);
    return result;
  }

  /** Says QUIT, while it is idle. */
  leave(): void {
    this.#answer(null);
  }

  /** The server stops: what is not being sent is not sent any more. */
  stop(): void {
    if (isFinished(this.#state) && !isIdle(this.#state)) return this.cut(); // only the answer to QUIT is missing
    for (const live of this.#sessions) live.post({ type: "shutdown" });
  }

  /** Ends at once. */
  cut(): void {
    // A transport that is destroyed tells nobody, so its driver is told here.
    const { onClose } = this.#transport;
    this.#transport.destroy();
    onClose?.(new Error("the attempt was broken off"));
    this.#settle(); // the driver may be waiting for something else
  }

  #begin(number: number, recipients: number): Promise<AttemptResult> {
    const { promise, resolve } = Promise.withResolvers<AttemptResult>();
    this.#task = { number, recipients, resolve };
    return promise;
  }

  #answer(mail: OutgoingMail | null): void {
    const next = this.#next;
    this.#next = null;
    next?.(mail);
  }

  /** After every step. */
  #look(): void {
    if (this.#next !== null && !isIdle(this.#state)) {
      this.#next = null;
      this.#pool.remove(this);
    }
    if (this.#task === null || !isFinished(this.#state)) return;
    // An idle machine has not heard of its next message yet; any other end came before it did.
    if (this.#task.number === this.#state.sent || !isIdle(this.#state)) this.#settle();
  }

  #settle(): void {
    const task = this.#task;
    if (task === null) return;
    this.#task = null;
    task.resolve(task.number === this.#state.sent ? outcome(this.#state) : this.#untouched(task));
  }

  /** The connection ended while the message was handed over: nothing of it was sent. */
  #untouched({ recipients }: Task): AttemptResult {
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
    this.#pool.closed(this);
    this.#settle();
  }

  #world(host: string, parts: OutboundParts): World {
    return {
      open: (session) => ({
        perform: (op, args) => {
          if (op === "relay.derive") return derived(args as Args<"relay.derive">) as never;
          if (op !== "relay.next") return Promise.reject(new Error(`the client machine asks nothing like ${op}`));
          const { promise, resolve } = Promise.withResolvers<OutgoingMail | null>();
          this.#next = resolve;
          this.#pool.put(this);
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
