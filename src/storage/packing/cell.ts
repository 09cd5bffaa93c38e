/**
 * Cells: small octets of a row beside a body (a header), encrypted by themselves where there is a key.
 *
 * ```text
 * 1 the cipher   8 what the key is known by   16 the salt of the cell's own key   n + 16 the octets and their tag
 * ```
 */
import { concatBytes } from "../../base/bytes.ts";
import { StorageError } from "../storage.ts";
import { type Cipher, CIPHERS, decrypt, encrypt } from "./ciphers.ts";
import { nonceOf } from "./frame.ts";
import { KEY_ID, type Keys, SALT } from "./keys.ts";

const HEAD = 1 + KEY_ID + SALT;

/** `context` says what it is of what; it is no other's. */
export function sealCell(keys: Keys, cipher: Cipher, salt: Uint8Array, context: Uint8Array, octets: Uint8Array) {
  const keyId = keys.first!;
  const sealed = encrypt(cipher, keys.derive(keyId, salt), nonceOf(0), context, octets);
  return concatBytes([Uint8Array.of(CIPHERS.indexOf(cipher)), Uint8Array.fromHex(keyId), salt, sealed]);
}

/** Throws `KeyMissing`, or `StorageError` where it is damaged or another's. */
export function openCell(keys: Keys, context: Uint8Array, cell: Uint8Array): Uint8Array {
  const cipher = CIPHERS[cell[0] ?? CIPHERS.length];
  const [id, salt] = [cell.subarray(1, 1 + KEY_ID), cell.subarray(1 + KEY_ID, HEAD)];
  const octets = cipher && cell.length >= HEAD
    ? decrypt(cipher, keys.derive(id.toHex(), salt), nonceOf(0), context, cell.subarray(HEAD))
    : null;
  if (octets === null) throw new StorageError("bug", "an encrypted cell of a row is damaged");
  return octets;
}
