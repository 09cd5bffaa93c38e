/**
 * What a session has sent and the transport does not have yet. Small pieces are joined, so that a pipelined group of
 * replies is one packet and one TLS record; a big piece goes as it is.
 */
import { concatBytes } from "../base/bytes.ts";
import type { Transport } from "./transport.ts";

/** From this size on a piece is not copied to be joined. */
const BIG = 16 * 1024;
/** With so many octets waiting, the session must flush and wait for the peer. */
const FULL = 64 * 1024;

export class OutBuffer {
  readonly #transport: Transport;
  #pieces: Uint8Array[] = [];
  #size = 0;
  /** A write since the last `flush` has said that the transport is full. */
  #mustDrain = false;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get isFull(): boolean {
    return this.#size >= FULL || this.#mustDrain;
  }

  get isEmpty(): boolean {
    return this.#size === 0 && !this.#mustDrain;
  }

  /** The piece is not to be changed from here on. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (bytes.length >= BIG) {
      this.#write();
      if (!this.#transport.write(bytes)) this.#mustDrain = true;
      return;
    }
    this.#pieces.push(bytes);
    this.#size += bytes.length;
  }

  /** Hands everything to the transport; a promise when that should be waited for before more is sent. */
  flush(): Promise<void> | null {
    this.#write();
    if (!this.#mustDrain) return null;
    this.#mustDrain = false;
    return this.#transport.drained();
  }

  #write(): void {
    if (this.#size === 0) return;
    const all = this.#pieces.length === 1 ? this.#pieces[0]! : concatBytes(this.#pieces);
    this.#pieces = [];
    this.#size = 0;
    if (!this.#transport.write(all)) this.#mustDrain = true;
  }
}
