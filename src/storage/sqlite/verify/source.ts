/** A store that is looked at by a connection of its own, which writes nothing; a server may run on it. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BodyPacking } from "../../packing/mod.ts";
import { StorageError } from "../../storage.ts";
import { MIGRATIONS } from "../schema.ts";
import { segmentName } from "../segments.ts";
import { type Cells, Statements } from "../statements.ts";
import { requireKeys } from "../store_keys.ts";

const OPEN_SEGMENTS = 16;

/** What a row says of where a body lies. */
export interface BodyRow {
  readonly id: number;
  readonly hash: Uint8Array;
  readonly size: number;
  readonly segment: number | null;
  readonly start: number | null;
  readonly packing: Uint8Array | null;
}

export class StoreFiles {
  readonly dataDir: string;
  readonly sql: Statements;
  readonly packing: BodyPacking;
  readonly #db: DatabaseSync;
  readonly #segments = new Map<number, number>();
  readonly #names = new Map<number, string>();

  /** Throws `StorageError` where there is no store, one of another version, or one with other keys. */
  constructor(dataDir: string, keys: readonly Uint8Array[] = []) {
    this.dataDir = dataDir;
    this.packing = new BodyPacking({ keys });
    const path = join(dataDir, "palomar.db");
    try {
      Deno.statSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new StorageError("unavailable", `there is no store in ${dataDir}: palomar.db is missing`);
    }
    this.#db = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    this.sql = new Statements(this.#db);
    // Sorting goes to a file, so that a large mailbox costs no memory.
    this.sql.exec("pragma cache_size = -16384; pragma temp_store = file");
    const version = this.sql.get("pragma user_version")?.[0] as number;
    try {
      if (version !== MIGRATIONS.length) {
        throw new StorageError(
          "unavailable",
          `${path} has schema version ${version}, this program knows ${MIGRATIONS.length}: ` +
            (version < MIGRATIONS.length
              ? "start the server once, which brings it up to date"
              : "use the newer program"),
        );
      }
      requireKeys(this.sql, this.packing.keys);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get database(): DatabaseSync {
    return this.#db;
  }

  /** All that `run` reads is of one moment. */
  atOnce<R>(run: () => R): R {
    this.sql.exec("begin");
    try {
      return run();
    } finally {
      this.sql.exec("commit");
    }
  }

  /** Pages of rows: `sql` takes the last key of the page before, then the limit; the key is the first column. */
  *pages(sql: string, limit: number, after = 0): Generator<readonly Cells[]> {
    for (let last = after;;) {
      const rows = this.sql.all(sql, last, limit);
      if (rows.length > 0) yield rows;
      if (rows.length < limit) return;
      last = rows[rows.length - 1]![0] as number;
    }
  }

  count(sql: string): number {
    return Number(this.sql.get(sql)?.[0] ?? 0);
  }

  /** An account's address, for a person. */
  address(account: number): string {
    let name = this.#names.get(account);
    if (name === undefined) {
      const found = this.sql.get("select address from accounts where id = ?", account)?.[0] as string | undefined;
      if (this.#names.size > 10_000) this.#names.clear();
      this.#names.set(account, name = found ?? `account ${account}`);
    }
    return name;
  }

  /** Plain octets `[from, to)` of a body, fewer where it is not whole. Throws `StorageError` where it is damaged. */
  readBody({ id, hash, size, segment, start, packing }: BodyRow, from: number, to: number): Uint8Array {
    const fetch = (at: number, length: number) =>
      segment === null
        ? this.sql.get("select substr(data, ?, ?) from blobs where id = ?", at + 1, length, id)?.[0] as Uint8Array
        : this.readSegment(segment, start! + at, length);
    if (packing === null) return fetch(from, to - from);
    return this.packing.read({ table: packing, hash, size }, from, to, fetch);
  }

  /** Octets of a segment, fewer where it ends before. */
  readSegment(segment: number, start: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    const fd = this.#open(segment);
    let at = 0;
    while (at < length) {
      const got = readSync(fd, bytes, at, length - at, start + at);
      if (got === 0) break;
      at += got;
    }
    return bytes.subarray(0, at);
  }

  /** 0 where there is none. */
  segmentSize(segment: number): number {
    try {
      return fstatSync(this.#open(segment)).size;
    } catch {
      return 0;
    }
  }

  /** Files that were opened may be gone by now. */
  forgetSegments(): void {
    for (const fd of this.#segments.values()) closeSync(fd);
    this.#segments.clear();
  }

  close(): void {
    this.forgetSegments();
    this.#db.close();
  }

  #open(segment: number): number {
    const known = this.#segments.get(segment);
    if (known !== undefined) return known;
    if (this.#segments.size >= OPEN_SEGMENTS) this.forgetSegments();
    const fd = openSync(join(this.dataDir, "blobs", segmentName(segment)), "r");
    this.#segments.set(segment, fd);
    return fd;
  }
}
