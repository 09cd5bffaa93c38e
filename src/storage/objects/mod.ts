/**
 * Large bodies in a store of objects that speaks S3 (AWS, MinIO, Garage, R2 and others), for drivers that keep the rest.
 *
 * Rules:
 * - An object is written once, under a name by chance, and acknowledged before a transaction names it. What is sent is
 *   signed with its hash, so what is acknowledged is what was sent.
 * - An object goes when the transaction that forgot it is committed. What nothing names a day later is swept away; only
 *   names of our own shape are ever touched.
 * - What fails in passing is tried again for some seconds, then the store says `unavailable`. Nothing is kept back.
 * - Memory is bounded: 5 MiB a body, and `MEMORY` for all of them; what is beyond goes to the driver's own bodies.
 */
import type { BodyStore, BodySurroundings, OpenBodies } from "../body_store.ts";
import { StorageError } from "../storage.ts";
import { Bucket } from "./bucket.ts";
import { MemoryBudget } from "./memory_budget.ts";
import { type ObjectOptions, prefixOf } from "./options.ts";
import { expectOwner, takeBucket } from "./ownership.ts";
import { ReadAhead } from "./read_ahead.ts";
import { Requests } from "./request.ts";
import { Sweeper } from "./sweep.ts";
import { ObjectUpload, PART } from "./upload.ts";

export type { ObjectOptions } from "./options.ts";

/** Octets of bodies that are on their way into the store of objects, all together. */
const MEMORY = 256 * 1024 * 1024;
const REMOVED_AT_ONCE = 16;
/** Places of objects; those of the driver's own bodies are numbers. */
const PLACE = /^o[0-9a-f]{32}$/;

/** What tests put in the place of time, chance and memory. */
export interface ObjectParts {
  /** Waits so many milliseconds before another try. */
  readonly sleep?: (ms: number) => Promise<void>;
  /** From 0 to 1. */
  readonly random?: () => number;
  /** Octets of bodies that are on their way, all together. */
  readonly memory?: number;
  /** Octets of a part. */
  readonly part?: number;
}

/**
 * Large bodies in a store of objects: for `PostgresOptions.bodies`. Opening it takes the prefix for this database and
 * tries all that will be needed; rejects with `StorageError`, which says what to do.
 */
export function objectBodies(options: ObjectOptions, parts: ObjectParts = {}): OpenBodies {
  return async (around) => {
    const bucket = new Bucket(new Requests(options, parts));
    try {
      await takeBucket(bucket, prefixOf(options), around.identity);
    } catch (error) {
      bucket.close();
      throw error;
    }
    return new ObjectBodies(bucket, options, around, parts);
  };
}

class ObjectBodies implements BodyStore {
  readonly #bucket: Bucket;
  readonly #own: BodyStore;
  readonly #prefix: string;
  readonly #from: number;
  readonly #part: number;
  readonly #budget: MemoryBudget;
  readonly #ahead: ReadAhead;
  readonly #sweeper: Sweeper;

  constructor(bucket: Bucket, options: ObjectOptions, { own, named, identity }: BodySurroundings, parts: ObjectParts) {
    this.#bucket = bucket;
    this.#own = own;
    this.#prefix = prefixOf(options) + "bodies/";
    this.#part = parts.part ?? PART;
    this.#from = Math.min(options.from ?? 0, this.#part);
    this.#budget = new MemoryBudget(parts.memory ?? MEMORY);
    this.#ahead = new ReadAhead((place, start, length) => this.#fetch(place, start, length));
    this.#sweeper = new Sweeper({
      bucket,
      prefix: this.#prefix,
      placeOf: (key) => this.#placeOf(key),
      named,
      expectOwner: () => expectOwner(bucket, prefixOf(options), identity),
      remove: (places) => this.#removeObjects(places),
    });
  }

  create(): ObjectUpload {
    return new ObjectUpload({
      bucket: this.#bucket,
      own: this.#own,
      budget: this.#budget,
      from: this.#from,
      part: this.#part,
      name: () => {
        const place = "o" + crypto.getRandomValues(new Uint8Array(16)).toHex();
        return { place, key: this.#keyOf(place) };
      },
    });
  }

  async read(place: string, start: number, length: number): Promise<Uint8Array> {
    return PLACE.test(place)
      ? await this.#ahead.read(place, start, length)
      : await this.#own.read(place, start, length);
  }

  async remove(places: readonly string[]): Promise<void> {
    const objects = places.filter((place) => PLACE.test(place));
    await this.#own.remove(places.filter((place) => !PLACE.test(place)));
    await this.#removeObjects(objects);
  }

  async sweep(): Promise<void> {
    await this.#own.sweep();
    await this.#sweeper.sweep();
  }

  async sizes(places: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const sizes = new Map(await this.#own.sizes(places.filter((place) => !PLACE.test(place))));
    await inParallel(places.filter((place) => PLACE.test(place)), async (place) => {
      const size = await this.#bucket.size(this.#keyOf(place));
      if (size !== null) sizes.set(place, size);
    });
    return sizes;
  }

  isElsewhere(place: string): boolean {
    return PLACE.test(place);
  }

  close(): void {
    this.#own.close?.();
    this.#bucket.close();
  }

  async #fetch(place: string, start: number, length: number): Promise<Uint8Array> {
    const key = this.#keyOf(place);
    const octets = await this.#bucket.get(key, start, length);
    if (octets !== null) return octets;
    throw new StorageError("bug", `the object "${key}" of ${this.#bucket.where} is missing`);
  }

  async #removeObjects(places: readonly string[]): Promise<void> {
    await inParallel(places, async (place) => {
      this.#ahead.forget(place);
      await this.#bucket.remove(this.#keyOf(place));
    });
  }

  #keyOf(place: string): string {
    return this.#prefix + place.slice(1);
  }

  #placeOf(key: string): string | null {
    const place = "o" + key.slice(this.#prefix.length);
    return key.startsWith(this.#prefix) && PLACE.test(place) ? place : null;
  }
}

/** Some at once; a failure is told when all others had their turn. */
async function inParallel<T>(all: readonly T[], run: (one: T) => Promise<void>): Promise<void> {
  const left = all.values();
  const workers = Array.from({ length: Math.min(REMOVED_AT_ONCE, all.length) }, async () => {
    for (const one of left) await run(one);
  });
  const failed = (await Promise.allSettled(workers)).find(({ status }) => status === "rejected");
  if (failed) throw (failed as PromiseRejectedResult).reason;
}
