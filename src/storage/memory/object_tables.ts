/** What accounts have besides mail, and what is gone from them, on top of what was removed. */
import { DESTROYED } from "../engine/retention.ts";
import type { AccountRow, DestroyedRow, ObjectRow } from "../engine/tables.ts";
import { RemovedTables } from "./removed_tables.ts";

type Kind = ObjectRow["kind"];

export class ObjectTables extends RemovedTables {
  readonly #objects = new Map<number, Map<string, ObjectRow>>();
  readonly #destroyed = new Map<number, DestroyedRow[]>();

  override addAccount(row: AccountRow): void {
    super.addAccount(row);
    this.undo.set(this.#objects, row.id, new Map());
  }

  override removeAccount(row: AccountRow): void {
    super.removeAccount(row);
    this.undo.delete(this.#objects, row.id);
    this.undo.delete(this.#destroyed, row.id);
  }

  objects(account: number, kind: Kind): readonly ObjectRow[] {
    const rows = [...this.#objects.get(account)?.values() ?? []];
    return rows.filter((row) => row.kind === kind).sort((a, b) => a.id - b.id);
  }

  object(account: number, kind: Kind, id: number): ObjectRow | null {
    return this.#objects.get(account)?.get(`${kind} ${id}`) ?? null;
  }

  putObject(row: ObjectRow): void {
    const rows = this.#objects.get(row.account);
    if (rows) this.undo.set(rows, `${row.kind} ${row.id}`, row);
  }

  removeObject(account: number, kind: Kind, id: number): void {
    const rows = this.#objects.get(account);
    if (rows) this.undo.delete(rows, `${kind} ${id}`);
  }

  objectOwners(kind: Kind): readonly number[] {
    return [...this.#objects.keys()].filter((account) => this.objects(account, kind).length > 0).sort((a, b) => a - b);
  }

  addDestroyed(row: DestroyedRow): void {
    const rows = this.#destroyed.get(row.account);
    if (!rows) return this.undo.set(this.#destroyed, row.account, [row]);
    rows.push(row);
    this.undo.did(() => rows.pop());
  }

  destroyedSince(
    account: number,
    kind: DestroyedRow["kind"],
    modseq: number,
    limit: number,
  ): readonly DestroyedRow[] {
    return firstGroups((this.#destroyed.get(account) ?? []).filter((row) => row.kind === kind), modseq, limit);
  }

  /** Rows of blobs that are kept for somebody at this time; the others are forgotten. */
  protected keptUploads(now: number): ReadonlySet<number> {
    const kept = new Set<number>();
    for (const [account, rows] of this.#objects) {
      for (const { kind, id, created } of rows.values()) {
        if (kind !== "upload") continue;
        if (created > now) kept.add(id);
        else this.removeObject(account, kind, id);
      }
    }
    return kept;
  }

  protected pruneDestroyed(): void {
    for (const [account, rows] of this.#destroyed) {
      if (rows.length <= DESTROYED) continue;
      const floor = rows[rows.length - DESTROYED - 1]!.modseq;
      this.#destroyed.set(account, rows.filter(({ modseq }) => modseq > floor));
      this.putObject({ account, kind: "floor", id: 0, created: 0, changed: floor, value: "" });
    }
  }
}

/** Rows with a higher modseq, ascending by it: so many, and all that share the last one's. */
export function firstGroups<R extends { readonly modseq: number }>(
  rows: readonly R[],
  modseq: number,
  limit: number,
): readonly R[] {
  const later = rows.filter((row) => row.modseq > modseq).sort((a, b) => a.modseq - b.modseq);
  const last = later[Math.min(limit, later.length) - 1]?.modseq ?? 0;
  return later.filter((row) => row.modseq <= last);
}
