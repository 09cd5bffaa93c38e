/**
 * Statements with typed places. `?i` is a number (int8), `?t` text, `?b` octets, `?f` a truth; in capitals an array of
 * them. The server is told the types, so values travel as octets and nothing is quoted.
 */

export type Value = number | string | boolean | Uint8Array | null;
/** What a place takes: a value, or a column of them. */
export type Param = Value | readonly Value[];
/** A row. */
export type Cells = readonly Value[];

export interface Place {
  /** The type's number, and its elements' where it is an array. */
  readonly oid: number;
  readonly element: number | null;
}

export interface Statement {
  readonly text: string;
  readonly places: readonly Place[];
}

export const INT8 = 20;
export const INT4 = 23;
export const INT2 = 21;
export const TEXT = 25;
export const BYTEA = 17;
export const BOOL = 16;

const PLACES: Readonly<Record<string, Place>> = {
  i: { oid: INT8, element: null },
  t: { oid: TEXT, element: null },
  b: { oid: BYTEA, element: null },
  f: { oid: BOOL, element: null },
  I: { oid: 1016, element: INT8 },
  T: { oid: 1009, element: TEXT },
  B: { oid: 1001, element: BYTEA },
  F: { oid: 1000, element: BOOL },
};

const known = new Map<string, Statement>();

/** The statement of a text that is part of the program. */
export function statement(marked: string): Statement {
  let found = known.get(marked);
  if (!found) known.set(marked, found = parse(marked));
  return found;
}

/** The statement of a text that is made for one purpose: not kept. */
export function parse(marked: string): Statement {
  const places: Place[] = [];
  const text = marked.replace(/\?([itbfITBF])(?![a-z_])/g, (_, mark: string) => `$${places.push(PLACES[mark]!)}`);
  return { text, places };
}
