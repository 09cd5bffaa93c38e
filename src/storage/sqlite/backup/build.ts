/**
 * A backup of a store that another driver keeps: the same folder as of one of SQLite, so that it can be looked through,
 * brought back into either, and read message by message. `mod.ts` has the rules; bodies that the backup before has are
 * not read again.
 */
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { BlobId } from "../../../contract/mod.ts";
import { type Cell, columnsOf, type StoreSource, type TellCopy, type TransferRows } from "../../transfer.ts";
import { BodyPacking, PlainHash } from "../../packing/mod.ts";
import { STORED } from "../blobs.ts";
import { MIGRATIONS, openDatabase } from "../schema.ts";
import { type Place, RECORD_HEADER, Segments } from "../segments.ts";
import { Statements } from "../statements.ts";
import { remove, syncFile } from "./copy_database.ts";
import { type DamagedBody, packingColumn } from "./copy_records.ts";
import type { BackupResult } from "./mod.ts";
import { copyFolder, countAll, exists, MANIFEST, namedSegments, openTarget, writeManifest } from "./target.ts";

/** Segments of which less is in use are written anew. */
const USED_LEAST = 0.5;
const PIECE = 256 * 1024;

/** What to copy where. */
export interface BuildOptions {
  readonly source: StoreSource;
  readonly target: string;
  /** A folder with certificates that the server made for itself, or null. */
  readonly certificates: string | null;
  /** Where bodies are encrypted: the keys. They are copied as they are, and compared with their hashes. */
  readonly keys?: readonly Uint8Array[];
  /** When the source was as it is. */
  readonly madeAt: number;
  readonly version: string;
  readonly full?: boolean;
  readonly tell?: TellCopy;
}

/** Makes a backup of what `source` tells, or brings one up to date. Rejects with `StorageError`, or what the disk says. */
export async function buildBackup(options: BuildOptions): Promise<BackupResult> {
  const lock = openTarget(options.target);
  try {
    return await build(options);
  } finally {
    lock.close();
  }
}

async function build(options: BuildOptions): Promise<BackupResult> {
  const { source, target, full = false, tell = () => {} } = options;
  const [file, fresh, folder] = [join(target, "palomar.db"), join(target, "palomar.db.new"), join(target, "blobs")];
  for (const suffix of ["", "-wal", "-shm", "-journal"]) remove(fresh + suffix);
  if (full) {
    remove(join(target, MANIFEST));
    remove(folder);
  }
  const db = openDatabase(fresh);
  const old = !full && exists(file) ? new DatabaseSync(file, { readOnly: true }) : null;
  const bodies = new BodyCopies(folder, old, new BodyPacking({ keys: options.keys ?? [] }));
  let counted: ReturnType<typeof countAll>;
  let named: ReadonlySet<string>;
  try {
    const sql = new Statements(db);
    // Nothing reads the new file before it is whole and synced.
    sql.exec("pragma journal_mode = off; pragma synchronous = off; begin");
    let [rows, octets] = [0, 0];
    for await (const page of source.pages()) {
      if (page.table === "blobs") {
        octets = await addBlobs(db, page, source, bodies, octets, (done) => {
          tell("bodies", done, Math.max(done, source.bodyOctets));
        });
      } else addRows(db, page);
      tell("rows", rows += page.rows.length, Math.max(rows, source.rows));
    }
    for (const [name, value] of source.sequences) {
      sql.run("insert or replace into sequences values (?, ?)", name, value);
    }
    bodies.tidy(sql);
    sql.exec("commit; pragma journal_mode = delete");
    await bodies.sync();
    counted = countAll(db);
    named = namedSegments(db);
  } finally {
    bodies.close();
    old?.close();
    db.close();
  }
  syncFile(fresh);
  syncFile(folder);
  if (options.certificates !== null) copyFolder(options.certificates, join(target, "tls"));
  const manifest = {
    format: 1 as const,
    madeAt: options.madeAt,
    version: options.version,
    schema: MIGRATIONS.length,
    databaseOctets: Deno.statSync(fresh).size,
    ...counted,
  };
  Deno.renameSync(fresh, file);
  writeManifest(target, manifest);
  // Last: the earlier backup needed them.
  for (const { name } of [...Deno.readDirSync(folder)]) if (!named.has(name)) remove(join(folder, name));
  return { manifest, copied: bodies.copied, damaged: bodies.damaged };
}

/** Statements that insert rows of a table, and how this driver takes their cells. */
function insertion(
  db: DatabaseSync,
  { table, columns }: TransferRows,
): (row: readonly Cell[]) => SQLInputValue[] | null {
  const own = db.prepare(`pragma table_info("${table}")`).all() as unknown as { name: string; type: string }[];
  const kept = columns.flatMap((name, i) => {
    const found = own.find((one) => one.name === name);
    return found ? [[name, i, found.type] as const] : [];
  });
  if (kept.length === 0) return () => null;
  const places = kept.map(() => "?").join(", ");
  const statement = db.prepare(
    `insert into "${table}" (${kept.map(([name]) => `"${name}"`).join(", ")}) values (${places})`,
  );
  return (row) => {
    const cells = kept.map(([, i, type]) => fit(row[i]!, type));
    statement.run(...cells);
    return cells;
  };
}

function fit(cell: Cell, type: string): SQLInputValue {
  if (typeof cell === "boolean") return cell ? 1 : 0;
  if (cell instanceof Uint8Array && /^text$/i.test(type)) return new TextDecoder().decode(cell);
  return cell;
}

function addRows(db: DatabaseSync, page: TransferRows): void {
  const insert = insertion(db, page);
  for (const row of page.rows) insert(row);
}

async function addBlobs(
  db: DatabaseSync,
  page: TransferRows,
  source: StoreSource,
  bodies: BodyCopies,
  before: number,
  tell: (done: number) => void,
): Promise<number> {
  const at = columnsOf(page, "id", "hash", "size", "data");
  const [storedAt, packingAt] = [page.columns.indexOf("stored"), page.columns.indexOf("packing")];
  const insert = insertion(db, { ...page, columns: [...page.columns, "segment", "start"] });
  let octets = before;
  for (const row of page.rows) {
    const [id, hash, size] = [row[at.id] as number, row[at.hash] as Uint8Array, row[at.size] as number];
    const own = row[at.data] as Uint8Array | null;
    const body = {
      hash,
      size,
      stored: (row[storedAt] ?? size) as number,
      packing: (row[packingAt] ?? null) as Uint8Array | null,
    };
    if (own) bodies.look(body, own);
    const place = own ? null : await bodies.take(body, () => source.body(id), (done) => tell(octets + done));
    insert([...row, place?.segment ?? null, place?.start ?? null]);
    tell(octets += size);
  }
  return octets;
}

/** A body as its row tells it. */
interface Body {
  readonly hash: Uint8Array;
  readonly size: number;
  readonly stored: number;
  readonly packing: Uint8Array | null;
}

/** Bodies in segments, and those that are there from the backup before. */
class BodyCopies {
  copied = 0;
  readonly damaged: DamagedBody[] = [];
  readonly #old: Statements | null;
  readonly #segments: Segments;
  readonly #packing: BodyPacking;
  /** The backup before is of an older version, whose bodies all lie as they came. */
  readonly #isPlain: boolean;

  constructor(folder: string, old: DatabaseSync | null, packing: BodyPacking) {
    this.#packing = packing;
    this.#old = old && new Statements(old);
    this.#isPlain = this.#old !== null && packingColumn(this.#old, "main") === null;
    const ends = this.#old?.all(
      `select segment, max(start + ${
        this.#isPlain ? "size" : STORED
      }) from blobs where segment is not null group by segment`,
    );
    // What a backup that was broken off wrote behind is cut off.
    this.#segments = new Segments(folder, new Map((ends ?? []) as unknown as [number, number][]));
  }

  /** Notes a body that is not what its row says. */
  look(body: Body, octets: Uint8Array): void {
    const sum = this.#hash(body);
    sum.update(octets);
    this.#judge(body, sum.hex(), octets.length);
  }

  /** Where the body is, which is copied where it is not there. */
  async take(
    body: Body,
    read: () => AsyncIterable<Uint8Array>,
    tell: (done: number) => void,
  ): Promise<Place> {
    const there = this.#there(body);
    if (there) return there;
    const { hash, stored, packing } = body;
    const writer = this.#segments.writer();
    const sum = this.#hash(body);
    let length = 0;
    try {
      for await (const piece of read()) {
        const kept = piece.subarray(0, Math.max(0, stored - length));
        sum.update(piece);
        writer.write(kept);
        length += piece.length;
        tell(length);
      }
      // What is missing must not be the next one's.
      for (let at = length; at < stored; at += PIECE) writer.write(new Uint8Array(Math.min(PIECE, stored - at)));
    } catch (error) {
      writer.abort();
      throw error;
    }
    this.copied += stored;
    this.#judge(body, sum.hex(), length);
    return writer.finish(hash, packing !== null);
  }

  /** Bodies of segments that are mostly empty move to others: their files go when the backup is whole. */
  tidy(sql: Statements): void {
    const used = sql.all(
      `select segment, sum(${STORED} + ?) from blobs where segment is not null group by segment`,
      RECORD_HEADER,
    );
    for (const [segment, octets] of used as unknown as readonly (readonly [number, number])[]) {
      const size = this.#segments.sizeOf(segment);
      if (octets >= size * USED_LEAST || !this.#segments.rest(segment)) continue;
      const rows = sql.all(
        `select id, hash, ${STORED}, start, packing is not null from blobs where segment = ? order by start`,
        segment,
      );
      for (
        const [id, hash, length, start, isPacked] of rows as Iterable<[number, Uint8Array, number, number, number]>
      ) {
        const writer = this.#segments.writer();
        for (let at = 0; at < length; at += PIECE) {
          writer.write(this.#segments.read({ segment, start }, at, Math.min(PIECE, length - at)));
        }
        const place = writer.finish(hash, isPacked !== 0);
        sql.run("update blobs set segment = ?, start = ? where id = ?", place.segment, place.start, id);
      }
    }
  }

  async sync(): Promise<void> {
    await this.#segments.sync();
  }

  close(): void {
    this.#segments.close();
  }

  #hash({ hash, size, packing }: Body): PlainHash {
    return new PlainHash(this.#packing, packing, hash, size);
  }

  /** Where the backup before has the same octets. */
  #there({ hash, stored, packing }: Body): Place | null {
    const columns = this.#isPlain ? "size, null" : `${STORED}, packing`;
    const found = this.#old?.get(
      `select segment, start, ${columns} from blobs where hash = ? and segment is not null`,
      hash,
    );
    if (!found || found[2] !== stored) return null;
    const [segment, start, , table] = found as unknown as readonly [number, number, number, Uint8Array | null];
    if ((table?.toHex() ?? null) !== (packing?.toHex() ?? null)) return null;
    return this.#segments.sizeOf(segment) >= start + stored ? { segment, start } : null;
  }

  #judge({ hash, stored }: Body, found: string, length: number): void {
    const problem = length !== stored
      ? "its octets are not whole"
      : found === hash.toHex()
      ? null
      : "its octets are damaged: their hash is another";
    if (problem !== null) this.damaged.push({ blobId: "b" + hash.toHex() as BlobId, problem });
  }
}
