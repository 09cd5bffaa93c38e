/**
 * How operations run again (`engine/replay.ts`) over a database: with the answers they had, in their order. What an
 * operation wrote before a question went ahead of it, and is passed over the next time.
 */
import { Interruption, WouldWrite } from "../engine/replay.ts";
import type { Connection, Step } from "./wire/connection.ts";
import type { Cells, Param, Value } from "./wire/statement.ts";
import type { RowWrite, Writes } from "./writes.ts";

/** Thrown through an operation that must wait: for the answer to a question, or for something longer. */
export type Suspended = Question | Loading;

/** A question; what was written before goes ahead of it. */
export class Question extends Interruption {
  readonly steps: () => readonly Step[];
  readonly learn: (rows: readonly Cells[]) => void;

  constructor(steps: Question["steps"], learn: Question["learn"]) {
    super();
    this.steps = steps;
    this.learn = learn;
  }
}

/** Work over the connection of the transaction. */
export class Loading extends Interruption {
  readonly load: (connection: Connection) => Promise<void>;

  constructor(load: Loading["load"]) {
    super();
    this.load = load;
  }
}

export function isSuspended(error: unknown): error is Suspended {
  return error instanceof Question || error instanceof Loading;
}

/** Gets what operations wait for: all questions in one round trip. */
export async function resume(connection: Connection, waiting: readonly Suspended[]): Promise<void> {
  const questions = waiting.filter((one) => one instanceof Question);
  const steps = questions.map((one) => one.steps());
  if (steps.length > 0) {
    const results = await connection.exchange(steps.flat());
    let at = 0;
    questions.forEach(({ learn }, i) => learn(results[(at += steps[i]!.length) - 1]!.rows));
  }
  for (const one of waiting) if (one instanceof Loading) await one.load(connection);
}

/** What one operation asked and wrote so far. */
export class Replay {
  readonly #writes: Writes | null;
  readonly #answers: (readonly Cells[])[] = [];
  readonly #keyed = new Map<string, unknown>();
  #asked = 0;
  /** Writes of this run that have not been handed over. */
  #mine: { readonly write: RowWrite; readonly row: readonly Value[] }[] = [];
  #written = 0;
  /** So many writes were sent in a run before. */
  #sent = 0;
  /** How often the operation waited. */
  waits = 0;

  /** `writes` null: the operation only reads. */
  constructor(writes: Writes | null) {
    this.#writes = writes;
  }

  get isReadOnly(): boolean {
    return this.#writes === null;
  }

  /** The operation begins anew. */
  restart(): void {
    this.#asked = 0;
    this.#written = 0;
    this.#mine = [];
  }

  /** The operation has ended: what it wrote is the transaction's. */
  keep(): void {
    for (const { write, row } of this.#mine) this.#writes!.add(write, row);
    this.#mine = [];
  }

  all(sql: string, ...values: readonly Param[]): readonly Cells[] {
    return this.#ask({ sql, values });
  }

  get(sql: string, ...values: readonly Param[]): Cells | undefined {
    return this.all(sql, ...values)[0];
  }

  /** A statement that is made for one purpose. */
  once(sql: string, values: readonly Param[]): readonly Cells[] {
    return this.#ask({ sql, values, once: true });
  }

  /**
   * Something that is kept elsewhere and may have gone stale: `find` says what is still right of what was loaded before,
   * or is right anyway. Where nothing is, `load` gets it.
   */
  keyed<T>(
    key: string,
    find: (loaded: T | undefined) => T | null,
    load: (connection: Connection, again: boolean) => Promise<T>,
  ): T {
    const loaded = this.#keyed.get(key) as T | undefined;
    const found = find(loaded);
    if (found !== null) {
      this.#keyed.set(key, found);
      return found;
    }
    this.waits++;
    throw new Loading(async (connection) => void this.#keyed.set(key, await load(connection, loaded !== undefined)));
  }

  /** Passes over an answer that whoever asked has kept. */
  skip(): void {
    this.#asked++;
  }

  write(write: RowWrite, ...row: readonly Value[]): void {
    if (this.#writes === null) throw new WouldWrite();
    if (this.#written++ >= this.#sent) this.#mine.push({ write, row });
  }

  #ask(step: Step): readonly Cells[] {
    if (this.#asked < this.#answers.length) return this.#answers[this.#asked++]!;
    this.waits++;
    const ahead = () => {
      this.keep();
      this.#sent = this.#written;
      return [...this.#writes?.take() ?? [], step];
    };
    throw new Question(ahead, (rows) => void this.#answers.push(rows));
  }
}
