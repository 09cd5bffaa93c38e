/** The hash of a rewritten address: only who has the key can make one, so nobody can send to the world through us. */
import { lowerAscii } from "../../base/ascii.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import { equalSecretBytes, hmac } from "../../base/hash.ts";
import type { Secret } from "../../base/secret.ts";
import { base32 } from "./base32.ts";

/** Keys, the newest first: that one signs, all are accepted, so that a key can be changed while bounces are under way. */
export type SrsKeys = readonly Secret<Uint8Array>[];

/** Characters of a hash: 40 bits. One guess costs a session, and a bounce is all that is won. */
export const HASH_LENGTH = 8;

/** The hash of some text; the case of its letters does not count, since not every server keeps it. */
export function srsHash(keys: SrsKeys, purpose: string, text: string): string {
  const [newest] = keys;
  if (newest === undefined) throw new RangeError("SRS needs a key");
  return hashWith(newest, purpose, text, HASH_LENGTH);
}

/** Whether one of the keys made this hash, in any case. Takes the same time for each wrong one. */
export function srsHashMatches(keys: SrsKeys, purpose: string, text: string, hash: string): boolean {
  const given = utf8Bytes(lowerAscii(hash));
  let found = false;
  for (const key of keys) {
    const right = equalSecretBytes(utf8Bytes(hashWith(key, purpose, text, HASH_LENGTH)), given);
    found = found || right;
  }
  return found;
}

/** A name for an address that is remembered elsewhere: 80 bits, the same each time under one key. */
export function srsKeyOf(keys: SrsKeys, text: string): string {
  return hashWith(keys[0]!, "key", text, 16);
}

function hashWith(key: Secret<Uint8Array>, purpose: string, text: string, length: number): string {
  // The purpose keeps one kind of address from being taken for another.
  return base32(hmac("sha256", key.reveal(), utf8Bytes(`${purpose}\0${lowerAscii(text)}`)), length);
}
