/** Octets and strings. Protocol lines are latin1 strings (one character an octet); bodies stay octets. */

const encoder = new TextEncoder();
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const utf8Fatal = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const EMPTY: Uint8Array = new Uint8Array(0);

/** Octets of a latin1 string: the low eight bits of each character. */
export function latin1Bytes(text: string): Uint8Array {
  // Long text is nearly always ASCII, for which the encoder is many times faster; the lengths tell whether it was.
  if (text.length >= ENCODED_FROM) {
    const encoded = encoder.encode(text);
    if (encoded.length === text.length) return encoded;
  }
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Below this the loop is faster than the call. */
const ENCODED_FROM = 128;

const CHUNK = 8192;

/** One character an octet. Not `TextDecoder("latin1")`, which is windows-1252 and changes 0x80–0x9F. */
export function latin1String(bytes: Uint8Array, start: number = 0, end: number = bytes.length): string {
  if (end - start <= CHUNK) return String.fromCharCode.apply(null, bytes.subarray(start, end) as unknown as number[]);
  const parts: string[] = [];
  for (let at = start; at < end; at += CHUNK) {
    parts.push(
      String.fromCharCode.apply(null, bytes.subarray(at, Math.min(end, at + CHUNK)) as unknown as number[]),
    );
  }
  return parts.join("");
}

export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** UTF-8 decoded with U+FFFD for what is not UTF-8. Only for display: never compare or store its result as a name. */
export function utf8String(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

/** UTF-8 decoded, or null where the octets are not UTF-8. */
export function utf8Strict(bytes: Uint8Array): string | null {
  try {
    return utf8Fatal.decode(bytes);
  } catch {
    return null;
  }
}

/** Joins pieces into one array of their own. A single piece is copied too, so the result is always owned. */
export function concatBytes(pieces: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
