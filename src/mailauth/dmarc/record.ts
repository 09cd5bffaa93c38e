/** DMARC policy records (RFC 9989 sections 4.7 and 4.8; `pct` and `ri` of RFC 7489 section 6.3). */
import { lowerAscii, parseDigits } from "../../base/ascii.ts";
import { parseReportUris, type ReportUri } from "./report_uri.ts";

/** What a domain asks to be done with mail that does not show it is theirs (RFC 9989 section 4.7 `p`). */
export type DmarcPolicy = "none" | "quarantine" | "reject";

/** A policy record; what is not published has its default. */
export interface DmarcRecord {
  /** Null where the tag is missing or holds no policy. */
  readonly p: DmarcPolicy | null;
  readonly sp: DmarcPolicy | null;
  readonly np: DmarcPolicy | null;
  /** Whether `sp` or `np` stand there with something that is no policy. */
  readonly invalidPolicy: boolean;
  /** `s` strict, `r` relaxed alignment. */
  readonly adkim: "r" | "s";
  readonly aspf: "r" | "s";
  /** Whether the name is a public suffix: yes, no, unknown. */
  readonly psd: "y" | "n" | "u";
  /** Test mode: one policy milder than published. */
  readonly t: boolean;
  /** RFC 7489: percentage of failing mail that the policy is applied to. */
  readonly pct: number;
  /** When failure reports are wanted, in lower case. */
  readonly fo: readonly string[];
  readonly rua: readonly ReportUri[];
  readonly ruf: readonly ReportUri[];
  readonly text: string;
}

/** Characters; more than honest records have. */
const TEXT_LIMIT = 8192;
const TAGS_LIMIT = 100;

/** RFC 9989 section 4.7: `v` comes first and is exactly DMARC1. */
const VERSION = /^[ \t\r\n]*[vV][ \t]*=[ \t]*DMARC1[ \t\r\n]*(;|$)/;

/** Whether a TXT record says of itself that it is a policy record, broken or not. */
export function claimsDmarc(text: string): boolean {
  return VERSION.test(text);
}

/**
 * Reads a TXT record. Null where it is no policy record: another version, too long, or a tag that stands twice, for then
 * the whole list is invalid (RFC 6376 section 3.2). Unknown tags and broken ones are passed over and have defaults
 * (RFC 9989 section 4.7); case matters in neither names nor policies.
 *
 * @see RFC 9989 section 4.7
 */
export function parseDmarcRecord(text: string): DmarcRecord | null {
  if (text.length > TEXT_LIMIT || !claimsDmarc(text)) return null;
  const record = trimBlanks(text);
  const tags = readTags(record);
  if (tags === null) return null;
  const word = (name: string) => lowerAscii(tags.get(name) ?? "");
  return {
    p: policyOf(word("p")),
    sp: policyOf(word("sp")),
    np: policyOf(word("np")),
    invalidPolicy: ["sp", "np"].some((name) => tags.has(name) && policyOf(word(name)) === null),
    adkim: word("adkim") === "s" ? "s" : "r",
    aspf: word("aspf") === "s" ? "s" : "r",
    psd: word("psd") === "y" ? "y" : word("psd") === "n" ? "n" : "u",
    t: word("t") === "y",
    pct: parseDigits(word("pct"), 100) ?? 100,
    fo: failureOptions(word("fo")),
    rua: parseReportUris(tags.get("rua") ?? ""),
    ruf: parseReportUris(tags.get("ruf") ?? ""),
    text: record,
  };
}

function readTags(record: string): Map<string, string> | null {
  const tags = new Map<string, string>();
  const specs = record.split(";");
  if (specs.length > TAGS_LIMIT) return null;
  for (const spec of specs) {
    const equals = spec.indexOf("=");
    if (equals < 0) continue;
    const name = lowerAscii(trimBlanks(spec.slice(0, equals)));
    if (tags.has(name)) return null;
    tags.set(name, trimBlanks(spec.slice(equals + 1)));
  }
  return tags;
}

function policyOf(word: string): DmarcPolicy | null {
  return word === "none" || word === "quarantine" || word === "reject" ? word : null;
}

function failureOptions(text: string): string[] {
  const known = text.split(":").map(trimBlanks).filter((option) => /^[01ds]$/.test(option));
  return known.length === 0 ? ["0"] : [...new Set(known)];
}

/** Line ends too: they stand in records that were pasted. */
const BLANKS = " \t\r\n";

function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && BLANKS.includes(text[start]!)) start++;
  while (end > start && BLANKS.includes(text[end - 1]!)) end--;
  return text.slice(start, end);
}
