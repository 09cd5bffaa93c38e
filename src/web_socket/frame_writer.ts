/** Frames that a server sends (RFC 6455 section 5.2): whole messages, not masked. */
import { concatBytes, utf8Bytes } from "../base/bytes.ts";

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Section 5.5. */
export const LONGEST_CONTROL = 125;

export function textFrame(text: string): Uint8Array {
  return frame(OPCODE.text, utf8Bytes(text));
}

/** At most 125 octets. */
export function pingFrame(payload: Uint8Array): Uint8Array {
  return frame(OPCODE.ping, payload.subarray(0, LONGEST_CONTROL));
}

export function pongFrame(payload: Uint8Array): Uint8Array {
  return frame(OPCODE.pong, payload.subarray(0, LONGEST_CONTROL));
}

/** The reason is cut to what a frame holds, between characters. */
export function closeFrame(code: number, reason: string): Uint8Array {
  let octets = utf8Bytes(reason);
  for (let length = Math.min(reason.length, LONGEST_CONTROL - 2); octets.length > LONGEST_CONTROL - 2; length--) {
    octets = utf8Bytes(reason.slice(0, length).replace(/[\ud800-\udbff]$/, ""));
  }
  return frame(OPCODE.close, concatBytes([new Uint8Array([code >> 8, code & 255]), octets]));
}

function frame(opcode: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const header = new Uint8Array(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  const view = new DataView(header.buffer);
  header[0] = 0x80 | opcode;
  header[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (header.length === 4) view.setUint16(2, length);
  else if (header.length === 10) view.setBigUint64(2, BigInt(length));
  return concatBytes([header, payload]);
}
