/** Dates as messages write them (RFC 5322 section 3.3). */

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A date-time of RFC 5322 section 3.3 in universal time: `Tue, 24 Nov 2026 06:07:41 +0000`. `ms` since 1970. */
export function formatDate(ms: number): string {
  const date = new Date(ms);
  const clock = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(twoDigits).join(":");
  const year = String(date.getUTCFullYear()).padStart(4, "0");
  return `${DAYS[date.getUTCDay()]}, ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${year} ${clock} +0000`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
