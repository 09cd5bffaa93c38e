import { latin1Bytes, latin1String } from "./bytes.ts";

/** Base64 of RFC 4648 section 4, with padding and without line breaks. */
export function encodeBase64(bytes: Uint8Array): string {
  return btoa(latin1String(bytes));
}

/** Strict Base64 of RFC 4648 section 4: no white space, right padding. Null for anything else. */
export function decodeBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  try {
    return latin1Bytes(atob(text));
  } catch {
    return null;
  }
}

/** Base64 for URLs (RFC 4648 section 5), without padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return encodeBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Strict base64 for URLs; padding may be there or not. Null for anything else. */
export function decodeBase64Url(text: string): Uint8Array | null {
  if (!/^[A-Za-z0-9_-]*={0,2}$/.test(text)) return null;
  const bare = text.replaceAll("=", "").replaceAll("-", "+").replaceAll("_", "/");
  return decodeBase64(bare + "=".repeat((4 - (bare.length % 4)) % 4));
}
