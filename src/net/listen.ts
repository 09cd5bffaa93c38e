/**
 * A listening socket and everything between it and a session: limits, the PROXY header, TLS.
 *
 * The order for one connection: its real address (the socket's, or what a named proxy says), the limits, the TLS
 * handshake where TLS is implicit, then `serve`. A refused client is told in the protocol's own words where it can be.
 */
import { chmod, lstat, unlink } from "node:fs/promises";
import { type BlockList, createConnection, createServer, type Server, type Socket } from "node:net";
import { latin1Bytes } from "../base/bytes.ts";
import { type LogEvent, logEvent } from "../contract/mod.ts";
import type { Certificates } from "./certificates.ts";
import { type Admission, type ConnectionLimits, isIn, networks } from "./connection_limits.ts";
import { monotonicNow } from "./deadlines.ts";
import type { LiveSession } from "./drive.ts";
import { describeFailure } from "./failure.ts";
import { readProxyHeader } from "./proxy_read.ts";
import { SocketTransport } from "./socket_transport.ts";
import { createTlsAcceptor, type TlsAcceptor } from "./tls_acceptor.ts";
import { type Endpoints, normaliseAddress } from "./transport_address.ts";
import type { Transport } from "./transport.ts";

/** Where to listen. */
export type ListenAt =
  | { readonly address: string; readonly port: number; readonly reusePort?: boolean }
  /** A UNIX socket. A stale file of a server that is gone is replaced. `mode` as in chmod, by default 0o660. */
  | { readonly path: string; readonly mode?: number }
  /** A socket that was passed to the process (systemd: 3 and up). */
  | { readonly fd: number };

export interface ListenOptions {
  readonly at: ListenAt;
  readonly tls: "none" | "starttls" | "implicit";
  /** Needed unless `tls` is `none`. */
  readonly certificates?: Certificates;
  readonly handshakeTimeoutMs?: number;
  readonly limits?: ConnectionLimits;
  /**
   * The protocol's words for a client that is refused by a limit, without CRLF: `421 4.7.0 Too many connections`.
   * With implicit TLS nothing can be said.
   */
  readonly refusalLine?: (why: Admission) => string;
  /** Addresses and networks that speak the PROXY protocol. From these it is required, from others it is just octets. */
  readonly proxies?: readonly string[];
  /**
   * Runs one session. Whoever lives in `sessions` gets `shutdown` when the listener closes: hand it to `drive`.
   * A rejection ends that connection and is logged.
   */
  readonly serve: (transport: Transport, sessions: Set<LiveSession>) => Promise<void>;
  readonly log: (event: LogEvent) => void;
}

export interface Listening {
  /** The address and port, or the path, that clients can use. */
  readonly address: { readonly address: string; readonly port: number } | { readonly path: string };
  /** Connections now. */
  readonly connections: number;
  readonly counts: Readonly<ListenCounts>;
  /** Stops accepting, posts `shutdown` to all sessions, and cuts what is left after `graceMs`. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/** Since the start, for the metrics. */
export interface ListenCounts {
  accepted: number;
  refused: number;
  handshakeFailures: number;
}

const PROXY_TIMEOUT_MS = 5_000;
/** Refusals that are being said at the same time; beyond, connections are just cut. */
const MAX_REFUSING = 100;
/** Log lines about failed handshakes and refusals within a minute: a flood must not fill the disk. */
const MAX_LOGGED = 60;
const BACKLOG = 1_024;

/** Resolves when the socket listens; rejects with the system's error (`EADDRINUSE`, `EACCES` …). */
export async function listen(options: ListenOptions): Promise<Listening> {
  if (options.tls !== "none" && !options.certificates) throw new Error("TLS needs certificates");
  const door = new Door(options);
  await door.open();
  return door;
}

class Door implements Listening {
  readonly counts: ListenCounts = { accepted: 0, refused: 0, handshakeFailures: 0 };
  readonly #options: ListenOptions;
  readonly #server: Server;
  readonly #acceptor: TlsAcceptor | null;
  readonly #proxies: BlockList | null;
  readonly #sessions = new Set<LiveSession>();
  readonly #sockets = new Set<Socket>();
  /** Without a session yet: in a TLS handshake or before a PROXY header. They are cut at once when the door closes. */
  readonly #arriving = new Set<Socket>();
  #refusing = 0;
  #closing = false;
  #emptied: (() => void) | null = null;
  #logMinute = 0;
  #logged = 0;

  constructor(options: ListenOptions) {
    this.#options = options;
    this.#proxies = options.proxies && options.proxies.length > 0 ? networks(options.proxies) : null;
    this.#acceptor = options.tls === "none"
      ? null
      : createTlsAcceptor(options.certificates!, options.handshakeTimeoutMs);
    // Half open: a client may end its side behind its last command and still wants the replies.
    this.#server = createServer(
      { allowHalfOpen: true, pauseOnConnect: true, noDelay: true },
      (raw) => this.#accept(raw),
    );
  }

  get address(): Listening["address"] {
    const at = this.#server.address();
    if (typeof at === "string") return { path: at };
    return at === null ? { address: "", port: 0 } : { address: normaliseAddress(at.address), port: at.port };
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async open(): Promise<void> {
    const at = this.#options.at;
    if ("path" in at) await removeStale(at.path);
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(listenArgs(at), () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    if ("path" in at) await chmod(at.path, at.mode ?? 0o660);
    // EMFILE and its kind: the runtime tries again by itself, slower each time; the loop never spins.
    this.#server.on("error", (error) => this.#logFew("warn", "listener.error", { error: String(error) }));
  }

  async close({ graceMs = 10_000 }: { readonly graceMs?: number } = {}): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      this.#server.close();
      for (const raw of [...this.#arriving]) raw.destroy();
      for (const session of [...this.#sessions]) session.post({ type: "shutdown" });
    }
    if (this.#sockets.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          for (const raw of this.#sockets) raw.destroy();
        }, graceMs);
        this.#emptied = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#acceptor?.close();
  }

  #accept(raw: Socket): void {
    raw.on("error", nothing);
    this.#sockets.add(raw);
    raw.once("close", () => this.#gone(raw));
    if (this.#closing) return void raw.destroy();
    raw.setNoDelay(true);
    if (this.#proxies === null || !isIn(this.#proxies, normaliseAddress(raw.remoteAddress))) {
      return this.#admit(raw, null);
    }
    this.#arriving.add(raw);
    readProxyHeader(raw, PROXY_TIMEOUT_MS).then(
      (endpoints) => this.#admit(raw, endpoints),
      (error) => {
        raw.destroy();
        this.#logFew("warn", "listener.proxy_header", { error: (error as Error).message });
      },
    );
  }

  #gone(raw: Socket): void {
    this.#sockets.delete(raw);
    this.#arriving.delete(raw);
    if (this.#sockets.size === 0) this.#emptied?.();
  }

  #admit(raw: Socket, endpoints: Endpoints | null): void {
    if (raw.destroyed) return;
    const address = endpoints?.remoteAddress ?? normaliseAddress(raw.remoteAddress);
    const limits = this.#options.limits;
    const admission = limits?.admit(address, monotonicNow()) ?? "admitted";
    if (admission !== "admitted") return this.#refuse(raw, address, admission);
    if (limits) raw.once("close", () => limits.release(address));
    this.counts.accepted++;
    if (this.#options.tls !== "implicit") {
      this.#arriving.delete(raw);
      return this.#serve(raw, endpoints);
    }
    this.#arriving.add(raw);
    this.#acceptor!.accept(raw).then(
      (secured) => {
        this.#arriving.delete(raw);
        this.#serve(secured, endpoints);
      },
      (error) => this.#handshakeFailed(address, error),
    );
  }

  #serve(socket: Socket, endpoints: Endpoints | null): void {
    const upgrade = this.#options.tls === "starttls" ? this.#startTls : null;
    const transport = new SocketTransport(socket, upgrade, endpoints ?? undefined);
    const failed = (error: unknown): void => {
      transport.destroy();
      this.#log("warn", "listener.bug", { error: describeFailure(error).text });
    };
    try {
      this.#options.serve(transport, this.#sessions).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  readonly #startTls = (raw: Socket): ReturnType<TlsAcceptor["accept"]> => {
    const secured = this.#acceptor!.accept(raw);
    secured.catch((error) => this.#handshakeFailed(normaliseAddress(raw.remoteAddress), error));
    return secured;
  };

  #refuse(raw: Socket, address: string, why: Admission): void {
    this.counts.refused++;
    this.#logFew("info", "connection.refused", { remote: address, why });
    const line = this.#options.refusalLine?.(why);
    if (line === undefined || this.#options.tls === "implicit" || this.#refusing >= MAX_REFUSING) {
      return void raw.destroy();
    }
    this.#refusing++;
    raw.once("close", () => this.#refusing--);
    const transport = new SocketTransport(raw, null);
    transport.write(latin1Bytes(line + "\r\n"));
    transport.close();
  }

  #handshakeFailed(address: string, error: unknown): void {
    this.counts.handshakeFailures++;
    this.#logFew("info", "tls.handshake_failed", { remote: address, error: (error as Error).message ?? String(error) });
  }

  #logFew(level: LogEvent["level"], event: string, fields: LogEvent["fields"]): void {
    const minute = Math.floor(monotonicNow() / 60_000);
    if (minute !== this.#logMinute) {
      const left = this.#logged - MAX_LOGGED;
      this.#logMinute = minute;
      this.#logged = 0;
      if (left > 0) this.#log("warn", "listener.log_left_out", { events: left });
    }
    if (++this.#logged <= MAX_LOGGED) this.#log(level, event, fields);
  }

  #log(level: LogEvent["level"], event: string, fields: LogEvent["fields"]): void {
    const at = this.address;
    this.#options.log(
      logEvent(level, event, { listener: "path" in at ? at.path : `${at.address}:${at.port}`, ...fields }),
    );
  }
}

function listenArgs(at: ListenAt): Record<string, unknown> {
  if ("fd" in at) return { fd: at.fd };
  if ("path" in at) return { path: at.path, backlog: BACKLOG };
  return { host: at.address, port: at.port, backlog: BACKLOG, reusePort: at.reusePort ?? false };
}

/** Removes the file of a UNIX socket that nobody listens on any more. A living server keeps it, and so does any other file. */
async function removeStale(path: string): Promise<void> {
  const stale = await new Promise<boolean>((resolve) => {
    const probe = createConnection({ path });
    probe.once("connect", () => {
      probe.destroy();
      resolve(false);
    });
    probe.once("error", (error: Error & { code?: string }) => resolve(error.code === "ECONNREFUSED"));
  });
  // A plain file refuses connections too (unix(7)), and is not ours to remove.
  if (stale && (await lstat(path)).isSocket()) await unlink(path);
}

function nothing(): void {}
