import { upperAscii } from "../../base/ascii.ts";

/** More than all registered parameters of one command together. */
const PARAMETER_LIMIT = 20;

/** ESMTP parameters of MAIL or RCPT: keyword in upper case to value, or null where it has none. */
export type EsmtpParams = ReadonlyMap<string, string | null>;

/**
 * Parses what stands behind the path: `*(SP esmtp-param)` of RFC 5321 section 4.1.2, values with octets above 127 as
 * RFC 6531 section 3.3 allows. Null where it is not that, or where a keyword stands twice. More than one space
 * between parameters is borne.
 */
export function parseParams(text: string): EsmtpParams | null {
  const params = new Map<string, string | null>();
  if (text.length === 0) return params;
  if (text[0] !== " ") return null;
  for (const word of text.split(" ", 3 * PARAMETER_LIMIT)) {
    if (word.length === 0) continue;
    const equals = word.indexOf("=");
    const keyword = equals < 0 ? word : word.slice(0, equals);
    const value = equals < 0 ? null : word.slice(equals + 1);
    if (!isKeyword(keyword) || (value !== null && !isValue(value))) return null;
    const name = upperAscii(keyword);
    if (params.has(name) || params.size >= PARAMETER_LIMIT) return null;
    params.set(name, value);
  }
  return params;
}

/** `(ALPHA / DIGIT) *(ALPHA / DIGIT / "-")` */
function isKeyword(text: string): boolean {
  if (text.length === 0 || text[0] === "-") return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const ok = (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code === 45;
    if (!ok) return false;
  }
  return true;
}

/** `1*(%d33-60 / %d62-126)`, and UTF-8. `=` is borne inside a value: addresses and Base64 bring it. */
function isValue(text: string): boolean {
  if (text.length === 0) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 33 || code === 127) return false;
  }
  return true;
}
