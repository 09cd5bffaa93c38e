/** A backup as rows and bodies, for another driver. */
import type { DatabaseSync } from "node:sqlite";
import type { Cell, StoreSource, TransferRows } from "../../transfer.ts";
import { StorageError } from "../../storage.ts";
import type { StoreFiles } from "../verify/source.ts";
import { octetsOf } from "./read_backup.ts";

const PAGE = 500;
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
      const found = files.sql.get("select size, segment, start from blobs where id = ?", blob);
      if (!found) return;
      try {
        yield* octetsOf(files, blob, ...found as unknown as readonly [number, number | null, number | null]);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error; // too few octets: whoever takes them sees that
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
