/** A backup as rows and bodies, for another driver. */
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Cell, StoreSource, TransferRows } from "../../transfer.ts";
import { openDatabase } from "../schema.ts";
import { StoreFiles } from "../verify/source.ts";
import { counts, goOn, type Past } from "./go_on.ts";
import { STORED } from "../blobs.ts";
import { type BackupManifest, readManifest } from "./target.ts";

const PAGE = 500;
const PIECE = 256 * 1024;
/** Rows of up to 64 KiB. */
const BLOB_PAGE = 64;
/** What is this driver's own, or of no worth elsewhere. */
const OWN = ["sequences", "garbage"];
const OWN_COLUMNS: Readonly<Record<string, readonly string[]>> = { blobs: ["segment", "start"] };

/** `files` is the backup, in today's tables. */
export function folderSource(files: StoreFiles): StoreSource {
  const tables = files.sql.all("select name from sqlite_master where type = 'table' order by name")
    .map(([name]) => name as string).filter((name) => !name.startsWith("sqlite_") && !OWN.includes(name));
  return {
    sequences: new Map(files.sql.all("select name, value from sequences") as unknown as [string, number][]),
    rows: tables.reduce((sum, table) => sum + files.count(`select count(*) from "${table}"`), 0),
    bodyOctets: files.count("select sum(size) from blobs"),
    async *pages() {
      for (const table of tables) yield* pagesOf(files.database, table);
    },
    async *body(blob) {
      const found = files.sql.get(`select ${STORED}, segment, start from blobs where id = ?`, blob);
      const [stored, segment, start] = (found ?? [0, null, 0]) as readonly [number, number | null, number];
      if (segment === null) return;
      for (let at = 0; at < stored;) {
        const piece = files.readSegment(segment, start + at, Math.min(PIECE, stored - at));
        if (piece.length === 0) return; // whoever takes them sees that they are too few
        yield piece;
        at += piece.length;
      }
    },
  };
}

function* pagesOf(db: DatabaseSync, table: string): Generator<TransferRows> {
  const info = db.prepare(`pragma table_info("${table}")`).all() as unknown as { name: string }[];
  const columns = info.map(({ name }) => name).filter((name) => !OWN_COLUMNS[table]?.includes(name));
  const statement = db.prepare(`select ${columns.map((name) => `"${name}"`).join(", ")} from "${table}"`);
  let rows: (readonly Cell[])[] = [];
  for (const row of statement.iterate()) {
    rows.push(columns.map((name) => (row as Record<string, Cell>)[name]!));
    if (rows.length < (table === "blobs" ? BLOB_PAGE : PAGE)) continue;
    yield { table, columns, rows };
    rows = [];
  }
  if (rows.length > 0) yield { table, columns, rows };
}

/** A backup whose rows may still be changed on their way into another driver: its database is a copy in `scratch`. */
export class BackupCopy {
  readonly manifest: BackupManifest;
  readonly #folder: string;
  readonly #keys: readonly Uint8Array[];
  #files: StoreFiles | null = null;

  /** Throws `StorageError` where `backup` is none. One of an older version is brought up to date in the copy. */
  constructor(backup: string, scratch: string, keys: readonly Uint8Array[] = []) {
    this.#keys = keys;
    this.manifest = readManifest(backup);
    Deno.mkdirSync(scratch, { recursive: true, mode: 0o700 });
    this.#folder = Deno.makeTempDirSync({ dir: scratch, prefix: "restoring-" });
    try {
      const file = join(this.#folder, "palomar.db");
      Deno.copyFileSync(join(backup, "palomar.db"), file);
      Deno.chmodSync(file, 0o600);
      Deno.symlinkSync(join(backup, "blobs"), join(this.#folder, "blobs"));
      openDatabase(file).close();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Makes it go on where a later history was (`go_on.ts`). */
  goOn(past: Past | null, seconds: number): ReturnType<typeof goOn> {
    const db = openDatabase(join(this.#folder, "palomar.db"));
    try {
      return goOn(db, past, seconds);
    } finally {
      db.close();
    }
  }

  /** As it is. */
  counts(): ReturnType<typeof goOn> {
    return counts(this.#open().sql);
  }

  source(): StoreSource {
    return folderSource(this.#open());
  }

  close(): void {
    this.#files?.close();
    Deno.removeSync(this.#folder, { recursive: true });
  }

  #open(): StoreFiles {
    return this.#files ??= new StoreFiles(this.#folder, this.#keys);
  }
}
