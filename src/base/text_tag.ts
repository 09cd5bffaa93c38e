import { encodeBase64 } from "./base64.ts";
import { utf8Bytes } from "./bytes.ts";
import { digest } from "./hash.ts";

/** A short name of a text, of letters that may stand in a URL: another text has another one. */
export function textTag(text: string): string {
  return encodeBase64(digest("sha256", utf8Bytes(text))).slice(0, 27).replaceAll("+", "-").replaceAll("/", "_");
}
