import { parseDuration } from "../server/config/units.ts";
import { usage } from "./exit.ts";

/** What `parseMoment` takes, for the help. */
export const MOMENT_HELP = '"2026-01-31 12:00" (UTC), a time with a zone, or "2h" for two hours ago';

/** A time as people write it, as RFC 3339. Throws `Exit`. */
export function parseMoment(text: string, now: number): string {
  const ago = parseDuration(text.replace(/ ago$/, ""));
  if (ago !== null) return new Date(now - ago).toISOString();
  const parts = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/i.exec(text);
  const [, day = "", clock = "00:00", zone = "Z"] = parts ?? [];
  const time = Date.parse(`${day}T${clock}${zone}`);
  if (parts === null || Number.isNaN(time)) throw usage(`${text} is no time; it should be ${MOMENT_HELP}`);
  return new Date(time).toISOString();
}
