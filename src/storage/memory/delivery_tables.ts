/** How accounts want their mail delivered, and what their filters remember, on top of scripts. */
import type { AccountRow } from "../engine/tables.ts";
import { SieveTables } from "./sieve_tables.ts";

export class DeliveryTables extends SieveTables {
  readonly #settings = new Map<number, string>();
  readonly #seen = new Map<number, Map<string, number>>();

  override removeAccount(row: AccountRow): void {
    super.removeAccount(row);
    this.undo.delete(this.#settings, row.id);
    this.undo.delete(this.#seen, row.id);
  }

  deliverySettings(account: number): string | null {
    return this.#settings.get(account) ?? null;
  }

  putDeliverySettings(account: number, settings: string): void {
    this.undo.set(this.#settings, account, settings);
  }

  seenUntil(account: number, key: string): number | null {
    return this.#seen.get(account)?.get(key) ?? null;
  }

  putSeen(account: number, key: string, until: number): void {
    let keys = this.#seen.get(account);
    if (keys === undefined) this.undo.set(this.#seen, account, keys = new Map());
    this.undo.set(keys, key, until);
  }

  forgetSeen(account: number, now: number): void {
    const keys = this.#seen.get(account) ?? new Map<string, number>();
    for (const [key, until] of [...keys]) if (until <= now) this.undo.delete(keys, key);
  }

  countSeen(account: number): number {
    return this.#seen.get(account)?.size ?? 0;
  }

  dropSeen(account: number, count: number): void {
    const keys = this.#seen.get(account) ?? new Map<string, number>();
    const soonest = [...keys].sort((a, b) => a[1] - b[1]).slice(0, count);
    for (const [key] of soonest) this.undo.delete(keys, key);
  }
}
