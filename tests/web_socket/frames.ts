/** Frames as a client makes them, right and wrong. */
import { concatBytes, utf8Bytes } from "../../src/base/bytes.ts";

export interface FrameWish {
  readonly opcode?: number;
  readonly fin?: boolean;
  readonly rsv?: number;
  readonly masked?: boolean;
  /** Octets of the length field: 0, 2 or 8. Default: as few as can be. */
  readonly lengthOctets?: 0 | 2 | 8;
  /** What the header says, where that is not what follows. */
  readonly length?: number | bigint;
}

const MASK = new Uint8Array([0x12, 0xab, 0x00, 0xff]);

/** A frame with this payload. */
export function clientFrame(payload: Uint8Array | string, wish: FrameWish = {}): Uint8Array {
  const octets = typeof payload === "string" ? utf8Bytes(payload) : payload;
  const length = BigInt(wish.length ?? octets.length);
  const { opcode = 1, fin = true, rsv = 0, masked = true } = wish;
  const size = wish.lengthOctets ?? (length < 126n ? 0 : length < 65_536n ? 2 : 8);
  const header = new Uint8Array(2 + size);
  header[0] = (fin ? 0x80 : 0) | rsv | opcode;
  header[1] = (masked ? 0x80 : 0) | (size === 0 ? Number(length) : size === 2 ? 126 : 127);
  const view = new DataView(header.buffer);
  if (size === 2) view.setUint16(2, Number(length));
  if (size === 8) view.setBigUint64(2, length);
  if (!masked) return concatBytes([header, octets]);
  return concatBytes([header, MASK, octets.map((octet, i) => octet ^ MASK[i & 3]!)]);
}

/** Takes the frames of a server apart, as far as they are whole. */
export function serverFrames(octets: Uint8Array): { readonly opcode: number; readonly payload: Uint8Array }[] {
  const frames = [];
  for (let at = 0; at + 2 <= octets.length;) {
    const short = octets[at + 1]! & 0x7f;
    const view = new DataView(octets.buffer, octets.byteOffset + at);
    const size = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (at + size > octets.length) break;
    const length = short < 126 ? short : short === 126 ? view.getUint16(2) : Number(view.getBigUint64(2));
    if (at + size + length > octets.length) break;
    frames.push({ opcode: octets[at]! & 0x0f, payload: octets.slice(at + size, at + size + length) });
    at += size + length;
  }
  return frames;
}
