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
import { BodyPacking } from "../../packing/mod.ts";
import { openDatabase } from "../schema.ts";
import { Statements } from "../statements.ts";
import { requireKeys } from "../store_keys.ts";
import { syncFile } from "./copy_database.ts";
import { copyRecords, type DamagedBody } from "./copy_records.ts";
import { counts, goOn, readPast } from "./go_on.ts";
import { type BackupManifest, readManifest } from "./mod.ts";
import { exists, swapStore } from "./swap.ts";

/** What to bring back where. */
export interface RestoreOptions {
  readonly backup: string;
  readonly dataDir: string;
  /** Sets aside the store that is there. Without it, a folder with a store is refused. */
  readonly replace?: boolean;
  /** Nothing happened since the backup: UIDVALIDITYs stay, and what waits goes on. */
  readonly exact?: boolean;
  readonly now: () => number;
  /** Where bodies are encrypted: the keys. */
  readonly keys?: readonly Uint8Array[];
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
  const { backup, dataDir, replace = false, exact = false, now } = options;
  const manifest = readManifest(backup);
  Deno.mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const { result, setAside } = swapStore({ dataDir, verb: "restore", replace, now }, (fresh) => {
    const filled = fill(options, fresh, exact);
    copyCertificates(join(backup, "tls"), join(dataDir, "tls"));
    return filled;
  });
  return { manifest, ...result, setAside };
}

function fill(options: RestoreOptions, fresh: string, exact: boolean) {
  const { backup, dataDir, now, tell = () => {} } = options;
  const file = join(fresh, "palomar.db");
  Deno.copyFileSync(join(backup, "palomar.db"), file);
  Deno.chmodSync(file, 0o600);
  Deno.mkdirSync(join(fresh, "blobs"), { mode: 0o700 });
  const packing = new BodyPacking({ keys: options.keys ?? [] });
  const db = openDatabase(file); // brings an older one up to date
  try {
    requireKeys(new Statements(db), packing.keys);
    const { damaged } = copyRecords({
      db,
      hasOld: false,
      packing,
      from: join(backup, "blobs"),
      to: join(fresh, "blobs"),
      tell,
    });
    const counted = exact ? counts(new Statements(db)) : goOn(db, readPast(dataDir), Math.floor(now() / 1000));
    db.exec("pragma wal_checkpoint(truncate)");
    syncFile(join(fresh, "blobs"));
    return { damaged, ...counted };
  } finally {
    db.close();
    syncFile(file);
  }
}

/** Those of a backup, where the data folder has none. */
export function copyCertificates(from: string, to: string): void {
  if (!exists(from) || exists(to)) return;
  Deno.mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const { name, isFile } of Deno.readDirSync(from)) {
    if (isFile) Deno.copyFileSync(join(from, name), join(to, name));
  }
}
