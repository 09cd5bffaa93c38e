/**
 * The way back from an upgrade: the database as it was before a migration takes the place of the one after it.
 *
 * The newer store is set aside whole, with its segments: the older one would cut off what only the newer one names. So
 * the bodies that the older one names are copied, as in a restore, and each is compared with its hash on the way.
 * What clients saw since is not contradicted: `restore.ts` says how. It stays at its version, for the older program.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BodyPacking } from "../../packing/mod.ts";
import { StorageError } from "../../storage.ts";
import { MIGRATIONS, snapshotPath, snapshotVersions } from "../schema.ts";
import { MAGIC, RECORD_HEADER, segmentName } from "../segments.ts";
import { type Cells, Statements } from "../statements.ts";
import { requireKeys } from "../store_keys.ts";
import { syncFile } from "./copy_database.ts";
import { copyRecords, type DamagedBody, packingColumn } from "./copy_records.ts";
import { goOn, readPast } from "./go_on.ts";
import { alone, exists, swapStore } from "./swap.ts";

/** A database as it was before a migration. */
export interface Snapshot {
  /** Version of its schema. */
  readonly version: number;
  /** When the migration was, milliseconds since 1970. */
  readonly madeAt: number;
  readonly octets: number;
}

/** What a way back costs. Numbers are null where the newer database cannot be read. */
export interface RollbackLoss {
  /** Messages that came since, and are in a mailbox. */
  readonly messages: number | null;
  readonly accounts: number | null;
  /** Recipients of mail that was taken since and waits. */
  readonly waiting: number | null;
  /** Messages of the snapshot whose octets are given back to the disk: they return without them. */
  readonly bodiless: number;
}

/** What to bring back where. */
export interface RollbackOptions {
  readonly dataDir: string;
  /** Version of the snapshot. Default: the newest. */
  readonly version?: number;
  readonly now: () => number;
  /** Where bodies are encrypted: the keys. */
  readonly keys?: readonly Uint8Array[];
  readonly tell?: (done: number, total: number) => void;
}

/** How it went. */
export interface RollbackResult {
  readonly snapshot: Snapshot;
  readonly damaged: readonly DamagedBody[];
  /** Mailboxes whose clients fetch them anew, of all. */
  readonly renewed: number;
  readonly mailboxes: number;
  /** Rows of the queue that are held. */
  readonly held: number;
  /** Where the newer store went. */
  readonly setAside: string | null;
}

/** The snapshots in a data folder, newest first. */
export function listSnapshots(dataDir: string): readonly Snapshot[] {
  const file = join(dataDir, "palomar.db");
  if (!exists(dataDir)) return [];
  return snapshotVersions(file).map((version) => {
    const { mtime, size } = Deno.statSync(snapshotPath(file, version));
    return { version, madeAt: mtime?.getTime() ?? 0, octets: size };
  });
}

/** Counts what would be lost; changes nothing. Throws `StorageError` where there is no such snapshot, or a server runs. */
export function surveyRollback({ dataDir, version }: Pick<RollbackOptions, "dataDir" | "version">): RollbackLoss {
  const { version: chosen } = choose(dataDir, version);
  return alone(dataDir, "roll back", () =>
    inCopy(dataDir, chosen, ({ sql, isReadable }) => ({
      messages: isReadable ? count(sql, "email", "(select 1 from newer.members m where m.email = n.id)") : null,
      accounts: isReadable ? count(sql, "account") : null,
      waiting: isReadable ? count(sql, "queue") : null,
      bodiless: countBodiless(sql, join(dataDir, "blobs"), isReadable),
    })));
}

/** Throws `StorageError` where it may not, or what the disk says; then the folder is as it was. */
export function rollbackStore({ dataDir, version, now, keys = [], tell = () => {} }: RollbackOptions): RollbackResult {
  const snapshot = choose(dataDir, version);
  const { result, setAside } = swapStore({ dataDir, verb: "roll back", replace: true, now }, (fresh) => {
    const file = join(fresh, "palomar.db");
    Deno.mkdirSync(join(fresh, "blobs"), { mode: 0o700 });
    Deno.copyFileSync(snapshotPath(join(dataDir, "palomar.db"), snapshot.version), file);
    Deno.chmodSync(file, 0o600);
    const db = new DatabaseSync(file, { enableForeignKeyConstraints: false });
    const packing = new BodyPacking({ keys });
    try {
      requireKeys(new Statements(db), packing.keys);
      follow(new Statements(db), join(dataDir, "palomar.db"));
      const from = join(dataDir, "blobs");
      const { damaged } = copyRecords({ db, hasOld: false, packing, from, to: join(fresh, "blobs"), tell });
      const counted = goOn(db, readPast(dataDir), Math.floor(now() / 1000));
      db.exec("pragma wal_checkpoint(truncate)");
      syncFile(join(fresh, "blobs"));
      return { damaged, ...counted };
    } finally {
      db.close();
      syncFile(file);
    }
  });
  return { snapshot, ...result, setAside };
}

function choose(dataDir: string, version: number | undefined): Snapshot {
  const snapshots = listSnapshots(dataDir);
  const chosen = version === undefined ? snapshots[0] : snapshots.find((one) => one.version === version);
  if (!chosen) {
    const which = version === undefined ? "no snapshot" : `no snapshot of version ${version}`;
    throw new StorageError(
      "unavailable",
      `there is ${which} in ${dataDir}: one is made when an upgrade changes tables`,
    );
  }
  if (chosen.version > MIGRATIONS.length) {
    const what = `the snapshot has schema version ${chosen.version}, this program knows ${MIGRATIONS.length}`;
    throw new StorageError("unavailable", `${what}: use the newer program to roll back`);
  }
  return chosen;
}

interface Compared {
  readonly sql: Statements;
  /** The newer database is attached as `newer`. */
  readonly isReadable: boolean;
}

/** The snapshot itself is never opened, so that nothing is ever written to it. */
function inCopy<R>(dataDir: string, version: number, run: (compared: Compared) => R): R {
  const folder = Deno.makeTempDirSync({ dir: dataDir, prefix: "survey-" });
  try {
    const file = join(dataDir, "palomar.db");
    Deno.copyFileSync(snapshotPath(file, version), join(folder, "palomar.db"));
    const db = new DatabaseSync(join(folder, "palomar.db"));
    try {
      const sql = new Statements(db);
      return run({ sql, isReadable: attach(sql, file) });
    } finally {
      db.close();
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function attach(sql: Statements, newer: string): boolean {
  if (!exists(newer)) return false;
  try {
    sql.run("attach ? as newer", newer);
    sql.get("select (select max(id) from newer.blobs), (select max(id) from newer.emails)");
    return true;
  } catch {
    return false; // damaged, which may be why somebody wants to go back
  }
}

/** Rows of a table that were made after the snapshot. */
function count(sql: Statements, sequence: "email" | "account" | "queue", exists = "(select 1)"): number {
  const table = sequence === "queue" ? "queue" : `${sequence}s`;
  const last = sql.get("select value from main.sequences where name = ?", sequence)?.[0] ?? 0;
  return sql.get(
    `select count(*) from newer.${table} n where n.id > ? and exists ${exists}`,
    last as number,
  )![0] as number;
}

/** Bodies may have moved since: the newer database knows where to. Not those that an older program could not read. */
function follow(sql: Statements, newer: string): void {
  if (!attach(sql, newer)) return;
  const [packing, stored] = [packingColumn(sql, "newer"), packingColumn(sql, "main")];
  const same = packing === null ? "1" : stored === null ? "n.packing is null" : "n.packing is main.blobs.packing";
  sql.exec(
    "update main.blobs set segment = n.segment, start = n.start from newer.blobs n where n.hash = main.blobs.hash " +
      "and main.blobs.segment is not null and n.segment is not null " +
      `and (n.segment <> main.blobs.segment or n.start <> main.blobs.start) and ${same}`,
  );
  sql.exec("detach newer");
}

/** Messages whose body is in no place that a row names. */
function countBodiless(sql: Statements, folder: string, isReadable: boolean): number {
  const unknown = isReadable ? "and not exists (select 1 from newer.blobs n where n.hash = b.hash)" : "";
  const page =
    `select b.id, b.hash, b.segment, b.start from main.blobs b where b.id > ? and b.segment is not null ${unknown} ` +
    "order by b.id limit 1000";
  let messages = 0;
  for (let last = 0;;) {
    const rows: readonly Cells[] = sql.all(page, last);
    for (const [id, hash, segment, start] of rows as unknown as [number, Uint8Array, number, number][]) {
      last = id;
      if (hasRecord(join(folder, segmentName(segment)), start, hash)) continue;
      const members = "select count(*) from main.members m join main.emails e on e.id = m.email where e.blob = ?";
      messages += sql.get(members, id)![0] as number;
    }
    if (rows.length < 1000) return messages;
  }
}

/** Whether the head of the record is where it should be. */
function hasRecord(path: string, start: number, hash: Uint8Array): boolean {
  const head = new Uint8Array(RECORD_HEADER);
  try {
    const fd = openSync(path, "r");
    try {
      if (readSync(fd, head, 0, RECORD_HEADER, start - RECORD_HEADER) < RECORD_HEADER) return false;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
  return new DataView(head.buffer).getUint32(0) === MAGIC && head.subarray(16).toHex() === hash.toHex();
}
