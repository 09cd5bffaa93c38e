/** date (RFC 5260 sections 4 and 5). */
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/program.ts";
import { parseDate } from "../../message/date_parse.ts";
import { fieldText } from "../../message/header.ts";
import { arg, flag, test, valued, type ValueRule } from "../check/spec.ts";
import { HEADER_NAME } from "../check/values.ts";
import type { SieveExtension } from "../extension.ts";
import { SieveFault } from "../match/budget.ts";
import { DATE_PARTS, datePart, zoneMinutes } from "../run/date_part.ts";
import { matchTexts } from "../run/matching.ts";
import type { Run } from "../run/run.ts";
import { type CheckedNode, given, tagWith, textOf } from "../script.ts";

/** Section 4.2. */
export const DATE_PART: ValueRule = {
  expected: "one of " + DATE_PARTS.join(", "),
  holds: (value) => DATE_PARTS.includes(lowerAscii(value)),
};

/** Section 4.1. */
export const ZONE: ValueRule = { expected: "a zone such as +0100", holds: (value) => zoneMinutes(value) !== null };

/** Section 4: the first field of the name, unless a tag chooses another. */
function testDate(run: Run, node: CheckedNode): boolean | Program<boolean> {
  const name = lowerAscii(run.text(textOf(node, "header")));
  const same = run.named(name);
  const chooser = tagWith(node, "chooses");
  const field = chooser ? chooser.chooses(same, node) : same[0];
  const text = field === undefined ? "" : dateText(name, fieldText(field));
  const ms = text === "" ? null : parseDate(text);
  if (ms === null) return matchTexts(run, node, []);
  const zone = given(node, ":originalzone") ? zoneOf(text) : zoneGiven(run, node);
  return matchTexts(run, node, [datePart(ms, zone, partName(run, node))]);
}

function partName(run: Run, node: CheckedNode): string {
  return lowerAscii(run.text(textOf(node, "part")));
}

/** Section 4: the date of a Received field stands behind its last semicolon. */
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

const ZONES = { group: "the zone" };
const AT = valued("zone", "string", { ...ZONES, rule: ZONE });
const PART_AND_KEYS = [arg("part", "string", DATE_PART), arg("keys", "strings")];

export const dateExtension: SieveExtension = {
  name: "date",
  tests: [
    test("date", {
      slots: ["match"],
      tags: [AT, flag("originalzone", ZONES)],
      args: [arg("header", "string", HEADER_NAME), ...PART_AND_KEYS],
    }, testDate),
    // Section 5.
    test(
      "currentdate",
      { slots: ["match"], tags: [AT], args: PART_AND_KEYS },
      (run, node) => matchTexts(run, node, [datePart(run.facts.now, zoneGiven(run, node), partName(run, node))]),
    ),
  ],
};
