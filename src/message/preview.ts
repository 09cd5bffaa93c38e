/**
 * The first words of a message, as a list of messages shows them (RFC 8970, and `preview` of RFC 8621 section 4.1.4).
 * Linear in the octets, whatever they are.
 */
import type { Part } from "./model.ts";
import { plainText } from "./html_text.ts";
import { TextExtractor } from "./text.ts";

/** RFC 8970 section 3.3: no more than 200 characters, UTF-8 ones. */
const CHARACTERS = 200;
/** How many octets of a part are looked at. */
export const PREVIEW_OCTETS = 32 * 1024;

/** The part whose text stands for the message, or null where there is none to read. */
export function previewPart(root: Part): Part | null {
  const open: Part[] = [root];
  for (let part = open.pop(); part; part = open.pop()) {
    if (part.disposition?.type === "attachment") continue;
    if (part.type === "text" && (part.subtype === "plain" || part.subtype === "html")) return part;
    // RFC 1847, RFC 3156: what is encrypted has no words for us.
    if (part.type === "multipart" && part.subtype === "encrypted") return null;
    const parts = part.subtype === "alternative" ? plainFirst(part.parts) : part.parts;
    for (let i = parts.length - 1; i >= 0; i--) open.push(parts[i]!);
  }
  return null;
}

function plainFirst(parts: readonly Part[]): readonly Part[] {
  const plain = parts.filter((part) => part.type === "text" && part.subtype === "plain");
  return plain.length === 0 ? parts : [...plain, ...parts.filter((part) => !plain.includes(part))];
}

/** The preview of a part from the first octets of its body. Empty where there are no words. */
export function previewText(part: Part, octets: Uint8Array): string {
  const charset = part.params.find(([name]) => name === "charset")?.[1] ?? "";
  const extractor = new TextExtractor(part.encoding, charset);
  const text = extractor.push(octets) + (octets.length < part.bodyEnd - part.bodyStart ? "" : extractor.end());
  const own = part.subtype === "html" ? plainText(text) : withoutQuotes(text);
  return firstCharacters(own);
}

/** Without quoted lines and what follows the signature's mark, unless nothing else is there. */
function withoutQuotes(text: string): string {
  const lines = text.split(/\r?\n/);
  const end = lines.indexOf("-- "); // RFC 3676 section 4.3
  const body = end > 0 ? lines.slice(0, end) : lines;
  const own = body.filter((line) => !line.startsWith(">")).join("\n");
  return own.trim() === "" ? text : own;
}

/** One line, without controls and rows of signs that only draw. */
function firstCharacters(text: string): string {
  const line = text
    .replace(/[\s\p{Cc}\p{Cf}\u034f\ufffd]+/gu, (run) => /[\s\p{Cc}]/u.test(run) ? " " : "")
    .replace(/([-=_*#~.])\1{4,}/g, " ")
    .replace(/ {2,}/g, " ")
    .trim();
  let characters = 0;
  let at = 0;
  while (at < line.length && characters < CHARACTERS) {
    at += line.codePointAt(at)! > 0xffff ? 2 : 1;
    characters++;
  }
  return line.slice(0, at).trimEnd();
}
