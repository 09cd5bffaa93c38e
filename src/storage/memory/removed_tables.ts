/** Memberships that went and can come back, in a map, on top of settings of delivery. */
import type { RemovedRow } from "../engine/tables.ts";
import { DeliveryTables } from "./delivery_tables.ts";

export class RemovedTables extends DeliveryTables {
  undeleteMs = 0;
  wall: () => number = () => Date.now();
  readonly #rows = new Map<number, RemovedRow>();
  readonly #ofEmail = new Map<number, readonly RemovedRow[]>();
  #last = 0;

  addRemoved(row: Omit<RemovedRow, "id">): void {
    const kept = { ...row, id: ++this.#last };
    this.undo.set(this.#rows, kept.id, kept);
    this.undo.set(this.#ofEmail, row.email, [...this.removedOf(row.email), kept]);
  }

  dropRemoved(id: number): void {
    const row = this.#rows.get(id);
    if (!row) return;
    this.undo.delete(this.#rows, id);
    const left = this.removedOf(row.email).filter((other) => other !== row);
    if (left.length > 0) this.undo.set(this.#ofEmail, row.email, left);
    else this.undo.delete(this.#ofEmail, row.email);
  }

  removedOf(email: number): readonly RemovedRow[] {
    return this.#ofEmail.get(email) ?? [];
  }

  removedSince(account: number, since: number, after: number, limit: number): readonly RemovedRow[] {
    return this.#where((row) => row.account === account && row.id > after && row.at >= since).slice(0, limit);
  }

  removedBefore(time: number, limit: number): readonly RemovedRow[] {
    return this.#where((row) => row.at < time).slice(0, limit);
  }

  oldestRemoved(account: number): RemovedRow | null {
    return this.#where((row) => row.account === account)[0] ?? null;
  }

  /** Ascending by id: what is taken back may stand elsewhere in the map. */
  #where(wanted: (row: RemovedRow) => boolean): RemovedRow[] {
    return [...this.#rows.values()].filter(wanted).sort((a, b) => a.id - b.id);
  }
}
