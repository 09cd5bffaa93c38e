/**
 * The ciphers of frames. Both are authenticated and take a key of 32 octets, a nonce of 12 and give a tag of 16. What
 * they do is a function of what they are given; nonces and keys are chosen elsewhere.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";

/** Names of `storage.encryption.cipher`. */
export type Cipher = "chacha20-poly1305" | "aes-256-gcm";

/** By the octet that a table names them with; never changed. */
export const CIPHERS: readonly Cipher[] = ["aes-256-gcm", "chacha20-poly1305"];
export const TAG = 16;

// The types of both are those of GCM: options and methods are the same.
const gcm = (cipher: Cipher) => cipher as "aes-256-gcm";

/** The octets, and the tag behind them. */
export function encrypt(cipher: Cipher, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, octets: Uint8Array) {
  const made = createCipheriv(gcm(cipher), key, nonce, { authTagLength: TAG });
  made.setAAD(aad);
  const out = new Uint8Array(octets.length + TAG);
  if (octets.length > 0) out.set(made.update(octets));
  made.final();
  out.set(made.getAuthTag(), octets.length);
  return out;
}

/** Null where the key, the nonce, what goes with them or the octets are other than when they were encrypted. */
export function decrypt(
  cipher: Cipher,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  octets: Uint8Array,
): Uint8Array | null {
  if (octets.length < TAG) return null;
  const made = createDecipheriv(gcm(cipher), key, nonce, { authTagLength: TAG });
  made.setAAD(aad);
  made.setAuthTag(octets.subarray(octets.length - TAG));
  try {
    const body = octets.subarray(0, octets.length - TAG);
    const out = body.length > 0 ? made.update(body) : body;
    made.final();
    return new Uint8Array(out.buffer, out.byteOffset, out.length);
  } catch {
    return null;
  }
}
