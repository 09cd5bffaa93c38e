/**
 * Memberships that were read before they were asked for. A command over thousands of messages asks for page after page,
 * or for one UID after the other; each question would be a round trip, and a run from the beginning.
 */
import { lowerBound } from "../engine/order.ts";
import type { MemberRow } from "../engine/tables.ts";

export interface Range {
  readonly first: number;
  readonly last: number;
}

/** Rows that are read at once, at the most. */
export const STOCK = 32_000;

export class MemberStock {
  #mailbox = 0;
  /** Ascending, apart: all rows between them are there. */
  #ranges: readonly Range[] = [];
  #rows: readonly MemberRow[] = [];
  /** The next row that nobody was given. */
  #next = 0;
  /** Of all rows that were ever here, and where in the list each stands. */
  readonly #emails: number[] = [];
  readonly #places = new Map<number, number>();

  /** The operation begins anew. */
  restart(): void {
    this.clear();
    this.#emails.length = 0;
    this.#places.clear();
  }

  clear(): void {
    this.#mailbox = 0;
    this.#rows = this.#ranges = [];
    this.#next = 0;
  }

  fill(mailbox: number, ranges: readonly Range[], rows: readonly MemberRow[]): void {
    this.#mailbox = mailbox;
    this.#ranges = ranges;
    this.#rows = rows;
    this.#next = 0;
    for (const { email } of rows) {
      if (!this.#places.has(email)) this.#places.set(email, this.#emails.push(email) - 1);
    }
  }

  /** Copies of the rows, where they are all here; null: they must be asked for. */
  take(mailbox: number, first: number, last: number, limit: number): MemberRow[] | null {
    if (mailbox !== this.#mailbox) return null;
    const range = this.#ranges.find((one) => one.first <= first && first <= one.last);
    if (!range) return null;
    const start = lowerBound(this.#rows, first);
    const end = Math.min(lowerBound(this.#rows, Math.min(last, range.last) + 1), start + limit);
    if (last > range.last && end - start < limit) return null;
    this.#next = Math.max(this.#next, end);
    return this.#rows.slice(start, end).map((row) => ({ ...row }));
  }

  /** A row was written: what is here is right only for rows that were given out. */
  wrote(mailbox: number, uid: number): void {
    if (mailbox !== this.#mailbox) return;
    const last = this.#rows[this.#next - 1]?.uid ?? 0;
    if (uid > last) this.clear();
  }

  /** Emails of the rows from that of `email` on, at most `limit`: what will be asked for next. */
  emailsFrom(email: number, limit: number): number[] {
    const at = this.#places.get(email);
    return at === undefined ? [email] : this.#emails.slice(at, at + limit);
  }
}
