/**
 * What waits to be pushed: one piece of news a subscription, into which later news go. So many are on their way at once,
 * fewer to one host and of one account: whoever answers slowly holds up himself.
 */
import { type PushAnswer, pushDelay } from "../../web_push/mod.ts";

/** A subscription with something to be told. */
export interface Parcel<T> {
  /** Of the subscription. */
  readonly id: string;
  readonly accountId: string;
  readonly host: string;
  readonly news: T;
}

export interface OutboxParts<T> {
  readonly limits: OutboxLimits;
  /** Puts later news into earlier ones. */
  readonly merge: (before: T, after: T) => T;
  /** Sends it. What is left over of it, or null, goes on later; answers null where there is nobody to send to any more. */
  readonly send: (parcel: Parcel<T>) => Promise<{ readonly answer: PushAnswer; readonly left: T | null } | null>;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Told after each push: `next` may be another time. */
  readonly settled?: () => void;
}

/** Pushes on their way at once, and what waits in all. */
export interface OutboxLimits {
  readonly total: number;
  readonly perHost: number;
  readonly perAccount: number;
  readonly waiting: number;
}

interface Entry<T> {
  readonly id: string;
  readonly accountId: string;
  readonly host: string;
  news: T | null;
  isSending: boolean;
  failures: number;
  /** Milliseconds to leave between two pushes: it was told that we push too often. */
  interval: number;
  notBefore: number;
}

/** Whoever was told that he asks too often waits so long between two, and twice as long each time it is said again. */
const SLOWED = { first: 30_000, longest: 3_600_000 };

export class Outbox<T> {
  readonly #parts: OutboxParts<T>;
  readonly #entries = new Map<string, Entry<T>>();
  /** Those that may go now, by host; the hosts take turns. */
  readonly #ready = new Map<string, Entry<T>[]>();
  readonly #waiting = new Set<Entry<T>>();
  /** Entries of each account. */
  readonly #busy = new Map<string, number>();
  /** On their way. */
  readonly #hosts = new Map<string, number>();
  readonly #accounts = new Map<string, number>();
  #sending = 0;
  #isStopped = false;

  constructor(parts: OutboxParts<T>) {
    this.#parts = parts;
  }

  /** Subscriptions with something to be told, or that are being told. */
  get size(): number {
    return this.#entries.size;
  }

  /** When `tick` is due, of the clock of `now`; `Infinity`: nothing waits for its time. */
  get next(): number {
    let next = Infinity;
    if (!this.#isStopped) { for (const { notBefore } of this.#waiting) next = Math.min(next, notBefore); }
    return next;
  }

  /** Whether something waits or is on its way for an account. */
  isBusyFor(accountId: string): boolean {
    return this.#busy.has(accountId);
  }

  /** False: too much waits, and this is left out. */
  add(parcel: Parcel<T>): boolean {
    if (this.#isStopped) return false;
    let entry = this.#entries.get(parcel.id);
    if (!entry) {
      if (this.#entries.size >= this.#parts.limits.waiting) return false;
      const { id, accountId, host } = parcel;
      entry = { id, accountId, host, news: null, isSending: false, failures: 0, interval: 0, notBefore: 0 };
      this.#entries.set(id, entry);
      this.#busy.set(accountId, (this.#busy.get(accountId) ?? 0) + 1);
    }
    const isNew = entry.news === null;
    entry.news = entry.news === null ? parcel.news : this.#parts.merge(entry.news, parcel.news);
    if (isNew && !entry.isSending) this.#place(entry);
    this.#go();
    return true;
  }

  /** The subscription is gone: nothing more is sent to it. */
  remove(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    entry.news = null;
    this.#waiting.delete(entry);
    this.#forget(entry);
  }

  /** Time has passed: those whose time has come go. */
  tick(): void {
    const now = this.#parts.now();
    for (const entry of [...this.#waiting]) {
      if (entry.notBefore > now) continue;
      this.#waiting.delete(entry);
      if (entry.news === null) this.#forget(entry);
      else this.#enqueue(entry);
    }
    this.#go();
  }

  /** Nothing new goes out. */
  stop(): void {
    this.#isStopped = true;
    this.#ready.clear();
    this.#waiting.clear();
  }

  #place(entry: Entry<T>): void {
    if (entry.notBefore > this.#parts.now()) this.#waiting.add(entry);
    else this.#enqueue(entry);
  }

  #enqueue(entry: Entry<T>): void {
    this.#waiting.delete(entry);
    const line = this.#ready.get(entry.host);
    if (line) line.push(entry);
    else this.#ready.set(entry.host, [entry]);
  }

  #go(): void {
    while (!this.#isStopped && this.#sending < this.#parts.limits.total) {
      const entry = this.#next();
      if (entry === null) return;
      // One that was taken out in the meantime.
      if (entry.news !== null && this.#entries.get(entry.id) === entry) void this.#send(entry);
    }
  }

  /** The first that may go, of the host whose turn it is. */
  #next(): Entry<T> | null {
    const { perHost, perAccount } = this.#parts.limits;
    for (const [host, line] of this.#ready) {
      if ((this.#hosts.get(host) ?? 0) >= perHost) continue;
      const at = line.findIndex((entry) =>
        entry.news === null || (this.#accounts.get(entry.accountId) ?? 0) < perAccount
      );
      if (at < 0) continue;
      const [entry] = line.splice(at, 1) as [Entry<T>];
      this.#ready.delete(host);
      if (line.length > 0) this.#ready.set(host, line); // last in turn now
      return entry;
    }
    return null;
  }

  async #send(entry: Entry<T>): Promise<void> {
    const { id, accountId, host } = entry;
    const news = entry.news!;
    entry.news = null;
    entry.isSending = true;
    this.#count(1, entry);
    const sent = await this.#parts.send({ id, accountId, host, news }).catch(() => ({
      answer: { kind: "later", tooOften: false, waitMs: null } as const,
      left: null,
    }));
    this.#count(-1, entry);
    entry.isSending = false;
    if (this.#entries.get(id) === entry) {
      if (sent === null || sent.answer.kind === "gone") this.remove(id);
      else this.#settle(entry, news, sent.answer, sent.left);
    }
    this.#go();
    this.#parts.settled?.();
  }

  #settle(entry: Entry<T>, news: T, answer: PushAnswer, left: T | null): void {
    const { now, merge, random } = this.#parts;
    if (answer.kind === "later") {
      entry.failures++;
      entry.news = entry.news === null ? news : merge(news, entry.news);
      // RFC 8620 section 7.2: who says 429 hears from us less often from now on.
      if (answer.tooOften) entry.interval = Math.min(SLOWED.longest, Math.max(SLOWED.first, entry.interval * 2));
      entry.notBefore = now() + Math.max(entry.interval, pushDelay(entry.failures, answer.waitMs, random()));
    } else {
      entry.failures = 0;
      if (left !== null) entry.news = entry.news === null ? left : merge(left, entry.news);
      entry.notBefore = now() + entry.interval;
      entry.interval = entry.interval < SLOWED.first ? 0 : entry.interval / 2;
    }
    if (entry.news !== null) this.#place(entry);
    else if (entry.notBefore > now()) this.#waiting.add(entry);
    else this.#forget(entry);
  }

  #forget({ id, accountId }: Entry<T>): void {
    this.#entries.delete(id);
    const left = this.#busy.get(accountId)! - 1;
    if (left > 0) this.#busy.set(accountId, left);
    else this.#busy.delete(accountId);
  }

  #count(by: 1 | -1, { host, accountId }: Entry<T>): void {
    this.#sending += by;
    for (const [map, key] of [[this.#hosts, host], [this.#accounts, accountId]] as const) {
      const count = (map.get(key) ?? 0) + by;
      if (count > 0) map.set(key, count);
      else map.delete(key);
    }
  }
}
