import { utf8Strict } from "../base/bytes.ts";
import { Secret } from "../base/secret.ts";
import { saslPrep } from "./saslprep.ts";

/** Octets of the longest password that is hashed at all. RFC 4616 section 2 asks for at least 255. */
export const PASSWORD_LIMIT = 1024;
/** Octets of the longest login. */
export const LOGIN_LIMIT = 255;

/** A login as it is asked for: strict UTF-8, prepared, 1 to 255 octets without NUL. Null for anything else. */
export function parseLogin(bytes: Uint8Array): string | null {
  return parseText(bytes, LOGIN_LIMIT);
}

/** A password, under the same rules, up to 1,024 octets. */
export function parsePassword(bytes: Uint8Array): Secret | null {
  const text = parseText(bytes, PASSWORD_LIMIT);
  return text === null ? null : new Secret(text);
}

function parseText(bytes: Uint8Array, limit: number): string | null {
  if (bytes.length === 0 || bytes.length > limit || bytes.includes(0)) return null;
  const text = utf8Strict(bytes);
  const prepared = text === null ? null : saslPrep(text);
  return prepared === "" ? null : prepared;
}
