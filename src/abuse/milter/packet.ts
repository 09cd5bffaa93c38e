/** Packets of the milter protocol: a length of four octets, a letter, data. */
import { concatBytes, EMPTY, latin1Bytes, utf8Bytes } from "../../base/bytes.ts";

/** One packet. */
export interface Packet {
  /** One character. */
  readonly command: string;
  readonly data: Uint8Array;
}

/** The other side does not speak the protocol; what it meant is unknown. */
export class MilterBroken extends Error {
  override readonly name = "MilterBroken";
}

/** Octets of the longest packet that is read: a replaced body comes in pieces of 64 KiB. */
const LONGEST = 128 * 1024;

/** A packet; texts of `parts` end with NUL, octets and numbers (32 bits) stand as they are. */
export function packet(command: string, ...parts: readonly (string | Uint8Array | number)[]): Uint8Array {
  const data = parts.flatMap((part) =>
    typeof part === "string"
      ? [utf8Bytes(part.replaceAll("\0", "")), NUL]
      : typeof part === "number"
      ? [uint32(part)]
      : [part]
  );
  const length = data.reduce((sum, piece) => sum + piece.length, 1);
  return concatBytes([uint32(length), latin1Bytes(command), ...data]);
}

const NUL = new Uint8Array(1);

/** A number in network order. */
export function uint32(value: number): Uint8Array {
  return new Uint8Array([value >>> 24, value >>> 16, value >>> 8, value]);
}

/** The number at `at`; throws `MilterBroken` where there are not four octets. */
export function readUint32(data: Uint8Array, at: number): number {
  if (at + 4 > data.length) throw new MilterBroken("a number is cut off");
  return (data[at]! * 0x1000000) + (data[at + 1]! << 16 | data[at + 2]! << 8 | data[at + 3]!);
}

/** Texts that end with NUL. */
export function readTexts(data: Uint8Array): readonly Uint8Array[] {
  const texts: Uint8Array[] = [];
  for (let at = 0; at < data.length;) {
    const end = data.indexOf(0, at);
    if (end < 0) throw new MilterBroken("a text has no end");
    texts.push(data.subarray(at, end));
    at = end + 1;
  }
  return texts;
}

/** Makes packets of octets as they come. */
export class PacketReader {
  #octets: Uint8Array = EMPTY;

  push(octets: Uint8Array): void {
    this.#octets = this.#octets.length === 0 ? octets.slice() : concatBytes([this.#octets, octets]);
  }

  /** The next packet, or null where it is not there as a whole. Throws `MilterBroken`. */
  next(): Packet | null {
    if (this.#octets.length < 4) return null;
    const length = readUint32(this.#octets, 0);
    if (length < 1 || length > LONGEST) throw new MilterBroken(`a packet of ${length} octets`);
    if (this.#octets.length < 4 + length) return null;
    const data = this.#octets.slice(5, 4 + length);
    const command = String.fromCharCode(this.#octets[4]!);
    this.#octets = this.#octets.subarray(4 + length);
    return { command, data };
  }
}
