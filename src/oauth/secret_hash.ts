import { utf8Bytes } from "../base/bytes.ts";
import { digest } from "../base/hash.ts";

/** What is kept of a secret that is random and long, and the key of its record. */
export function secretHash(secret: string): string {
  return digest("sha256", utf8Bytes(secret)).toHex();
}
