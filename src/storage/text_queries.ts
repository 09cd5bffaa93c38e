/** What a search asks of an index of texts, and what it is told: only what is certain. */
import { type SearchKey } from "../contract/mod.ts";
import { fold, oneLine } from "../message/mod.ts";

/** Fields that an index keeps by themselves. */
export const OWN_FIELDS = ["from", "to", "cc", "bcc", "subject"] as const;

/** A text that is looked for, folded: in one field (empty: the field is there), in the body, or anywhere. */
export type TextQuery =
  | { readonly where: "field"; readonly name: string; readonly folded: string }
  | { readonly where: "body" | "anywhere"; readonly folded: string };

/** What an index knows about one query; emails by the numbers of their rows, ascending. */
export interface TextHits {
  readonly hits: Float64Array;
  /** Indexed, not hit, and longer than what was indexed. */
  readonly unsure: Float64Array;
}

/** What an index knows: of emails up to `upTo` but `pending`, everything. */
export interface TextAnswer {
  readonly upTo: number;
  readonly pending: Float64Array;
  readonly queries: readonly TextHits[];
}

/** Asks an index; null where there is none, or none that works. */
export type AskIndex = (queries: readonly TextQuery[]) => Promise<TextAnswer | null>;

/** The query of a key, or null for those that are no text, or that no index can answer. */
export function textQuery(key: SearchKey): TextQuery | null {
  if (key.key !== "header" && key.key !== "body" && key.key !== "text") return null;
  const folded = fold(oneLine(key.text));
  if (!folded.isWellFormed()) return null;
  // RFC 5322 section 2.2: what a field name is made of. In lower case it folds to itself.
  if (key.key === "header") {
    return /^[!-9;-@[-~]+$/.test(key.name) ? { where: "field", name: key.name, folded } : null;
  }
  return folded === "" ? null : { where: key.key === "body" ? "body" : "anywhere", folded };
}

/** What the index says of an email; null: the message itself must be asked. */
export function verdict(answer: TextAnswer, query: number, email: number): boolean | null {
  const of = answer.queries[query]!;
  if (has(of.hits, email)) return true;
  return email > answer.upTo || has(answer.pending, email) || has(of.unsure, email) ? null : false;
}

function has(sorted: Float64Array, wanted: number): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === wanted;
}
