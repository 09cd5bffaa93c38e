/** Texts of parts (RFC 8621 section 4.1.4, EmailBodyValue), cut where the client says. */
import { utf8Bytes } from "../../base/bytes.ts";
import type { Program } from "../../contract/mod.ts";
import { isKnownCharset, paramOf, type Part, TextExtractor } from "../../message/mod.ts";
import type { JsonObject } from "../json.ts";
import { type BlobReader, isKnownEncoding, readOctets } from "./octets.ts";

const PIECE = 64 * 1024;
/** Octets of a text where the client wants all of it: more is cut, and said to be. */
const LONGEST = 5_000_000;

/** `limit`: octets of UTF-8; 0: all. */
export function* bodyValue(reader: BlobReader, part: Part, limit: number): Program<JsonObject> {
  const most = limit === 0 ? LONGEST : Math.min(limit, LONGEST);
  const charset = paramOf(part.params, "charset") ?? "";
  const extractor = new TextExtractor(part.encoding, charset);
  let text = "";
  let at = part.bodyStart;
  // A character is an octet at least.
  for (; at < part.bodyEnd && text.length <= most; at += PIECE) {
    text += extractor.push(yield* readOctets(reader, at, Math.min(part.bodyEnd, at + PIECE)));
  }
  if (at >= part.bodyEnd) text += extractor.end();
  text = text.replaceAll("\r\n", "\n");
  const value = cut(text, most, part.subtype === "html");
  return {
    value,
    isEncodingProblem: !isKnownEncoding(part) || (charset !== "" && !isKnownCharset(charset)) ||
      value.includes("\ufffd"),
    isTruncated: value.length < text.length || at < part.bodyEnd,
  };
}

/** Never within a character, nor within a tag of HTML (section 4.2). */
export function cut(text: string, octets: number, isHtml: boolean): string {
  if (text.length * 3 <= octets) return text;
  const bytes = utf8Bytes(text);
  if (bytes.length <= octets) return text;
  let end = octets;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  const short = new TextDecoder().decode(bytes.subarray(0, end));
  const open = isHtml ? short.lastIndexOf("<") : -1;
  return open > short.lastIndexOf(">") ? short.slice(0, open) : short;
}
