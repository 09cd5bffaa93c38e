/** What a table of tags and arguments cannot say. */
import type { CheckedValue } from "../script.ts";
import type { Template } from "./template.ts";

/** A problem as a sentence, or null. */
type ExtraRule = (values: ReadonlyMap<string, CheckedValue>) => string | null;

const oneOf = (a: string, b: string): ExtraRule => (values) =>
  values.has(a) || values.has(b) ? null : `It needs ${a} or ${b}.`;

const positive = (name: string, least: number): ExtraRule => (values) => {
  const value = values.get(name);
  return typeof value === "number" && value < least ? `${name} is at least ${least}.` : null;
};

/** RFC 5260 section 6: counting starts with 1. */
const index = positive(":index", 1);

/** RFC 5173 section 5.1 names types without parameters. */
const bodyTypes: ExtraRule = (values) => {
  const types = values.get(":content");
  if (!Array.isArray(types)) return null;
  const wrong = (types as readonly Template[]).find(({ constant }) =>
    constant !== null && (constant.split("/").length > 2)
  );
  return wrong ? `"${wrong.constant}" is no type of content.` : null;
};

/** By the name of the command or test. */
export const EXTRA_RULES: ReadonlyMap<string, readonly ExtraRule[]> = new Map([
  ["size", [oneOf(":over", ":under")]],
  ["header", [index]],
  ["address", [index]],
  ["date", [index]],
  ["deleteheader", [index]],
  ["body", [bodyTypes]],
  ["vacation", [positive(":days", 1)]], // RFC 5230 section 4.1: zero days are none
  ["duplicate", [positive(":seconds", 1)]],
]);
