import type { Needle } from "./search.ts";

/** What a regular expression becomes: instructions for `regex_run.ts`. Jumps are indexes. */
export type Instruction =
  | { readonly op: "char"; readonly code: number }
  | { readonly op: "any" }
  | { readonly op: "class"; readonly set: ClassSet }
  /** Goes both ways; the first one is preferred. */
  | { op: "split"; first: number; second: number }
  | { op: "jump"; to: number }
  | { readonly op: "save"; readonly slot: number }
  | { readonly op: "start" }
  | { readonly op: "end" }
  | { readonly op: "match" };

/** A bracket expression: ranges of code points. */
export interface ClassSet {
  readonly negated: boolean;
  readonly ranges: readonly (readonly [from: number, to: number])[];
}

/** A compiled expression. */
export interface RegexProgram {
  readonly code: readonly Instruction[];
  /** Groups that are captured, at most `CAPTURES`. */
  readonly groups: number;
  /** A text that each match has in it, folded; null where there is none, or where folding changes more than letters. */
  readonly literal: Needle | null;
}

/** Groups beyond these are not captured. */
export const CAPTURES = 20;

/** Why an expression is none. */
export interface RegexProblem {
  readonly problem: string;
}
