/**
 * The store that a configuration names, looked through, copied and brought back, whichever driver keeps it. A backup is
 * the same folder for all of them, so what one driver made another takes.
 */
import { join } from "node:path";
import { imapText } from "../imap/imap_text.ts";
import type { BackupManifest, BackupResult, DamagedBody } from "../storage/sqlite/backup/mod.ts";
import { StorageError } from "../storage/storage.ts";
import type { VerifyEvent } from "../storage/verify/finding.ts";
import { openObjects } from "./open_storage.ts";
import { packingOf } from "./store_packing.ts";
import type { Config } from "./config/mod.ts";

/** Where a store is. */
export interface StorePlace {
  readonly dataDir: string;
  readonly storage: Pick<Config["storage"], "driver" | "url" | "objects" | "encryption">;
}

/** Throws `StorageError` for a store that no other process can reach. */
export function expectReachable({ storage }: StorePlace): void {
  if (storage.driver === "sqlite" || (storage.driver === "postgres" && storage.url)) return;
  const why = storage.driver === "postgres" ? "storage.url is missing" : `storage.driver is "${storage.driver}"`;
  throw new StorageError("unavailable", `${why}: this command is for stores of SQLite and PostgreSQL`);
}

/** Where it is, for a person. */
export function placeOfStore({ storage, dataDir }: StorePlace): string {
  return storage.driver === "postgres" ? "the database" : dataDir;
}

/** Looks through it, a step at a time. Rejects with `StorageError`. */
export async function* verifyAny(place: StorePlace, quick: boolean): AsyncGenerator<VerifyEvent, void> {
  expectReachable(place);
  if (place.storage.driver === "sqlite") {
    const { verifyStore } = await import("../storage/sqlite/verify/mod.ts");
    return yield* verifyStore({ dataDir: place.dataDir, quick, prepare: imapText, keys: await keysOf(place) });
  }
  const { verifyPostgres } = await import("../storage/postgres/verify/mod.ts");
  yield* verifyPostgres({ ...await database(place), quick, prepare: imapText, keys: await keysOf(place) });
}

/** Keys of encrypted bodies, where the configuration names some. */
async function keysOf({ storage }: StorePlace): Promise<readonly Uint8Array[]> {
  return (await packingOf(storage)).keys ?? [];
}

async function database({ storage: { url, objects } }: StorePlace) {
  return { url: url!.reveal(), ...(objects && { bodies: await openObjects(objects) }) };
}

/** How to make a backup. */
export interface BackUpOptions {
  /** A folder: an earlier backup, an empty one, or one that is made. */
  readonly target: string;
  /** Of the program. */
  readonly version: string;
  readonly now: () => number;
  /** Copies everything anew, whatever is there. */
  readonly full?: boolean;
  readonly tell?: (part: "database" | "rows" | "bodies", done: number, total: number) => void;
}

/** Makes a backup, or brings one up to date, while servers run or not. Rejects with `StorageError`, or what the disk says. */
export async function backUp(place: StorePlace, options: BackUpOptions): Promise<BackupResult> {
  expectReachable(place);
  const { dataDir, storage } = place;
  const keys = await keysOf(place);
  if (storage.driver === "sqlite") {
    const { backupStore } = await import("../storage/sqlite/backup/mod.ts");
    return await backupStore({ dataDir, keys, ...options });
  }
  const [{ openSnapshot }, { buildBackup }] = await Promise.all([
    import("../storage/postgres/copy/snapshot.ts"),
    import("../storage/sqlite/backup/build.ts"),
  ]);
  const madeAt = options.now();
  const source = await openSnapshot(await database(place));
  try {
    return await buildBackup({ source, madeAt, keys, certificates: join(dataDir, "tls"), ...options });
  } finally {
    await source.close();
  }
}

/** How to bring a whole store back. */
export interface RestoreAnyOptions {
  readonly backup: string;
  /** Sets aside the store that is there. Without it, a store is refused. */
  readonly replace: boolean;
  /** Nothing happened since the backup: UIDVALIDITYs stay, and what waits goes on. */
  readonly exact: boolean;
  readonly now: () => number;
  readonly tell?: (part: "rows" | "bodies", done: number, total: number) => void;
}

/** How it went. */
export interface RestoredStore {
  readonly manifest: BackupManifest;
  readonly damaged: readonly DamagedBody[];
  /** Mailboxes whose clients fetch them anew, of all. */
  readonly renewed: number;
  readonly mailboxes: number;
  /** Rows of the queue that are held. */
  readonly held: number;
  /** Where the store went that was there: a folder, or a schema of the database; or null. */
  readonly setAside: string | null;
}

/** Makes a backup, of whichever driver, the store. No server may run. Rejects with `StorageError`: it is as it was. */
export async function restoreAny(place: StorePlace, options: RestoreAnyOptions): Promise<RestoredStore> {
  expectReachable(place);
  const { dataDir, storage } = place;
  const { backup, exact, replace, now, tell } = options;
  const keys = await keysOf(place);
  const { copyCertificates, restoreStore } = await import("../storage/sqlite/backup/restore.ts");
  if (storage.driver === "sqlite") {
    return restoreStore({
      backup,
      dataDir,
      replace,
      exact,
      now,
      keys,
      ...(tell && { tell: (...how) => tell("bodies", ...how) }),
    });
  }
  const [{ BackupCopy }, { stamp }, { loadDatabase }, { readPastStore }] = await Promise.all([
    import("../storage/sqlite/backup/folder_source.ts"),
    import("../storage/sqlite/backup/swap.ts"),
    import("../storage/postgres/copy/load.ts"),
    import("../storage/postgres/copy/past.ts"),
  ]);
  const copy = new BackupCopy(backup, dataDir, keys);
  try {
    let counted: ReturnType<typeof copy.counts> | null = null;
    const loaded = await loadDatabase({
      url: storage.url!.reveal(),
      keys,
      setAside: replace ? `replaced_${stamp(now()).toLowerCase().replaceAll("-", "_")}` : null,
      source: async (connection) => {
        const past = await readPastStore(connection);
        counted = exact ? copy.counts() : copy.goOn(past, Math.floor(now() / 1000));
        return copy.source();
      },
      ...(tell && { tell }),
    });
    copyCertificates(join(backup, "tls"), join(dataDir, "tls"));
    const setAside = loaded.setAside === null ? null : `the schema ${loaded.setAside} of the database`;
    return { manifest: copy.manifest, ...counted!, damaged: loaded.damaged, setAside };
  } finally {
    copy.close();
  }
}
