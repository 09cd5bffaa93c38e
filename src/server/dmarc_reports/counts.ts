/**
 * Rows of aggregate reports, counted by UTC day and policy domain until the day is over and they are sent.
 *
 * What was counted waits in memory for some seconds and is then added to what the store has: sixteen settings a day, each
 * changed only where it still is what was read, so that several nodes count into the same report. A crash loses those
 * seconds. Whoever sends a domain's report takes it out of the store first: one node does, once. Everything is bounded;
 * what does not fit is counted as left out.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Args } from "../../contract/mod.ts";
import type { Storage } from "../../storage/storage.ts";

/** What there is to tell one domain of one day. Texts are JSON. */
export interface CountedDomain {
  readonly domain: string;
  /** Days since 1970, UTC. */
  readonly day: number;
  policy: string;
  /** Rows without their count, to their counts. */
  readonly rows: Map<string, number>;
  /** Messages that are not in `rows`. */
  leftOut: number;
  readonly tries: number;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  /** Addresses that have it already. */
  readonly done: readonly string[];
}

export interface CountsParts {
  readonly storage: Pick<Storage, "perform">;
  readonly failed: (error: unknown) => void;
}

export const DAY_MS = 86_400_000;
const BUCKETS = 16;
export const COUNT_LIMITS = {
  /** Domains of one day in one of sixteen settings. */
  domains: 125,
  /** Rows of one domain. */
  rows: 1000,
  /** Characters of one row, or a policy. */
  row: 8192,
  /** Characters of rows and policies in one setting; of what waits in memory. */
  bucket: 250_000,
  memory: 1_000_000,
} as const;
/** Reports begin to leave so long after the day, and are spread over the time after that. */
const FIRST_MS = 15 * 60_000;
const SPREAD_MS = 3 * 3600_000;
const INDEX = "dmarc.days";
const TRIES = 10;

const days = z.array(z.int().min(0)).max(100);
const bucket = z.array(z.strictObject({
  domain: z.string(),
  policy: z.string(),
  rows: z.array(z.tuple([z.string(), z.int().min(1)])),
  leftOut: z.int().min(0),
  tries: z.int().min(0),
  notBefore: z.number(),
  done: z.array(z.string()),
}));

/** By domain. */
type Bucket = Map<string, CountedDomain>;
/** A bucket's name: its day and its number. */
type Place = `${number}.${number}`;

export class DmarcCounts {
  readonly #parts: CountsParts;
  /** What the store does not have yet. */
  #waiting = new Map<Place, Bucket>();
  #characters = 0;
  #saving: Promise<void> = Promise.resolve();

  constructor(parts: CountsParts) {
    this.#parts = parts;
  }

  /** Counts a message; never fails. */
  count({ domain, policy, row, now }: Args<"dmarc.count">): void {
    if (policy.length > COUNT_LIMITS.row) return;
    const day = Math.floor(now / DAY_MS);
    const place: Place = `${day}.${bucketOf(domain)}`;
    const full = this.#characters >= COUNT_LIMITS.memory;
    const kept = this.#waiting.get(place) ?? new Map<string, CountedDomain>();
    let known = kept.get(domain);
    if (known === undefined) {
      if (full) return;
      known = begin(domain, day, policy);
      this.#characters += policy.length;
      kept.set(domain, known);
      this.#waiting.set(place, kept);
    }
    known.policy = policy;
    const before = known.rows.get(row);
    const fits = !full && known.rows.size < COUNT_LIMITS.rows && row.length <= COUNT_LIMITS.row;
    if (before === undefined && !fits) known.leftOut++;
    else {
      known.rows.set(row, (before ?? 0) + 1);
      if (before === undefined) this.#characters += row.length;
    }
  }

  /** Adds what waits to the store; never rejects. What cannot be stored waits for the next time. */
  save(): Promise<void> {
    return this.#saving = this.#saving.then(() => this.#save()).catch(this.#parts.failed);
  }

  /** Domains whose day is over and whose time has come. Rejects where the store fails. */
  async due(now: number): Promise<CountedDomain[]> {
    const found: CountedDomain[] = [];
    const today = Math.floor(now / DAY_MS);
    for (const day of daysOf(await this.#get(INDEX)).filter((day) => day < today)) {
      let left = 0;
      for (let number = 0; number < BUCKETS; number++) {
        const text = await this.#get(settingName(`${day}.${number}`));
        if (text !== null) left++;
        for (const domain of this.#bucket(text, day).values()) if (domain.notBefore <= now) found.push(domain);
      }
      if (left === 0) await this.#change(INDEX, (text) => listed(daysOf(text).filter((one) => one !== day)));
    }
    return found;
  }

  /** Takes it out of the store, so that nobody else sends it; false: it could not be, or somebody has. */
  async take(domain: CountedDomain): Promise<boolean> {
    let taken = false;
    try {
      await this.#change(nameOf(domain), (text) => {
        const all = this.#bucket(text, domain.day);
        const there = all.get(domain.domain);
        taken = there !== undefined && printed(there) === printed(domain);
        return taken ? print(all, domain.domain) : text;
      });
      return taken;
    } catch (error) {
      this.#parts.failed(error);
      return false;
    }
  }

  /** It is to be tried again. Never rejects. */
  async putBack(domain: CountedDomain, notBefore: number): Promise<void> {
    const again = { ...domain, tries: domain.tries + 1, notBefore };
    try {
      await this.#addDay(domain.day);
      await this.#change(nameOf(domain), (text) => print(this.#bucket(text, domain.day).set(domain.domain, again)));
    } catch (error) {
      this.#parts.failed(error);
    }
  }

  async #save(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    this.#characters = 0;
    try {
      for (const [place, fresh] of waiting) {
        const day = Number(place.split(".")[0]);
        await this.#addDay(day); // first: what the index does not name is never found again
        await this.#change(settingName(place), (text) => print(merged(this.#bucket(text, day), fresh)));
        waiting.delete(place);
      }
    } finally {
      for (const [place, kept] of waiting) this.#wait(place, kept);
    }
  }

  /** What could not be stored, before what came since. */
  #wait(place: Place, kept: Bucket): void {
    const all = merged(kept, this.#waiting.get(place) ?? new Map());
    this.#waiting.set(place, all);
    this.#characters = 0;
    for (const bucket of this.#waiting.values()) {
      for (const domain of bucket.values()) this.#characters += charactersOf(domain);
    }
  }

  #addDay(day: number): Promise<void> {
    return this.#change(INDEX, (text) => {
      const known = daysOf(text);
      return known.includes(day) ? text : listed([...known, day]);
    });
  }

  /** What is damaged is left out. */
  #bucket(text: string | null, day: number): Bucket {
    if (text === null) return new Map();
    const read = bucket.safeParse(json(text));
    if (!read.success) this.#parts.failed(new Error(`the stored DMARC counts of day ${day} are damaged`));
    return new Map((read.data ?? []).map(({ rows, ...rest }) => [rest.domain, { ...rest, day, rows: new Map(rows) }]));
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
}

function begin(domain: string, day: number, policy: string): CountedDomain {
  const notBefore = (day + 1) * DAY_MS + FIRST_MS + Math.floor(share(`${domain} ${day}`) * SPREAD_MS);
  return { domain, day, policy, rows: new Map(), leftOut: 0, tries: 0, notBefore, done: [] };
}

/** What `known` has, with `fresh`; the newer policy counts. A domain that does not fit has no report that day. */
function merged(known: Bucket, fresh: Bucket): Bucket {
  let room: number = COUNT_LIMITS.bucket;
  for (const domain of known.values()) room -= charactersOf(domain);
  for (const [name, { domain, day, policy, ...more }] of fresh) {
    const before = known.get(name);
    if (before === undefined && (known.size >= COUNT_LIMITS.domains || policy.length > room)) continue;
    const sum = before ?? begin(domain, day, policy);
    if (before === undefined) room -= policy.length;
    known.set(name, sum);
    sum.policy = policy;
    sum.leftOut += more.leftOut;
    for (const [row, count] of more.rows) {
      const there = sum.rows.get(row);
      if (there !== undefined) sum.rows.set(row, there + count);
      else if (sum.rows.size >= COUNT_LIMITS.rows || row.length > room) sum.leftOut += count;
      else {
        sum.rows.set(row, count);
        room -= row.length;
      }
    }
  }
  return known;
}

function charactersOf({ policy, rows }: CountedDomain): number {
  let sum = policy.length;
  for (const row of rows.keys()) sum += row.length;
  return sum;
}

/** Null for an empty one. */
function print(all: Bucket, without?: string): string | null {
  const kept = [...all.values()].filter(({ domain }) => domain !== without);
  return kept.length === 0 ? null : `[${kept.map(printed).join(",")}]`;
}

function printed({ domain, policy, rows, leftOut, tries, notBefore, done }: CountedDomain): string {
  return JSON.stringify({ domain, policy, rows: [...rows], leftOut, tries, notBefore, done });
}

function daysOf(text: string | null): number[] {
  return days.safeParse(json(text)).data ?? [];
}

function listed(all: readonly number[]): string | null {
  return all.length === 0 ? null : JSON.stringify([...all].sort((a, b) => a - b).slice(-100));
}

function nameOf({ day, domain }: CountedDomain): string {
  return settingName(`${day}.${bucketOf(domain)}`);
}

function settingName(place: Place): string {
  return `dmarc.counts.${place}`;
}

function bucketOf(domain: string): number {
  return Math.floor(share(domain) * BUCKETS);
}

/** The same for the same text, and from 0 to 1. */
function share(text: string): number {
  return createHash("sha256").update(text).digest().readUInt32BE() / 2 ** 32;
}

function json(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
