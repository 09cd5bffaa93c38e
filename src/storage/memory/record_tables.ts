/** Records by kind and key in a map, on top of the objects of accounts. */
import type { AccountRow, RecordRow, RecordsAsked } from "../engine/tables.ts";
import { ObjectTables } from "./object_tables.ts";

export class RecordTables extends ObjectTables {
  readonly #records = new Map<string, RecordRow>();

  override removeAccount(row: AccountRow): void {
    super.removeAccount(row);
    for (const record of [...this.#records.values()]) if (record.account === row.id) this.removeRecord(record);
  }

  record(kind: RecordRow["kind"], key: string): RecordRow | null {
    return this.#records.get(placeOf({ kind, key })) ?? null;
  }

  records({ kind, account, prefix, after, descending, limit }: RecordsAsked): readonly RecordRow[] {
    const beyond = (key: string) => after === "" || (descending ? key < after : key > after);
    const rows = [...this.#records.values()].filter((row) =>
      row.kind === kind && row.key.startsWith(prefix) && beyond(row.key) &&
      (account === null || row.account === account)
    );
    rows.sort((a, b) => (a.key < b.key) === descending ? 1 : -1);
    return rows.slice(0, limit);
  }

  putRecord(row: RecordRow): void {
    this.undo.set(this.#records, placeOf(row), row);
  }

  removeRecord(row: RecordRow): void {
    this.undo.delete(this.#records, placeOf(row));
  }

  expiredRecords(now: number, limit: number): readonly RecordRow[] {
    const rows = [...this.#records.values()].filter(({ expiresAt }) => expiresAt !== null && expiresAt <= now);
    return rows.sort((a, b) => a.expiresAt! - b.expiresAt!).slice(0, limit);
  }
}

const placeOf = ({ kind, key }: Pick<RecordRow, "kind" | "key">): string => `${kind} ${key}`;
