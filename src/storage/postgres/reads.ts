/**
 * Reading: operations that wait at the same time are answered from one snapshot, their questions asked together. Each is
 * answered as soon as it needs no more.
 */
import { setImmediate } from "node:timers";
import type { Blobs } from "./blobs.ts";
import { begin } from "./commits.ts";
import { infrastructure } from "./failure.ts";
import { Hints } from "./hints.ts";
import { Known, type Numbered } from "./known.ts";
import { MailTables } from "./mail_tables.ts";
import type { MarksCache } from "./marks_cache.ts";
import type { Pool } from "./pool.ts";
import { isSuspended, Replay, resume, type Suspended } from "./replay.ts";
import { type Connection, ConnectionLost, ServerError } from "./wire/connection.ts";

/** Operations of one snapshot. */
const ROUND = 32;
const SNAPSHOT = "begin isolation level repeatable read read only";

/** A read that waits. */
export interface Reading {
  readonly run: (tables: MailTables) => unknown;
  readonly hint: (hints: Hints) => void;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Open extends Reading {
  readonly tables: MailTables;
  suspended: Suspended | null;
}

export class Reads {
  readonly #pool: Pool;
  readonly #blobs: Blobs;
  readonly #marks: MarksCache;
  readonly #blocks = new Map<Numbered, number[]>();
  #waiting: Reading[] = [];
  #scheduled = false;

  constructor(pool: Pool, blobs: Blobs, marks: MarksCache) {
    this.#pool = pool;
    this.#blobs = blobs;
    this.#marks = marks;
  }

  perform(run: (tables: MailTables) => unknown, hint: (hints: Hints) => void = () => {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ run, hint, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        while (this.#waiting.length > 0) void this.#round(this.#waiting.splice(0, ROUND), true);
      });
    });
  }

  async #round(group: readonly Reading[], mayRetry: boolean): Promise<void> {
    const left = new Set(group);
    try {
      await this.#pool.use((connection) => this.#answer(connection, left));
    } catch (error) {
      // A connection that slept through a restart of the server: nothing was written, so it is asked again.
      if (error instanceof ConnectionLost && mayRetry) return await this.#round([...left], false);
      // One question that the server does not take spoils no others.
      if (error instanceof ServerError && left.size > 1) { for (const one of left) await this.#round([one], false); }
      else for (const { reject } of left) reject(infrastructure(error));
    }
  }

  async #answer(connection: Connection, left: Set<Reading>): Promise<void> {
    const known = new Known(this.#blocks);
    const hints = new Hints();
    for (const reading of left) reading.hint(hints);
    await begin(connection, SNAPSHOT, hints, known, false);
    let open = Array.from(left, (reading): Open => ({
      ...reading,
      tables: new MailTables(new Replay(null), known, this.#blobs, this.#marks),
      suspended: null,
    }));
    const origin = new Map(open.map((one, i) => [one, [...left][i]!]));
    while (open.length > 0) {
      for (const one of open) if (runOnce(one)) left.delete(origin.get(one)!);
      open = open.filter(({ suspended }) => suspended !== null);
      await resume(connection, open.map(({ suspended }) => suspended!));
    }
    await connection.exchange([{ sql: "commit", values: [] }]);
  }
}

/** True: it is answered. */
function runOnce(one: Open): boolean {
  try {
    if (one.suspended) one.tables.restart();
    one.suspended = null;
    one.resolve(one.run(one.tables));
    return true;
  } catch (error) {
    if (isSuspended(error)) {
      one.suspended = error;
      return false;
    }
    one.reject(error);
    return true;
  }
}
