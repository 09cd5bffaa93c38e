/**
 * A whole store on its way from one driver to another, or into a backup: rows of tables as they are, and the octets of
 * bodies. Drivers name tables and columns alike, and number their rows alike; what a number means is the engine's
 * (`engine/rows.ts`). What only one of them has stays behind.
 */

/** What stands in a column. Truths are 0 and 1 where a driver has no better. */
export type Cell = number | string | boolean | Uint8Array | null;

/** Some rows of one table. */
export interface TransferRows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A store as it is at one moment. */
export interface StoreSource {
  /** The highest number that each sequence gave. */
  readonly sequences: ReadonlyMap<string, number>;
  /** How much there is, about. */
  readonly rows: number;
  readonly bodyOctets: number;
  /** All rows, a bounded number at a time. A row of `blobs` without `data` has its octets in `body`. */
  pages(): AsyncIterable<TransferRows>;
  /** Octets of a body as they lie there, packed where its row has `packing`, by the number of its row, as long as `pages` has not gone on. They may be damaged, or too few. */
  body(blob: number): AsyncIterable<Uint8Array>;
}

/** Where a row's cells are. Throws where a column is missing that every store has. */
export function columnsOf<K extends string>(
  { table, columns }: TransferRows,
  ...names: readonly K[]
): Record<K, number> {
  const places = {} as Record<K, number>;
  for (const name of names) {
    places[name] = columns.indexOf(name);
    if (places[name] < 0) throw new Error(`the table ${table} has no column ${name}`);
  }
  return places;
}

/** How far a copy is. `rows` counts rows, `bodies` octets. */
export type TellCopy = (part: "rows" | "bodies", done: number, total: number) => void;
