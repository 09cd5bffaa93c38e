/**
 * Makes the store of a backup the store of a data folder. What is there is set aside, not removed.
 *
 * UIDs, ids and what waits to be sent belong to a history that went on after the backup: clients have seen UIDs that
 * the backup does not know, and mail that waits in it has long been sent. So
 * - a mailbox gets a new UIDVALIDITY (RFC 9051 section 2.3.1.1), unless the store that is set aside proves that nothing
 *   happened to it since; clients then fetch it anew and never take one message for another;
 * - numbers of emails, mailboxes and accounts go on where the later history may have come;
 * - what waited is held, until a person releases it.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../storage.ts";
import { openDatabase } from "../schema.ts";
import { Statements } from "../statements.ts";
import { remove, syncFile } from "./copy_database.ts";
import { copyRecords, type DamagedBody } from "./copy_records.ts";
import { type BackupManifest, readManifest } from "./mod.ts";

/** A restore under way or broken off: what is in the data folder then is no store. */
export const RESTORING = "restoring";
/** Numbers that a later history may have given, where nothing tells how many. */
const GAP = 1_000_000;
const STORE_FILES = ["palomar.db", "palomar.db-wal", "palomar.db-shm", "blobs", "index"];

/** What to bring back where. */
export interface RestoreOptions {
  readonly backup: string;
  readonly dataDir: string;
  /** Sets aside the store that is there. Without it, a folder with a store is refused. */
  readonly replace?: boolean;
  /** Nothing happened since the backup: UIDVALIDITYs stay, and what waits goes on. */
  readonly exact?: boolean;
  readonly now: () => number;
  readonly tell?: (done: number, total: number) => void;
}

/** How it went. */
export interface RestoreResult {
  readonly manifest: BackupManifest;
  readonly damaged: readonly DamagedBody[];
  /** Mailboxes whose clients fetch them anew, of all. */
  readonly renewed: number;
  readonly mailboxes: number;
  /** Rows of the queue that are held. */
  readonly held: number;
  /** Where the store went that was there, or null. */
  readonly setAside: string | null;
}

/** Throws `StorageError` where it may not, or what the disk says; then the folder is as it was. */
export function restoreStore(options: RestoreOptions): RestoreResult {
  const { backup, dataDir, replace = false, exact = false } = options;
  const manifest = readManifest(backup);
  Deno.mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = Deno.openSync(join(dataDir, "lock"), { create: true, write: true, mode: 0o600 });
  try {
    if (!lock.tryLockSync(true)) {
      throw new StorageError("unavailable", `a server works on ${dataDir}: stop it first, then restore`);
    }
    const there = STORE_FILES.filter((name) => exists(join(dataDir, name)));
    if (there.includes("palomar.db") && !replace) {
      throw new StorageError("unavailable", `there is a store in ${dataDir}; --replace sets it aside and restores`);
    }
    const fresh = join(dataDir, RESTORING);
    remove(fresh);
    Deno.mkdirSync(fresh, { mode: 0o700 });
    const moved: (readonly [from: string, to: string])[] = [];
    try {
      const { damaged, ...counted } = fill(options, fresh, exact);
      const setAside = there.length > 0 ? freeName(join(dataDir, `replaced-${stamp(options.now())}`)) : null;
      if (setAside !== null) {
        Deno.mkdirSync(setAside, { mode: 0o700 });
        for (const name of there) move(join(dataDir, name), join(setAside, name), moved);
      }
      copyCertificates(join(backup, "tls"), join(dataDir, "tls"));
      move(join(fresh, "blobs"), join(dataDir, "blobs"), moved);
      move(join(fresh, "palomar.db"), join(dataDir, "palomar.db"), moved);
      syncFile(dataDir);
      return { manifest, damaged, ...counted, setAside };
    } catch (error) {
      for (const [from, to] of moved.reverse()) Deno.renameSync(to, from);
      throw error;
    } finally {
      remove(fresh);
    }
  } finally {
    lock.close();
  }
}

function move(from: string, to: string, moved: (readonly [string, string])[]): void {
  Deno.renameSync(from, to);
  moved.push([from, to]);
}

function freeName(path: string): string {
  for (let i = 1;; i++) {
    const name = i === 1 ? path : `${path}-${i}`;
    if (!exists(name)) return name;
  }
}

function fill(options: RestoreOptions, fresh: string, exact: boolean) {
  const { backup, dataDir, now, tell = () => {} } = options;
  const file = join(fresh, "palomar.db");
  Deno.copyFileSync(join(backup, "palomar.db"), file);
  Deno.chmodSync(file, 0o600);
  Deno.mkdirSync(join(fresh, "blobs"), { mode: 0o700 });
  const db = openDatabase(file); // brings an older one up to date
  try {
    const { damaged } = copyRecords({ db, hasOld: false, from: join(backup, "blobs"), to: join(fresh, "blobs"), tell });
    const counted = exact ? counts(new Statements(db)) : goOn(db, readPast(dataDir), Math.floor(now() / 1000));
    db.exec("pragma wal_checkpoint(truncate)");
    syncFile(join(fresh, "blobs"));
    return { damaged, ...counted };
  } finally {
    db.close();
    syncFile(file);
  }
}

/** What the store that is set aside knows of the time after the backup. */
interface Past {
  readonly sequences: ReadonlyMap<string, number>;
  readonly highestValidity: number;
  /** What a mailbox was like at its end, by its number. */
  readonly mailboxes: ReadonlyMap<number, string>;
}

const MAILBOX_STATE = "select id, account || ' ' || uid_validity || ' ' || uid_next || ' ' || modseq || ' ' || path " +
  "from mailboxes";

function readPast(dataDir: string): Past | null {
  const path = join(dataDir, "palomar.db");
  if (!exists(path)) return null;
  try {
    const db = new DatabaseSync(path);
    try {
      const sql = new Statements(db);
      const floors = sql.all("select value from settings where name like 'uidValidity.floor.%'");
      const [highest] = sql.get("select coalesce(max(uid_validity), 0) from mailboxes")!;
      return {
        sequences: new Map(sql.all("select name, value from sequences") as unknown as [string, number][]),
        highestValidity: floors.reduce((most, [value]) => Math.max(most, Number(value)), highest as number),
        mailboxes: new Map(sql.all(MAILBOX_STATE) as unknown as [number, string][]),
      };
    } finally {
      db.close();
    }
  } catch {
    return null; // damaged: it proves nothing
  }
}

function counts(sql: Statements) {
  return { renewed: 0, mailboxes: sql.get("select count(*) from mailboxes")![0] as number, held: 0 };
}

/** Numbers, UIDVALIDITYs and the queue: so that the history after the backup is never contradicted. */
function goOn(db: DatabaseSync, past: Past | null, seconds: number) {
  const sql = new Statements(db);
  sql.exec("begin immediate");
  const own = new Map(sql.all("select name, value from sequences") as unknown as [string, number][]);
  const highest = sql.get("select coalesce(max(uid_validity), 0) from mailboxes")![0] as number;
  // Seconds are above whatever the sequence gave meanwhile: it gives fewer than one a second.
  let validity = Math.max(
    own.get("uidValidity") ?? 0,
    past?.sequences.get("uidValidity") ?? 0,
    past?.highestValidity ?? 0,
    highest,
    seconds,
  );
  let renewed = 0;
  const mailboxes = sql.all(MAILBOX_STATE) as unknown as readonly (readonly [number, string])[];
  for (const [id, state] of mailboxes) {
    if (past?.mailboxes.get(id) === state) continue;
    sql.run("update mailboxes set uid_validity = ? where id = ?", ++validity, id);
    renewed++;
  }
  for (const [name, value] of own) {
    const later = past ? past.sequences.get(name) ?? 0 : value + GAP;
    const next = name === "uidValidity" ? validity : Math.max(value, later);
    sql.run("update sequences set value = ? where name = ?", next, name);
  }
  const held = sql.run("update queue set state = 2, owner = null, wake_at = null where state <> 2");
  sql.exec("commit");
  return { renewed, mailboxes: mailboxes.length, held };
}

function stamp(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replaceAll(":", "-");
}

function copyCertificates(from: string, to: string): void {
  if (!exists(from) || exists(to)) return;
  Deno.mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const { name, isFile } of Deno.readDirSync(from)) {
    if (isFile) Deno.copyFileSync(join(from, name), join(to, name));
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
