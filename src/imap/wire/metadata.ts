/** Entries and values of annotations (RFC 5464 sections 3.2 and 5). */
import { isAscii, lowerAscii } from "../../base/ascii.ts";
import { latin1String } from "../../base/bytes.ts";
import { METADATA_LIMITS, type MetadataEntry } from "../../contract/mod.ts";
import type { Lexer } from "./lexer.ts";
import { astring, string } from "./strings.ts";

const QUOTED_LIMIT = 1024; // octets of a value that is still quoted

/** entry, in lower case, for they are the same in any. */
export function metadataEntry(lexer: Lexer): string {
  const entry = lowerAscii(lexer.astring());
  if (!/^\/(private|shared)(\/[ -$&-)+-.0-~]+)*$/.test(entry) || entry.length > METADATA_LIMITS.name) {
    lexer.fail("No valid entry name");
  }
  return entry;
}

/** An entry that may have a value: with at least two components, below `vendor` four (RFC 5464 section 3.2). */
export function settableEntry(lexer: Lexer): string {
  const entry = metadataEntry(lexer);
  const components = entry.split("/").length - 1;
  const least = /^\/(private|shared)\/vendor(\/|$)/.test(entry) ? 4 : 2;
  return components < least ? lexer.fail("The entry name has too few components") : entry;
}

/** entries, each once. */
export function metadataEntries(lexer: Lexer): readonly string[] {
  const entries = new Set(lexer.peek() === "(" ? lexer.list(() => metadataEntry(lexer)) : [metadataEntry(lexer)]);
  return entries.size > METADATA_LIMITS.entries ? lexer.fail("Too many entries") : [...entries];
}

/** `entry SP value`; null has no value. */
export function formatEntry({ entry, value }: { entry: string; value: MetadataEntry["value"] | null }): string {
  return `${astring(entry)} ${value === null ? "NIL" : formatValue(latin1String(value))}`;
}

/** nstring / literal8: octets exactly as they were set. */
function formatValue(octets: string): string {
  if (octets.includes("\0")) return `~{${octets.length}}\r\n${octets}`;
  // RFC 9051 section 4.3: a quoted string has no CR and LF, and not everybody takes UTF-8 in one.
  if (isAscii(octets) && octets.length <= QUOTED_LIMIT) return string(octets);
  return `{${octets.length}}\r\n${octets}`;
}
