/**
 * Finds what was begun long ago and nothing names: bodies of a transaction that never came, objects whose removal
 * failed, uploads in parts that nobody ended. The list is walked some pages at a time, from its end to its beginning again.
 */
import type { Bucket } from "./bucket.ts";

/** What was begun so long ago belongs to nobody who lives. By the other side's clock, as the times in its lists. */
export const ABANDONED_MS = 86_400_000;
/** Pages of a thousand in one call. */
const PAGES = 10;

export interface SweepParts {
  readonly bucket: Bucket;
  /** What all objects of bodies begin with. */
  readonly prefix: string;
  /** The place that a key is of; null where it is no body: such objects are somebody else's. */
  readonly placeOf: (key: string) => string | null;
  readonly named: (places: readonly string[]) => Promise<ReadonlySet<string>>;
  /** Rejects where the prefix has come to another database: whatever it has is nothing that we know. */
  readonly expectOwner: () => Promise<void>;
  readonly remove: (places: readonly string[]) => Promise<void>;
}

export class Sweeper {
  readonly #parts: SweepParts;
  #after = "";

  constructor(parts: SweepParts) {
    this.#parts = parts;
  }

  async sweep(): Promise<void> {
    await this.#parts.expectOwner();
    let now = Date.now();
    for (let page = 0; page < PAGES; page++) {
      const listed = await this.#parts.bucket.list(this.#parts.prefix, this.#after);
      now = listed.now;
      const old = listed.objects.filter(({ at }) => at < now - ABANDONED_MS);
      await this.#look(old.flatMap(({ key }) => this.#parts.placeOf(key) ?? []));
      this.#after = listed.more ? listed.objects.at(-1)!.key : "";
      if (!listed.more) break;
    }
    await this.#endUploads(now);
  }

  async #look(places: readonly string[]): Promise<void> {
    if (places.length === 0) return;
    const named = await this.#parts.named(places);
    await this.#parts.remove(places.filter((place) => !named.has(place)));
  }

  async #endUploads(now: number): Promise<void> {
    const { bucket, prefix, placeOf } = this.#parts;
    for (const { key, uploadId, at } of await bucket.begun(prefix)) {
      if (at < now - ABANDONED_MS && placeOf(key) !== null) await bucket.abort(key, uploadId);
    }
  }
}
