/**
 * What a transaction will write, gathered: rows for the same statement travel as columns, one statement for all of them.
 * The order is kept within a table, which is all that matters: nothing refers from one table to another.
 */
import type { Step } from "./wire/connection.ts";
import type { Value } from "./wire/statement.ts";

/** A statement that takes its rows as columns (`unnest`). */
export interface RowWrite {
  readonly table: string;
  readonly sql: string;
  /** How many columns name the row that is changed: of two changes of one row the later counts. 0: rows are only added. */
  readonly key: number;
  /** Columns without rows: a row is the whole parameter list. */
  readonly columns: number;
}

/** A statement over columns. `types` is a letter a column (`statement.ts`). */
export function rowWrite(table: string, types: string, sql: string, key = 0): RowWrite {
  const places = Array.from(types, (type) => `?${type.toUpperCase()}`).join(", ");
  return { table, sql: sql.replace("$rows", `unnest(${places})`), key, columns: types.length };
}

interface Batch {
  readonly write: RowWrite;
  readonly columns: Value[][];
  readonly places: Map<string, number>;
}

export class Writes {
  #batches: Batch[] = [];
  readonly #last = new Map<string, Batch>();

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  add(write: RowWrite, row: readonly Value[]): void {
    let batch = this.#last.get(write.table);
    if (batch?.write !== write) {
      batch = { write, columns: Array.from({ length: write.columns }, () => []), places: new Map() };
      this.#batches.push(batch);
      this.#last.set(write.table, batch);
    }
    const { columns, places } = batch;
    let at = columns[0]!.length;
    if (write.key > 0) {
      const key = row.slice(0, write.key).join("\n");
      const known = places.get(key);
      if (known !== undefined) at = known;
      else places.set(key, at);
    }
    for (let i = 0; i < columns.length; i++) columns[i]![at] = row[i]!;
  }

  /** The statements; begins anew. */
  take(): Step[] {
    const steps = this.#batches.map(({ write, columns }) => ({ sql: write.sql, values: columns }));
    this.#batches = [];
    this.#last.clear();
    return steps;
  }
}
