/**
 * What is counted for reports, by UTC day and domain, until the day is over and it is sent.
 *
 * What was counted waits in memory for some seconds and is then added to what the store has: sixteen settings a day, each
 * changed only where it still is what was read, so that several nodes count into the same report. A crash loses those
 * seconds. Whoever sends a domain's report takes it out of the store first: one node does, once. Everything is bounded.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Storage } from "../storage/storage.ts";

/** What every kind of count has. */
export interface DayEntry {
  readonly domain: string;
  /** Days since 1970, UTC. */
  readonly day: number;
  /** Failed attempts to send it. */
  readonly tries: number;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
}

/** How one kind is kept. */
export interface DayKind<E extends DayEntry> {
  /** Begins the names of its settings. */
  readonly prefix: string;
  /** JSON, the same for the same counts; null where it cannot be read. */
  print(entry: E): string;
  read(value: unknown, day: number): E | null;
  /** Characters that it takes, roughly. */
  size(entry: E): number;
  /** `known` with `fresh`, grown by at most `room` characters; null: not even its begin fits. May change `known`. */
  merge(known: E | null, fresh: E, room: number): E | null;
}

export interface DayCountsParts {
  readonly storage: Pick<Storage, "perform">;
  readonly failed: (error: unknown) => void;
}

export const DAY_MS = 86_400_000;
const BUCKETS = 16;
export const DAY_LIMITS = {
  /** Domains of one day in one of sixteen settings, and characters of that. */
  domains: 125,
  bucket: 250_000,
  /** Domains that wait in memory. */
  waiting: 2000,
} as const;
const TRIES = 10;

const days = z.array(z.int().min(0)).max(100);

/** By domain. */
type Bucket<E> = Map<string, E>;
/** A bucket's day and number. */
type Place = `${number}.${number}`;

export class DayCounts<E extends DayEntry> {
  readonly #parts: DayCountsParts;
  readonly #kind: DayKind<E>;
  /** What the store does not have yet. */
  #waiting = new Map<Place, Bucket<E>>();
  #domains = 0;
  #saving: Promise<void> = Promise.resolve();

  constructor(parts: DayCountsParts, kind: DayKind<E>) {
    this.#parts = parts;
    this.#kind = kind;
  }

  /** What waits for the store, to be counted up in place; made where there is none, null where there is no room. */
  waiting(domain: string, day: number, make: () => E): E | null {
    const place: Place = `${day}.${bucketOf(domain)}`;
    const known = this.#waiting.get(place)?.get(domain);
    if (known !== undefined) return known;
    if (this.#domains >= DAY_LIMITS.waiting) return null;
    const fresh = make();
    this.#waiting.set(place, (this.#waiting.get(place) ?? new Map<string, E>()).set(domain, fresh));
    this.#domains++;
    return fresh;
  }

  /** Adds what waits to the store; never rejects. What cannot be stored waits for the next time. */
  save(): Promise<void> {
    return this.#saving = this.#saving.then(() => this.#save()).catch(this.#parts.failed);
  }

  /** Domains whose day is over and whose time has come. Rejects where the store fails. */
  async due(now: number): Promise<E[]> {
    const found: E[] = [];
    const today = Math.floor(now / DAY_MS);
    for (const day of daysOf(await this.#get(this.#index)).filter((day) => day < today)) {
      let left = 0;
      for (let number = 0; number < BUCKETS; number++) {
        const text = await this.#get(this.#name(`${day}.${number}`));
        if (text !== null) left++;
        for (const domain of this.#bucket(text, day).values()) if (domain.notBefore <= now) found.push(domain);
      }
      if (left === 0) await this.#change(this.#index, (text) => listed(daysOf(text).filter((one) => one !== day)));
    }
    return found;
  }

  /** Takes it out of the store, so that nobody else sends it; false: it could not be, or somebody has. */
  async take(entry: E): Promise<boolean> {
    let taken = false;
    try {
      await this.#change(this.#nameOf(entry), (text) => {
        const all = this.#bucket(text, entry.day);
        const there = all.get(entry.domain);
        taken = there !== undefined && this.#kind.print(there) === this.#kind.print(entry);
        if (!taken) return text;
        all.delete(entry.domain);
        return this.#print(all);
      });
      return taken;
    } catch (error) {
      this.#parts.failed(error);
      return false;
    }
  }

  /** It was taken, and is to be tried again. Never rejects. */
  async putBack(entry: E, notBefore: number): Promise<void> {
    const again = { ...entry, tries: entry.tries + 1, notBefore };
    try {
      await this.#addDay(entry.day);
      await this.#change(
        this.#nameOf(entry),
        (text) => this.#print(this.#bucket(text, entry.day).set(entry.domain, again)),
      );
    } catch (error) {
      this.#parts.failed(error);
    }
  }

  async #save(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    this.#domains = 0;
    try {
      for (const [place, fresh] of waiting) {
        const day = Number(place.split(".")[0]);
        await this.#addDay(day); // first: what the index does not name is never found again
        await this.#change(this.#name(place), (text) => this.#print(this.#merged(this.#bucket(text, day), fresh)));
        waiting.delete(place);
      }
    } finally {
      // What could not be stored, before what came since.
      for (const [place, kept] of waiting) {
        this.#waiting.set(place, this.#merged(kept, this.#waiting.get(place) ?? new Map()));
      }
      this.#domains = [...this.#waiting.values()].reduce((sum, { size }) => sum + size, 0);
    }
  }

  /** A domain that does not fit has no report that day. */
  #merged(known: Bucket<E>, fresh: Bucket<E>): Bucket<E> {
    const { size, merge } = this.#kind;
    let room: number = DAY_LIMITS.bucket;
    for (const entry of known.values()) room -= size(entry);
    for (const [name, entry] of fresh) {
      const before = known.get(name) ?? null;
      if (before === null && known.size >= DAY_LIMITS.domains) continue;
      room += before === null ? 0 : size(before);
      const sum = merge(before, entry, room - (before === null ? 0 : size(before)));
      if (sum !== null) known.set(name, sum);
      room -= sum === null ? 0 : size(sum);
    }
    return known;
  }

  #addDay(day: number): Promise<void> {
    return this.#change(this.#index, (text) => {
      const known = daysOf(text);
      return known.includes(day) ? text : listed([...known, day]);
    });
  }

  /** What is damaged is left out. */
  #bucket(text: string | null, day: number): Bucket<E> {
    const values = text === null ? [] : json(text);
    const read = Array.isArray(values) ? values.map((value) => this.#kind.read(value, day)) : [null];
    if (read.includes(null)) this.#parts.failed(new Error(`stored counts (${this.#kind.prefix}, ${day}) are damaged`));
    return new Map(read.filter((entry) => entry !== null).map((entry) => [entry.domain, entry]));
  }

  /** Null for an empty one. */
  #print(all: Bucket<E>): string | null {
    return all.size === 0 ? null : `[${[...all.values()].map((entry) => this.#kind.print(entry)).join(",")}]`;
  }

  #get(name: string): Promise<string | null> {
    return this.#parts.storage.perform("setting.get", { name });
  }

  /** Changes a setting to what `to` makes of it; other nodes do the same. */
  async #change(name: string, to: (text: string | null) => string | null): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const before = await this.#get(name);
      const value = to(before);
      if (value === before) return;
      if ((await this.#parts.storage.perform("setting.change", { name, before, value })).changed) return;
    }
    throw new Error(`the setting ${name} changes too often`);
  }

  get #index(): string {
    return `${this.#kind.prefix}.days`;
  }

  #name(place: Place): string {
    return `${this.#kind.prefix}.counts.${place}`;
  }

  #nameOf({ day, domain }: E): string {
    return this.#name(`${day}.${bucketOf(domain)}`);
  }
}

/** The same for the same text, and from 0 to 1. */
export function share(text: string): number {
  return createHash("sha256").update(text).digest().readUInt32BE() / 2 ** 32;
}

function bucketOf(domain: string): number {
  return Math.floor(share(domain) * BUCKETS);
}

function daysOf(text: string | null): number[] {
  return days.safeParse(text === null ? null : json(text)).data ?? [];
}

function listed(all: readonly number[]): string | null {
  return all.length === 0 ? null : JSON.stringify([...all].sort((a, b) => a - b).slice(-100));
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
