/** Writing Authentication-Results (RFC 8601 section 2.2): whatever a peer said, the field stays one field. */
import { domainToAscii, formatAddress, parseAddress, parseDomain } from "../../base/address.ts";
import { isAscii } from "../../base/ascii.ts";
import {
  type AuthenticationResults,
  isKeyword,
  isToken,
  PROPERTIES_LIMIT,
  type ResultInfo,
  RESULTS_LIMIT,
} from "./model.ts";

/** How a field is written. */
export interface ResultsStyle {
  /** Whether characters beyond ASCII may stand in it (RFC 6532); else domains become A-labels, the rest `?`. */
  readonly utf8: boolean;
}

const LINE = 78; // RFC 5322 section 2.1.1
const QUOTED_LIMIT = 800; // a quoted string is never folded, and a line may not have more than 998 octets
const COMMENT_LIMIT = 200;

/**
 * An Authentication-Results field with its CRLF, folded. Values are quoted where the grammar asks for it, control
 * characters become `?`, and what is too long is cut. `parseAuthenticationResults` reads it back.
 */
export function authenticationResultsField(
  results: AuthenticationResults,
  style: ResultsStyle = { utf8: false },
): string {
  const version = results.version === 1 ? "" : ` ${results.version}`;
  const lines = results.results.slice(0, RESULTS_LIMIT).map((result) => fold(words(result, style)));
  const said = lines.length === 0 ? ["none"] : lines;
  return `Authentication-Results: ${authservId(results.authservId, style)}${version};\r\n\t${said.join(";\r\n\t")}\r\n`;
}

/** RFC 8601 section 2.5: a token or a quoted string; an address is none. */
function authservId(id: string, style: ResultsStyle): string {
  const plain = style.utf8 ? id : asciiDomain(id);
  return plain.length <= QUOTED_LIMIT && isToken(plain) && (style.utf8 || isAscii(plain)) ? plain : quote(plain, style);
}

function words(result: ResultInfo, style: ResultsStyle): string[] {
  const version = (result.version ?? 1) === 1 ? "" : `/${result.version}`;
  const out = [`${keyword(result.method)}${version}=${keyword(result.result)}`];
  if (result.comment) out.push(comment(result.comment, style));
  if (result.reason !== null) out.push(`reason=${value(result.reason, style)}`);
  for (const { ptype, property, value: text } of result.properties.slice(0, PROPERTIES_LIMIT)) {
    out.push(`${keyword(ptype)}.${keyword(property)}=${value(text, style)}`);
  }
  return out;
}

/** Words on as few lines as they need. */
function fold(words: readonly string[]): string {
  let out = words[0] ?? "";
  let length = out.length;
  for (const word of words.slice(1)) {
    if (length + word.length + 1 > LINE) {
      out += "\r\n\t" + word;
      length = 8 + word.length;
    } else {
      out += " " + word;
      length += word.length + 1;
    }
  }
  return out;
}

function keyword(text: string): string {
  return isKeyword(text) && text.length <= 60 ? text : "unknown";
}

/** RFC 8601 section 2.2 pvalue: a token, an address or a domain as it is, all else as a quoted string. */
function value(text: string, style: ResultsStyle): string {
  const plain = style.utf8 ? text : asciiDomain(text);
  if (plain.length <= QUOTED_LIMIT && (style.utf8 || isAscii(plain)) && isPlain(plain)) return plain;
  return quote(plain, style);
}

function isPlain(text: string): boolean {
  if (isToken(text)) return true;
  if (text.startsWith("@")) return parseDomain(text.slice(1)) === text.slice(1);
  const address = parseAddress(text);
  return address !== null && formatAddress(address) === text && !hasControls(text);
}

/** The domain behind the last `@`, or the whole text where it is a domain, in A-labels. */
function asciiDomain(text: string): string {
  if (isAscii(text)) return text;
  const at = text.lastIndexOf("@") + 1;
  const domain = parseDomain(text.slice(at));
  const ascii = domain === null ? null : domainToAscii(domain);
  return ascii === null ? text : text.slice(0, at) + ascii;
}

function quote(text: string, style: ResultsStyle): string {
  return `"${escaped(text, '"', QUOTED_LIMIT, style)}"`;
}

function comment(text: string, style: ResultsStyle): string {
  return `(${escaped(text, "()", COMMENT_LIMIT, style)})`;
}

function escaped(text: string, special: string, limit: number, style: ResultsStyle): string {
  let out = "";
  for (const char of text) {
    const safe = isControl(char.codePointAt(0)!) || (!style.utf8 && !isAscii(char)) ? "?" : char;
    const piece = safe === "\\" || special.includes(safe) ? "\\" + safe : safe;
    if (out.length + piece.length > limit) break;
    out += piece;
  }
  return out;
}

function hasControls(text: string): boolean {
  for (const char of text) if (isControl(char.codePointAt(0)!)) return true;
  return false;
}

/** C0, DEL and C1; halves of surrogate pairs, which have no UTF-8. */
function isControl(code: number): boolean {
  return code < 32 || (code >= 127 && code < 160) || (code >= 0xd800 && code <= 0xdfff);
}
