/** One job under way: what it is claimed as, whose turn it has, and how it is ended. */
import type { QueueJob } from "../../contract/mod.ts";

/**
 * A job with the name it was claimed under. Each claim has its own: a job whose lease ran out may be claimed again by
 * this very worker, and only one of the two may send.
 */
export interface Claimed {
  readonly job: QueueJob;
  readonly owner: string;
  /** Whose connections it uses: a relay's, or its domain's; null: none. */
  readonly key: string | null;
}

/** What an attempt showed of its destination; `null`: nothing. */
export type Experience = { readonly reached: true } | { readonly reached: false; readonly why: string } | null;

/**
 * The right to a connection of one's own. Who begins early, behind another's message, gets it when an attempt before
 * it ends.
 */
export class Place {
  #own: boolean;
  readonly #given = Promise.withResolvers<void>();

  constructor(own: boolean) {
    this.#own = own;
    if (own) this.#given.resolve();
  }

  get isOwn(): boolean {
    return this.#own;
  }

  /** Resolves when it is one's own. */
  get own(): Promise<void> {
    return this.#given.promise;
  }

  give(): void {
    this.#own = true;
    this.#given.resolve();
  }
}

export interface Attempt extends Claimed {
  /** Begin nothing new: no lookup, no connection, no message. What is being sent may be finished. */
  readonly stop: AbortController;
  /** End at once. */
  readonly cut: AbortController;
  /** Connections that say QUIT after their result is known. */
  readonly goodbyes: Set<Promise<void>>;
  /** The destination is left alone: nothing is tried, all is put off. `until` by the wall clock. */
  readonly suspended: { readonly until: number; readonly why: string } | null;
  /** Before it is its own the attempt may use connections that others have made, and make none. */
  readonly place: Place;
  /** The message is out and its answer on the way: another may begin behind it. */
  readonly sent: () => void;
  /** Tells what the attempt showed of its destination; answers until when that is left alone now, or 0. */
  readonly learn: (experience: Experience) => number;
}
