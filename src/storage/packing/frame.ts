/** One frame: packed and unpacked, each a function of what it is given. */
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { type Cipher, decrypt, encrypt } from "./ciphers.ts";
import type { FrameEntry } from "./table.ts";

/** Smaller ones are not worth the try. */
const LEAST = 512;
/** A small body is read for its header most of all, and saves little (adr/0028). */
export const LEAST_BODY = 8 * 1024;
/** What is not smaller by a tenth lies as it came. */
const WORTH = 0.9;
/** Level 2: a third slower than the fastest, 4 % smaller; the next costs half as much again for 3 % (adr/0028). */
const LEVEL = 2;
const WINDOW_LOG = 18;

/** The cipher of one body, whose key no other body has. */
export interface FrameKey {
  readonly cipher: Cipher;
  readonly key: Uint8Array;
}

/** The octets as they shall lie there, and their row of the table. `tries` whether it may be compressed. */
export function packFrame(
  plain: Uint8Array,
  number: number,
  key: FrameKey | null,
  tries: boolean,
): { readonly octets: Uint8Array; readonly entry: FrameEntry } {
  const compressed = tries && plain.length >= (number === 0 ? LEAST_BODY : LEAST) ? compress(plain) : null;
  const isPlain = compressed === null;
  const inner = compressed ?? plain;
  if (!key) return { octets: inner, entry: { length: inner.length, isPlain, check: crc32(inner) } };
  const octets = encrypt(key.cipher, key.key, nonceOf(number), aadOf(number, isPlain), inner);
  return { octets, entry: { length: octets.length, isPlain, check: 0 } };
}

/** Its plain octets, which are `size`; null where it is damaged. Never makes more than `size` octets. */
export function unpackFrame(
  octets: Uint8Array,
  size: number,
  { length, isPlain, check }: FrameEntry,
  number: number,
  key: FrameKey | null,
): Uint8Array | null {
  if (octets.length !== length || (!key && crc32(octets) !== check)) return null;
  const inner = key ? decrypt(key.cipher, key.key, nonceOf(number), aadOf(number, isPlain), octets) : octets;
  if (inner === null) return null;
  if (isPlain) return inner.length === size ? inner : null;
  try {
    const plain = zstdDecompressSync(inner, {
      chunkSize: Math.max(64, size),
      maxOutputLength: size,
      params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG },
    });
    return plain.length === size ? new Uint8Array(plain.buffer, plain.byteOffset, size) : null;
  } catch {
    return null;
  }
}

function compress(plain: Uint8Array): Uint8Array | null {
  const compressed = zstdCompressSync(plain, {
    chunkSize: plain.length + 64,
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_windowLog]: WINDOW_LOG },
  });
  return compressed.length <= plain.length * WORTH ? compressed : null;
}

/** The number of the frame: the key is the body's own, so none comes twice. */
export function nonceOf(number: number): Uint8Array {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(8, number);
  return nonce;
}

function aadOf(number: number, isPlain: boolean): Uint8Array {
  const aad = new Uint8Array(5);
  new DataView(aad.buffer).setUint32(0, number);
  aad[4] = isPlain ? 1 : 0;
  return aad;
}
