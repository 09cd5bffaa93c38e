/** Packs one body, which comes in pieces of any size. */
import { concatBytes, EMPTY } from "../../base/bytes.ts";
import type { FrameKey } from "./frame.ts";
import { packFrame } from "./frame.ts";
import { sealOf } from "./seal.ts";
import { type Encrypted, type FrameEntry, writeTable } from "./table.ts";

/** Plain octets of a frame: some tenths of a millisecond to pack, and few to unpack in vain at the edges of a range. */
export const FRAME = 64 * 1024;
/** After frames that compressing did not make smaller, up to so many are not tried. */
const LONGEST_REST = 16;

/** A packed body. */
export interface Packed {
  /** Octets that were not given out yet. */
  readonly rest: Uint8Array;
  /** Octets of all. */
  readonly stored: number;
  /** The table; null: they lie as they came. */
  readonly packing: Uint8Array | null;
}

export class Packer {
  readonly #compresses: boolean;
  readonly #encrypted: Encrypted | null;
  readonly #key: FrameKey | null;
  readonly #frames: FrameEntry[] = [];
  #buffer = EMPTY;
  #filled = 0;
  #size = 0;
  #stored = 0;
  #isCompressed = false;
  /** Frames that are not tried, and how many will be after the next that does not pay. */
  #resting = 0;
  #rest = 1;

  /** `encrypted` goes with `key`, which is its own. */
  constructor(compresses: boolean, encrypted: Encrypted | null, key: FrameKey | null) {
    this.#compresses = compresses;
    this.#encrypted = encrypted;
    this.#key = key;
  }

  /** Octets to be written now; they may be those of the chunk, which is borrowed. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    this.#size += chunk.length;
    if (this.#key === null && !this.#compresses) {
      this.#stored += chunk.length;
      return [chunk];
    }
    const out: Uint8Array[] = [];
    for (let at = 0; at < chunk.length;) {
      const wanted = Math.min(FRAME - this.#filled, chunk.length - at);
      const piece = chunk.subarray(at, at + wanted);
      at += wanted;
      if (wanted === FRAME) out.push(this.#pack(piece));
      else {
        if (this.#buffer.length === 0) this.#buffer = new Uint8Array(FRAME);
        this.#buffer.set(piece, this.#filled);
        this.#filled += wanted;
        if (this.#filled === FRAME) out.push(this.#packBuffer());
      }
    }
    return out;
  }

  /** A body that is there at once, instead of `push`. */
  whole(octets: Uint8Array, hash: Uint8Array): Packed {
    const frames: Uint8Array[] = [];
    this.#size = octets.length;
    if (this.#key === null && !this.#compresses) this.#stored = octets.length;
    else for (let at = 0; at < octets.length; at += FRAME) frames.push(this.#pack(octets.subarray(at, at + FRAME)));
    const packed = this.finish(hash);
    if (packed.packing === null) return { ...packed, rest: octets };
    return { ...packed, rest: frames.length === 1 ? frames[0]! : concatBytes(frames) };
  }

  /** `hash` names the body: SHA-256 of its plain octets. */
  finish(hash: Uint8Array): Packed {
    const rest = this.#filled > 0 ? this.#packBuffer() : EMPTY;
    const stored = this.#stored;
    if (this.#key === null && !this.#isCompressed) return { rest, stored, packing: null };
    const table = writeTable({ frame: FRAME, encrypted: this.#encrypted, frames: this.#frames });
    const seal = this.#key ? sealOf(this.#key, table, hash, this.#size) : null;
    return { rest, stored, packing: seal ? concatBytes([table, seal]) : table };
  }

  #packBuffer(): Uint8Array {
    const octets = this.#pack(this.#buffer.subarray(0, this.#filled));
    this.#buffer = EMPTY; // what was given out may be it
    this.#filled = 0;
    return octets;
  }

  #pack(plain: Uint8Array): Uint8Array {
    const tries = this.#compresses && this.#resting === 0;
    const { octets, entry } = packFrame(plain, this.#frames.length, this.#key, tries);
    if (!tries) this.#resting = Math.max(0, this.#resting - 1);
    else if (!entry.isPlain) {
      this.#isCompressed = true;
      this.#rest = 1;
    } else {
      this.#resting = this.#rest;
      this.#rest = Math.min(LONGEST_REST, this.#rest * 2);
    }
    this.#frames.push(entry);
    this.#stored += octets.length;
    return octets;
  }
}
