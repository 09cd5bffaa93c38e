import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";

/** A row as an array: objects cost several times as much. */
export type Cells = readonly SQLOutputValue[];

/** Prepared statements by their text. Rows are arrays. */
export class Statements {
  readonly #db: DatabaseSync;
  readonly #cache = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Runs a statement that writes; answers how many rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepared(sql).run(...values).changes);
  }

  /** Runs an insert; answers the new row's number. */
  insert(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepared(sql).run(...values).lastInsertRowid);
  }

  get(sql: string, ...values: SQLInputValue[]): Cells | undefined {
    return this.#prepared(sql).get(...values) as unknown as Cells | undefined;
  }

  all(sql: string, ...values: SQLInputValue[]): readonly Cells[] {
    return this.#prepared(sql).all(...values) as unknown as readonly Cells[];
  }

  exec(sql: string): void {
    this.#db.exec(sql);
  }

  /** A statement that is not kept: its text is made for one purpose. */
  once(sql: string): (...values: SQLInputValue[]) => readonly Cells[] {
    const statement = arrays(this.#db.prepare(sql));
    return (...values) => statement.all(...values) as unknown as readonly Cells[];
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#cache.get(sql);
    if (!statement) {
      statement = arrays(this.#db.prepare(sql));
      this.#cache.set(sql, statement);
    }
    return statement;
  }
}

function arrays(statement: StatementSync): StatementSync {
  // The types of node:sqlite do not know it yet.
  (statement as StatementSync & { setReturnArrays(on: boolean): void }).setReturnArrays(true);
  return statement;
}
