/** Records by kind and key, on top of the objects of accounts. */
import type { AccountRow, RecordRow, RecordsAsked } from "../engine/tables.ts";
import { type Key, RECORDS } from "./keys.ts";
import { ObjectTables } from "./object_tables.ts";

type Named = Pick<RecordRow, "kind" | "key">;

const place = ({ kind, key }: Named): Key => [RECORDS, "record", kind, key];
const ownedPlace = (account: number, { kind, key }: Named): Key => [RECORDS, "owned", account, kind, key];
const endPlace = (at: number, { kind, key }: Named): Key => [RECORDS, "end", at, kind, key];
/** A name in an index is all that there is to it. */
const HERE = 1;

export abstract class RecordTables extends ObjectTables {
  override removeAccount(row: AccountRow): void {
    super.removeAccount(row);
    for (const { key } of [...this.view.range([RECORDS, "owned", row.id])]) {
      const record = this.record(key[3] as RecordRow["kind"], key[4] as string);
      if (record) this.removeRecord(record);
    }
  }

  record(kind: RecordRow["kind"], key: string): RecordRow | null {
    return this.view.get<RecordRow>(place({ kind, key }));
  }

  records({ kind, account, prefix, after, descending, limit }: RecordsAsked): readonly RecordRow[] {
    const index: Key = account === null ? [RECORDS, "record", kind] : [RECORDS, "owned", account, kind];
    // The other way round all keys are looked at, which is what this store can do.
    const found = this.view.range(index, !descending && after !== "" ? { start: [after] } : {});
    const keys = [...found].map(({ key }) => key.at(-1) as string);
    if (descending) keys.reverse();
    return keys.filter((key) => key.startsWith(prefix) && (after === "" || (descending ? key < after : key > after)))
      .slice(0, limit).map((key) => this.record(kind, key)!);
  }

  putRecord(row: RecordRow): void {
    const before = this.record(row.kind, row.key);
    if (before) this.#leave(before);
    this.view.set(place(row), { ...row });
    if (row.account > 0) this.view.set(ownedPlace(row.account, row), HERE);
    if (row.expiresAt !== null) this.view.set(endPlace(row.expiresAt, row), HERE);
  }

  removeRecord(row: RecordRow): void {
    this.#leave(row);
    this.view.delete(place(row));
  }

  expiredRecords(now: number, limit: number): readonly RecordRow[] {
    const found = [...this.view.range([RECORDS, "end"], { end: [now + 1], limit })].slice(0, limit);
    return found.map(({ key }) => this.record(key[3] as RecordRow["kind"], key[4] as string)!);
  }

  #leave(row: RecordRow): void {
    if (row.account > 0) this.view.delete(ownedPlace(row.account, row));
    if (row.expiresAt !== null) this.view.delete(endPlace(row.expiresAt, row));
  }
}
