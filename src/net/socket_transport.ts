/**
 * A `Transport` over `node:net` and `node:tls`.
 *
 * A connection costs this one object: the socket's listeners are shared functions that find it through the socket,
 * and the time after which a closed connection is cut is one of the process's deadlines.
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { TlsInfo } from "../contract/mod.ts";
import { afterOthers, BURST_SIZE, heard, othersMayWait, SENT_SIZE } from "./burst.ts";
import { monotonicNow, processDeadlines, type Sleeper } from "./deadlines.ts";
import { type Endpoints, normaliseAddress } from "./transport_address.ts";
import type { Transport } from "./transport.ts";

/** Makes TLS of a plain socket: the server's side in a listener, the client's in `connect`. */
export type Upgrade = (raw: Socket) => Promise<TLSSocket>;

const OWNER = Symbol("transport");
type Owned = Socket & { [OWNER]?: SocketTransport };

/** After `close()`: how long the peer may take to end its side, and to take output that still waits. */
const CLOSE_MS = 5_000;
const FLUSH_MS = 30_000;

export class SocketTransport implements Transport, Sleeper {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  tls: TlsInfo | null = null;
  wakeAt = Infinity;
  wakeSlot = -1;
  wakeKey = Infinity;

  #socket: Owned;
  readonly #upgrade: Upgrade | null;
  #onData: ((chunk: Uint8Array) => void) | null = null;
  #onClose: ((error: Error | null) => void) | null = null;
  /** The end of the peer, until it was told. */
  #end: { readonly error: Error | null } | null = null;
  #ended = false;
  #broken = false;
  #closing = false;
  #paused = false;
  /** Octets since others were let in. */
  #burst = 0;
  /** Octets written since the others last had their turn. */
  #sent = 0;
  #flushLonger = true;
  #drain: { readonly promise: Promise<void>; readonly resolve: () => void } | null = null;

  /** `endpoints`: what a PROXY header said instead of the socket. `upgrade` null: no STARTTLS here. */
  constructor(socket: Socket, upgrade: Upgrade | null, endpoints?: Endpoints) {
    this.#socket = socket;
    this.#upgrade = upgrade;
    const local = socket.remoteAddress === undefined;
    this.remoteAddress = endpoints?.remoteAddress ?? normaliseAddress(socket.remoteAddress);
    this.remotePort = endpoints?.remotePort ?? socket.remotePort ?? 0;
    this.localAddress = endpoints?.localAddress ?? normaliseAddress(local ? undefined : socket.localAddress);
    this.localPort = endpoints?.localPort ?? (local ? 0 : socket.localPort ?? 0);
    if ("encrypted" in socket) this.tls = tlsInfo(socket as TLSSocket);
    this.#attach(socket);
  }

  get onData(): ((chunk: Uint8Array) => void) | null {
    return this.#onData;
  }

  /** Reading begins when this is first set: nothing is lost before. */
  set onData(take: ((chunk: Uint8Array) => void) | null) {
    const first = this.#onData === null && take !== null;
    this.#onData = take;
    if (first) this.#read(this.#socket);
  }

  get onClose(): ((error: Error | null) => void) | null {
    return this.#onClose;
  }

  set onClose(take: ((error: Error | null) => void) | null) {
    this.#onClose = take;
    if (take !== null && this.#end !== null) queueMicrotask(() => this.#tellEnd());
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closing || !this.#socket.writable) return true; // nobody will take it, and nothing will drain
    const taken = this.#socket.write(bytes);
    this.#sent += bytes.length;
    // A peer that takes all it is given never makes us wait: the others would.
    return taken && (this.#sent < SENT_SIZE || !othersMayWait());
  }

  /** Resolves when the socket takes more and the others had their turn, or the socket is gone. Never rejects. */
  drained(): Promise<void> {
    this.#sent = 0;
    if (othersMayWait() && !this.#socket.destroyed) {
      return new Promise<void>((resolve) => afterOthers(resolve)).then(() => this.#takesMore());
    }
    return this.#takesMore();
  }

  #takesMore(): Promise<void> {
    if (this.#socket.destroyed || !this.#socket.writableNeedDrain) return Promise.resolve();
    this.#drain ??= Promise.withResolvers<void>();
    return this.#drain.promise;
  }

  pause(): void {
    this.#paused = true;
    this.#stopReading();
  }

  resume(): void {
    this.#paused = false;
    this.#startReading();
  }

  #stopReading(): void {
    this.#socket.pause();
    if (this.tls !== null) handleBelow(this.#socket)?.readStop?.();
  }

  #startReading(): void {
    if (this.tls !== null && !this.#socket.destroyed) handleBelow(this.#socket)?.readStart?.();
    this.#socket.resume();
  }

  /** `tls` is set when it resolves. After a rejection the connection is gone. */
  async startTls(): Promise<TlsInfo> {
    const raw = this.#socket;
    if (this.#upgrade === null || this.tls !== null) throw new Error("no TLS can be started on this connection");
    raw.pause();
    this.#detach(raw);
    if (raw.readableLength > 0) {
      raw.destroy();
      throw new Error("octets came before the TLS handshake");
    }
    let secured: TLSSocket;
    try {
      secured = await this.#upgrade(raw);
    } catch (error) {
      raw.destroy();
      throw error;
    }
    this.#socket = secured;
    this.tls = tlsInfo(secured);
    this.#attach(secured);
    if (this.#closing) secured.destroy();
    else if (this.#onData !== null) this.#read(secured);
    return this.tls;
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#onData = null;
    this.#onClose = null;
    if (this.#socket.destroyed) return;
    this.#socket.end();
    // What the peer still sends is read and dropped: a socket that is closed with unread octets resets the
    // connection, and the peer may never see the last reply.
    this.resume();
    processDeadlines.set(this, monotonicNow() + CLOSE_MS);
  }

  destroy(): void {
    this.#closing = true;
    this.#onData = null;
    this.#onClose = null;
    this.#socket.destroy();
  }

  /** The grace after `close()` is over. */
  wake(): void {
    if (this.#flushLonger && this.#socket.writableLength > 0) {
      this.#flushLonger = false;
      processDeadlines.set(this, monotonicNow() + FLUSH_MS);
    } else this.#socket.destroy();
  }

  /** For the shared listeners below. */
  took(buffer: Uint8Array): void {
    // A Buffer's `slice` is a view where a Uint8Array's is a copy: whoever keeps octets by `slice` must get the latter.
    const chunk = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
    heard();
    this.#onData?.(chunk);
    this.#burst += chunk.length;
    freeChunk(chunk);
    if (this.#burst >= BURST_SIZE) this.#letOthersIn();
  }

  /** The end of a burst. */
  #letOthersIn(): void {
    this.#burst = 0;
    if (this.#paused || this.#closing) return;
    this.#stopReading();
    afterOthers(() => {
      if (!this.#paused && !this.#closing) this.#startReading();
    });
  }

  /** For the shared listeners below. */
  tookDrain(): void {
    const drain = this.#drain;
    this.#drain = null;
    drain?.resolve();
  }

  /** For the shared listeners below: the peer's end (null) or a broken connection. */
  tookEnd(error: Error | null, gone: boolean): void {
    if (gone) {
      this.tookDrain();
      processDeadlines.set(this, null);
    }
    if (this.#broken || (this.#ended && error === null)) return; // told already
    this.#ended = true;
    this.#broken = error !== null;
    this.#end = { error };
    this.#tellEnd();
  }

  #tellEnd(): void {
    const end = this.#end;
    if (end === null || this.#onClose === null) return;
    this.#end = null;
    this.#onClose(end.error);
  }

  #read(socket: Socket): void {
    socket.on("data", dataCame);
    socket.resume(); // it was accepted paused
  }

  #attach(socket: Socket): void {
    (socket as Owned)[OWNER] = this;
    socket.on("end", endCame).on("error", errorCame).on("close", closeCame).on("drain", drainCame);
  }

  #detach(socket: Socket): void {
    socket.off("data", dataCame).off("end", endCame).off("error", errorCame).off("close", closeCame);
    socket.off("drain", drainCame).on("error", nothing);
    delete (socket as Owned)[OWNER];
    this.tookDrain();
  }
}

/** What a session may know of its TLS. */
export function tlsInfo(socket: TLSSocket): TlsInfo {
  const cipher = socket.getCipher() as { standardName?: string; name?: string } | null;
  const name = (socket as unknown as { servername?: string | false | null }).servername;
  return {
    version: socket.getProtocol() ?? "TLS",
    cipher: cipher?.standardName ?? cipher?.name ?? "unknown",
    serverName: name ? name : null,
    ...clientAddresses(socket),
  };
}

/** Addresses of a certificate that one of our clients' authorities has signed (RFC 5280 section 4.2.1.6, rfc822Name). */
function clientAddresses(socket: TLSSocket): Pick<TlsInfo, "clientAddresses"> {
  if (!socket.authorized) return {};
  const names = socket.getPeerCertificate()?.subjectaltname ?? "";
  // A name with a comma or a quote is printed in quotes: such addresses are not taken.
  const found = names.split(", ", ADDRESSES_LIMIT).flatMap((name) => /^email:([^"\s]+@[^"\s]+)$/.exec(name)?.[1] ?? []);
  return found.length === 0 ? {} : { clientAddresses: found };
}

const ADDRESSES_LIMIT = 20;

interface ReadHandle {
  readStart?(): unknown;
  readStop?(): unknown;
}

/**
 * The handle of the TCP socket below TLS. The runtime's `TLSSocket.pause()` holds decrypted data back but goes on
 * reading what is encrypted, without bound; only stopping the handle stops the peer.
 */
function handleBelow(socket: Socket): ReadHandle | null {
  return (socket as unknown as { _parent?: { _handle?: ReadHandle | null } })._parent?._handle ?? null;
}

/** Smaller chunks are left to the garbage collector. */
const FREED_SIZE = 16_384;

/**
 * A chunk is not needed after `onData` returns. The runtime gives each its own buffer, which lies outside the heap: the
 * garbage collector lets tens of megabytes of them pile up while a large message comes in, so they are freed here.
 */
function freeChunk(chunk: Uint8Array): void {
  const { buffer } = chunk;
  if (chunk.length >= FREED_SIZE && chunk.length === buffer.byteLength) (buffer as ArrayBuffer).transfer(0);
}

function dataCame(this: Owned, chunk: Uint8Array): void {
  this[OWNER]?.took(chunk);
}

function endCame(this: Owned): void {
  this[OWNER]?.tookEnd(null, false);
}

function errorCame(this: Owned, error: Error): void {
  this[OWNER]?.tookEnd(error, true);
}

function closeCame(this: Owned): void {
  this[OWNER]?.tookEnd(new Error("the connection was closed"), true);
}

function drainCame(this: Owned): void {
  this[OWNER]?.tookDrain();
}

function nothing(): void {}
