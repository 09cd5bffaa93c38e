/** Which octets of a message a section names (RFC 9051 section 6.4.5.1), by the stored MIME index. */
import type { Part } from "../message/mod.ts";
import { upperAscii } from "../base/ascii.ts";
import { latin1String } from "../base/bytes.ts";
import type { Section } from "./wire/fetch_items.ts";

/** `prefix`: the delivery's prefix comes first; then octets `[start, end)` of the blob. */
export interface Extent {
  readonly prefix: boolean;
  readonly start: number;
  readonly end: number;
}

/** The octets, or for header fields the header they stand in. Null: there is no such part. */
export function extentOf(section: Section, root: Part, blobSize: number): Extent | null {
  if (section.path.length === 0) {
    if (section.text === "all") return { prefix: true, start: 0, end: blobSize };
    if (section.text === "text") return { prefix: false, start: root.bodyStart, end: blobSize };
    return { prefix: true, start: 0, end: root.bodyStart };
  }
  const part = findPart(root, section.path);
  if (part === null) return null;
  if (section.text === "all") return { prefix: false, start: part.bodyStart, end: part.bodyEnd };
  if (section.text === "mime") return { prefix: part === root, start: part.headerStart, end: part.bodyStart };
  // HEADER and TEXT of a part are those of the message inside it.
  if (part.message === null) return null;
  const inner = part.message.root;
  return section.text === "text"
    ? { prefix: false, start: inner.bodyStart, end: inner.bodyEnd }
    : { prefix: false, start: inner.headerStart, end: inner.bodyStart };
}

/** RFC 9051 section 6.4.5.1: every message has a part 1; the parts of a message/rfc822 are those of its message. */
export function findPart(root: Part, path: readonly number[]): Part | null {
  let within: Part = root; // a message's root, or a multipart
  let part: Part | null = null;
  for (const number of path) {
    if (part !== null) {
      if (part.parts.length > 0) within = part;
      else if (part.message !== null) within = part.message.root;
      else return null;
    }
    if (within.type === "multipart") part = within.parts[number - 1] ?? null;
    else part = number === 1 ? within : null;
    if (part === null) return null;
  }
  return part;
}

/** The wanted fields of a header as they stand, folded lines included, and the blank line (latin1). */
export function selectFields(header: Uint8Array, names: readonly string[], not: boolean): string {
  const wanted = new Set(names);
  let out = "";
  let keep = false;
  for (let at = 0; at < header.length;) {
    const lf = header.indexOf(10, at);
    const end = lf < 0 ? header.length : lf + 1;
    const first = header[at]!;
    if (first === 13 || first === 10) break; // the blank line
    if (first !== 32 && first !== 9) {
      const colon = header.indexOf(58, at);
      let stop = colon < 0 || colon > end ? at : colon;
      while (stop > at && (header[stop - 1] === 32 || header[stop - 1] === 9)) stop--;
      keep = stop - at <= 1000 && wanted.has(upperAscii(latin1String(header, at, stop))) !== not;
    }
    if (keep) out += latin1String(header, at, end);
    at = end;
  }
  return out + "\r\n";
}
