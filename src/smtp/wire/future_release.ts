/** Values of HOLDFOR and HOLDUNTIL (RFC 4865 section 4). */
import { parseDigits } from "../../base/ascii.ts";

/** `future-release-integer = %x31-39 *8DIGIT`, seconds; as milliseconds. */
export function parseHoldFor(text: string): number | null {
  const seconds = text.length > 9 || text.startsWith("0") ? null : parseDigits(text);
  return seconds === null ? null : seconds * 1000;
}

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|([+-])(\d\d):(\d\d))$/i;

/** An Internet date and time (RFC 3339 section 5.6) as milliseconds since 1970; null where it is none. */
export function parseHoldUntil(text: string): number | null {
  const found = DATE_TIME.exec(text.slice(0, 64));
  if (found === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map(Number);
  const [offsetHour, offsetMinute] = [Number(found[8] ?? 0), Number(found[9] ?? 0)];
  // A leap second is the second before it: nobody waits for that one.
  if (hour > 23 || minute > 59 || second > 60 || offsetHour > 23 || offsetMinute > 59) return null;
  const ms = Date.UTC(year, month - 1, day, hour, minute, Math.min(59, second));
  const date = new Date(ms);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || date.getUTCFullYear() !== year) return null;
  const offset = (offsetHour * 60 + offsetMinute) * 60_000;
  return found[7] === "-" ? ms + offset : ms - offset;
}

/** The same, written: whole seconds of UTC. */
export function printDateTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+/, "");
}
