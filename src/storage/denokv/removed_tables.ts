/** Memberships that went and can come back: all of them in one scope, for they are looked for by their age as well. */
import type { EmailRecord, OriginRow, RemovedRow } from "../engine/tables.ts";
import { type Key, ofEmail, REMOVED } from "./keys.ts";
import { QueueTables } from "./queue_tables.ts";

/** An email, and all that belongs to it. */
export interface EmailEntry {
  readonly record: EmailRecord;
  readonly headerEnd: number;
  /** Mailboxes and UIDs. */
  readonly places: readonly (readonly [mailbox: number, uid: number])[];
  readonly removed: readonly number[];
  readonly origin: OriginRow | null;
}

/** How long what was removed is kept, and by which clock. */
export interface Keeping {
  readonly undeleteMs: number;
  readonly wall: () => number;
}

export const emailKey = (email: number): Key => [ofEmail(email), "email", email];
const rowKey = (id: number): Key => [REMOVED, "row", id];
const ofKey = (account: number, id: number): Key => [REMOVED, "of", account, id];
const atKey = (at: number, id: number): Key => [REMOVED, "at", at, id];
const PAGE = 200;

export abstract class RemovedTables extends QueueTables {
  #keeping: Keeping = { undeleteMs: 0, wall: () => 0 };
  #now: number | null = null;

  keepFor(keeping: Keeping): this {
    this.#keeping = keeping;
    return this;
  }

  get undeleteMs(): number {
    return this.#keeping.undeleteMs;
  }

  /** The same for all runs of an operation. */
  wall(): number {
    return this.#now ??= this.#keeping.wall();
  }

  addRemoved(row: Omit<RemovedRow, "id">): void {
    const id = this.count("removed");
    this.view.set(rowKey(id), { ...row, id });
    this.view.set(ofKey(row.account, id), row.at);
    this.view.set(atKey(row.at, id), 1);
    const entry = this.view.get<EmailEntry>(emailKey(row.email));
    if (entry) this.view.set(emailKey(row.email), { ...entry, removed: [...entry.removed, id] });
  }

  dropRemoved(id: number): void {
    const row = this.view.get<RemovedRow>(rowKey(id));
    if (!row) return;
    this.view.delete(rowKey(id));
    this.view.delete(ofKey(row.account, id));
    this.view.delete(atKey(row.at, id));
    const entry = this.view.get<EmailEntry>(emailKey(row.email));
    if (entry) this.view.set(emailKey(row.email), { ...entry, removed: entry.removed.filter((one) => one !== id) });
  }

  removedOf(email: number): readonly RemovedRow[] {
    const entry = this.view.get<EmailEntry>(emailKey(email));
    return entry ? this.#rows(entry.removed) : [];
  }

  removedSince(account: number, since: number, after: number, limit: number): readonly RemovedRow[] {
    const found: number[] = [];
    for (let start = after + 1; found.length < limit;) {
      const page = this.view.range<number>([REMOVED, "of", account], { start: [start], limit: PAGE });
      for (const { key, value } of page) if (value >= since) found.push(key[3] as number);
      if (page.length < PAGE) break;
      start = page[page.length - 1]!.key[3] as number + 1;
    }
    return this.#rows(found.slice(0, limit));
  }

  removedBefore(time: number, limit: number): readonly RemovedRow[] {
    const rows = this.#rows(
      this.view.range([REMOVED, "at"], { end: [time], limit }).map(({ key }) => key[3] as number),
    );
    // Each is about to be dropped with its email: those are wanted together.
    this.view.getAll(rows.map(({ email }) => emailKey(email)));
    return rows;
  }

  oldestRemoved(account: number): RemovedRow | null {
    const [first] = this.view.range([REMOVED, "of", account], { limit: 1 });
    return first ? this.view.get(rowKey(first.key[3] as number)) : null;
  }

  #rows(ids: readonly number[]): readonly RemovedRow[] {
    return this.view.getAll<RemovedRow>(ids.map(rowKey)).flatMap((row) => row ?? []);
  }
}
