/** A copy of the database as it is at one moment, while others write it. */
import { backup, DatabaseSync } from "node:sqlite";

/** Pages between two words on progress. */
const STEP = 2000;
const PAGE_OCTETS = 4096;

/**
 * Copies what `source` sees. It sees one moment: its transaction stays open meanwhile, so nobody's writing makes the
 * copy begin anew, and no writer waits. The copy is one file without a log beside it, and durable.
 */
export async function copyDatabase(
  source: DatabaseSync,
  path: string,
  tell: (done: number, total: number) => void,
): Promise<void> {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) remove(path + suffix);
  Deno.openSync(path, { create: true, write: true, mode: 0o600 }).close();
  source.exec("begin");
  try {
    source.prepare("select count(*) from sqlite_master").get(); // from here on it is this moment
    await backup(source, path, {
      rate: STEP,
      progress: ({ totalPages, remainingPages }) =>
        tell((totalPages - remainingPages) * PAGE_OCTETS, totalPages * PAGE_OCTETS),
    });
  } finally {
    source.exec("commit");
  }
  const copy = new DatabaseSync(path);
  try {
    copy.exec("pragma journal_mode = delete");
  } finally {
    copy.close();
  }
  syncFile(path);
}

/** What was written to a file is on disk. */
export function syncFile(path: string): void {
  const file = Deno.openSync(path, { read: true });
  try {
    file.syncSync();
  } finally {
    file.close();
  }
}

/** Removes a file or folder that need not be there. */
export function remove(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
