/** Codes by time (RFC 6238) over HOTP (RFC 4226): SHA-1, six digits, thirty seconds, as every app has them. */
import { equalSecretBytes, hmac } from "../base/hash.ts";
import { utf8Bytes } from "../base/bytes.ts";

const STEP_MS = 30_000;
const DIGITS = 6;
/** RFC 6238 section 5.2: clocks differ, and people type; one step to each side. */
const WINDOW = 1;

/** The step of a time, milliseconds since 1970. */
export function stepOf(now: number): number {
  return Math.floor(now / STEP_MS);
}

/** The code of a step (RFC 4226 section 5.3). */
export function codeOf(secret: Uint8Array, step: number, digits: number = DIGITS): string {
  const counter = new Uint8Array(8);
  new DataView(counter.buffer).setBigUint64(0, BigInt(step));
  const mac = hmac("sha1", secret, counter);
  const offset = mac[mac.length - 1]! & 15;
  const number = new DataView(mac.buffer, mac.byteOffset).getUint32(offset) & 0x7fff_ffff;
  return String(number % 10 ** digits).padStart(digits, "0");
}

/**
 * The step that a code is of, around `now`; null: it is wrong. A step that was used, or one before it, is none
 * (RFC 6238 section 5.2: a code is good once).
 */
export function stepOfCode(secret: Uint8Array, code: string, now: number, lastStep: number): number | null {
  if (!/^\d{6}$/.test(code)) return null;
  let found: number | null = null;
  for (let step = stepOf(now) - WINDOW; step <= stepOf(now) + WINDOW; step++) {
    if (equalSecretBytes(utf8Bytes(codeOf(secret, step)), utf8Bytes(code)) && step > lastStep) found = step;
  }
  return found;
}
