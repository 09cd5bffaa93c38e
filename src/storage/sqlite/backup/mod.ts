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
import { StorageError } from "../../storage.ts";
import { segmentName } from "../segments.ts";
import { MIGRATIONS } from "../schema.ts";
import { StoreFiles } from "../verify/source.ts";
import { copyDatabase, remove, syncFile } from "./copy_database.ts";
import { copyRecords, type DamagedBody } from "./copy_records.ts";
import { holdSegments } from "./hold.ts";

export type { DamagedBody } from "./copy_records.ts";

/** What a backup says of itself, in `backup.json`. */
export interface BackupManifest {
  readonly format: 1;
  /** Milliseconds since 1970: all that was acknowledged before is in it. */
  readonly madeAt: number;
  /** Of the program, and of the tables. */
  readonly version: string;
  readonly schema: number;
  readonly accounts: number;
  readonly messages: number;
  /** Octets of the database, and of bodies beside it. */
  readonly databaseOctets: number;
  readonly bodyOctets: number;
}

/** What to copy where. */
export interface BackupOptions {
  readonly dataDir: string;
  /** A folder: an earlier backup, an empty one, or one that is made. */
  readonly target: string;
  /** Of the program. */
  readonly version: string;
  readonly now: () => number;
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

const MANIFEST = "backup.json";

/** Makes a backup, or brings one up to date. Rejects with `StorageError`, or with what the disk says. */
export async function backupStore(options: BackupOptions): Promise<BackupResult> {
  const { dataDir, target } = options;
  const lock = openTarget(target);
  let source: StoreFiles | null = null;
  let release: (() => void) | null = null;
  try {
    source = new StoreFiles(dataDir);
    release = holdSegments(dataDir);
    return await copy(options, source);
  } finally {
    release?.();
    source?.close();
    lock.close();
  }
}

/** Reads what a backup says of itself; throws `StorageError` where it is none. */
export function readManifest(folder: string): BackupManifest {
  let manifest: BackupManifest;
  try {
    manifest = JSON.parse(Deno.readTextFileSync(join(folder, MANIFEST)));
  } catch {
    throw new StorageError("unavailable", `${folder} is no backup: ${MANIFEST} is missing or cannot be read`);
  }
  if (manifest.format === 1 && manifest.schema <= MIGRATIONS.length) return manifest;
  throw new StorageError("unavailable", `${folder} was made by a later version: use the program ${manifest.version}`);
}

async function copy(options: BackupOptions, source: StoreFiles): Promise<BackupResult> {
  const { dataDir, target, full = false, tell = () => {} } = options;
  const fresh = join(target, "palomar.db.new");
  const file = join(target, "palomar.db");
  const madeAt = options.now();
  await copyDatabase(source.database, fresh, (done, total) => tell("database", done, total));
  const hasOld = !full && exists(file);
  const db = new DatabaseSync(fresh, { readOnly: true });
  let counted: { accounts: number; messages: number; bodyOctets: number };
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
      from: join(dataDir, "blobs"),
      to: folder,
      tell: (done, total) => tell("bodies", done, total),
    });
    syncFile(folder);
    const count = (sql: string) => Number(Object.values(db.prepare(sql).get()!)[0]);
    counted = {
      accounts: count("select count(*) from main.accounts"),
      messages: count("select coalesce(sum(used_messages), 0) from main.accounts"),
      bodyOctets: count("select coalesce(sum(size), 0) from main.blobs where segment is not null"),
    };
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

/** Files of the segments that the database names. */
function namedSegments(db: DatabaseSync): ReadonlySet<string> {
  const rows = db.prepare("select distinct segment from main.blobs where segment is not null").all();
  return new Set(rows.map((row) => segmentName(row["segment"] as number)));
}

function writeManifest(target: string, manifest: BackupManifest): void {
  const path = join(target, MANIFEST);
  Deno.writeTextFileSync(`${path}.new`, JSON.stringify(manifest, null, 2) + "\n", { mode: 0o600 });
  syncFile(`${path}.new`);
  Deno.renameSync(`${path}.new`, path);
  syncFile(target);
}

/** A folder that is a backup, or that may become one; locked. */
function openTarget(target: string): Deno.FsFile {
  Deno.mkdirSync(target, { recursive: true, mode: 0o700 });
  const names = [...Deno.readDirSync(target)].map(({ name }) => name);
  const isBegun = names.some((name) => name === MANIFEST || name === "palomar.db.new");
  if (names.length > 0 && !isBegun && !names.every((name) => name === "lock" || name === "blobs")) {
    throw new StorageError("unavailable", `${target} is neither empty nor a backup: choose another folder`);
  }
  const lock = Deno.openSync(join(target, "lock"), { create: true, write: true, mode: 0o600 });
  if (lock.tryLockSync(true)) return lock;
  lock.close();
  throw new StorageError("unavailable", `another backup is being written to ${target}: wait until it has ended`);
}

/** Small files in a folder that may not be there: the certificates that the server made for itself. */
function copyFolder(from: string, to: string): void {
  if (!exists(from)) return;
  Deno.mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const { name, isFile } of Deno.readDirSync(from)) {
    if (isFile) Deno.copyFileSync(join(from, name), join(to, name));
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
