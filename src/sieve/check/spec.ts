/**
 * What commands and tests look like: their tags, their arguments, and what they do. An extension is made of these
 * (`extension.ts`); nothing else has to know a command, a test or a tag by its name.
 */
import type { Program } from "../../contract/program.ts";
import type { SieveFiling } from "../result.ts";
import type { DraftField } from "../run/draft.ts";
import type { Flow } from "../run/interpret.ts";
import type { MatchType } from "../run/matching.ts";
import type { Run } from "../run/run.ts";
import type { CheckedNode, CheckedValue } from "../script.ts";
import type { Place } from "../syntax/tree.ts";
import type { CheckContext } from "./context.ts";

/** `strings` takes a single string too (RFC 5228 section 2.4.2.1). */
export type ValueKind = "string" | "strings" | "number";

/** What a string should be. What a variable brings is looked at when the script runs. */
export interface ValueRule {
  /** With an article: "the name of a header field". */
  readonly expected: string;
  readonly holds: (value: string) => boolean;
  /** It must be known before the script runs: no variable may bring it. */
  readonly fixed?: true;
}

/** A tagged argument, and what it changes. A tag does what it says by one of its functions, or its command asks for it. */
export interface TagSpec {
  readonly name: string;
  readonly takes?: ValueKind;
  /** The extension that it is of. */
  readonly needs?: string;
  /** Of the tags with one group only one may stand. */
  readonly group?: string;
  /** A tag that has no meaning without this other one. */
  readonly with?: string;
  readonly rule?: ValueRule;
  /** Of a number. */
  readonly least?: number;
  /** A match type (RFC 5228 section 2.7.1). */
  readonly matches?: MatchType;
  /** What of an address is compared; null where it has no such part. */
  readonly addressPart?: (local: string, host: string, separators: string) => string | null;
  /** Chooses one of the fields of a name. */
  readonly chooses?: (same: readonly DraftField[], node: CheckedNode) => DraftField | undefined;
  /** Other fields than those of the message. */
  readonly fields?: (run: Run, node: CheckedNode) => Program<readonly DraftField[]>;
  /** What of a field is compared. */
  readonly reads?: (run: Run, node: CheckedNode, field: DraftField) => readonly string[];
  /** Where or how a copy is filed. */
  readonly files?: (run: Run, node: CheckedNode, filing: SieveFiling) => SieveFiling | Program<SieveFiling>;
  /** The action leaves the implicit keep as it is (RFC 3894). */
  readonly keeps?: true;
  /** What the address of `redirect` stands for. */
  readonly stands?: (run: Run, name: string) => Program<readonly string[]>;
  /** A modifier of `set`: the one with the highest precedence comes first (RFC 5229 section 4.1). */
  readonly modifies?: { readonly precedence: number; readonly change: (text: string) => string };
}

/** A positional argument. */
export interface PositionalSpec {
  readonly name: string;
  readonly kind: ValueKind;
  readonly optional?: boolean;
  readonly rule?: ValueRule;
}

/** A word that an argument may be, and what it stands for. */
export interface WordSpec {
  readonly needs: string;
  readonly values: (run: Run) => readonly string[];
  /** Whether it is an address, so that its parts can be asked for. */
  readonly isAddress: boolean;
}

/** What a table of tags and arguments cannot say: what is wrong, and where if not at the command itself. */
export interface ExtraProblem {
  readonly message: string;
  readonly at?: Place;
  readonly found?: string;
  readonly expected?: string;
}

/** Looks at all of a command or test. */
export type ExtraRule = (
  values: ReadonlyMap<string, CheckedValue>,
  context: CheckContext,
  spec: Spec,
) => ExtraProblem | null;

/** What a command does; it may end more than itself. */
export type Act = (run: Run, node: CheckedNode) => void | Flow | Program<void | Flow>;
/** Whether a test is true: at once, or when something was read or asked. */
export type Test = (run: Run, node: CheckedNode) => boolean | Program<boolean>;

/** A command or a test. */
export interface Spec {
  readonly name: string;
  /** The extension that it is of; null: it is always there. */
  readonly needs: string | null;
  /** Places where other extensions put tags; a command's own name is one too. */
  readonly slots: readonly string[];
  readonly tags: readonly TagSpec[];
  readonly args: readonly PositionalSpec[];
  readonly tests: 0 | 1 | "many";
  readonly block: boolean;
  readonly extra: readonly ExtraRule[];
  readonly act: Act;
  readonly test: Test;
  /** Has no line of its own in the log. */
  readonly quiet: boolean;
  /** By name, what an argument may be. */
  readonly words: ReadonlyMap<string, WordSpec>;
  /** The tags by their names. */
  readonly tagged: ReadonlyMap<string, TagSpec>;
}

type Given = Partial<Omit<Spec, "name" | "needs" | "tagged" | "words" | "act" | "test">>;

const NO_WORDS: ReadonlyMap<string, WordSpec> = new Map();

function spec(name: string, given: Given): Spec {
  const tags = given.tags ?? [];
  return {
    needs: null,
    slots: [],
    args: [],
    tests: 0,
    block: false,
    extra: [],
    quiet: false,
    act: never,
    test: never,
    ...given,
    name,
    tags,
    words: NO_WORDS,
    tagged: new Map(tags.map((tag) => [tag.name, tag])),
  };
}

function never(): never {
  throw new Error("a command is no test, and a test no command"); // the checker lets none through
}

/** A command by its name, what it has and what it does. */
export function command(name: string, given: Given, act: Act): Spec {
  return { ...spec(name, given), act };
}

/** A test by its name, what it has and what it says. */
export function test(name: string, given: Given, says: Test): Spec {
  return { ...spec(name, given), test: says };
}

/** A spec with more tags and words. */
export function extended(spec: Spec, tags: readonly TagSpec[], words: ReadonlyMap<string, WordSpec>): Spec {
  const all = [...spec.tags, ...tags];
  return { ...spec, tags: all, words, tagged: new Map(all.map((tag) => [tag.name, tag])) };
}

/** A positional argument. */
export function arg(name: string, kind: ValueKind, rule?: ValueRule): PositionalSpec {
  return rule === undefined ? { name, kind } : { name, kind, rule };
}

/** A positional argument that may be left out. */
export function optional(name: string, kind: ValueKind, rule?: ValueRule): PositionalSpec {
  return { ...arg(name, kind, rule), optional: true };
}

/** A tag that stands alone. */
export function flag(name: string, more: Omit<TagSpec, "name" | "takes"> = {}): TagSpec {
  return { name, ...more };
}

/** A tag with a value. */
export function valued(name: string, takes: ValueKind, more: Omit<TagSpec, "name" | "takes"> = {}): TagSpec {
  return { name, takes, ...more };
}

/** Groups of tags that several extensions add to. */
export const MATCH_TYPE = "the match type";
export const ADDRESS_PART = "the address part";
