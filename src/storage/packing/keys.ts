/**
 * Keys of a store. A key is 32 octets that a person keeps; it is known by eight octets made of it, which stand beside
 * what was encrypted with it. The first key encrypts, all of them decrypt: so a key is replaced by putting a new one
 * before it.
 */
import { utf8Bytes } from "../../base/bytes.ts";
import { hmac } from "../../base/hash.ts";
import { StorageError } from "../storage.ts";

/** Octets of a key, and of what it is known by. */
export const KEY = 32;
export const KEY_ID = 8;
export const SALT = 16;
const MOST = 100;

/** Something is encrypted with a key that is not given. */
export class KeyMissing extends StorageError {
  constructor(id: string) {
    super(
      "unavailable",
      `the store has messages that are encrypted with the key ${id}, which is not among the keys given: ` +
        "name the file that has it in storage.encryption.keyFile (or the key in PALOMAR_STORAGE__ENCRYPTION__KEY), " +
        "behind the newer keys where there are some",
    );
  }
}

/** Keys as a person writes them: base64 or hexadecimal, one a line or with commas between; `#` begins a remark. A reason
 * where it is not so. */
export function readKeys(text: string): readonly Uint8Array[] | string {
  const words = text.split("\n").flatMap((line) => line.replace(/#.*/, "").split(/[\s,]+/)).filter((word) =>
    word !== ""
  );
  if (words.length === 0) return "there is no key in it";
  if (words.length > MOST) return `there are more than ${MOST} keys in it`;
  const keys: Uint8Array[] = [];
  for (const [i, word] of words.entries()) {
    const octets = readKey(word);
    if (octets?.length !== KEY) return `key ${i + 1} is not ${KEY} octets as base64 or hexadecimal`;
    keys.push(octets);
  }
  return keys;
}

function readKey(word: string): Uint8Array | null {
  try {
    return /^[0-9a-f]{64}$/i.test(word) ? Uint8Array.fromHex(word) : Uint8Array.fromBase64(word);
  } catch {
    return null;
  }
}

export class Keys {
  readonly #keys = new Map<string, Uint8Array>();
  /** What new bodies are encrypted with, as hexadecimal digits; null: nothing is encrypted. */
  readonly first: string | null;

  /** Throws `StorageError` where a key has not 32 octets. */
  constructor(keys: readonly Uint8Array[]) {
    for (const key of keys) {
      if (key.length !== KEY) throw new StorageError("unavailable", `a key of a store has ${KEY} octets`);
      const id = hmac("sha256", key, utf8Bytes("palomar storage key id")).subarray(0, KEY_ID).toHex();
      if (!this.#keys.has(id)) this.#keys.set(id, key.slice());
    }
    this.first = [...this.#keys.keys()][0] ?? null;
  }

  /** What they are known by, the first first. */
  ids(): readonly string[] {
    return [...this.#keys.keys()];
  }

  has(id: string): boolean {
    return this.#keys.has(id);
  }

  /** The key of one body: no two have the same, so counters can be its nonces. Throws `KeyMissing`. */
  derive(id: string, salt: Uint8Array): Uint8Array {
    const key = this.#keys.get(id);
    if (!key) throw new KeyMissing(id);
    return hmac("sha256", key, salt);
  }

  /** The octets themselves, for another thread. Never printed. */
  reveal(): readonly Uint8Array[] {
    return [...this.#keys.values()];
  }
}
