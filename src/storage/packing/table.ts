/**
 * The table of a packed body: what a reader must know of its frames.
 *
 * ```text
 * 1      version, which is 1
 * 1      flags: 1 it is encrypted
 * 1      plain octets of a frame, as a power of two
 * 1+8+16 where it is encrypted: the cipher, what the key is known by, the salt of the body's key
 * n × 3  octets of each frame as it lies there; the highest bit: it is not compressed
 * n × 4  where it is not encrypted: the CRC-32 of each frame as it lies there
 * 16     where it is encrypted: the seal, a tag over all before, the body's name and its size
 * ```
 */
import { KEY_ID, SALT } from "./keys.ts";
import { type Cipher, CIPHERS, TAG } from "./ciphers.ts";

const VERSION = 1;
const ENCRYPTED = 1;
const PLAIN_BIT = 0x800000;
const SMALLEST_POWER = 12;
const LARGEST_POWER = 18;
export const SEAL = TAG;

/** How a body is encrypted. */
export interface Encrypted {
  readonly cipher: Cipher;
  readonly keyId: string;
  readonly salt: Uint8Array;
}

/** A frame as it lies in the store. */
export interface FrameEntry {
  readonly length: number;
  readonly isPlain: boolean;
  /** 0 where the cipher checks. */
  readonly check: number;
}

export interface Table {
  /** Plain octets of each frame but the last. */
  readonly frame: number;
  readonly encrypted: Encrypted | null;
  readonly frames: readonly FrameEntry[];
}

/** Without the seal, which is put behind it. */
export function writeTable({ frame, encrypted, frames }: Table): Uint8Array {
  const head = encrypted ? 3 + 1 + KEY_ID + SALT : 3;
  const octets = new Uint8Array(head + frames.length * (encrypted ? 3 : 7));
  octets.set([VERSION, encrypted ? ENCRYPTED : 0, Math.log2(frame)]);
  if (encrypted) {
    octets[3] = CIPHERS.indexOf(encrypted.cipher);
    octets.set(Uint8Array.fromHex(encrypted.keyId), 4);
    octets.set(encrypted.salt, 4 + KEY_ID);
  }
  const view = new DataView(octets.buffer);
  const checks = head + frames.length * 3;
  frames.forEach(({ length, isPlain, check }, i) => {
    const value = isPlain ? length | PLAIN_BIT : length;
    view.setUint8(head + i * 3, value >> 16);
    view.setUint16(head + i * 3 + 1, value & 0xffff);
    if (!encrypted) view.setUint32(checks + i * 4, check);
  });
  return octets;
}

/** The table of a body of `size` octets, and where its seal begins; null where it cannot be one. */
export function readTable(octets: Uint8Array, size: number): { readonly table: Table; readonly sealAt: number } | null {
  const [version, flags = 0, power = 0, code = 0] = octets;
  if (version !== VERSION || flags > ENCRYPTED || power < SMALLEST_POWER || power > LARGEST_POWER) return null;
  const frame = 1 << power;
  const count = Math.ceil(size / frame);
  const isEncrypted = (flags & ENCRYPTED) !== 0;
  const head = isEncrypted ? 3 + 1 + KEY_ID + SALT : 3;
  if (octets.length !== head + (isEncrypted ? count * 3 + SEAL : count * 7)) return null;
  const cipher = CIPHERS[code];
  if (isEncrypted && !cipher) return null;
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const frames: FrameEntry[] = [];
  for (let i = 0; i < count; i++) {
    const value = (view.getUint8(head + i * 3) << 16) | view.getUint16(head + i * 3 + 1);
    const isPlain = (value & PLAIN_BIT) !== 0;
    const length = value & ~PLAIN_BIT;
    const plain = Math.min(frame, size - i * frame);
    const most = (isPlain ? plain : plain - 1) + (isEncrypted ? TAG : 0);
    const least = isPlain ? most : (isEncrypted ? TAG : 0) + 1;
    if (length > most || length < least) return null;
    frames.push({ length, isPlain, check: isEncrypted ? 0 : view.getUint32(head + count * 3 + i * 4) });
  }
  const encrypted = !isEncrypted ? null : {
    cipher: cipher!,
    keyId: octets.subarray(4, 4 + KEY_ID).toHex(),
    salt: octets.slice(4 + KEY_ID, 4 + KEY_ID + SALT),
  };
  return { table: { frame, encrypted, frames }, sealAt: octets.length - (isEncrypted ? SEAL : 0) };
}

/** What the key of a packed body is known by, at a glance; null where it is not encrypted. */
export function keyIdOf(octets: Uint8Array): string | null {
  return octets[1] === ENCRYPTED ? octets.subarray(4, 4 + KEY_ID).toHex() : null;
}
