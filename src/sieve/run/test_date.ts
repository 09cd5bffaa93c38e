/** `date` and `currentdate` (RFC 5260 section 4). */
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/program.ts";
import { parseDate } from "../../message/date_parse.ts";
import { formatDate } from "../../message/date.ts";
import { fieldText } from "../../message/header.ts";
import { zoneMinutes } from "../check/values.ts";
import { SieveFault } from "../match/budget.ts";
import { type CheckedNode, given, numberOf, textOf, textsOf } from "../script.ts";
import { matchAny } from "./matching.ts";
import type { Run } from "./run.ts";

/** RFC 5260 section 4: the first field of the name, or the one that `:index` says. */
export function* testDate(run: Run, node: CheckedNode): Program<boolean> {
  const name = lowerAscii(run.text(textOf(node, "header")));
  const same = run.named(name);
  const index = numberOf(node, ":index") ?? 1;
  const field = given(node, ":last") ? same[same.length - index] : same[index - 1];
  const text = field === undefined ? "" : dateText(name, fieldText(field));
  const ms = text === "" ? null : parseDate(text);
  if (ms === null) return yield* matchAny(run, node.match, [], keysOf(run, node));
  const zone = given(node, ":originalzone") ? zoneOf(text) : zoneGiven(run, node);
  return yield* matchAny(run, node.match, [datePart(ms, zone, partName(run, node))], keysOf(run, node));
}

/** RFC 5260 section 5. */
export function* testCurrentDate(run: Run, node: CheckedNode): Program<boolean> {
  const value = datePart(run.facts.now, zoneGiven(run, node), partName(run, node));
  return yield* matchAny(run, node.match, [value], keysOf(run, node));
}

function keysOf(run: Run, node: CheckedNode): string[] {
  return run.all(textsOf(node, "keys"));
}

function partName(run: Run, node: CheckedNode): string {
  return lowerAscii(run.text(textOf(node, "part")));
}

/** RFC 5260 section 4: the date of a Received field stands behind its last semicolon. */
function dateText(name: string, value: string): string {
  const semicolon = value.lastIndexOf(";");
  return name === "received" || semicolon >= 0 ? value.slice(semicolon + 1) : value;
}

function zoneGiven(run: Run, node: CheckedNode): number {
  const template = textOf(node, ":zone");
  if (template === null) return run.facts.zoneMinutes ?? 0;
  const text = run.text(template);
  const minutes = zoneMinutes(text);
  if (minutes === null) throw new SieveFault(`"${text.slice(0, 40)}" is no zone such as +0100`);
  return minutes;
}

/** Minutes east as the field has it; a zone with a name is universal time but for those of RFC 5322 section 4.3. */
function zoneOf(text: string): number {
  const found = /([+-][0-9]{4})\s*(?:\([^()]*\)\s*)?$/.exec(text.slice(-100))?.[1];
  if (found !== undefined) return zoneMinutes(found) ?? 0;
  const name = /\b([ECMP])([SD])T\b/.exec(text.slice(-100));
  if (!name) return 0;
  return -60 * (({ E: 5, C: 6, M: 7, P: 8 } as Record<string, number>)[name[1]!]! - (name[2] === "D" ? 1 : 0));
}

/** RFC 5260 section 4.2. */
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
    case "iso8601":
      return `${day}T${time}${sign}${hours}:${minutes}`;
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
