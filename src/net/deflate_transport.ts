/**
 * A transport whose octets are deflated (RFC 1951, raw) above another one: COMPRESS=DEFLATE of IMAP (RFC 4978) and
 * ManageSieve. Every write ends with a sync flush, so that the peer can read all of it at once. What the peer can make
 * us hold is bounded: inflating stops where reading is paused.
 */
import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from "node:zlib";
import type { TlsInfo } from "../contract/mod.ts";
import type { Transport } from "./transport.ts";

/** Our window of 8 KiB and small tables: 40 KiB a connection instead of 256, for a few percent of size. */
const DEFLATE = { level: 4, windowBits: 13, memLevel: 5, flush: constants.Z_SYNC_FLUSH };
/** The peer may use the largest window there is. */
const INFLATE = { windowBits: 15, flush: constants.Z_SYNC_FLUSH, chunkSize: 16 * 1024 };

export class DeflateTransport implements Transport {
  readonly #below: Transport;
  readonly #deflate: DeflateRaw = createDeflateRaw(DEFLATE);
  readonly #inflate: InflateRaw = createInflateRaw(INFLATE);
  onData: ((chunk: Uint8Array) => void) | null = null;
  onClose: ((error: Error | null) => void) | null = null;
  #paused = false;
  #gone = false;
  /** The transport below has refused more: whoever writes next hears of it, for deflating runs behind. */
  #mustDrain = false;

  /** Takes over `below`, whose events go here from now on. `first`: deflated octets that came already. */
  constructor(below: Transport, first: Uint8Array | null = null) {
    this.#below = below;
    this.#deflate.on("data", (chunk: Uint8Array) => {
      if (!below.write(owned(chunk))) this.#mustDrain = true;
    });
    this.#deflate.on("end", () => below.close());
    this.#deflate.on("error", (error: Error) => this.#broken(error));
    this.#inflate.on("data", (chunk: Uint8Array) => this.onData?.(owned(chunk)));
    this.#inflate.on("end", () => this.onClose?.(null));
    // What is no deflated stream cannot be followed any further.
    this.#inflate.on("error", (error: Error) => this.#broken(error));
    this.#inflate.on("drain", () => {
      if (!this.#paused) below.resume();
    });
    if (first !== null) this.#inflate.write(first);
    below.onData = (chunk) => {
      // The chunk is borrowed, and inflating takes its time.
      if (!this.#inflate.write(chunk.slice())) below.pause();
    };
    below.onClose = (error) => {
      if (error === null) this.#inflate.end();
      else this.#broken(error);
    };
  }

  get remoteAddress(): string {
    return this.#below.remoteAddress;
  }
  get remotePort(): number {
    return this.#below.remotePort;
  }
  get localAddress(): string {
    return this.#below.localAddress;
  }
  get localPort(): number {
    return this.#below.localPort;
  }
  get tls(): TlsInfo | null {
    return this.#below.tls;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#gone) return true;
    return this.#deflate.write(bytes) && !this.#mustDrain;
  }

  /** Resolves when what was written has been deflated and taken below. Never rejects. */
  async drained(): Promise<void> {
    if (this.#deflate.writableNeedDrain && !this.#gone) {
      await new Promise<void>((resolve) => {
        this.#deflate.once("drain", resolve);
        this.#deflate.once("close", resolve);
      });
    }
    this.#mustDrain = false;
    await this.#below.drained();
  }

  pause(): void {
    this.#paused = true;
    this.#inflate.pause();
    this.#below.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#inflate.resume();
    this.#below.resume();
  }

  startTls(): Promise<TlsInfo> {
    return Promise.reject(new Error("TLS comes before compression"));
  }

  close(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.onData = this.onClose = null;
    this.#deflate.end(); // what waits goes out first
    this.#inflate.resume();
  }

  destroy(): void {
    this.#gone = true;
    this.onData = this.onClose = null;
    this.#deflate.destroy();
    this.#inflate.destroy();
    this.#below.destroy();
  }

  #broken(error: Error): void {
    if (this.#gone) return;
    this.#gone = true;
    this.onClose?.(error);
    this.#deflate.destroy();
    this.#inflate.destroy();
    this.#below.destroy();
  }
}

/** A node Buffer's `slice` is a view: plain octets are handed on. */
function owned(chunk: Uint8Array): Uint8Array {
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
}
