/** Reading dates of messages: RFC 5322 section 3.3 with its obsolete forms, and the broken forms that really come. */
import { lowerAscii } from "../base/ascii.ts";

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const LIMIT = 200;

/** Zones with a name (RFC 5322 section 4.3), hours east of Greenwich; every other name is `-0000`. */
const ZONES: ReadonlyMap<string, number> = new Map([
  ["edt", -4],
  ["est", -5],
  ["cdt", -5],
  ["cst", -6],
  ["mdt", -6],
  ["mst", -7],
  ["pdt", -7],
  ["pst", -8],
  ["cet", 1],
  ["cest", 2],
  ["mez", 1],
  ["mesz", 2],
  ["eet", 2],
  ["eest", 3],
  ["bst", 1],
  ["msk", 3],
  ["jst", 9],
]);

interface Found {
  year: number | null;
  month: number | null;
  day: number | null;
  clock: readonly [hour: number, minute: number, second: number] | null;
  /** Minutes east. */
  zone: number | null;
}

/**
 * Milliseconds since 1970, or null where no date can be found. Understands any order of day, month name and year,
 * ISO 8601, asctime, missing day names, seconds, clocks and zones (taken as universal time).
 */
export function parseDate(text: string): number | null {
  if (text.length > 4 * LIMIT) return null;
  const plain = lowerAscii(withoutComments(text)).slice(0, LIMIT);
  const found: Found = { year: null, month: null, day: null, clock: null, zone: null };
  const iso = /^\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:t| +|$)/.exec(plain);
  if (iso) {
    found.year = Number(iso[1]);
    found.month = Number(iso[2]) - 1;
    found.day = Number(iso[3]);
  }
  const rest = iso ? plain.slice(iso[0].length) : plain;
  for (const token of rest.split(/[\s,]+/)) readToken(token, found);
  return toMilliseconds(found);
}

function withoutComments(text: string): string {
  let out = "";
  let depth = 0;
  for (const char of text) {
    if (char === "(") depth++;
    else if (char === ")") depth = Math.max(0, depth - 1);
    else if (depth === 0) out += char;
    if (char === ")" || char === "(") out += " ";
  }
  return out;
}

function readToken(token: string, found: Found): void {
  if (token === "") return;
  const clock = /^(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2})(?:[.,]\d+)?)?(am|pm)?(z|[+-]\d{2}:?\d{2}|gmt|utc)?$/.exec(
    token,
  );
  if (clock && (token.includes(":") || found.clock === null)) {
    let hour = Number(clock[1]);
    if (clock[4] === "pm" && hour < 12) hour += 12;
    if (clock[4] === "am" && hour === 12) hour = 0;
    found.clock = [hour, Number(clock[2]), Number(clock[3] ?? 0)];
    if (clock[5] !== undefined) readZone(clock[5], found);
    return;
  }
  if ((token === "pm" || token === "am") && found.clock) {
    const [hour, minute, second] = found.clock;
    if (token === "pm" && hour < 12) found.clock = [hour + 12, minute, second];
    if (token === "am" && hour === 12) found.clock = [0, minute, second];
    return;
  }
  const dashed = /^(\d{1,2})-([a-z]{3,9})-(\d{2,4})$/.exec(token); // 24-Nov-2026
  if (dashed && monthOf(dashed[2]!) >= 0) {
    found.day = Number(dashed[1]);
    found.month = monthOf(dashed[2]!);
    found.year = fullYear(dashed[3]!);
    return;
  }
  if (/^\d+$/.test(token)) return readNumber(token, found);
  const month = monthOf(token);
  if (month >= 0 && found.month === null) found.month = month;
  else if (found.clock !== null) readZone(token, found);
}

function readNumber(token: string, found: Found): void {
  if (found.day === null && token.length <= 2) found.day = Number(token);
  else if (found.year === null && token.length >= 2 && token.length <= 4) found.year = fullYear(token);
  // A zone that lost its sign
  else if (found.clock !== null && found.zone === null && token.length === 4) readZone("+" + token, found);
}

function readZone(token: string, found: Found): void {
  if (found.zone !== null && !/^[+-]/.test(token)) return; // `GMT+0200`, `+0200 CEST`: the first one counts
  const offset = /^(?:gmt|utc|ut)?([+-])(\d{1,2}):?(\d{2})$/.exec(token);
  if (offset) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3]);
    if (minutes < 24 * 60) found.zone = offset[1] === "-" ? -minutes : minutes;
    return;
  }
  const hours = ZONES.get(token);
  if (hours !== undefined) found.zone = hours * 60;
}

/** RFC 5322 section 4.3: 00–49 are 2000–2049, two or three digits above are 1900 and more. */
function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length === 2) return year < 50 ? 2000 + year : 1900 + year;
  return digits.length === 3 ? 1900 + year : year;
}

function monthOf(word: string): number {
  return /^[a-z]{3,9}\.?$/.test(word) ? MONTHS.indexOf(word.slice(0, 3)) : -1;
}

function toMilliseconds({ year, month, day, clock, zone }: Found): number | null {
  if (year === null || month === null || day === null) return null;
  const [hour, minute, second] = clock ?? [0, 0, 0];
  if (month < 0 || month > 11 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 60) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  // 31 February is no day, whatever a calendar would roll it over to.
  if (date.getUTCMonth() !== month) return null;
  date.setUTCHours(hour, minute, Math.min(second, 59)); // a leap second is the last of its minute
  return date.getTime() - (zone ?? 0) * 60_000;
}
