/**
 * The one door of the pure cores to `node:crypto`: hashes are functions, the same input gives the same output.
 * Randomness and slow key derivation are not here; they are questions to the world.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

export type HashName = "sha1" | "sha256" | "sha512" | "md5";

/** A hash that is fed piece by piece. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
}

export function hasher(name: HashName): Hasher {
  const hash = createHash(name);
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => new Uint8Array(hash.digest()),
  };
}

export function digest(name: HashName, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(name).update(bytes).digest());
}

export function hmac(name: HashName, key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac(name, key).update(bytes).digest());
}

/** Compares in time that depends on the length only. */
export function equalSecretBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
