/** The line that begins a message in an mbox: `From alice@example.org Tue Jan  1 00:00:00 2002` (RFC 4155). */

/** A From_ line, read. */
export interface FromLine {
  readonly sender: string;
  /** Milliseconds since 1970; without a zone it is UTC, as RFC 4155 has it. */
  readonly date: number;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const FROM =
  /^From (.*?) ?(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat),? +([A-Z][a-z]{2}) +(\d{1,2}) +(\d{1,2}):(\d{2})(?::(\d{2}))?(?: +([A-Z]{1,5}|[+-]\d{4}))? +(\d{4})(?: +([+-]\d{4}))?(?: .*)?$/;
/** Octets of a From_ line that is one. */
export const FROM_LIMIT = 1000;
const SENDER_LIMIT = 320;

/** Latin1, without its line end. Null: it is a line of text. A date that is none is the start of 1970. */
export function parseFromLine(line: string): FromLine | null {
  if (!line.startsWith("From ") || line.length > FROM_LIMIT) return null;
  const found = FROM.exec(line.replace(/\t/g, " "));
  if (!found) return null;
  const [, sender = "", month = "", day, hour, minute, second = "0", zone, year, after] = found;
  const at = MONTHS.indexOf(month);
  const shift = /^[+-]/.test(after ?? zone ?? "") ? zoneMs(after ?? zone ?? "") : 0;
  const date = at < 0
    ? 0
    : Date.UTC(Number(year), at, Number(day), Number(hour), Number(minute), Number(second)) - shift;
  return { sender: sender.trim(), date: Number.isFinite(date) ? date : 0 };
}

function zoneMs(zone: string): number {
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3, 5));
  return (zone.startsWith("-") ? -minutes : minutes) * 60_000;
}

/** In UTC. What is no address of one word becomes MAILER-DAEMON, as for reports. */
export function printFromLine({ sender, date }: FromLine): string {
  const who = /^[\x21-\x7e]+$/.test(sender) && sender.length <= SENDER_LIMIT ? sender : "MAILER-DAEMON";
  const time = new Date(date);
  const two = (value: number) => String(value).padStart(2, "0");
  const clock = [time.getUTCHours(), time.getUTCMinutes(), time.getUTCSeconds()].map(two).join(":");
  const day = String(time.getUTCDate()).padStart(2, " ");
  const year = String(time.getUTCFullYear()).padStart(4, "0");
  return `From ${who} ${DAYS[time.getUTCDay()]} ${MONTHS[time.getUTCMonth()]} ${day} ${clock} ${year}`;
}
