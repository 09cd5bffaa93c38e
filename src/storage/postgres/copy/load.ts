/**
 * Makes a store from a copy in one transaction: until it ends there is what was there before, and a load that is cut off
 * has never been. What was there is set aside as a schema of its own and not removed.
 */
import type { BlobId } from "../../../contract/mod.ts";
import { BodyPacking, PlainHash } from "../../packing/mod.ts";
import { StorageError } from "../../storage.ts";
import { type Cell, columnsOf, type StoreSource, type TellCopy, type TransferRows } from "../../transfer.ts";
import { infrastructure } from "../failure.ts";
import { CHUNK, LOCK_ALONE_SQL, LOCK_MIGRATION_SQL, migrateWithin, TABLES, versionOf } from "../schema.ts";
import type { Connection, Step } from "../wire/connection.ts";
import type { Value } from "../wire/statement.ts";
import { setSequences } from "./sequences.ts";
import { openForCopy } from "../wire/for_copy.ts";

const ATTEMPTS = 6;
const WAIT_MS = 100;
const BATCH = 500;
const BATCH_OCTETS = 4 * 1024 * 1024;
/** Up to here a body is in its row. */
const ROW_LIMIT = 64 * 1024;

/** What to load, and where. */
export interface LoadOptions {
  readonly url: string;
  /** Sets aside the store that is there, in a schema of this name. Without it, a database with a store is refused. */
  readonly setAside: string | null;
  /** Called when nobody else can change what is there: what it answers is loaded. */
  readonly source: (connection: Connection) => Promise<StoreSource>;
  /** Where bodies are encrypted: the keys. */
  readonly keys?: readonly Uint8Array[];
  readonly tell?: TellCopy;
}

/** A body whose octets are not what its row says. */
export interface DamagedCopy {
  readonly blobId: BlobId;
  readonly problem: string;
}

/** How it went. */
export interface LoadResult {
  readonly damaged: readonly DamagedCopy[];
  /** The schema with what was there, or null. */
  readonly setAside: string | null;
}

/** Rejects with `StorageError`; then the database is as it was. */
export async function loadDatabase(options: LoadOptions): Promise<LoadResult> {
  const connection = await openForCopy(options.url);
  const once = (sql: string): Step => ({ sql, values: [], once: true });
  try {
    await connection.exchange([once("begin"), once(LOCK_MIGRATION_SQL)]);
    await beAlone(connection);
    const { version, today } = await versionOf(connection);
    const isUsed = version > 0 && await hasStore(connection);
    if (isUsed && options.setAside === null) {
      throw new StorageError("unavailable", "there is a store in the database; --replace sets it aside and restores");
    }
    const source = await options.source(connection);
    const setAside = isUsed ? await setStoreAside(connection, options.setAside!, version > today) : null;
    await migrateWithin(connection);
    const damaged = await fill(
      connection,
      source,
      new BodyPacking({ keys: options.keys ?? [] }),
      options.tell ?? (() => {}),
    );
    await connection.exchange([...setSequences(source.sequences), once("commit")]);
    await connection.exchange([once(`analyze ${TABLES.map((name) => `"${name}"`).join(", ")}`)]);
    return { damaged, setAside };
  } catch (error) {
    throw infrastructure(error);
  } finally {
    connection.close();
  }
}

/** A server that has just ended may still be noticed for a moment. */
async function beAlone(connection: Connection): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await new Promise((next) => setTimeout(next, WAIT_MS));
    const [alone] = await connection.exchange([{ sql: LOCK_ALONE_SQL, values: [] }]);
    if (alone!.rows[0]![0] === true) return;
  }
  throw new StorageError("unavailable", "servers work on the database: stop all of them first, then restore");
}

/** An account or a domain: tables alone are no store. */
async function hasStore(connection: Connection): Promise<boolean> {
  const sql =
    "select exists (select 1 from accounts) or exists (select 1 from domains) or exists (select 1 from emails)";
  const [found] = await connection.exchange([{ sql, values: [], once: true }]);
  return found!.rows[0]![0] === true;
}

/**
 * Moves all that is ours into another schema; what is another program's in the same database stays, but where a newer
 * version of this one made tables that are not known here.
 */
async function setStoreAside(connection: Connection, wanted: string, isNewer: boolean): Promise<string> {
  const [taken, tables, sequences] = await connection.exchange([
    { sql: "select nspname::text from pg_namespace", values: [], once: true },
    {
      sql: "select tablename::text from pg_tables where schemaname = current_schema() and (?f or tablename = any (?T))",
      values: [isNewer, TABLES],
      once: true,
    },
    {
      sql:
        "select sequencename::text from pg_sequences where schemaname = current_schema() and sequencename like 'seq\\_%'",
      values: [],
      once: true,
    },
  ]);
  const names = new Set(taken!.rows.map(([name]) => name));
  let schema = wanted;
  for (let i = 2; names.has(schema); i++) schema = `${wanted}_${i}`;
  const once = (sql: string): Step => ({ sql, values: [], once: true });
  await connection.exchange([
    once(`create schema "${schema}"`),
    ...tables!.rows.map(([name]) => once(`alter table "${name}" set schema "${schema}"`)),
    ...sequences!.rows.map(([name]) => once(`alter sequence "${name}" set schema "${schema}"`)),
  ]).catch((error) => {
    throw infrastructure(error).reason === "bug"
      ? new StorageError(
        "unavailable",
        `what is there cannot be set aside: ${(error as Error).message}; the user of the database needs ` +
          "CREATE on it (grant create on database … to …), or give an empty database",
        error,
      )
      : error;
  });
  return schema;
}

async function fill(
  connection: Connection,
  source: StoreSource,
  packing: BodyPacking,
  tell: TellCopy,
): Promise<DamagedCopy[]> {
  const types = await columnTypes(connection);
  const damaged: DamagedCopy[] = [];
  let [rows, octets] = [0, 0];
  for await (const page of source.pages()) {
    const known = types.get(page.table);
    if (!known) continue;
    const loader = new TableLoader(connection, page, known);
    if (page.table === "blobs") {
      octets = await addBlobs(connection, loader, page, { source, packing, damaged }, octets, (done) => {
        tell("bodies", done, Math.max(done, source.bodyOctets));
      });
    } else for (const row of page.rows) await loader.add(row);
    await loader.flush();
    tell("rows", rows += page.rows.length, Math.max(rows, source.rows));
  }
  return damaged;
}

interface Bodies {
  readonly source: StoreSource;
  readonly packing: BodyPacking;
  readonly damaged: DamagedCopy[];
}

/** Rows of bodies; large ones go up in pieces, within the transaction. */
async function addBlobs(
  connection: Connection,
  loader: TableLoader,
  page: TransferRows,
  { source, packing, damaged }: Bodies,
  before: number,
  tell: (done: number) => void,
): Promise<number> {
  const at = columnsOf(page, "id", "hash", "size", "data");
  const [storedAt, packingAt] = [page.columns.indexOf("stored"), page.columns.indexOf("packing")];
  let octets = before;
  for (const row of page.rows) {
    const [id, hash, size] = [row[at.id] as number, row[at.hash] as Uint8Array, row[at.size] as number];
    const own = row[at.data] as Uint8Array | null;
    const stored = (row[storedAt] ?? size) as number;
    const sum = new PlainHash(packing, (row[packingAt] ?? null) as Uint8Array | null, hash, size);
    const upload = new ChunkUpload(connection);
    const pieces: Uint8Array[] = [];
    let length = 0;
    for await (const piece of own ? [own] : source.body(id)) {
      sum.update(piece);
      length += piece.length;
      tell(octets + length);
      if (size <= ROW_LIMIT) pieces.push(piece);
      else await upload.write(piece);
    }
    const problem = length !== stored
      ? "its octets are not whole"
      : sum.hex() === hash.toHex()
      ? null
      : "its octets are damaged: their hash is another";
    if (problem !== null) damaged.push({ blobId: "b" + hash.toHex() as BlobId, problem });
    const place = size <= ROW_LIMIT ? null : await upload.finish();
    const copy = [...row];
    copy[at.data] = place === null ? joined(pieces, length) : null;
    await loader.add(copy, place);
    octets += size;
    tell(octets);
  }
  return octets;
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** Rows of one table, gathered into statements over columns. */
class TableLoader {
  readonly #connection: Connection;
  readonly #sql: string;
  /** Where each column's cell is, and its type's letter. */
  readonly #places: readonly (readonly [cell: number, type: string])[];
  #columns: Value[][];
  #octets = 0;

  constructor(connection: Connection, { table, columns }: TransferRows, types: ReadonlyMap<string, string>) {
    this.#connection = connection;
    const kept = columns.flatMap((name, i) => types.has(name) ? [[name, i, types.get(name)!] as const] : []);
    const isBlobs = table === "blobs";
    this.#places = kept.map(([, cell, type]) => [cell, type] as const);
    const names = [...kept.map(([name]) => `"${name}"`), ...(isBlobs ? ["place"] : [])].join(", ");
    const marks = [...kept.map(([, , type]) => `?${type}`), ...(isBlobs ? ["?T"] : [])].join(", ");
    this.#sql = `insert into "${table}" (${names}) overriding system value select * from unnest(${marks})`;
    this.#columns = this.#empty(isBlobs);
  }

  async add(row: readonly Cell[], place?: string | null): Promise<void> {
    this.#places.forEach(([cell, type], i) => {
      const value = fit(row[cell]!, type);
      this.#octets += typeof value === "object" && value !== null
        ? value.length
        : typeof value === "string"
        ? value.length
        : 8;
      this.#columns[i]!.push(value);
    });
    if (place !== undefined) this.#columns[this.#places.length]!.push(place);
    if (this.#columns[0]!.length >= BATCH || this.#octets >= BATCH_OCTETS) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#columns[0]!.length === 0) return;
    const values = this.#columns;
    this.#columns = this.#empty(values.length > this.#places.length);
    this.#octets = 0;
    await this.#connection.exchange([{ sql: this.#sql, values }]);
  }

  #empty(withPlace: boolean): Value[][] {
    return Array.from({ length: this.#places.length + (withPlace ? 1 : 0) }, () => []);
  }
}

/** A cell as the column takes it. Text of this database has no NUL. */
function fit(cell: Cell, type: string): Value {
  if (cell === null) return null;
  if (type === "F") return cell === true || (typeof cell === "number" && cell !== 0);
  if (type === "B") return typeof cell === "string" ? new TextEncoder().encode(cell) : cell as Uint8Array;
  if (type === "T") return String(cell).replaceAll("\0", "");
  if (!Number.isSafeInteger(Number(cell))) {
    throw new StorageError("bug", `a number of the backup is none: ${String(cell)}`);
  }
  return Number(cell);
}

/** Columns of our tables, with the letter of an array of their type. */
async function columnTypes(connection: Connection): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const [found] = await connection.exchange([{
    sql: "select table_name::text, column_name::text, data_type::text from information_schema.columns " +
      "where table_schema = current_schema() and table_name = any (?T)",
    values: [TABLES.filter((name) => !["palomar_schema", "uploads", "chunks", "garbage"].includes(name))],
  }]);
  const types = new Map<string, Map<string, string>>();
  for (const [table, column, type] of found!.rows as readonly (readonly [string, string, string])[]) {
    const letter = type === "bigint" || type === "integer"
      ? "I"
      : type === "bytea"
      ? "B"
      : type === "boolean"
      ? "F"
      : "T";
    if (table === "blobs" && column === "place") continue;
    const known = types.get(table) ?? new Map<string, string>();
    types.set(table, known.set(column, letter));
  }
  return types;
}

/** A large body, in rows of its own. */
class ChunkUpload {
  readonly #connection: Connection;
  #id: number | null = null;
  #number = 0;
  #chunk = new Uint8Array(0);
  #filled = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async write(octets: Uint8Array): Promise<void> {
    if (this.#chunk.length === 0) this.#chunk = new Uint8Array(CHUNK);
    for (let at = 0; at < octets.length;) {
      const piece = octets.subarray(at, at + CHUNK - this.#filled);
      this.#chunk.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === CHUNK) await this.#flush();
    }
  }

  async finish(): Promise<string> {
    await this.#flush();
    return String(this.#id);
  }

  async #flush(): Promise<void> {
    if (this.#id === null) {
      const [given] = await this.#connection.exchange([
        { sql: "insert into uploads (id) values (nextval('seq_upload')) returning id", values: [] },
      ]);
      this.#id = given!.rows[0]![0] as number;
    }
    if (this.#filled === 0) return;
    const values = [this.#id, this.#number++, this.#chunk.subarray(0, this.#filled)];
    await this.#connection.exchange([{ sql: "insert into chunks values (?i, ?i, ?b)", values }]);
    this.#filled = 0;
  }
}
