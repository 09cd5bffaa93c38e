import { digest } from "../../base/hash.ts";
import { utf8Bytes } from "../../base/bytes.ts";

/** A key of a message (`Origin.key`): 32 characters, of what names it. */
export function keyOf(...parts: readonly string[]): string {
  return printKey(digest("sha256", utf8Bytes(parts.join("\0"))));
}

export function printKey(hash: Uint8Array): string {
  return hash.subarray(0, 24).toBase64({ alphabet: "base64url", omitPadding: true });
}
