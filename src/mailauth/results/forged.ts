/**
 * Fields from outside that speak in our name (RFC 8601 section 5): whoever believes what we write under our
 * authserv-id would believe them. They go, all of them, before ours is put on top.
 */
import { domainToAscii } from "../../base/address.ts";
import { lowerAscii } from "../../base/ascii.ts";
import { latin1Bytes } from "../../base/bytes.ts";
import type { BlobId, BodyPart } from "../../contract/mod.ts";
import { decodeWords } from "../../message/encoded_word.ts";
import { fieldText, type HeaderField } from "../../message/header.ts";
import { parseAuthenticationResults } from "./parse.ts";

/**
 * The Authentication-Results fields that name one of `ours` (authserv-ids; case, A- or U-labels and a trailing dot do
 * not matter). A field that cannot be parsed counts where one of the names stands anywhere in it: another reader may
 * be less exact. ARC-Authentication-Results are not looked at: a chain is sealed and stands or falls with its seals.
 */
export function forgedResults(fields: readonly HeaderField[], ours: readonly string[]): HeaderField[] {
  const names = ours.map(canonicalId);
  return fields.filter((field) => field.name === "authentication-results" && speaksAs(field, names));
}

/** The octets of such fields as `body.rewrite` wants them: ascending, neighbours joined. */
export function forgedRanges(forged: readonly HeaderField[]): { start: number; end: number }[] {
  const ranges: { start: number; end: number }[] = [];
  for (const { start, end } of forged) {
    const last = ranges.at(-1);
    if (last?.end === start) last.end = end;
    else ranges.push({ start, end });
  }
  return ranges;
}

/** What stands before the name of a field that is kept but must not be believed. */
const RENAMED = "X-Claimed-";

/**
 * The body with such fields renamed to `X-Claimed-Authentication-Results`, as parts for `body.compose`: for those who
 * want to see what was claimed. `size` is that of the blob, in octets.
 */
export function renamedParts(forged: readonly HeaderField[], blobId: BlobId, size: number): BodyPart[] {
  const parts: BodyPart[] = [];
  let at = 0;
  for (const { start } of forged) {
    if (start > at) parts.push({ blobId, start: at, end: start });
    parts.push({ octets: latin1Bytes(RENAMED) });
    at = start;
  }
  parts.push({ blobId, start: at, end: size });
  return parts;
}

function speaksAs(field: HeaderField, names: readonly string[]): boolean {
  const text = fieldText(field);
  const parsed = parseAuthenticationResults(text);
  if (!("malformed" in parsed)) return names.includes(canonicalId(parsed.authservId));
  const squeezed = lowerAscii(decodeWords(text)).replace(/\([^()]*\)|[\s"\\]/g, "");
  return names.some((name) => squeezed.includes(name)) || names.includes(canonicalId(firstWord(squeezed)));
}

/** For a name in U-labels, which `includes` cannot see. */
function firstWord(text: string): string {
  return /^[^;=/:,]*/.exec(text)![0];
}

function canonicalId(id: string): string {
  const bare = id.endsWith(".") ? id.slice(0, -1) : id;
  return domainToAscii(bare) ?? lowerAscii(bare);
}
