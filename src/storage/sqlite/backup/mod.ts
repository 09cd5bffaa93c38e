/**
 * Backups: a folder with the database as it was at one moment, the bodies of the segment log that it names, and
 * `backup.json`. It is itself a store that can be looked through.
 *
 * Rules:
 * - The server need not stop, and is not held up: a connection of its own reads, nobody waits for it.
 * - A backup over an earlier one copies only bodies that are new; the database is copied whole.
 * - The earlier backup is good until the new one is: broken off anywhere, the next attempt finishes it.
 * - What it says of itself is true when it is on disk.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { segmentName } from "../segments.ts";
import { MIGRATIONS } from "../schema.ts";
import { StoreFiles } from "../verify/source.ts";
import { copyDatabase, remove, syncFile } from "./copy_database.ts";
import { copyRecords, type DamagedBody } from "./copy_records.ts";
import { holdSegments } from "./hold.ts";
import {
  type BackupManifest,
  copyFolder,
  countAll,
  exists,
  MANIFEST,
  namedSegments,
  openTarget,
  writeManifest,
} from "./target.ts";

export type { DamagedBody } from "./copy_records.ts";
export { type BackupManifest, readManifest } from "./target.ts";

/** What to copy where. */
export interface BackupOptions {
  readonly dataDir: string;
  /** A folder: an earlier backup, an empty one, or one that is made. */
  readonly target: string;
  /** Of the program. */
  readonly version: string;
  readonly now: () => number;
  /** Where bodies are encrypted: the keys. They are copied as they are, and compared with their hashes. */
  readonly keys?: readonly Uint8Array[];
  /** Copies everything anew, whatever is there. */
  readonly full?: boolean;
  readonly tell?: (part: "database" | "bodies", done: number, total: number) => void;
}

/** How a backup went. */
export interface BackupResult {
  readonly manifest: BackupManifest;
  /** Octets of bodies that were copied now; the others were there. */
  readonly copied: number;
  /** Bodies that are damaged in the store, and so in the backup. */
  readonly damaged: readonly DamagedBody[];
}

/** Makes a backup, or brings one up to date. Rejects with `StorageError`, or with what the disk says. */
export async function backupStore(options: BackupOptions): Promise<BackupResult> {
  const { dataDir, target } = options;
  const lock = openTarget(target);
  let source: StoreFiles | null = null;
  let release: (() => void) | null = null;
  try {
    source = new StoreFiles(dataDir, options.keys);
    release = holdSegments(dataDir);
    return await copy(options, source);
  } finally {
    release?.();
    source?.close();
    lock.close();
  }
}

async function copy(options: BackupOptions, source: StoreFiles): Promise<BackupResult> {
  const { dataDir, target, full = false, tell = () => {} } = options;
  const fresh = join(target, "palomar.db.new");
  const file = join(target, "palomar.db");
  const madeAt = options.now();
  await copyDatabase(source.database, fresh, (done, total) => tell("database", done, total));
  const hasOld = !full && exists(file);
  const db = new DatabaseSync(fresh, { readOnly: true });
  let counted: ReturnType<typeof countAll>;
  let records: ReturnType<typeof copyRecords>;
  let named: ReadonlySet<string>;
  const folder = join(target, "blobs");
  try {
    if (hasOld) db.prepare("attach ? as old").run(file);
    if (full) remove(join(target, MANIFEST));
    if (full) remove(folder);
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    records = copyRecords({
      db,
      hasOld,
      packing: source.packing,
      from: join(dataDir, "blobs"),
      to: folder,
      tell: (done, total) => tell("bodies", done, total),
    });
    syncFile(folder);
    counted = countAll(db);
    named = namedSegments(db);
    for (const segment of records.renewed) {
      const name = join(folder, segmentName(segment));
      Deno.renameSync(`${name}.new`, name);
    }
  } finally {
    db.close();
  }
  copyFolder(join(dataDir, "tls"), join(target, "tls"));
  const manifest: BackupManifest = {
    format: 1,
    madeAt,
    version: options.version,
    schema: MIGRATIONS.length,
    databaseOctets: Deno.statSync(fresh).size,
    ...counted,
  };
  Deno.renameSync(fresh, file);
  writeManifest(target, manifest);
  // Last: the earlier backup needed them.
  for (const { name } of [...Deno.readDirSync(folder)]) if (!named.has(name)) remove(join(folder, name));
  return { manifest, copied: records.copied, damaged: records.damaged };
}
