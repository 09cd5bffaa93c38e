/** Comparing values with keys (RFC 5228 section 2.7, RFC 5231, RFC 6134, the regex draft). */
import type { Program } from "../../contract/program.ts";
import { SieveFault } from "../match/budget.ts";
import { ComparedText, compareTexts, equalityKey } from "../match/comparator.ts";
import { compileRegex } from "../match/regex.ts";
import type { RegexProgram } from "../match/regex_program.ts";
import { runRegex } from "../match/regex_run.ts";
import { matchWildcard, type WildcardPattern, wildcardPattern } from "../match/wildcard.ts";
import type { MatchSpec, Relation } from "../script.ts";
import type { Run } from "./run.ts";

/** What is special about a test. */
interface MatchOptions {
  /** What `:count` counts; the number of values by default. */
  readonly count?: number;
  /** RFC 5173 section 6: `body` sets no match variables. */
  readonly quiet?: boolean;
}

/** Whether any of the values matches any of the keys. */
export function* matchAny(
  run: Run,
  match: MatchSpec,
  values: readonly string[],
  keys: readonly string[],
  options: MatchOptions = {},
): Program<boolean> {
  if (match.type === "count") {
    // RFC 5231 section 4.2: the number is compared as a number whatever the comparator.
    const count = String(options.count ?? values.length);
    return keys.some((key) => related(compareTexts(count, key, "i;ascii-numeric"), match.relation));
  }
  if (match.type === "list") return yield* matchLists(run, values, keys);
  if (match.type === "is") return isOneOf(run, match, values, keys);
  for (const value of values) {
    const text = new ComparedText(value, match.comparator);
    run.budget.look(value.length / 4);
    for (const key of keys) if (matchOne(run, match, text, key, options.quiet ?? false)) return true;
  }
  return false;
}

/** Equality needs no pairs: the values are looked up among the keys. */
function isOneOf(run: Run, match: MatchSpec, values: readonly string[], keys: readonly string[]): boolean {
  if (values.length === 0) return false;
  const wanted = new Set<string>();
  for (const key of keys) {
    run.budget.look(key.length);
    wanted.add(equalityKey(key, match.comparator));
  }
  for (const value of values) {
    run.budget.spend(0.1 + value.length / 256);
    if (wanted.has(equalityKey(value, match.comparator))) return true;
  }
  return false;
}

/** RFC 6134 section 2.2: the keys are names of lists. */
function* matchLists(run: Run, values: readonly string[], lists: readonly string[]): Program<boolean> {
  for (const list of lists) {
    for (const value of values) {
      if (yield* run.ask().listHolds(list, value)) return true;
    }
  }
  return false;
}

function matchOne(run: Run, match: MatchSpec, value: ComparedText, key: string, quiet: boolean): boolean {
  const { comparator } = match;
  switch (match.type) {
    case "contains":
      run.budget.spend(0.2 + (value.key.length + key.length) / 400);
      return value.key.includes(equalityKey(key, comparator));
    case "value":
      run.budget.look(key.length);
      return related(compareTexts(value.text, key, comparator), match.relation);
    default: {
      const found = match.type === "matches"
        ? matchWildcard(wildcardOf(run, match, key), value, run.budget)
        : runRegex(regexOf(run, match, key), value, run.budget);
      // RFC 5229 section 3.2: only a match that succeeds sets them.
      if (found !== null && !quiet) run.scope.matches = found.slice(0, 100);
      return found !== null;
    }
  }
}

/** RFC 5231 section 4. */
export function related(order: number, relation: Relation): boolean {
  switch (relation) {
    case "gt":
      return order > 0;
    case "ge":
      return order >= 0;
    case "lt":
      return order < 0;
    case "le":
      return order <= 0;
    case "eq":
      return order === 0;
    case "ne":
      return order !== 0;
  }
}

const PATTERNS = 1_000;

function wildcardOf(run: Run, match: MatchSpec, key: string): WildcardPattern {
  const name = `*${match.comparator} ${key}`;
  const known = run.patterns.get(name) as WildcardPattern | undefined;
  if (known) return known;
  run.budget.look(key.length);
  const pattern = wildcardPattern(key, match.comparator);
  if (run.patterns.size < PATTERNS) run.patterns.set(name, pattern);
  return pattern;
}

function regexOf(run: Run, match: MatchSpec, key: string): RegexProgram {
  const name = `/${match.comparator} ${key}`;
  const known = run.patterns.get(name) as RegexProgram | undefined;
  if (known) return known;
  const compiled = compileRegex(key, match.comparator, run.limits.regexSize);
  if ("problem" in compiled) {
    throw new SieveFault(`"${key.slice(0, 60)}" is no regular expression: ${compiled.problem}`);
  }
  run.budget.look(64 * compiled.code.length);
  if (run.patterns.size < PATTERNS) run.patterns.set(name, compiled);
  return compiled;
}
