/** The messages of PostgreSQL's protocol, version 3: writing those of a client, cutting those of a server. */
import { utf8String } from "../../../base/bytes.ts";
import {
  BOOL,
  BYTEA,
  type Cells,
  INT2,
  INT4,
  INT8,
  type Param,
  type Place,
  type Statement,
  type Value,
} from "./statement.ts";

const encoder = new TextEncoder();
const HIGH = 4294967296;
/** A message of the server that is longer than this is none. */
const FRAME_LIMIT = 1024 * 1024 * 1024;

/** Messages of a client, one after the other. */
export class FrameWriter {
  #bytes = new Uint8Array(16 * 1024);
  #view = new DataView(this.#bytes.buffer);
  #end = 0;

  /** What was written, as a copy; begins anew. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#end);
    this.#end = 0;
    if (this.#bytes.length > 1024 * 1024) this.#grow(16 * 1024);
    return taken;
  }

  startup(parameters: Readonly<Record<string, string>>): void {
    const start = this.#end;
    this.#int32(0);
    this.#int32(196608); // version 3.0
    for (const [name, value] of Object.entries(parameters)) {
      this.#string(name);
      this.#string(value);
    }
    this.#byte(0);
    this.#view.setInt32(start, this.#end - start);
  }

  sslRequest(): void {
    this.#int32(8);
    this.#int32(80877103);
  }

  /** PasswordMessage, SASLInitialResponse (with the mechanism's name) and SASLResponse. */
  password(octets: Uint8Array, mechanism: string | null = null): void {
    this.#frame("p", () => {
      if (mechanism !== null) {
        this.#string(mechanism);
        this.#int32(octets.length);
      }
      this.#octets(octets);
    });
  }

  parse(name: string, { text, places }: Statement): void {
    this.#frame("P", () => {
      this.#string(name);
      this.#string(text);
      this.#int16(places.length);
      for (const { oid } of places) this.#int32(oid);
    });
  }

  /** Asks for the columns of a statement. */
  describe(name: string): void {
    this.#frame("D", () => {
      this.#byte(83);
      this.#string(name);
    });
  }

  bind(name: string, { places }: Statement, values: readonly Param[]): void {
    this.#frame("B", () => {
      this.#byte(0); // the unnamed portal
      this.#string(name);
      this.#int16(1);
      this.#int16(1); // all in binary
      this.#int16(places.length);
      places.forEach((place, i) => this.#param(place, values[i] ?? null));
      this.#int16(1);
      this.#int16(1); // and so the answer
    });
  }

  execute(): void {
    this.#frame("E", () => {
      this.#byte(0);
      this.#int32(0);
    });
  }

  sync(): void {
    this.#frame("S", () => {});
  }

  terminate(): void {
    this.#frame("X", () => {});
  }

  #frame(type: string, fill: () => void): void {
    this.#byte(type.charCodeAt(0));
    const start = this.#end;
    this.#int32(0);
    fill();
    this.#view.setInt32(start, this.#end - start);
  }

  #param(place: Place, value: Param): void {
    if (value === null) return this.#int32(-1);
    if (place.element === null) return this.#value(place.oid, value as Value);
    const values = value as readonly Value[];
    const start = this.#end;
    this.#int32(0);
    this.#int32(values.length === 0 ? 0 : 1); // dimensions
    this.#int32(values.includes(null) ? 1 : 0);
    this.#int32(place.element);
    if (values.length > 0) {
      this.#int32(values.length);
      this.#int32(1);
      for (const one of values) this.#value(place.element, one);
    }
    this.#view.setInt32(start, this.#end - start - 4);
  }

  #value(oid: number, value: Value): void {
    if (value === null) return this.#int32(-1);
    if (oid === INT8) {
      this.#int32(8);
      this.#int32(Math.floor(value as number / HIGH));
      this.#int32(value as number % HIGH | 0);
    } else if (oid === BOOL) {
      this.#int32(1);
      this.#byte(value ? 1 : 0);
    } else if (oid === BYTEA) {
      this.#int32((value as Uint8Array).length);
      this.#octets(value as Uint8Array);
    } else {
      const start = this.#end;
      this.#int32(0);
      this.#text(value as string);
      this.#view.setInt32(start, this.#end - start - 4);
    }
  }

  #string(text: string): void {
    this.#text(text);
    this.#byte(0);
  }

  #text(text: string): void {
    this.#reserve(text.length * 3);
    this.#end += encoder.encodeInto(text, this.#bytes.subarray(this.#end)).written;
  }

  #octets(octets: Uint8Array): void {
    this.#reserve(octets.length);
    this.#bytes.set(octets, this.#end);
    this.#end += octets.length;
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#end++] = value;
  }

  #int16(value: number): void {
    this.#reserve(2);
    this.#view.setUint16(this.#end, value);
    this.#end += 2;
  }

  #int32(value: number): void {
    this.#reserve(4);
    this.#view.setInt32(this.#end, value);
    this.#end += 4;
  }

  #reserve(octets: number): void {
    if (this.#end + octets > this.#bytes.length) this.#grow(Math.max(2 * this.#bytes.length, this.#end + octets));
  }

  #grow(size: number): void {
    const bytes = new Uint8Array(size);
    bytes.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** A message of the server: its type, and where its content is. */
export interface Frame {
  readonly type: string;
  readonly body: Uint8Array;
}

/** Cuts what arrives into messages. */
export class FrameReader {
  #pieces: Uint8Array[] = [];
  #length = 0;
  /** Octets that must be there before it is worth looking again. */
  #wanted = 5;

  /** Frames that are whole now; views of what arrived. Throws where the peer speaks something else. */
  *push(chunk: Uint8Array): Generator<Frame> {
    this.#pieces.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#wanted) return;
    const bytes = this.#pieces.length === 1 ? chunk : joined(this.#pieces, this.#length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    this.#wanted = 5;
    while (bytes.length - at >= 5) {
      const length = view.getUint32(at + 1);
      if (length < 4 || length > FRAME_LIMIT) throw new Error("the peer does not speak PostgreSQL's protocol");
      if (bytes.length - at < length + 1) {
        this.#wanted = length + 1;
        break;
      }
      yield { type: String.fromCharCode(bytes[at]!), body: bytes.subarray(at + 5, at + 1 + length) };
      at += length + 1;
    }
    this.#pieces = at < bytes.length ? [bytes.subarray(at)] : [];
    this.#length = bytes.length - at;
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** The types of a RowDescription's columns. */
export function columnTypes(body: Uint8Array): number[] {
  const view = viewOf(body);
  const types: number[] = [];
  let at = 2;
  for (let left = view.getUint16(0); left > 0; left--) {
    at = body.indexOf(0, at) + 1;
    types.push(view.getUint32(at + 6));
    at += 18;
  }
  return types;
}

/** The cells of a DataRow. Octets are copied, for the frame is a view of what arrived. */
export function readCells(body: Uint8Array, types: readonly number[]): Cells {
  const view = viewOf(body);
  if (view.getUint16(0) !== types.length) throw new Error("a row has other columns than were told");
  const cells: Value[] = new Array(types.length);
  let at = 2;
  for (let i = 0; i < types.length; i++) {
    const length = view.getInt32(at);
    at += 4;
    if (length < 0) {
      cells[i] = null;
      continue;
    }
    cells[i] = readCell(body, view, at, length, types[i]!);
    at += length;
  }
  return cells;
}

function readCell(body: Uint8Array, view: DataView, at: number, length: number, type: number): Value {
  switch (type) {
    case INT8:
      return view.getInt32(at) * HIGH + view.getUint32(at + 4);
    case INT4:
      return view.getInt32(at);
    case INT2:
      return view.getInt16(at);
    case BOOL:
      return body[at] === 1;
    case BYTEA:
      return body.slice(at, at + length);
    default:
      return utf8String(body.subarray(at, at + length));
  }
}

/** The fields of an ErrorResponse or a NoticeResponse by their letters. */
export function readFields(body: Uint8Array): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at < body.length && body[at] !== 0;) {
    const end = body.indexOf(0, at + 1);
    if (end < 0) break;
    fields.set(String.fromCharCode(body[at]!), utf8String(body.subarray(at + 1, end)));
    at = end + 1;
  }
  return fields;
}

/** Strings that end with NUL, from a place on. */
export function readStrings(body: Uint8Array, from: number): string[] {
  const strings: string[] = [];
  for (let at = from; at < body.length;) {
    const end = body.indexOf(0, at);
    if (end <= at) break;
    strings.push(utf8String(body.subarray(at, end)));
    at = end + 1;
  }
  return strings;
}

/** How many rows a command touched: the last word of its tag. */
export function readCount(body: Uint8Array): number {
  const tag = utf8String(body.subarray(0, body.length - 1));
  return Number(tag.slice(tag.lastIndexOf(" ") + 1)) || 0;
}

function viewOf(body: Uint8Array): DataView {
  return new DataView(body.buffer, body.byteOffset, body.byteLength);
}
