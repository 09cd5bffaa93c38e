/**
 * Group commit: operations that wait at the same time are one transaction. Costs one fsync for all of them, so the
 * cost of a message falls as load rises.
 */
import { setImmediate } from "node:timers";
import type { BlobId } from "../../contract/mod.ts";
import type { Watchers } from "../engine/watchers.ts";
import { type Blobs, infrastructure } from "./blobs.ts";
import type { MailTables } from "./mail_tables.ts";
import type { Segments } from "./segments.ts";

const GROUP_COUNT = 256;
const GROUP_OCTETS = 4 * 1024 * 1024;
/** A commit that took longer lets other sockets be heard before the next one. */
const LONG_MS = 5;

/** The next turn of the loop. `setTimeout(0)` waits a millisecond or more, which is longer than a commit takes. */
const soon = (run: () => void): void => void setImmediate(run);

/** An operation that waits for its commit. */
export interface Waiting {
  readonly run: (tables: MailTables) => unknown;
  /** Blobs it will store. */
  readonly blobs: readonly BlobId[];
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class Commits {
  readonly #tables: MailTables;
  readonly #blobs: Blobs;
  readonly #segments: Segments;
  readonly #watchers: Watchers;
  #waiting: Waiting[] = [];
  #busy = false;
  #idle: (() => void)[] = [];

  constructor(tables: MailTables, blobs: Blobs, segments: Segments, watchers: Watchers) {
    this.#tables = tables;
    this.#blobs = blobs;
    this.#segments = segments;
    this.#watchers = watchers;
  }

  add(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (this.#busy) return;
    this.#busy = true;
    soon(() => void this.#drain());
  }

  /** Resolves when nothing waits. */
  idle(): Promise<void> {
    return this.#busy ? new Promise((resolve) => this.#idle.push(resolve)) : Promise.resolve();
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, this.#groupSize());
      try {
        // Segments first: a row must never name octets that a power cut could take.
        if (group.some(({ blobs }) => blobs.some((id) => this.#blobs.needsSync(id)))) await this.#segments.sync();
      } catch (error) {
        for (const { reject } of group) reject(infrastructure(error));
        continue;
      }
      const began = performance.now();
      this.#commit(group);
      // A command in pieces asks again at once, and immediates let no socket in: only a timer does.
      if (performance.now() - began > LONG_MS) await new Promise<void>((next) => setTimeout(next, 1));
      // Who was answered speaks first, and what they ask next is in the next group.
      if (this.#waiting.length > 0 || group.length > 1) await new Promise<void>(soon);
    }
    this.#busy = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** How many of those that wait make the next commit: capped, so that no commit keeps the loop for long. */
  #groupSize(): number {
    let octets = 0;
    let count = 0;
    while (count < this.#waiting.length && count < GROUP_COUNT) {
      for (const id of this.#waiting[count]!.blobs) octets += this.#blobs.octetsToWrite(id);
      if (count > 0 && octets > GROUP_OCTETS) break;
      count++;
    }
    return count;
  }

  /** One operation's misfortune is not its neighbours': they are run again without it. */
  #commit(group: readonly Waiting[]): void {
    let left = group;
    while (left.length > 0) {
      const culprit = this.#attempt(left);
      if (culprit === null) return;
      left = left.filter((one) => one !== culprit);
    }
  }

  /** Answers the operation that failed, and was told so, while nothing is written; null where all have been answered. */
  #attempt(group: readonly Waiting[]): Waiting | null {
    const { sql } = this.#tables;
    const values: unknown[] = [];
    let running: Waiting | null = null;
    try {
      sql.exec("begin immediate");
      for (const waiting of group) {
        running = waiting;
        values.push(waiting.run(this.#tables));
      }
      running = null;
      this.#tables.flush();
      sql.exec("commit");
    } catch (error) {
      this.#undo();
      const broken = infrastructure(error);
      if (running !== null) {
        running.reject(broken);
        return running;
      }
      // On a full disk what gives space back may still work, each for itself.
      if (group.length > 1 && broken.reason === "full") { for (const one of group) this.#attempt([one]); }
      else for (const { reject } of group) reject(broken);
      return null;
    }
    this.#blobs.settle(true);
    this.#watchers.tell(this.#tables.touched);
    this.#tables.settle();
    group.forEach(({ resolve }, i) => resolve(values[i]));
    return null;
  }

  #undo(): void {
    try {
      this.#tables.sql.exec("rollback");
    } catch {
      // SQLite has rolled back by itself (disk full, I/O error).
    }
    this.#blobs.settle(false);
    this.#tables.forget();
  }
}
