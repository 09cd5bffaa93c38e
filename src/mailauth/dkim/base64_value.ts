import { decodeBase64 } from "../../base/base64.ts";
import { withoutFws } from "./tag_list.ts";

/** Base64 of a tag: white space anywhere, padding or none (RFC 6376 section 2.10). Null where it is something else. */
export function base64Value(value: string): Uint8Array | null {
  const text = withoutFws(value);
  const padded = text.includes("=") ? text : text + "=".repeat((4 - text.length % 4) % 4);
  return decodeBase64(padded);
}
