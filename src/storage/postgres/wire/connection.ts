/**
 * One connection to PostgreSQL. Statements go out together and are answered together (`exchange`): one round trip, and
 * where one of them fails the server skips the rest. A connection that is lost stays lost: whoever works on it must not
 * go on over another one, where half a transaction would be committed by itself.
 */
import * as net from "node:net";
import * as tls from "node:tls";
import { isIP } from "node:net";
import { utf8String } from "../../../base/bytes.ts";
import { type DatabaseAddress, placeOf } from "./address.ts";
import {
  columnTypes,
  type Frame,
  FrameReader,
  FrameWriter,
  readCells,
  readCount,
  readFields,
  readStrings,
} from "./frames.ts";
import { LoginExchange } from "./login.ts";
import { type Cells, type Param, parse, type Statement, statement } from "./statement.ts";

/** A statement with its values. */
export interface Step {
  readonly sql: string;
  readonly values: readonly Param[];
  /** Its text is made for this once: it is not prepared. */
  readonly once?: boolean;
}

export interface Result {
  readonly rows: readonly Cells[];
  /** Rows that a command wrote. */
  readonly count: number;
}

/** What the server said of an error, by its SQLSTATE. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  readonly code: string;

  constructor(fields: ReadonlyMap<string, string>) {
    super(`PostgreSQL: ${fields.get("M") ?? "an error without a text"} (${fields.get("C") ?? "XX000"})`);
    this.code = fields.get("C") ?? "XX000";
  }
}

/** The connection is gone, or never was. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

interface Prepared {
  readonly name: string;
  readonly statement: Statement;
  types: readonly number[];
  /** The server has taken it. */
  known: boolean;
}

/** An exchange that is under way. */
interface Pending {
  readonly prepared: readonly Prepared[];
  readonly results: Result[];
  rows: Cells[];
  /** Statements that this exchange made known, in their order. */
  readonly fresh: Prepared[];
  parsed: number;
  error: ServerError | null;
  readonly resolve: (results: readonly Result[]) => void;
  readonly reject: (error: unknown) => void;
}

const CONNECT_MS = 10_000;
/** A host that is gone says nothing: TCP notices that after a quarter of an hour. */
const SILENCE_MS = 120_000;

export interface ConnectionOptions {
  /** Settings of the session, as `lock_timeout`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly onNotification?: (payload: string) => void;
  readonly onClose?: () => void;
}

/** Connects and logs in; rejects with `ConnectionLost` or `ServerError`. */
export async function connect(address: DatabaseAddress, options: ConnectionOptions = {}): Promise<Connection> {
  const socket = await openSocket(address).catch((error) => {
    throw new ConnectionLost(`${placeOf(address)} cannot be reached: ${textOf(error)}`, { cause: error });
  });
  const connection = new Connection(socket, options);
  const timer = setTimeout(() => connection.destroy(new Error("the server does not answer")), CONNECT_MS);
  try {
    await connection.start(address, options.settings ?? {});
    return connection;
  } catch (error) {
    connection.destroy(null);
    throw error instanceof ServerError ? error : new ConnectionLost(
      `${placeOf(address)} cannot be used: ${textOf(error)}`,
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
  }
}

export class Connection {
  readonly #socket: net.Socket;
  readonly #options: ConnectionOptions;
  readonly #writer = new FrameWriter();
  readonly #reader = new FrameReader();
  readonly #prepared = new Map<string, Prepared>();
  #pending: Pending | null = null;
  /** While it logs in: who is told of the next frame. */
  #starting: ((frame: Frame | Error) => void) | null = null;
  #early: Frame[] = [];
  #names = 0;
  #status = "I";
  #lost: Error | null = null;

  constructor(socket: net.Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 30_000);
    // A Buffer's slices are views; those of octets are not.
    socket.on("data", ({ buffer, byteOffset, length }: Uint8Array) => {
      this.#receive(new Uint8Array(buffer, byteOffset, length));
    });
    socket.on("error", (error: Error) => this.destroy(error));
    socket.setTimeout(SILENCE_MS, () => {
      if (this.#pending) this.destroy(new Error("the server has been silent for two minutes"));
    });
    socket.on("close", () => this.destroy(new Error("the server closed the connection")));
  }

  get isOpen(): boolean {
    return this.#lost === null;
  }

  /** A transaction is open, sound or failed. */
  get isInTransaction(): boolean {
    return this.#status !== "I";
  }

  async start(address: DatabaseAddress, settings: Readonly<Record<string, string>>): Promise<void> {
    const { user, database } = address;
    const login = new LoginExchange(address, address.host.startsWith("/") || this.#socket instanceof tls.TLSSocket);
    this.#writer.startup({ user, database, application_name: "palomar", client_encoding: "UTF8", ...settings });
    this.#send();
    for (;;) {
      const { type, body } = await this.#nextFrame();
      if (type === "R") await login.step(body, this.#writer).then(() => this.#send());
      else if (type === "E") throw new ServerError(readFields(body));
      else if (type === "Z") break;
    }
    this.#early = [];
    this.#starting = null;
  }

  /** Runs the statements in their order, in one round trip. Rejects with the first error: nothing after it was run. */
  exchange(steps: readonly Step[]): Promise<readonly Result[]> {
    if (this.#lost) return Promise.reject(new ConnectionLost(this.#lost.message));
    if (this.#pending) return Promise.reject(new Error("an exchange is under way"));
    return new Promise((resolve, reject) => {
      const fresh: Prepared[] = [];
      const prepared = steps.map((step) => this.#write(step, fresh));
      this.#writer.sync();
      this.#pending = { prepared, results: [], rows: [], fresh, parsed: 0, error: null, resolve, reject };
      this.#send();
    });
  }

  /** Ends it politely. */
  close(): void {
    if (this.#lost) return;
    this.#writer.terminate();
    this.#send();
    this.#socket.end();
    this.destroy(null);
  }

  /** Ends it at once; whoever waits is told why. */
  destroy(error: Error | null): void {
    if (this.#lost) return;
    this.#lost = error ?? new Error("the connection is closed");
    const pending = this.#pending;
    this.#pending = null;
    const lost = new ConnectionLost(this.#lost.message, { cause: error });
    this.#starting?.(lost);
    pending?.reject(pending.error ?? lost);
    if (error) this.#socket.destroy();
    this.#options.onClose?.();
  }

  #write(step: Step, fresh: Prepared[]): Prepared {
    let prepared = step.once ? undefined : this.#prepared.get(step.sql);
    if (!prepared) {
      const made = step.once ? parse(step.sql) : statement(step.sql);
      prepared = { name: step.once ? "" : `s${++this.#names}`, statement: made, types: [], known: false };
      if (!step.once) this.#prepared.set(step.sql, prepared);
      fresh.push(prepared);
      this.#writer.parse(prepared.name, made);
      this.#writer.describe(prepared.name);
    }
    this.#writer.bind(prepared.name, prepared.statement, step.values);
    this.#writer.execute();
    return prepared;
  }

  #send(): void {
    const octets = this.#writer.take();
    if (octets.length > 0) this.#socket.write(octets);
  }

  #receive(chunk: Uint8Array): void {
    try {
      for (const frame of this.#reader.push(chunk)) {
        if (this.#lost) return;
        this.#take(frame);
      }
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  #nextFrame(): Promise<Frame> {
    const early = this.#early.shift();
    if (early) return Promise.resolve(early);
    if (this.#lost) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      this.#starting = (frame) => {
        this.#starting = (next) => next instanceof Error ? undefined : this.#early.push(next);
        if (frame instanceof Error) reject(frame);
        else resolve(frame);
      };
    });
  }

  #take({ type, body }: Frame): void {
    if (type === "A") return this.#options.onNotification?.(readStrings(body, 4)[1] ?? "");
    if (type === "N" || type === "S") return;
    if (this.#starting) return this.#starting({ type, body: body.slice() });
    const pending = this.#pending;
    if (!pending) {
      // FATAL without a question: the server goes down. The reason stands in the loss.
      if (type === "E") this.destroy(new ServerError(readFields(body)));
      return;
    }
    switch (type) {
      case "1":
        pending.fresh[pending.parsed++]!.known = true;
        break;
      case "T":
        pending.fresh[pending.parsed - 1]!.types = columnTypes(body);
        break;
      case "D":
        pending.rows.push(readCells(body, pending.prepared[pending.results.length]!.types));
        break;
      case "C":
      case "I":
        pending.results.push({ rows: pending.rows, count: type === "C" ? readCount(body) : 0 });
        pending.rows = [];
        break;
      case "E":
        pending.error ??= new ServerError(readFields(body));
        break;
      case "Z":
        this.#status = utf8String(body);
        this.#settle(pending);
    }
  }

  #settle(pending: Pending): void {
    this.#pending = null;
    if (pending.error === null) return pending.resolve(pending.results);
    for (const [sql, { known }] of [...this.#prepared]) if (!known) this.#prepared.delete(sql);
    pending.reject(pending.error);
  }
}

/** A socket that is connected, with TLS where the address wants it or the server has it. */
async function openSocket(address: DatabaseAddress): Promise<net.Socket> {
  const { host, port, ssl } = address;
  if (host.startsWith("/")) return await connected(net.connect({ path: `${host}/.s.PGSQL.${port}` }));
  const socket = await connected(net.connect({ host, port }));
  if (ssl === "disable") return socket;
  const writer = new FrameWriter();
  writer.sslRequest();
  socket.write(writer.take());
  const answer = await new Promise<Uint8Array>((resolve, reject) => {
    socket.once("data", resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the server closed the connection")));
  });
  // What came with the answer was not protected by TLS, so somebody else may have written it.
  if (answer.length !== 1) throw new Error("the server said more than whether it has TLS");
  if (answer[0] !== 83) {
    if (ssl === "prefer") return socket;
    throw new Error(`it has no TLS, and sslmode is ${ssl}`);
  }
  socket.removeAllListeners();
  const verifies = ssl === "verify-ca" || ssl === "verify-full";
  const secured = tls.connect({
    socket,
    host, // whose certificate it must be: a name that is asked for, or an address that is not
    ...(isIP(host) === 0 && { servername: host }),
    ...(address.authorities !== null && { ca: address.authorities }),
    rejectUnauthorized: verifies,
    ...(ssl === "verify-ca" && { checkServerIdentity: () => undefined }),
  });
  return await connected(secured, "secureConnect");
}

function connected(socket: net.Socket, event: "connect" | "secureConnect" = "connect"): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error("no answer in ten seconds")), CONNECT_MS);
    const failed = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    socket.once("error", failed);
    socket.once(event, () => {
      clearTimeout(timer);
      socket.off("error", failed);
      resolve(socket);
    });
  });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
