/** How a store packs its bodies: what its owner chose. */
import { randomBytes } from "node:crypto";
import { EMPTY } from "../../base/bytes.ts";
import { equalSecretBytes } from "../../base/hash.ts";
import { StorageError } from "../storage.ts";
import { openCell, sealCell } from "./cell.ts";
import type { Cipher } from "./ciphers.ts";
import { LEAST_BODY } from "./frame.ts";
import { Keys, SALT } from "./keys.ts";
import { type Packed, Packer } from "./packer.ts";
import { sealOf } from "./seal.ts";
import { keyIdOf, readTable } from "./table.ts";
import { type Packing, stretchOf, unpack } from "./unpack.ts";

/** What to do to bodies. Old ones stay as they are, and can be read whatever is chosen, with their keys. */
export interface PackingOptions {
  /** Default: `none`. */
  readonly compression?: "zstd" | "none";
  /** Keys of 32 octets: the first encrypts, all decrypt. Default: nothing is encrypted. */
  readonly keys?: readonly Uint8Array[];
  /** Default: `chacha20-poly1305`. */
  readonly cipher?: Cipher;
}

/** What a row says of a packed body: its table, its name and its plain size. */
export interface PackedBody {
  readonly table: Uint8Array;
  readonly hash: Uint8Array;
  readonly size: number;
}

export class BodyPacking {
  readonly keys: Keys;
  readonly #compresses: boolean;
  readonly #cipher: Cipher;
  readonly #random: (octets: number) => Uint8Array;

  /** Throws `StorageError` where a key is none. */
  constructor(
    { compression = "none", keys = [], cipher = "chacha20-poly1305" }: PackingOptions = {},
    random: (octets: number) => Uint8Array = randomBytes,
  ) {
    this.keys = new Keys(keys);
    this.#compresses = compression === "zstd";
    this.#cipher = cipher;
    this.#random = random;
  }

  /** For one body. */
  packer(): Packer {
    const keyId = this.keys.first;
    if (keyId === null) return new Packer(this.#compresses, null, null);
    const salt = new Uint8Array(this.#random(SALT));
    const key = { cipher: this.#cipher, key: this.keys.derive(keyId, salt) };
    return new Packer(this.#compresses, { cipher: this.#cipher, keyId, salt }, key);
  }

  /** Small octets of a row, encrypted where bodies are; `context` says what they are. */
  sealCell(context: Uint8Array, octets: Uint8Array): Uint8Array {
    if (this.keys.first === null) return octets;
    return sealCell(this.keys, this.#cipher, new Uint8Array(this.#random(SALT)), context, octets);
  }

  /** What `sealCell` made of octets; `table` is that of their body, which says whether they are encrypted. */
  openCell(context: Uint8Array, cell: Uint8Array, table: Uint8Array | null): Uint8Array {
    return table === null || keyIdOf(table) === null ? cell : openCell(this.keys, context, cell);
  }

  /** A whole body at once. */
  pack(octets: Uint8Array, hash: Uint8Array): Packed {
    const isPlain = this.keys.first === null && (!this.#compresses || octets.length < LEAST_BODY);
    if (isPlain) return { rest: octets, stored: octets.length, packing: null };
    return this.packer().whole(octets, hash);
  }

  /**
   * Plain octets `[from, to)` of a packed body; `fetch` gives packed ones. Throws `KeyMissing`, or `StorageError` where
   * they are damaged.
   */
  read(
    { table, hash, size }: PackedBody,
    from: number,
    to: number,
    fetch: (start: number, length: number) => Uint8Array,
  ): Uint8Array {
    const opened = this.open(table, hash, size);
    const stretch = stretchOf(opened, from, to);
    return unpack(opened, stretch, stretch.length === 0 ? EMPTY : fetch(stretch.start, stretch.length));
  }

  /** A body's table. Throws `KeyMissing`, or `StorageError` where it is damaged or another body's. */
  open(table: Uint8Array, hash: Uint8Array, size: number): Packing {
    return openTable(this.keys, table, hash, size);
  }
}

function openTable(keys: Keys, octets: Uint8Array, hash: Uint8Array, size: number): Packing {
  const name = "b" + hash.toHex();
  const read = readTable(octets, size);
  if (!read) throw new StorageError("bug", `the table of the body ${name} is damaged`);
  const { table: { frame, encrypted, frames }, sealAt } = read;
  const key = encrypted && { cipher: encrypted.cipher, key: keys.derive(encrypted.keyId, encrypted.salt) };
  if (key && !equalSecretBytes(sealOf(key, octets.subarray(0, sealAt), hash, size), octets.subarray(sealAt))) {
    throw new StorageError("bug", `the table of the body ${name} is damaged, or another body's`);
  }
  const starts = [0];
  for (const { length } of frames) starts.push(starts[starts.length - 1]! + length);
  return { name, size, frame, frames, starts, key };
}
