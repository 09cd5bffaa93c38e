/** What all sorts share (RFC 8620 section 5.5). */
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { COLLATIONS } from "./collation.ts";

export interface Comparator {
  readonly property: string;
  readonly isAscending: boolean;
  /** Null: the client did not say. */
  readonly collation: string | null;
  /** As it came, for what a type has besides. */
  readonly given: JsonObject;
}

/** More than these nobody sorts by. */
const COMPARATORS = 10;

/** Reads `sort`. Throws `unsupportedSort` for a property that is not known, or a collation that is not. */
export function readComparators(call: Call, known: readonly string[]): readonly Comparator[] {
  const value = call.value("sort") ?? null;
  if (value === null) return [];
  if (!Array.isArray(value)) throw call.wrong("sort", "a list or null");
  const read = value.map((one) => readComparator(call, one as Json));
  const unknown = read.find(({ property }) => !known.includes(property));
  if (unknown || read.length > COMPARATORS) throw new MethodError("unsupportedSort");
  if (read.some(({ collation }) => collation !== null && !COLLATIONS.includes(collation))) {
    throw new MethodError("unsupportedSort", "there is no such collation");
  }
  return read;
}

function readComparator(call: Call, value: Json): Comparator {
  const wrong = () => call.wrong("sort", "a list of comparators");
  if (!isObject(value)) throw wrong();
  const { property, isAscending = true, collation = null } = value;
  if (typeof property !== "string" || typeof isAscending !== "boolean") throw wrong();
  if (collation !== null && typeof collation !== "string") throw wrong();
  return { property, isAscending, collation, given: value };
}

/** One after the other, the first that tells two apart; `last` where none does. */
export function comparing<T>(
  comparators: readonly Comparator[],
  compare: (a: T, b: T, by: Comparator) => number,
  last: (a: T, b: T) => number,
): (a: T, b: T) => number {
  return (a, b) => {
    for (const by of comparators) {
      const way = compare(a, b, by);
      if (way !== 0) return by.isAscending ? way : -way;
    }
    return last(a, b);
  };
}
