/** Ranges of UIDs read page by page: a question names few of them, and the work is linear in their number. */
import type { Uid, UidRange } from "../contract/mod.ts";

export class RangeCursor {
  readonly #ranges: readonly UidRange[];
  #at = 0;
  #from = 0;
  #taken = 0;

  /** `ranges` are ascending and apart. */
  constructor(ranges: readonly UidRange[]) {
    this.#ranges = ranges;
  }

  get done(): boolean {
    return this.#at >= this.#ranges.length;
  }

  /** At most `limit` ranges to ask for; a page never needs more ranges than it has rows. */
  take(limit: number): UidRange[] {
    const page = this.#ranges.slice(this.#at, this.#at + limit);
    this.#taken = page.length;
    const head = page[0];
    if (head && head.first < this.#from) page[0] = { first: this.#from as Uid, last: head.last };
    return page;
  }

  /** The answer's `next`: where the page was cut off, or null where all that was taken has been read. */
  advance(next: Uid | null): void {
    if (next === null) {
      this.#at += this.#taken;
      return;
    }
    while (this.#ranges[this.#at] && this.#ranges[this.#at]!.last < next) this.#at++;
    this.#from = next;
  }
}

/** Ascending UIDs as ranges; neighbours are one. */
export function rangesOf(uids: Iterable<number>): UidRange[] {
  const out: { first: Uid; last: Uid }[] = [];
  for (const uid of uids) {
    const open = out[out.length - 1];
    if (open && open.last + 1 === uid) open.last = uid as Uid;
    else out.push({ first: uid as Uid, last: uid as Uid });
  }
  return out;
}
