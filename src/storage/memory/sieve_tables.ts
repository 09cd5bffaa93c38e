/** Sieve scripts in a map of accounts, on top of annotations. */
import type { AccountRow, SieveRow } from "../engine/tables.ts";
import { MetadataTables } from "./metadata_tables.ts";

type Kept = SieveRow & { readonly content: string };

export class SieveTables extends MetadataTables {
  readonly #scripts = new Map<number, readonly Kept[]>();

  override removeAccount(row: AccountRow): void {
    super.removeAccount(row);
    this.undo.delete(this.#scripts, row.id);
  }

  sieves(account: number): readonly SieveRow[] {
    return this.#scripts.get(account) ?? [];
  }

  sieveText(account: number, name: string): string | null {
    return this.#scripts.get(account)?.find((row) => row.name === name)?.content ?? null;
  }

  putSieve(row: SieveRow, content: string): void {
    const others = this.#others(row.account, row.name);
    const all = [...others, { ...row, content }].sort((a, b) => a.name < b.name ? -1 : 1);
    this.undo.set(this.#scripts, row.account, all);
  }

  removeSieve(account: number, name: string): void {
    this.undo.set(this.#scripts, account, this.#others(account, name));
  }

  activateSieve(account: number, name: string | null): void {
    const all = (this.#scripts.get(account) ?? []).map((row) => ({ ...row, active: row.name === name }));
    this.undo.set(this.#scripts, account, all);
  }

  #others(account: number, name: string): readonly Kept[] {
    return (this.#scripts.get(account) ?? []).filter((row) => row.name !== name);
  }
}
