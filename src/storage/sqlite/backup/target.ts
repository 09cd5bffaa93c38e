/** The folder of a backup, and what it says of itself. */
import { STORED } from "../blobs.ts";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../storage.ts";
import { MIGRATIONS } from "../schema.ts";
import { segmentName } from "../segments.ts";
import { syncFile } from "./copy_database.ts";

export const MANIFEST = "backup.json";

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

/** Files of the segments that the database names. */
export function namedSegments(db: DatabaseSync): ReadonlySet<string> {
  const rows = db.prepare("select distinct segment from main.blobs where segment is not null").all();
  return new Set(rows.map((row) => segmentName(row["segment"] as number)));
}

/** It has its name when it is on disk. */
export function writeManifest(target: string, manifest: BackupManifest): void {
  const path = join(target, MANIFEST);
  Deno.writeTextFileSync(`${path}.new`, JSON.stringify(manifest, null, 2) + "\n", { mode: 0o600 });
  syncFile(`${path}.new`);
  Deno.renameSync(`${path}.new`, path);
  syncFile(target);
}

/** A folder that is a backup, or that may become one; locked. */
export function openTarget(target: string): Deno.FsFile {
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
export function copyFolder(from: string, to: string): void {
  if (!exists(from)) return;
  Deno.mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const { name, isFile } of Deno.readDirSync(from)) {
    if (isFile) Deno.copyFileSync(join(from, name), join(to, name));
  }
}

/** Whether something has this name. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** What the database of a backup has. */
export function countAll(db: DatabaseSync): Pick<BackupManifest, "accounts" | "messages" | "bodyOctets"> {
  const count = (sql: string) => Number(Object.values(db.prepare(sql).get()!)[0]);
  return {
    accounts: count("select count(*) from main.accounts"),
    messages: count("select coalesce(sum(used_messages), 0) from main.accounts"),
    bodyOctets: count(`select coalesce(sum(${STORED}), 0) from main.blobs where segment is not null`),
  };
}
