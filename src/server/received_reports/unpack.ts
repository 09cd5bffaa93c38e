/**
 * Takes a report out of what it was packed in. Whoever packed it may mean harm: what comes out is bounded in octets and
 * in its ratio to what went in, whatever it claims of itself; of an archive one file is looked at, and nothing that is
 * packed again.
 */
import { promisify } from "node:util";
import { gunzip, inflateRaw } from "node:zlib";
import { decodeCharset } from "../../message/mod.ts";

const MB = 1024 * 1024;
/** Octets packed and unpacked, and how many times larger it may become. */
export const UNPACK_LIMITS = { packed: 10 * MB, unpacked: 20 * MB, ratio: 200 } as const;
/** Octets that may come of anything. */
const SMALL = 256 * 1024;

/** The text of an attachment: plain, gzip, or the first file of a zip. Null: damaged, too large, or none. */
export async function unpackReport(bytes: Uint8Array): Promise<string | null> {
  if (bytes.length > UNPACK_LIMITS.packed) return null;
  try {
    const unpacked = await octetsOf(bytes);
    if (unpacked === null || unpacked.length > UNPACK_LIMITS.unpacked || isPacked(unpacked)) return null;
    return textOf(unpacked);
  } catch {
    return null; // cut off, damaged, or more than `maxOutputLength`
  }
}

async function octetsOf(bytes: Uint8Array): Promise<Uint8Array | null> {
  if (isGzip(bytes)) return await promisify(gunzip)(bytes, bound(bytes));
  return isZip(bytes) ? await firstOfZip(bytes) : bytes;
}

function bound({ length }: Uint8Array): { maxOutputLength: number } {
  return { maxOutputLength: Math.min(UNPACK_LIMITS.unpacked, Math.max(SMALL, length * UNPACK_LIMITS.ratio)) };
}

function isPacked(bytes: Uint8Array): boolean {
  return isGzip(bytes) || isZip(bytes);
}

/** RFC 1952 section 2.3.1. */
function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 0x03 && bytes[3] === 0x04;
}

/** A few entries are passed over to find a file: some archives begin with its folder. */
const ENTRIES_LIMIT = 4;
const LOCAL_HEADER = 30;

/** By local headers: the directory at the end says the same, or lies. Sizes may stand behind the data (bit 3). */
async function firstOfZip(bytes: Uint8Array): Promise<Uint8Array | null> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0, entry = 0; entry < ENTRIES_LIMIT && at + LOCAL_HEADER <= bytes.length; entry++) {
    if (view.getUint32(at, true) !== 0x04034b50) return null;
    const flags = view.getUint16(at + 6, true);
    const method = view.getUint16(at + 8, true);
    const size = view.getUint32(at + 18, true);
    const nameEnd = at + LOCAL_HEADER + view.getUint16(at + 26, true);
    const start = nameEnd + view.getUint16(at + 28, true);
    if ((flags & 1) !== 0 || start > bytes.length) return null; // encrypted, or cut off
    if (bytes[nameEnd - 1] === 0x2f) { // a folder
      at = start + size;
      continue;
    }
    const data = bytes.subarray(start);
    if (method === 0) return (flags & 8) !== 0 || size > data.length ? null : data.subarray(0, size);
    return method === 8 ? await promisify(inflateRaw)(data, bound(data)) : null;
  }
  return null;
}

/** XML 1.0 appendix F: the byte order mark, else what the document says, else UTF-8. */
function textOf(bytes: Uint8Array): string {
  const [a, b] = bytes;
  if (a === 0xff && b === 0xfe || a === 0x3c && b === 0) return decodeCharset(bytes, "utf-16le");
  if (a === 0xfe && b === 0xff || a === 0 && b === 0x3c) return decodeCharset(bytes, "utf-16be");
  const head = decodeCharset(bytes.subarray(0, 200), "iso-8859-1");
  const declared = /^\s*<\?xml[^>]{0,150}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']/.exec(head)?.[1];
  // What says UTF-16 of itself in ASCII is not that.
  return decodeCharset(bytes, declared === undefined || /^utf-?16/i.test(declared) ? "utf-8" : declared);
}
