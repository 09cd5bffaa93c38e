/**
 * Fields behind a line that is no field. Our header ends there (RFC 5322 section 2.1 has no such line), but programs that
 * pass the line over read on, and would find a second From, or results in our name, that nobody looked at.
 */
import { latin1String } from "../../base/bytes.ts";
import { type HeaderField, headerFields } from "../../message/header.ts";

/** Octets behind the header that are looked at, and fields that are found in them. */
const OCTETS_LIMIT = 64 * 1024;
const FIELDS_LIMIT = 500;

/**
 * The fields between `bodyStart` and the next blank line, where the header did not end with one; else none. `octets` is
 * the begin of the message, up to 64 KiB behind `bodyStart`; offsets are those of the message.
 */
export function hiddenFields(octets: Uint8Array, bodyStart: number): HeaderField[] {
  const before = latin1String(octets, Math.max(0, bodyStart - 3), bodyStart);
  if (/(^|\n)\r?\n$/.test(before)) return [];
  const text = latin1String(octets, bodyStart, Math.min(octets.length, bodyStart + OCTETS_LIMIT));
  const found: HeaderField[] = [];
  for (let at = 0; at < text.length && found.length < FIELDS_LIMIT;) {
    if (text[at] === "\n" || text.startsWith("\r\n", at)) break;
    const [field] = headerFields(text.slice(at), 1);
    if (field === undefined) {
      const lineEnd = text.indexOf("\n", at);
      at = lineEnd < 0 ? text.length : lineEnd + 1;
      continue;
    }
    found.push({ ...field, start: bodyStart + at + field.start, end: bodyStart + at + field.end });
    at += field.end;
  }
  return found;
}
