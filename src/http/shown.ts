/** What the header Authorization shows: Basic (RFC 7617) or a bearer token (RFC 6750). */
import { decodeBase64 } from "../base/base64.ts";
import { utf8Strict } from "../base/bytes.ts";
import { Secret } from "../base/secret.ts";
import type { Shown } from "./jmap/desk.ts";

const LONGEST = 4096;

/** Null: neither, or too long. */
export function shownIn(header: string): Shown | null {
  if (header.length > LONGEST) return null;
  const space = header.indexOf(" ");
  const [scheme, rest] = [header.slice(0, space).toLowerCase(), header.slice(space + 1).trim()];
  if (scheme === "bearer" && rest !== "") return { token: new Secret(rest) };
  if (scheme !== "basic") return null;
  const octets = decodeBase64(rest);
  const text = octets && utf8Strict(octets);
  const colon = text?.indexOf(":") ?? -1;
  if (!text || colon < 1) return null;
  return { login: text.slice(0, colon), password: new Secret(text.slice(colon + 1)) };
}
