/**
 * WebSocket over a socket of Node's that its HTTP server let go of. A client that does not read is not read from either,
 * and in the end cut off; one that is silent is asked whether it is there.
 */
import type { Duplex } from "node:stream";
import { EMPTY } from "../../base/bytes.ts";
import { CLOSE, closeFrame, FrameReader, pingFrame, pongFrame, textFrame } from "../../web_socket/mod.ts";
import { ALIVE_MS, LITTLE, type MessageSocket, type SocketListener, type UpgradeWish } from "./message_socket.ts";

/** What may wait at most, whatever the listener does. */
const MOST = 64 * 1024 * 1024;
/** For the other side's goodbye. */
const GOODBYE_MS = 5_000;

export class RawSocket implements MessageSocket {
  readonly #socket: Duplex;
  readonly #listener: SocketListener;
  readonly #reader: FrameReader;
  readonly #alive: ReturnType<typeof setInterval>;
  #isHeard = true;
  #isClosing = false;
  #isClosed = false;

  /** `head`: octets that came behind the request. The opening has been answered. */
  constructor(socket: Duplex, head: Uint8Array, { longest }: UpgradeWish, listener: SocketListener) {
    this.#socket = socket;
    this.#listener = listener;
    this.#reader = new FrameReader(longest);
    this.#alive = setInterval(() => this.#ask(), ALIVE_MS);
    Deno.unrefTimer(this.#alive as unknown as number);
    socket.on("error", () => {});
    socket.on("close", () => this.#ended());
    socket.on("end", () => socket.destroy());
    socket.on("drain", () => {
      if (!this.#isClosed) socket.resume();
    });
    listener.opened(this);
    if (head.length > 0) this.#read(head);
    socket.on("data", (octets: Uint8Array) => this.#read(octets));
  }

  get waiting(): number {
    return this.#socket.writableLength;
  }

  send(text: string): void {
    if (!this.#isClosing) this.#write(textFrame(text));
  }

  async drained(ms: number): Promise<boolean> {
    const socket = this.#socket;
    const late = AbortSignal.timeout(ms);
    while (!this.#isClosed && socket.writableLength > LITTLE) {
      if (late.aborted) return false;
      await new Promise<void>((go) => {
        const done = (): void => {
          for (const name of ["drain", "close"]) socket.off(name, done);
          late.removeEventListener("abort", done);
          go();
        };
        for (const name of ["drain", "close"]) socket.on(name, done);
        late.addEventListener("abort", done);
      });
    }
    return !this.#isClosed;
  }

  close(code: number, reason: string): void {
    if (this.#isClosing) return;
    this.#write(closeFrame(code, reason));
    this.#isClosing = true;
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), GOODBYE_MS);
    Deno.unrefTimer(timer as unknown as number);
    this.#socket.once("close", () => clearTimeout(timer));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(octets: Uint8Array): void {
    this.#isHeard = true;
    for (const event of this.#reader.read(octets)) {
      if (event.type === "text") {
        if (!this.#isClosing) this.#listener.message(event.text);
      } else if (event.type === "ping") {
        if (!this.#isClosing) this.#write(pongFrame(event.payload));
      } else if (event.type === "broken") {
        this.close(event.code, event.reason);
      } else if (event.type === "close") {
        // RFC 6455 section 5.5.1: the answer has the same code.
        this.close(event.code ?? CLOSE.normal, "");
      }
    }
    // Its answers wait: it may ask again when it has read them.
    if (this.#socket.writableLength > LITTLE && !this.#isClosing) this.#socket.pause();
  }

  #write(octets: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#socket.writableLength + octets.length > MOST) return void this.#socket.destroy();
    this.#socket.write(octets);
  }

  #ask(): void {
    if (!this.#isHeard) return void this.#socket.destroy();
    this.#isHeard = false;
    if (!this.#isClosing) this.#write(pingFrame(EMPTY));
  }

  #ended(): void {
    if (this.#isClosed) return;
    this.#isClosed = this.#isClosing = true;
    clearInterval(this.#alive);
    this.#listener.closed();
  }
}
