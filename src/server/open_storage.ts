/** The store that the configuration names. */
import { imapText } from "../imap/imap_text.ts";
import { type Storage, StorageError } from "../storage/mod.ts";
import type { Config } from "./config/mod.ts";

/** Opens it; rejects with `DataDirLocked` or `StorageError`, which say what to do. */
export async function openStorage(
  { storage, dataDir, retention }: Pick<Config, "storage" | "dataDir" | "retention">,
): Promise<Storage> {
  const undeleteMs = retention.undelete;
  if (storage.driver === "memory") return (await import("../storage/memory/mod.ts")).memoryStorage({ undeleteMs });
  if (storage.driver === "sqlite") {
    return await (await import("../storage/sqlite/mod.ts")).openSqlite({ dataDir, prepare: imapText, undeleteMs });
  }
  if (!storage.url) {
    throw new StorageError("unavailable", "storage.url is missing: it names the database of PostgreSQL");
  }
  const { openPostgres } = await import("../storage/postgres/mod.ts");
  const { url, connections } = storage;
  return await openPostgres({ url: url.reveal(), ...(connections && { connections }), prepare: imapText, undeleteMs });
}
