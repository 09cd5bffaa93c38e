/** The seal of a table: that it is this body's, whole, and made by who has the key. */
import { encrypt } from "./ciphers.ts";
import { type FrameKey, nonceOf } from "./frame.ts";

/** No frame has this number. */
const SEALING = 0xffffffff;
const NOTHING = new Uint8Array(0);

/** A tag over the table, the body's hash and its size. */
export function sealOf({ cipher, key }: FrameKey, table: Uint8Array, hash: Uint8Array, size: number): Uint8Array {
  const aad = new Uint8Array(table.length + hash.length + 8);
  aad.set(table);
  aad.set(hash, table.length);
  new DataView(aad.buffer).setFloat64(aad.length - 8, size);
  return encrypt(cipher, key, nonceOf(SEALING), aad, NOTHING);
}
