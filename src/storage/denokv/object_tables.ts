/** What accounts have besides mail, and what is gone from them, on top of what was removed. */
import type { BlobId } from "../../contract/mod.ts";
import type { AccountRow, DestroyedRow, ObjectRow } from "../engine/tables.ts";
import { type Key, METADATA, ofAccount } from "./keys.ts";
import { RemovedTables } from "./removed_tables.ts";

type Kind = ObjectRow["kind"];

interface Kept {
  readonly row: ObjectRow;
  /** Of an upload: what is kept. */
  readonly blobId: BlobId | null;
}

/** What is gone with one change: numbers, and threads of emails. */
type Gone = readonly (readonly [id: number, thread: number])[];

const objectsPrefix = (account: number): Key => [ofAccount(account), "object", account];
const objectKey = (account: number, kind: Kind, id: number): Key => [...objectsPrefix(account), kind, id];
/** Which accounts have some: how many. */
const ownerKey = (kind: Kind, account: number): Key => [METADATA, "owner", kind, account];
const gonePrefix = (account: number): Key => [ofAccount(account), "gone", account];

export abstract class ObjectTables extends RemovedTables {
  /** Blobs that the operation met, by their numbers. */
  protected readonly met = new Map<number, BlobId>();

  override restart(): void {
    super.restart();
    this.met.clear();
  }

  override removeAccount(row: AccountRow): void {
    super.removeAccount(row);
    for (const { value } of this.view.range<Kept>(objectsPrefix(row.id))) {
      this.removeObject(row.id, value.row.kind, value.row.id);
    }
    this.clear(gonePrefix(row.id));
  }

  objects(account: number, kind: Kind): readonly ObjectRow[] {
    return this.view.values<Kept>([...objectsPrefix(account), kind]).map(({ row }) => row);
  }

  object(account: number, kind: Kind, id: number): ObjectRow | null {
    return this.view.get<Kept>(objectKey(account, kind, id))?.row ?? null;
  }

  putObject(row: ObjectRow): void {
    const { account, kind, id } = row;
    const key = objectKey(account, kind, id);
    const before = this.view.get<Kept>(key);
    const blobId = before?.blobId ?? (kind === "upload" ? this.met.get(id) ?? null : null);
    this.view.set(key, { row: { ...row }, blobId });
    if (before) return;
    this.#own(kind, account, 1);
    if (blobId) this.refer(blobId, 1);
  }

  removeObject(account: number, kind: Kind, id: number): void {
    const before = this.view.get<Kept>(objectKey(account, kind, id));
    if (!before) return;
    this.view.delete(objectKey(account, kind, id));
    this.#own(kind, account, -1);
    if (before.blobId) this.refer(before.blobId, -1);
  }

  objectOwners(kind: Kind): readonly number[] {
    return this.view.range([METADATA, "owner", kind]).map(({ key }) => key[3] as number);
  }

  addDestroyed({ account, kind, modseq, id, thread }: DestroyedRow): void {
    this.owners.gone.add(account);
    const key: Key = [...gonePrefix(account), kind, modseq];
    this.view.set(key, [...this.view.get<Gone>(key) ?? [], [id, thread]]);
  }

  destroyedSince(
    account: number,
    kind: DestroyedRow["kind"],
    modseq: number,
    limit: number,
  ): readonly DestroyedRow[] {
    const rows: DestroyedRow[] = [];
    for (
      const { key, value } of this.view.range<Gone>([...gonePrefix(account), kind], { start: [modseq + 1], limit })
    ) {
      if (rows.length >= limit) break;
      for (const [id, thread] of value) rows.push({ account, kind, modseq: key[4] as number, id, thread });
    }
    return rows;
  }

  /** Blobs that were kept until now are nobody's any more. */
  expireUploads(account: number, now: number): void {
    for (const { id, created } of this.objects(account, "upload")) {
      if (created <= now) this.removeObject(account, "upload", id);
    }
  }

  /** Forgets all but the newest so many, and remembers up to where. */
  pruneDestroyed(account: number, keep: number): void {
    if (!this.account(account)) return;
    const groups = [...this.view.range<Gone>(gonePrefix(account))]
      .sort((a, b) => (b.key[4] as number) - (a.key[4] as number));
    let left = 0;
    let floor = 0;
    for (const { key, value } of groups) {
      left += value.length;
      if (left <= keep) continue;
      floor = Math.max(floor, key[4] as number);
      this.view.delete(key);
    }
    if (floor > 0) this.putObject({ account, kind: "floor", id: 0, created: 0, changed: floor, value: "" });
  }

  #own(kind: Kind, account: number, by: number): void {
    const key = ownerKey(kind, account);
    const count = (this.view.get<number>(key) ?? 0) + by;
    if (count > 0) this.view.set(key, count);
    else this.view.delete(key);
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
