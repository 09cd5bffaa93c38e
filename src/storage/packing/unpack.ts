/** Reads ranges of packed bodies: which octets are wanted, and what they are when they are there. */
import { concatBytes, EMPTY } from "../../base/bytes.ts";
import { StorageError } from "../storage.ts";
import { type FrameKey, unpackFrame } from "./frame.ts";
import type { FrameEntry } from "./table.ts";

/** A packed body whose table was read and found good. */
export interface Packing {
  /** For messages. */
  readonly name: string;
  readonly size: number;
  readonly frame: number;
  readonly frames: readonly FrameEntry[];
  /** Where each frame begins, and where the last ends. */
  readonly starts: readonly number[];
  readonly key: FrameKey | null;
}

/** What to read of the packed octets for a range of plain ones. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly first: number;
  readonly start: number;
  readonly length: number;
}

/** For the plain octets `[from, to)`, as far as there are some. */
export function stretchOf({ size, frame, starts }: Packing, from: number, to: number): Stretch {
  const begin = Math.max(0, Math.min(from, size));
  const end = Math.max(begin, Math.min(to, size));
  if (begin === end) return { from: begin, to: begin, first: 0, start: 0, length: 0 };
  const first = Math.floor(begin / frame);
  const last = Math.floor((end - 1) / frame);
  return { from: begin, to: end, first, start: starts[first]!, length: starts[last + 1]! - starts[first]! };
}

/** The plain octets, of `octets` that lie at the stretch. Throws `StorageError` where they are damaged. */
export function unpack(packing: Packing, { from, to, first, length }: Stretch, octets: Uint8Array): Uint8Array {
  if (from === to) return EMPTY;
  if (octets.length !== length) throw damaged(packing, first, "is not whole");
  const { frame, frames, starts, size, key } = packing;
  const pieces: Uint8Array[] = [];
  for (let number = first, at = 0; number * frame < to; number++) {
    const entry = frames[number]!;
    const begin = number * frame;
    const packed = octets.subarray(at, at + entry.length);
    const plain = unpackFrame(packed, Math.min(frame, size - begin), entry, number, key);
    if (plain === null) throw damaged(packing, number, "is damaged");
    pieces.push(plain.subarray(Math.max(0, from - begin), to - begin));
    at = starts[number + 1]! - starts[first]!;
  }
  return pieces.length === 1 ? pieces[0]! : concatBytes(pieces);
}

function damaged({ name }: Packing, number: number, what: string): StorageError {
  return new StorageError("bug", `frame ${number + 1} of the body ${name} ${what}`);
}
