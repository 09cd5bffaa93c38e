/** Parts of a date (RFC 5260 section 4.2). */
import { formatDate } from "../../message/date.ts";
import { SieveFault } from "../match/budget.ts";

/** Their names. */
export const DATE_PARTS: readonly string[] = (
  "year month day date julian hour minute second time iso8601 std11 zone weekday"
).split(" ");

/** Minutes east, or null (RFC 5260 section 4.1). */
export function zoneMinutes(value: string): number | null {
  const found = /^([+-])([0-9]{2})([0-5][0-9])$/.exec(value);
  if (!found || Number(found[2]) > 23) return null;
  const minutes = Number(found[2]) * 60 + Number(found[3]);
  return found[1] === "-" ? -minutes : minutes;
}

/** One of them, in a zone of so many minutes east. @throws SieveFault */
export function datePart(ms: number, zone: number, part: string): string {
  const date = new Date(ms + zone * 60_000);
  const two = (value: number) => String(value).padStart(2, "0");
  const year = String(date.getUTCFullYear()).padStart(4, "0");
  const day = `${year}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  const sign = zone < 0 ? "-" : "+";
  const hours = two(Math.floor(Math.abs(zone) / 60));
  const minutes = two(Math.abs(zone) % 60);
  switch (part) {
    case "year":
      return year;
    case "month":
      return two(date.getUTCMonth() + 1);
    case "day":
      return two(date.getUTCDate());
    case "date":
      return day;
    case "julian": // the modified Julian day
      return String(Math.floor(date.getTime() / 86_400_000) + 40_587);
    case "hour":
      return two(date.getUTCHours());
    case "minute":
      return two(date.getUTCMinutes());
    case "second":
      return two(date.getUTCSeconds());
    case "time":
      return time;
    case "iso8601": // no offset is "Z"
      return `${day}T${time}${zone === 0 ? "Z" : `${sign}${hours}:${minutes}`}`;
    case "std11":
      return formatDate(date.getTime()).replace("+0000", `${sign}${hours}${minutes}`);
    case "zone":
      return `${sign}${hours}${minutes}`;
    case "weekday":
      return String(date.getUTCDay());
    default:
      throw new SieveFault(`"${part.slice(0, 40)}" is no part of a date`);
  }
}
