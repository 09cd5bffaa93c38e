/**
 * Frames as a client sends them (RFC 6455 section 5). It keeps no more than one message, and of that what has come: a length
 * that is announced costs nothing.
 */
import { concatBytes, EMPTY, utf8Strict } from "../base/bytes.ts";
import { CLOSE, isCloseCode } from "./close.ts";
import { LONGEST_CONTROL, OPCODE } from "./frame_writer.ts";

/** What came. Behind `close` and `broken` nothing is read any more. */
export type SocketEvent =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "ping" | "pong"; readonly payload: Uint8Array }
  /** Null: the client gave no code. */
  | { readonly type: "close"; readonly code: number | null; readonly reason: string }
  /** It broke the rules, and is to be told so. */
  | { readonly type: "broken"; readonly code: number; readonly reason: string };

interface Head {
  readonly fin: boolean;
  readonly opcode: number;
  readonly length: number;
  readonly mask: Uint8Array;
}

/** Of a header: two octets, a length of eight, a mask of four. */
const LONGEST_HEADER = 14;
/** Between messages. */
const KEPT_ROOM = 4096;

class Broken extends Error {
  readonly code: number;

  constructor(code: number, reason: string) {
    super(reason);
    this.code = code;
  }
}

export class FrameReader {
  readonly #longest: number;
  /** Of a header that has not come as a whole. */
  #header: Uint8Array = EMPTY;
  #head: Head | null = null;
  /** Octets of the frame that have come. */
  #taken = 0;
  #control: Uint8Array[] = [];
  /** Room for what has come of the message, twice of it at most: in however small pieces it comes. */
  #message: Uint8Array = EMPTY;
  #messageSize = 0;
  #isInMessage = false;
  #isDone = false;

  /** `longest`: octets of one message. */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** Reads what has come, in pieces of any size. The octets are not kept. */
  read(octets: Uint8Array): readonly SocketEvent[] {
    const events: SocketEvent[] = [];
    try {
      this.#read(octets, events);
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      this.#stop();
      events.push({ type: "broken", code: error.code, reason: error.message });
    }
    return events;
  }

  #read(octets: Uint8Array, events: SocketEvent[]): void {
    let at = 0;
    while (!this.#isDone) {
      if (this.#head === null) {
        at = this.#readHeader(octets, at);
        if (this.#head === null) return;
      }
      const head: Head = this.#head;
      const piece = octets.subarray(at, at + head.length - this.#taken);
      at += piece.length;
      if (piece.length > 0) this.#take(head, piece);
      this.#taken += piece.length;
      if (this.#taken < head.length) return;
      this.#head = null;
      this.#taken = 0;
      const event = this.#ended(head);
      if (event) events.push(event);
      if (event?.type === "close") this.#stop();
    }
  }

  /** Takes octets of a header until it is whole; answers where to go on. */
  #readHeader(octets: Uint8Array, at: number): number {
    const before = this.#header.length;
    const known = concatBytes([this.#header, octets.subarray(at, at + LONGEST_HEADER - before)]);
    const size = known.length < 2 ? LONGEST_HEADER : headerSize(known[1]!);
    if (known.length < size) {
      if (known.length >= 2) check(known[0]!, known[1]!, this.#isInMessage);
      this.#header = known;
      return octets.length;
    }
    check(known[0]!, known[1]!, this.#isInMessage);
    this.#header = EMPTY;
    this.#head = readHead(known.subarray(0, size));
    const isControl = this.#head.opcode >= OPCODE.close;
    if (!isControl && this.#messageSize + this.#head.length > this.#longest) {
      throw new Broken(CLOSE.tooLarge, `a message has at most ${this.#longest} octets`);
    }
    return at + size - before;
  }

  #take({ opcode, mask }: Head, piece: Uint8Array): void {
    if (opcode >= OPCODE.close) {
      const plain = new Uint8Array(piece.length);
      unmask(piece, mask, this.#taken, plain);
      return void this.#control.push(plain);
    }
    const size = this.#messageSize + piece.length;
    if (size > this.#message.length) {
      const larger = new Uint8Array(Math.min(this.#longest, Math.max(size, 2 * this.#message.length, 256)));
      larger.set(this.#message.subarray(0, this.#messageSize));
      this.#message = larger;
    }
    unmask(piece, mask, this.#taken, this.#message.subarray(this.#messageSize));
    this.#messageSize = size;
  }

  #ended({ fin, opcode }: Head): SocketEvent | null {
    if (opcode >= OPCODE.close) {
      const payload = concatBytes(this.#control);
      this.#control = [];
      if (opcode === OPCODE.close) return readClose(payload);
      return { type: opcode === OPCODE.ping ? "ping" : "pong", payload };
    }
    this.#isInMessage = !fin;
    if (!fin) return null;
    const text = utf8Strict(this.#message.subarray(0, this.#messageSize));
    if (this.#message.length > KEPT_ROOM) this.#message = EMPTY;
    this.#messageSize = 0;
    if (text === null) throw new Broken(CLOSE.invalidText, "the text is not UTF-8");
    return { type: "text", text };
  }

  #stop(): void {
    this.#isDone = true;
    this.#message = EMPTY;
    this.#control = [];
  }
}

function headerSize(second: number): number {
  const length = second & 0x7f;
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + 4;
}

/** The first two octets say nearly all that can be wrong. */
function check(first: number, second: number, isInMessage: boolean): void {
  const opcode = first & 0x0f;
  const fail = (reason: string) => {
    throw new Broken(CLOSE.protocol, reason);
  };
  if ((first & 0x70) !== 0) fail("there are no extensions here");
  // Section 5.1: a server must not take frames that are not masked.
  if ((second & 0x80) === 0) fail("a frame of a client is masked");
  if (opcode >= OPCODE.close) {
    if (opcode > OPCODE.pong) fail("there is no such frame");
    if ((first & 0x80) === 0 || (second & 0x7f) > LONGEST_CONTROL) fail("a control frame is whole and short");
  } else if (opcode === OPCODE.continuation) {
    if (!isInMessage) fail("nothing goes on here");
  } else if (opcode === OPCODE.binary) throw new Broken(CLOSE.unsupported, "messages are text");
  else if (opcode !== OPCODE.text) fail("there is no such frame");
  else if (isInMessage) fail("the message before has not ended");
}

function readHead(octets: Uint8Array): Head {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const short = octets[1]! & 0x7f;
  let length: number = short;
  if (short === 126) length = view.getUint16(2);
  else if (short === 127) length = Number(view.getBigUint64(2));
  // Section 5.2: as short as can be, and at most 63 bits.
  if ((short === 126 && length < 126) || (short === 127 && (length < 65_536 || octets[2]! >= 0x80))) {
    throw new Broken(CLOSE.protocol, "the length is written as short as can be");
  }
  const fin = (octets[0]! & 0x80) !== 0;
  return { fin, opcode: octets[0]! & 0x0f, length, mask: octets.slice(octets.length - 4) };
}

/** Section 5.3; `at`: where the piece stands in the frame. */
function unmask(piece: Uint8Array, mask: Uint8Array, at: number, into: Uint8Array): void {
  for (let i = 0; i < piece.length; i++) into[i] = piece[i]! ^ mask[(at + i) & 3]!;
}

/** Section 5.5.1. */
function readClose(payload: Uint8Array): SocketEvent {
  if (payload.length === 0) return { type: "close", code: null, reason: "" };
  if (payload.length === 1) throw new Broken(CLOSE.protocol, "a code has two octets");
  const code = (payload[0]! << 8) | payload[1]!;
  if (!isCloseCode(code)) throw new Broken(CLOSE.protocol, "there is no such code");
  const reason = utf8Strict(payload.subarray(2));
  if (reason === null) throw new Broken(CLOSE.invalidText, "the reason is not UTF-8");
  return { type: "close", code, reason };
}
