/**
 * Two connected transports without a network, for tests: what one writes the other is given, in a later microtask, and
 * overwritten after it was taken, because chunks are borrowed. TLS is simulated: both ends must ask for it, and octets
 * that came before are refused as the real one refuses them.
 */
import type { TlsInfo } from "../contract/mod.ts";
import type { Endpoints } from "./transport_address.ts";
import type { Transport } from "./transport.ts";

/** What a pair is like. */
export interface MemoryPairOptions {
  /** As the server sees it; the client sees the mirror. */
  readonly endpoints?: Endpoints;
  /** Octets that wait for a paused reader before `write` says false. */
  readonly highWaterMark?: number;
  /** The server starts with TLS. */
  readonly tls?: TlsInfo;
}

const ENDPOINTS: Endpoints = {
  remoteAddress: "192.0.2.1",
  remotePort: 40_000,
  localAddress: "192.0.2.25",
  localPort: 25,
};
const SIMULATED: TlsInfo = { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256", serverName: null };

/** Two ends of one connection. */
export function memoryPair(options: MemoryPairOptions = {}): { server: MemoryTransport; client: MemoryTransport } {
  const at = options.endpoints ?? ENDPOINTS;
  const mirrored = {
    remoteAddress: at.localAddress,
    remotePort: at.localPort,
    localAddress: at.remoteAddress,
    localPort: at.remotePort,
  };
  const highWaterMark = options.highWaterMark ?? 64 * 1024;
  const server = new MemoryTransport(at, highWaterMark, options.tls ?? null);
  const client = new MemoryTransport(mirrored, highWaterMark, options.tls ?? null);
  server.twin = client;
  client.twin = server;
  return { server, client };
}

/** One end; made by `memoryPair`. */
export class MemoryTransport implements Transport {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  tls: TlsInfo | null;
  onClose: ((error: Error | null) => void) | null = null;
  /** The other end; set by `memoryPair`. */
  twin: MemoryTransport | null = null;
  /** Octets that this end has written, for tests of what is on the wire. */
  written = 0;
  /** How many times `write` was called: how well output was joined. */
  writes = 0;

  readonly #highWaterMark: number;
  #onData: ((chunk: Uint8Array) => void) | null = null;
  /** What has come and was not taken yet; null is the peer's end. */
  #incoming: ({ readonly bytes: Uint8Array; readonly secure: boolean } | null)[] = [];
  #waiting = 0;
  #paused = false;
  #scheduled = false;
  #closing = false;
  #destroyed = false;
  #drain: PromiseWithResolvers<void> | null = null;
  #handshake: PromiseWithResolvers<TlsInfo> | null = null;

  constructor(endpoints: Endpoints, highWaterMark: number, tls: TlsInfo | null) {
    this.remoteAddress = endpoints.remoteAddress;
    this.remotePort = endpoints.remotePort;
    this.localAddress = endpoints.localAddress;
    this.localPort = endpoints.localPort;
    this.#highWaterMark = highWaterMark;
    this.tls = tls;
  }

  get onData(): ((chunk: Uint8Array) => void) | null {
    return this.#onData;
  }

  set onData(take: ((chunk: Uint8Array) => void) | null) {
    this.#onData = take;
    this.#schedule();
  }

  /** Octets that wait for this end to read them. */
  get waiting(): number {
    return this.#waiting;
  }

  get closed(): boolean {
    return this.#closing || this.#destroyed;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closing || this.#destroyed) return true;
    this.written += bytes.length;
    this.writes++;
    this.twin!.#take({ bytes: bytes.slice(), secure: this.tls !== null });
    return this.twin!.#waiting < this.#highWaterMark;
  }

  drained(): Promise<void> {
    if (this.#destroyed || this.twin!.#destroyed || this.twin!.#waiting < this.#highWaterMark) return Promise.resolve();
    this.#drain ??= Promise.withResolvers<void>();
    return this.#drain.promise;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  startTls(): Promise<TlsInfo> {
    if (this.tls !== null) return Promise.reject(new Error("TLS is on already"));
    if (this.#waiting > 0) {
      this.destroy();
      return Promise.reject(new Error("octets came before the TLS handshake"));
    }
    this.#handshake = Promise.withResolvers<TlsInfo>();
    const other = this.twin!.#handshake;
    if (other !== null) {
      const mine = this.#handshake;
      this.#secure();
      this.twin!.#secure();
      other.resolve(SIMULATED);
      mine.resolve(SIMULATED);
      return mine.promise;
    }
    return this.#handshake.promise;
  }

  close(): void {
    if (this.closed) return;
    this.#closing = true;
    this.#onData = null;
    this.onClose = null;
    this.twin!.#take(null);
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#drain?.resolve();
    this.#handshake?.reject(new Error("the connection ended in the TLS handshake"));
    this.#incoming = [];
    this.#waiting = 0;
    this.#onData = null;
    this.onClose = null;
    this.twin!.#broken();
  }

  #secure(): void {
    this.#handshake = null;
    this.tls = SIMULATED;
  }

  #broken(): void {
    this.#drain?.resolve();
    this.#drain = null;
    this.#handshake?.reject(new Error("the connection ended in the TLS handshake"));
    this.#handshake = null;
    const tell = this.onClose;
    this.onClose = null;
    if (tell) queueMicrotask(() => tell(new Error("the peer has reset the connection")));
  }

  #take(item: { bytes: Uint8Array; secure: boolean } | null): void {
    if (this.#destroyed || (this.#closing && item !== null)) return; // a closed end reads and drops
    if (this.#handshake !== null && item !== null && !item.secure) {
      this.destroy(); // plain octets where a handshake should be
      return;
    }
    this.#incoming.push(item);
    this.#waiting += item?.bytes.length ?? 0;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#incoming.length === 0) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    while (!this.#paused && !this.#destroyed && this.#incoming.length > 0) {
      if (this.#incoming[0] === null) {
        if (this.onClose === null) return;
        this.#incoming.shift();
        const tell = this.onClose;
        this.onClose = null;
        tell(null);
        continue;
      }
      if (this.#onData === null) return;
      const { bytes } = this.#incoming.shift()!;
      this.#waiting -= bytes.length;
      this.#onData(bytes);
      bytes.fill(0x7e);
      if (this.#waiting < this.#highWaterMark && this.twin!.#drain !== null) {
        this.twin!.#drain.resolve();
        this.twin!.#drain = null;
      }
    }
  }
}
