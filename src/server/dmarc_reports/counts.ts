/**
 * Rows of aggregate reports, counted by UTC day and policy domain until the day is over and they are sent.
 *
 * Everything is in memory and bounded: what does not fit any more is counted as left out. It is stored in sixteen
 * settings a day, of which those that changed are written every few seconds: a crash loses the counts since then.
 * A domain that is taken out to be sent is taken out of the store first, so that no report is sent twice.
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
  tries: number;
  /** Milliseconds since 1970. */
  notBefore: number;
  /** Addresses that have it already. */
  readonly done: string[];
}

export interface CountsParts {
  readonly storage: Pick<Storage, "perform">;
  readonly failed: (error: unknown) => void;
}

export const DAY_MS = 86_400_000;
export const COUNT_LIMITS = {
  /** Domains of one day. */
  domains: 2000,
  /** Rows of one domain. */
  rows: 1000,
  /** Characters of one row, or a policy. */
  row: 8192,
  /** Characters of all that waits. */
  characters: 4_000_000,
} as const;
/** Reports begin to leave so long after the day, and are spread over the time after that. */
const FIRST_MS = 15 * 60_000;
const SPREAD_MS = 3 * 3600_000;
const BUCKETS = 16;
const INDEX = "dmarc.days";

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

export class DmarcCounts {
  readonly #parts: CountsParts;
  /** By day, then by domain. */
  readonly #days = new Map<number, Map<string, CountedDomain>>();
  readonly #dirty = new Set<string>();
  #indexed = "[]";
  #characters = 0;
  #saving: Promise<void> = Promise.resolve();

  constructor(parts: CountsParts) {
    this.#parts = parts;
  }

  /** Reads what was stored; once, before anything is counted. What is damaged is left out. */
  async load(): Promise<void> {
    const stored = await this.#get(INDEX);
    this.#indexed = stored ?? "[]";
    for (const day of days.safeParse(json(stored)).data ?? []) {
      const texts = await Promise.all(
        Array.from({ length: BUCKETS }, (_, number) => this.#get(settingName(day, number))),
      );
      for (const text of texts) {
        if (text === null) continue;
        const read = bucket.safeParse(json(text));
        if (!read.success) this.#parts.failed(new Error(`the stored DMARC counts of day ${day} are damaged`));
        for (const { rows, ...rest } of read.data ?? []) this.#add({ ...rest, day, rows: new Map(rows) });
      }
    }
  }

  /** Counts a message; never fails. */
  count({ domain, policy, row, now }: Args<"dmarc.count">): void {
    const day = Math.floor(now / DAY_MS);
    const found = this.#days.get(day)?.get(domain) ?? this.#begin(domain, day, policy);
    if (found === null) return;
    this.#dirty.add(settingName(day, bucketOf(domain)));
    if (policy.length <= COUNT_LIMITS.row) found.policy = policy;
    const known = found.rows.get(row);
    const fits = found.rows.size < COUNT_LIMITS.rows && row.length <= COUNT_LIMITS.row &&
      this.#characters + row.length <= COUNT_LIMITS.characters;
    if (known !== undefined) found.rows.set(row, known + 1);
    else if (!fits) found.leftOut++;
    else {
      found.rows.set(row, 1);
      this.#characters += row.length;
    }
  }

  /** Domains whose day is over and whose time has come. */
  due(now: number): CountedDomain[] {
    const today = Math.floor(now / DAY_MS);
    return [...this.#days].filter(([day]) => day < today)
      .flatMap(([, domains]) => [...domains.values()].filter(({ notBefore }) => notBefore <= now));
  }

  /** Takes it out, of the store too, so that it is sent by nobody else; false: it could not be, or was taken already. */
  async take(domain: CountedDomain): Promise<boolean> {
    if (!this.#remove(domain)) return false;
    try {
      await this.#write(domain.day, bucketOf(domain.domain));
      return true;
    } catch (error) {
      this.#add(domain);
      this.#parts.failed(error);
      return false;
    }
  }

  /** It is to be tried again. */
  putBack(domain: CountedDomain, notBefore: number): void {
    this.#remove(domain);
    this.#add({ ...domain, tries: domain.tries + 1, notBefore });
    this.#dirty.add(settingName(domain.day, bucketOf(domain.domain)));
  }

  /** Stores what has changed since; never rejects. */
  save(): Promise<void> {
    return this.#saving = this.#saving.then(async () => {
      try {
        const names = [...this.#dirty];
        await this.#saveIndex(); // first: what the index does not name is never found again
        await Promise.all(names.map((name) => this.#write(...partsOfName(name))));
      } catch (error) {
        this.#parts.failed(error);
      }
    });
  }

  #begin(domain: string, day: number, policy: string): CountedDomain | null {
    const full = (this.#days.get(day)?.size ?? 0) >= COUNT_LIMITS.domains || policy.length > COUNT_LIMITS.row ||
      this.#characters + policy.length > COUNT_LIMITS.characters;
    if (full) return null;
    const notBefore = (day + 1) * DAY_MS + FIRST_MS + Math.floor(share(`${domain} ${day}`) * SPREAD_MS);
    return this.#add({ domain, day, policy, rows: new Map(), leftOut: 0, tries: 0, notBefore, done: [] });
  }

  #add(domain: CountedDomain): CountedDomain {
    const domains = this.#days.get(domain.day) ?? new Map<string, CountedDomain>();
    this.#days.set(domain.day, domains);
    domains.set(domain.domain, domain);
    this.#characters += charactersOf(domain);
    return domain;
  }

  #remove(domain: CountedDomain): boolean {
    const domains = this.#days.get(domain.day);
    if (domains?.get(domain.domain) !== domain) return false;
    domains.delete(domain.domain);
    if (domains.size === 0) this.#days.delete(domain.day);
    this.#characters -= charactersOf(domain);
    return true;
  }

  async #saveIndex(): Promise<void> {
    const index = JSON.stringify([...this.#days.keys()].sort((a, b) => a - b));
    if (index === this.#indexed) return;
    await this.#set(INDEX, index);
    this.#indexed = index;
  }

  async #write(day: number, number: number): Promise<void> {
    const name = settingName(day, number);
    this.#dirty.delete(name);
    const all = [...this.#days.get(day)?.values() ?? []].filter(({ domain }) => bucketOf(domain) === number);
    const value = all.length === 0
      ? null
      : JSON.stringify(all.map(({ day: _, rows, ...rest }) => ({ ...rest, rows: [...rows] })));
    try {
      await this.#set(name, value);
    } catch (error) {
      this.#dirty.add(name);
      throw error;
    }
  }

  #get(name: string): Promise<string | null> {
    return this.#parts.storage.perform("setting.get", { name });
  }

  async #set(name: string, value: string | null): Promise<void> {
    for (let tries = 0; tries < 3; tries++) {
      const before = await this.#get(name);
      if (before === value) return;
      if ((await this.#parts.storage.perform("setting.change", { name, before, value })).changed) return;
    }
    throw new Error(`the setting ${name} changes too often`);
  }
}

function charactersOf({ policy, rows }: CountedDomain): number {
  let sum = policy.length;
  for (const row of rows.keys()) sum += row.length;
  return sum;
}

function settingName(day: number, number: number): string {
  return `dmarc.counts.${day}.${number}`;
}

function partsOfName(name: string): [day: number, number: number] {
  const [number, day] = name.split(".").reverse().map(Number);
  return [day!, number!];
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
