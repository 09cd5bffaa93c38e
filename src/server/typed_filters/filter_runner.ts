/** Runs filters in TypeScript: each account's in a process of its own, at most so many at once. */
import { type AnswerOf, type Args, FILTER_LIMITS } from "../../contract/mod.ts";
import { encodeBase64 } from "../../base/base64.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import { digest } from "../../base/hash.ts";
import { Cell, type CellAnswer } from "./cell.ts";

/** Bounds of filters. */
export interface FilterRunnerOptions {
  /** Processes at once; one more stands ready. */
  readonly processes: number;
  /** Of the processor for one message, milliseconds. */
  readonly timeMs: number;
  /** Of each heap, octets. */
  readonly memory: number;
  /** A filter that took too much so often in a row rests for a minute. */
  readonly overs?: number;
  readonly startMs?: number;
  /** A process that has had nothing to do for so long ends. */
  readonly idleMs?: number;
  /** Milliseconds, never going back. */
  readonly now?: () => number;
}

type Answer = AnswerOf<"filter.run">;

const START_MS = 20_000;
const IDLE_MS = 60_000;
/** Jobs that wait in all, and of one owner. */
const WAITING = 1_000;
const WAITING_OF_ONE = 100;
const OVERS = 3;
const REST_MS = 60_000;
const REMEMBERED = 10_000;

/** Whose a process is. It never is another's. */
interface Place {
  readonly cell: Cell;
  /** Jobs that wait for it, and the one that it is at. */
  jobs: number;
  /** The end of the last of them. */
  last: Promise<unknown>;
  usedAt: number;
}

/** One for a server. */
export class FilterRunner {
  readonly #options: FilterRunnerOptions;
  readonly #places = new Map<string, Place>();
  readonly #tired = new Map<string, { overs: number; until: number }>();
  readonly #queue: (() => void)[] = [];
  #spare: Cell | null = null;
  #idling: ReturnType<typeof setInterval> | undefined;
  #waiting = 0;
  #closed = false;

  constructor(options: FilterRunnerOptions) {
    this.#options = options;
  }

  /** Rejects where there is no room now: then the message is to come again. */
  async run({ accountId, source, input }: Args<"filter.run">): Promise<Answer> {
    if (source.length > FILTER_LIMITS.source) {
      return { failed: `it has more than ${FILTER_LIMITS.source} characters` };
    }
    const key = `${accountId ?? ""} ${encodeBase64(digest("sha256", utf8Bytes(source)))}`;
    const tired = this.#tired.get(key);
    if (tired && tired.until > this.#now()) {
      return { failed: `${this.#bounds()} again and again, so it rests for a minute` };
    }
    if (this.#waiting >= WAITING) throw new Error("too many messages wait for filters");
    this.#waiting++;
    // An account's filters may meet each other. Those without an account may not: who knows whose a draft is.
    const answer = await this.#ask(accountId ?? key, { source, input }).finally(() => this.#waiting--);
    if (answer === "unready") throw new Error("no process for a filter could be started");
    if (typeof answer !== "string") {
      this.#tired.delete(key);
      return answer;
    }
    this.#tire(key, (tired?.overs ?? 0) + 1);
    return { failed: answer === "over" ? this.#bounds() : `it ended its process: ${this.#bounds()}` };
  }

  /** Ends all processes; what waits fails. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#idling);
    this.#spare?.end();
    for (const { cell } of this.#places.values()) cell.end();
    this.#places.clear();
    for (const wake of this.#queue.splice(0)) wake();
  }

  #now(): number {
    return (this.#options.now ?? (() => performance.now()))();
  }

  #bounds(): string {
    const { timeMs, memory } = this.#options;
    return `it took more than ${timeMs} ms, or more than ${Math.floor(memory / (1 << 20))} MB of memory`;
  }

  #tire(key: string, overs: number): void {
    this.#tired.delete(key);
    this.#tired.set(key, { overs, until: overs >= (this.#options.overs ?? OVERS) ? this.#now() + REST_MS : 0 });
    for (const old of this.#tired.keys()) if (this.#tired.size > REMEMBERED) this.#tired.delete(old);
  }

  async #ask(owner: string, job: { source: string; input: string | null }): Promise<CellAnswer> {
    const place = await this.#placeFor(owner);
    if (place === null) return "unready";
    const mine = place.last.then(() => place.cell.run(job));
    place.last = mine;
    const answer = await mine;
    place.jobs--;
    place.usedAt = performance.now();
    if (place.cell.ended && this.#places.get(owner) === place) this.#places.delete(owner);
    for (const wake of this.#queue.splice(0)) wake();
    // What waited behind a job that ended the process begins anew.
    const again = answer === "unready" && !this.#closed && await place.cell.ready;
    return again ? await this.#ask(owner, job) : answer;
  }

  /** The owner's process, with one more job for it; the one that was idle longest goes for it. Null: this has been closed. */
  async #placeFor(owner: string): Promise<Place | null> {
    for (;;) {
      if (this.#closed) return null;
      const known = this.#places.get(owner);
      if (known && !known.cell.ended) {
        if (known.jobs >= WAITING_OF_ONE) throw new Error("too many messages wait for this filter");
        known.jobs++;
        return known;
      }
      if (known) this.#places.delete(owner);
      if (this.#places.size < this.#options.processes || this.#endIdle(Infinity)) break;
      await new Promise<void>((wake) => this.#queue.push(wake));
    }
    const { startMs = START_MS, idleMs = IDLE_MS } = this.#options;
    const limits = { ...this.#options, startMs };
    const cell = this.#spare && !this.#spare.ended ? this.#spare : new Cell(limits);
    this.#spare = null;
    const place: Place = { cell, jobs: 1, last: cell.ready, usedAt: performance.now() };
    this.#places.set(owner, place);
    this.#idling ??= setInterval(() => {
      const since = performance.now() - idleMs;
      while (this.#endIdle(since));
    }, idleMs);
    // A process needs a while to start: one that is nobody's stands ready.
    if (this.#options.processes > 1) {
      void cell.ready.then(() => {
        if (!this.#closed) this.#spare ??= new Cell(limits);
      });
    }
    return place;
  }

  /** Ends one that has had nothing to do since before; false where there is none. */
  #endIdle(before: number): boolean {
    let oldest: string | null = null;
    for (const [owner, { jobs, usedAt }] of this.#places) {
      if (jobs > 0 || usedAt >= before) continue;
      if (oldest === null || usedAt < this.#places.get(oldest)!.usedAt) oldest = owner;
    }
    if (oldest === null) return false;
    this.#places.get(oldest)!.cell.end();
    return this.#places.delete(oldest);
  }
}
