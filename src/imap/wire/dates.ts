/** Dates of the protocol (RFC 9051 section 9: `date`, `date-time`). */
import { parseDigits } from "../../base/ascii.ts";
import { lowerAscii } from "../../base/ascii.ts";
import type { Lexer } from "./lexer.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MINUTE = 60_000;

/** `date`: the start of that day in UTC, milliseconds since 1970. */
export function date(lexer: Lexer): number {
  const text = lexer.peek() === '"' ? lexer.string() : lexer.atom();
  const [day = "", month = "", year = ""] = text.split("-", 4);
  const at = text.length > 11 ? null : dayOf(day, month, year);
  return at ?? lexer.fail("The date is malformed");
}

/** `date-time`, milliseconds since 1970. */
export function dateTime(lexer: Lexer): number {
  const text = lexer.string();
  return parseDateTime(text) ?? lexer.fail("The date and time are malformed");
}

/** `dd-Mon-yyyy hh:mm:ss +zzzz`, or null. */
export function parseDateTime(text: string): number | null {
  if (text.length !== 26 || text[2] !== "-" || text[6] !== "-" || text[11] !== " " || text[20] !== " ") return null;
  const day = dayOf(text[0] === " " ? text[1]! : text.slice(0, 2), text.slice(3, 6), text.slice(7, 11));
  const hour = parseDigits(text.slice(12, 14), 23);
  const minute = parseDigits(text.slice(15, 17), 59);
  const second = parseDigits(text.slice(18, 20), 60);
  const sign = text[21] === "+" ? 1 : text[21] === "-" ? -1 : 0;
  const zoneHour = parseDigits(text.slice(22, 24), 23);
  const zoneMinute = parseDigits(text.slice(24, 26), 59);
  if (day === null || hour === null || minute === null || second === null || sign === 0) return null;
  if (zoneHour === null || zoneMinute === null || text[14] !== ":" || text[17] !== ":") return null;
  return day + ((hour * 60 + minute) * 60 + second) * 1000 - sign * (zoneHour * 60 + zoneMinute) * MINUTE;
}

/** `"dd-Mon-yyyy hh:mm:ss +0000"` with its quotes; always UTC. */
export function formatDateTime(at: number): string {
  const when = new Date(Number.isFinite(at) && Math.abs(at) < 8.64e15 ? at : 0);
  const year = Math.min(9999, Math.max(0, when.getUTCFullYear()));
  const day = `${when.getUTCDate()}`.padStart(2, " ");
  return `"${day}-${MONTHS[when.getUTCMonth()]}-${`${year}`.padStart(4, "0")} ${two(when.getUTCHours())}:${
    two(when.getUTCMinutes())
  }:${two(when.getUTCSeconds())} +0000"`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

function dayOf(day: string, month: string, year: string): number | null {
  const d = parseDigits(day, 31);
  const m = MONTHS.findIndex((name) => lowerAscii(name) === lowerAscii(month));
  const y = year.length === 4 ? parseDigits(year) : null;
  if (d === null || d === 0 || m < 0 || y === null) return null;
  const at = new Date(0);
  at.setUTCFullYear(y, m, d);
  return at.getUTCDate() === d ? at.getTime() : null; // no 31st of February
}
