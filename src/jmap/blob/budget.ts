/** How many octets of blobs one request may have read, and told: calls of a request share it. */
import type { RequestContext } from "../call.ts";
import { MethodError } from "../error.ts";

const READ = 256 * 1024 * 1024;
const TOLD = 16 * 1024 * 1024;
const OF_REQUESTS = new WeakMap<object, BlobBudget>();

export class BlobBudget {
  #read: number;
  #told = TOLD;

  constructor(maxSizeUpload: number) {
    // The largest blob can be made of another in one request.
    this.#read = Math.max(READ, 4 * maxSizeUpload);
  }

  /** That of a request, which is known by its context. */
  static of(context: Pick<RequestContext, "limits">): BlobBudget {
    let budget = OF_REQUESTS.get(context);
    if (!budget) OF_REQUESTS.set(context, budget = new BlobBudget(context.limits.maxSizeUpload));
    return budget;
  }

  /** Throws `requestTooLarge` where that was too much. */
  read(octets: number): void {
    this.#read -= octets;
    if (this.#read < 0) throw new MethodError("requestTooLarge", "these are too many octets of blobs for one request");
  }

  tell(octets: number): void {
    this.#told -= octets;
    if (this.#told < 0) {
      throw new MethodError("requestTooLarge", "a request is told 16 MiB of blobs at most: take ranges, or download");
    }
  }
}
