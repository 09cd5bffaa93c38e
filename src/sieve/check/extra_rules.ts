/** What a table of tags and arguments cannot say. */
import type { CheckedValue } from "../script.ts";
import type { Place } from "../syntax/tree.ts";
import type { Template } from "./template.ts";
import { wrongValue } from "./values.ts";

/** What is wrong, and where if not at the command itself. */
export interface ExtraProblem {
  readonly message: string;
  readonly at?: Place;
  readonly found?: string;
  readonly expected?: string;
}

type ExtraRule = (values: ReadonlyMap<string, CheckedValue>) => ExtraProblem | null;

const oneOf = (a: string, b: string): ExtraRule => (values) =>
  values.has(a) || values.has(b) ? null : { message: `It needs ${a} or ${b}.` };

const positive = (name: string, least: number): ExtraRule => (values) => {
  const value = values.get(name);
  return typeof value === "number" && value < least ? { message: `${name} is at least ${least}.` } : null;
};

/** RFC 5260 section 6: counting starts with 1. */
const index = positive(":index", 1);

/** RFC 6134 section 2.4: with `:list` it is the name of a list, else an address. */
const redirectAddress: ExtraRule = (values) => {
  const address = values.get("address") as Template | undefined;
  const constant = address?.constant ?? null;
  if (address === undefined || constant === null || values.has(":list")) return null;
  const expected = wrongValue("address", constant);
  return expected === null
    ? null
    : { message: `This should be ${expected}.`, at: address.at, found: constant, expected };
};

/** By the name of the command or test. */
export const EXTRA_RULES: ReadonlyMap<string, readonly ExtraRule[]> = new Map([
  ["size", [oneOf(":over", ":under")]],
  ["header", [index]],
  ["address", [index]],
  ["date", [index]],
  ["deleteheader", [index]],
  ["vacation", [positive(":days", 1)]], // RFC 5230 section 4.1: zero days are none
  ["duplicate", [positive(":seconds", 1)]],
  ["redirect", [redirectAddress]],
]);
