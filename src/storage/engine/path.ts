/**
 * Mailbox names. The hierarchy separator is `/`; a name is UTF-8 in NFC without control characters (RFC 5198), a
 * segment at most 255 octets, at most 50 levels. `INBOX` is the same in any case (RFC 9051 section 5.1).
 */
import { equalsIgnoreCase } from "../../base/ascii.ts";
import { utf8Bytes } from "../../base/bytes.ts";

const SEGMENT_LIMIT = 255;
const DEPTH_LIMIT = 50;

export type ParsedPath = { readonly path: string } | { readonly refused: "invalidName" | "tooDeep" };

/** The canonical form of a name that may be created. */
export function parsePath(text: string): ParsedPath {
  if (text.length > SEGMENT_LIMIT * DEPTH_LIMIT) return { refused: "invalidName" };
  const segments = canonicalPath(text).split("/");
  if (segments.length > DEPTH_LIMIT) return { refused: "tooDeep" };
  for (const segment of segments) if (!isSegment(segment)) return { refused: "invalidName" };
  return { path: segments.join("/") };
}

/** The form that names are looked up by: NFC, INBOX in capitals. */
export function canonicalPath(text: string): string {
  const path = text.normalize("NFC");
  if (path.length < 5 || !equalsIgnoreCase(path.slice(0, 5), "INBOX")) return path;
  return path.length === 5 || path[5] === "/" ? "INBOX" + path.slice(5) : path;
}

/** The names above `a/b/c`: `a`, `a/b`. */
export function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) parents.push(path.slice(0, at));
  return parents;
}

function isSegment(segment: string): boolean {
  if (segment.length === 0 || !segment.isWellFormed()) return false;
  for (let i = 0; i < segment.length; i++) {
    const code = segment.charCodeAt(i);
    // C0, DEL, C1, and the line and paragraph separators (RFC 5198 section 2)
    if (code < 32 || (code >= 127 && code < 160) || code === 0x2028 || code === 0x2029) return false;
  }
  return segment.length * 3 <= SEGMENT_LIMIT || utf8Bytes(segment).length <= SEGMENT_LIMIT;
}
