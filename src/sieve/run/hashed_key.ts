import { encodeBase64 } from "../../base/base64.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";

/** A short key that says nothing to whoever reads the store. */
export function hashedKey(...words: readonly string[]): string {
  return encodeBase64(digest("sha256", utf8Bytes(words.map((word) => `${word.length}:${word}`).join(""))));
}
