/** Comparing values with keys (RFC 5228 section 2.7). How, is up to the match type; extensions bring some of them. */
import type { Program } from "../../contract/program.ts";
import type { Template } from "../check/template.ts";
import type { SieveLimits } from "../limits.ts";
import { type Comparator, ComparedText } from "../match/comparator.ts";
import type { CheckedNode, MatchSpec } from "../script.ts";
import { textsOf } from "../script.ts";
import type { Run } from "./run.ts";

/** What is special about a test. */
export interface MatchOptions {
  /** What `:count` counts; the number of values by default. */
  readonly count?: number;
  /** RFC 5173 section 6: `body` sets no match variables. */
  readonly quiet?: boolean;
}

/** A match type. One of its two functions says whether values match. */
export interface MatchType {
  readonly name: string;
  /** It looks for parts of a text, which not every comparator has. */
  readonly partial?: true;
  /** Its keys are texts as they are: no patterns, names or numbers. */
  readonly plain?: true;
  /** It wants how many values there are, not what they are. */
  readonly counts?: true;
  /** What it keeps with each key at most, octets, where that is more than its text. */
  readonly keyOctets?: number;
  /** What is wrong with a key, or null. Extensions with patterns look here before the script runs. */
  readonly wrong?: (key: string, comparator: Comparator, limits: SieveLimits) => string | null;
  /** One value and one key; what wildcards took where it gives some. It spends what it takes from the budget. */
  readonly one?: (run: Run, value: ComparedText, key: Key, match: MatchSpec) => boolean | readonly string[] | null;
  /** All of them at once. */
  readonly all?: (
    run: Run,
    values: readonly ComparedText[],
    keys: Keys,
    match: MatchSpec,
    options: MatchOptions,
  ) => boolean | Program<boolean>;
}

/** A key, and what a match type made of it. */
export class Key {
  readonly text: string;
  readonly comparator: Comparator;
  #folded: string | null = null;
  #made: unknown = null;

  constructor(text: string, comparator: Comparator) {
    this.text = text;
    this.comparator = comparator;
  }

  get folded(): string {
    return this.#folded ??= this.comparator.key(this.text);
  }

  /** What was made of it before, if that was kept. */
  kept<T>(): T | null {
    return this.#made as T | null;
  }

  /** A pattern of it. Each key has one match type, so one is enough. */
  made<T>(make: () => T): T {
    return (this.#made ??= make()) as T;
  }
}

/** The keys of a test. */
export class Keys {
  readonly all: readonly Key[];
  /** Characters in all. */
  readonly length: number;
  /** Each adds up to it, and so many are looked at in one step. */
  readonly cost: number;
  #set: ReadonlySet<string> | null = null;

  constructor(all: readonly Key[]) {
    this.all = all;
    this.length = all.reduce((sum, { text }) => sum + text.length, 0);
    this.cost = 0.2 * all.length + this.length / 64;
  }

  get set(): ReadonlySet<string> {
    return this.#set ??= new Set(this.all.map(({ folded }) => folded));
  }
}

/** The keys of a node: made once where no variable is in them. */
export function keysOf(run: Run, node: CheckedNode, name: string = "keys"): Keys {
  if (node.memo.keys !== null) return node.memo.keys;
  const texts = textsOf(node, name);
  const keys = keysFor(run, node.match, run.all(texts));
  if (texts.every(isConstant)) node.memo.keys = keys;
  return keys;
}

/** Keys out of texts. */
export function keysFor(run: Run, { comparator, type }: MatchSpec, texts: readonly string[]): Keys {
  return new Keys(texts.map((text) => run.key(text, comparator, type.name)));
}

const isConstant = ({ constant }: Template): boolean => constant !== null;

/** The names that an argument holds, in lower case: read once where no variable is in them. */
export function namesOf(run: Run, node: CheckedNode, name: string, fold: (text: string) => string): readonly string[] {
  if (node.memo.names !== null) return node.memo.names;
  const texts = textsOf(node, name);
  const names = [...new Set(run.all(texts).map(fold))];
  if (texts.every(isConstant)) node.memo.names = names;
  return names;
}

/** Whether any of the values matches any of the keys. */
export function matchAny(
  run: Run,
  match: MatchSpec,
  values: readonly ComparedText[],
  keys: Keys,
  options: MatchOptions = {},
): boolean | Program<boolean> {
  const { all, one } = match.type;
  if (all) return all(run, values, keys, match, options);
  for (const value of values) {
    run.budget.look(value.text.length / 4);
    for (const key of keys.all) {
      const found = one!(run, value, key, match);
      if (found === null || found === false) continue;
      // RFC 5229 section 3.2: only a match that succeeds sets them.
      if (found !== true && options.quiet !== true) run.scope.matches = found.slice(0, 100);
      return true;
    }
  }
  return false;
}

/** Values that are no fields. */
export function matchTexts(
  run: Run,
  node: CheckedNode,
  texts: readonly string[],
  options: MatchOptions = {},
): boolean | Program<boolean> {
  const { comparator } = node.match;
  return matchAny(run, node.match, texts.map((text) => new ComparedText(text, comparator)), keysOf(run, node), options);
}
