/**
 * Group commit: operations that wait at the same time are one transaction. What they ask is read in one round trip, what
 * they write goes with the commit in another; so the cost of a message falls as load rises, and a slow database is not
 * slow for each of them.
 */
import { setImmediate } from "node:timers";
import { toEnd } from "../engine/replay.ts";
import type { TouchedSet } from "../engine/watchers.ts";
import type { Blobs } from "./blobs.ts";
import { writeDirty } from "./directory_tables.ts";
import { infrastructure, isConflict } from "./failure.ts";
import { Hints } from "./hints.ts";
import { type Keeping, Known, LockedLate, type Numbered } from "./known.ts";
import { MailTables } from "./mail_tables.ts";
import type { MarksCache } from "./marks_cache.ts";
import type { Range } from "./member_stock.ts";
import type { Pool } from "./pool.ts";
import { questions } from "./prefetch.ts";
import { Replay, resume, type Suspended } from "./replay.ts";
import { type Connection, ConnectionLost, ServerError, type Step } from "./wire/connection.ts";
import { Writes } from "./writes.ts";

const GROUP_COUNT = 256;
const GROUP_OCTETS = 4 * 1024 * 1024;
/** Transactions at once. Another is begun where one has made somebody wait for so long: it has more to do than most. */
const STREAMS = 3;
const PATIENCE_MS = 15;
/** How often a transaction is tried that came into another's way. */
const ATTEMPTS = 8;

/** An operation that waits for its commit. */
export interface Waiting {
  readonly run: (tables: MailTables) => unknown;
  readonly hint: (hints: Hints) => void;
  /** UIDs it is about. */
  readonly ranges: readonly Range[];
  /** Octets of bodies it will write. */
  readonly octets: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** One operation failed; nothing is written. */
class Failed {
  readonly culprit: Waiting;
  readonly error: unknown;

  constructor(culprit: Waiting, error: unknown) {
    this.culprit = culprit;
    this.error = error;
  }
}

/** The connection had been lost before anything was written: it slept through a restart of the server. */
class LostEarly {
  readonly error: ConnectionLost;

  constructor(error: ConnectionLost) {
    this.error = error;
  }
}

export interface CommitParts {
  readonly pool: Pool;
  readonly blobs: Blobs;
  readonly marks: MarksCache;
  readonly blocks: Map<Numbered, number[]>;
  /** Told of each commit, before those that waited for it are answered. */
  readonly tell: (touched: TouchedSet) => void;
  readonly touchedSet: () => TouchedSet;
  readonly keeping: Keeping;
}

export class Commits {
  readonly #parts: CommitParts;
  #waiting: Waiting[] = [];
  #streams = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #idle: (() => void)[] = [];

  constructor(parts: CommitParts) {
    this.#parts = parts;
  }

  add(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (this.#streams === 0) this.#begin();
    else this.#watch();
  }

  /** Resolves when nothing waits. */
  idle(): Promise<void> {
    return this.#streams > 0 ? new Promise((resolve) => this.#idle.push(resolve)) : Promise.resolve();
  }

  #begin(): void {
    this.#streams++;
    setImmediate(() => void this.#drain());
  }

  #watch(): void {
    if (this.#timer !== null || this.#streams >= STREAMS) return;
    const first = this.#waiting[0];
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#waiting.length === 0) return;
      if (this.#waiting[0] === first && this.#streams < STREAMS) this.#begin();
      this.#watch();
    }, PATIENCE_MS);
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#commit(this.#waiting.splice(0, this.#groupSize()));
      // Who was answered speaks first, and what they ask next is in the next group.
      await new Promise<void>((next) => void setImmediate(next));
    }
    if (--this.#streams > 0) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #groupSize(): number {
    let octets = 0;
    let count = 0;
    while (count < this.#waiting.length && count < GROUP_COUNT) {
      octets += this.#waiting[count]!.octets;
      if (count > 0 && octets > GROUP_OCTETS) break;
      count++;
    }
    return count;
  }

  /** One operation's misfortune is not its neighbours': they are run again without it. */
  async #commit(group: readonly Waiting[]): Promise<void> {
    let left = group;
    let late: ReadonlySet<number> = new Set();
    for (let attempt = 0; left.length > 0;) {
      try {
        const [values, touched] = await this.#parts.pool.use((connection) => this.#attempt(connection, left, late));
        this.#parts.tell(touched);
        left.forEach(({ resolve }, i) => resolve(values[i]));
        return;
      } catch (error) {
        if (error instanceof LockedLate) {
          late = error.accounts;
        } else if (error instanceof Failed) {
          error.culprit.reject(infrastructure(error.error));
          left = left.filter((one) => one !== error.culprit);
        } else if (error instanceof LostEarly && attempt++ === 0) {
          continue;
        } else if (isConflict(error) && ++attempt < ATTEMPTS) {
          await new Promise((next) => setTimeout(next, Math.random() * 10 * 2 ** attempt));
        } else {
          const broken = infrastructure(error instanceof LostEarly ? error.error : error);
          // On a full disk what gives space back may still work, each for itself; and one bad value spoils no others.
          if (left.length > 1 && broken.reason !== "unavailable") { for (const one of left) await this.#commit([one]); }
          else for (const { reject } of left) reject(broken);
          return;
        }
      }
    }
  }

  async #attempt(
    connection: Connection,
    group: readonly Waiting[],
    late: ReadonlySet<number>,
  ): Promise<[readonly unknown[], TouchedSet]> {
    const { blobs, marks, blocks } = this.#parts;
    const known = new Known(blocks, this.#parts.keeping);
    const writes = new Writes();
    const touched = this.#parts.touchedSet();
    const hints = new Hints();
    for (const account of late) hints.accounts.add(account);
    for (const waiting of group) waiting.hint(hints);
    await begin(connection, "begin isolation level read committed", hints, known, true).catch((error) => {
      throw error instanceof ConnectionLost ? new LostEarly(error) : error;
    });
    const values: unknown[] = [];
    for (const waiting of group) {
      const tables = new MailTables(new Replay(writes), known, blobs, marks, waiting.ranges);
      try {
        const run = () => {
          tables.restart();
          const value = waiting.run(tables);
          tables.keep();
          return value;
        };
        values.push(await toEnd(run, (waits) => resume(connection, [waits as Suspended])));
      } catch (error) {
        // What PostgreSQL says may be of what went ahead.
        const isShared = error instanceof LockedLate || error instanceof ServerError || error instanceof ConnectionLost;
        throw isShared ? error : new Failed(waiting, error);
      }
      for (const touch of tables.touches) {
        if (touch === "queue") touched.queue = true;
        else if (touch[0] === "mailbox") touched.touch(touch[1], touch[2]);
        else touched.annotate(touch[1], touch[2], touch[3]);
      }
    }
    writeDirty(known, writes);
    await connection.exchange([...writes.take(), { sql: "commit", values: [] }]);
    return [values, touched];
  }
}

/** Begins a transaction and reads what is hinted at. */
export async function begin(
  connection: Connection,
  how: string,
  hints: Hints,
  known: Known,
  locks: boolean,
): Promise<void> {
  const asked = questions(hints, known, locks);
  const steps: Step[] = [{ sql: how, values: [] }, ...asked.map(({ step }) => step)];
  const results = await connection.exchange(steps);
  asked.forEach(({ learn }, i) => learn(results[i + 1]!.rows));
}
