/** Deno KV with what a local one lacks: patience where another process writes, pages, and answers to any number of keys. */
import { setTimeout as sleep } from "node:timers/promises";
import { infrastructure, isBusy } from "./failure.ts";
import type { Part } from "./keys.ts";
import type { Mutation } from "./values.ts";

/** Keys of one question. */
const MANY = 10;
/** Of one commit; the limits of Deno KV are 1000 and 800 KiB. */
export const MUTATIONS = 900;
export const COMMIT_WEIGHT = 700_000;
/** How often, and how long at most, one waits for another process that writes. */
const TRIES = 60;
const WAIT_MS = 200;

export type Found = Deno.KvEntryMaybe<unknown>;

/** A version that a key must have; null: it must not be there. */
export interface Check {
  readonly key: readonly Part[];
  readonly versionstamp: string | null;
}

export class Database {
  readonly kv: Deno.Kv;

  constructor(kv: Deno.Kv) {
    this.kv = kv;
  }

  async getAll(keys: readonly (readonly Part[])[]): Promise<readonly Found[]> {
    const pages: Promise<readonly Found[]>[] = [];
    for (let at = 0; at < keys.length; at += MANY) {
      const page = keys.slice(at, at + MANY);
      pages.push(patiently(() => this.kv.getMany(page) as Promise<readonly Found[]>));
    }
    return (await Promise.all(pages)).flat();
  }

  async list(selector: Deno.KvListSelector, limit: number): Promise<Deno.KvEntry<unknown>[]> {
    return await patiently(async () => {
      const found: Deno.KvEntry<unknown>[] = [];
      const options = { batchSize: Math.min(500, limit), ...(Number.isFinite(limit) && { limit }) };
      for await (const entry of this.kv.list<unknown>(selector, options)) found.push(entry);
      return found;
    });
  }

  /** Null: a check failed. What is uncertain is thrown. */
  async commit(checks: readonly Check[], mutations: Iterable<Mutation>): Promise<string | null> {
    const atomic = this.kv.atomic();
    for (const { key, versionstamp } of checks) atomic.check({ key, versionstamp });
    for (const { key, value } of mutations) {
      if (value === undefined) atomic.delete(key);
      else atomic.set(key, value);
    }
    return await patiently(async () => {
      const result = await atomic.commit();
      return result.ok ? result.versionstamp : null;
    });
  }

  /** Writes that need not be one transaction. */
  async write(mutations: Iterable<Mutation>): Promise<void> {
    for (const page of pagesOf(mutations)) await this.commit([], page);
  }

  close(): void {
    this.kv.close();
  }
}

/** As many at a time as one commit takes. */
export function* pagesOf(mutations: Iterable<Mutation>): Generator<Mutation[]> {
  let page: Mutation[] = [];
  let weight = 0;
  for (const mutation of mutations) {
    if (page.length > 0 && (page.length >= MUTATIONS || weight + mutation.weight > COMMIT_WEIGHT)) {
      yield page;
      page = [];
      weight = 0;
    }
    page.push(mutation);
    weight += mutation.weight;
  }
  if (page.length > 0) yield page;
}

/** A local Deno KV does not wait for another process: it fails, and nothing was done. */
async function patiently<R>(run: () => Promise<R>): Promise<R> {
  for (let tries = 1;; tries++) {
    try {
      return await run();
    } catch (error) {
      if (!isBusy(error) || tries === TRIES) throw infrastructure(error);
      await sleep(Math.random() * Math.min(WAIT_MS, 4 * tries));
    }
  }
}
