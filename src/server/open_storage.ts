/** The store that the configuration names. */
import { join } from "node:path";
import { imapText } from "../imap/imap_text.ts";
import { type Storage, StorageError } from "../storage/mod.ts";
import type { OpenBodies } from "../storage/body_store.ts";
import type { Config, ObjectStorageConfig } from "./config/mod.ts";
import { packingOf } from "./store_packing.ts";

/** Opens it; rejects with `DataDirLocked` or `StorageError`, which say what to do. */
export async function openStorage(
  { storage, dataDir, retention }: Pick<Config, "storage" | "dataDir" | "retention">,
): Promise<Storage> {
  const undeleteMs = retention.undelete;
  if (storage.driver === "memory") return (await import("../storage/memory/mod.ts")).memoryStorage({ undeleteMs });
  const packing = await packingOf(storage);
  if (storage.driver === "sqlite") {
    const { openSqlite } = await import("../storage/sqlite/mod.ts");
    return await openSqlite({ dataDir, prepare: imapText, undeleteMs, packing });
  }
  if (storage.driver === "denokv") {
    const { openDenoKv } = await import("../storage/denokv/mod.ts");
    return await openDenoKv({ path: storage.path ?? join(dataDir, "denokv.sqlite"), undeleteMs });
  }
  if (!storage.url) {
    throw new StorageError("unavailable", "storage.url is missing: it names the database of PostgreSQL");
  }
  const { openPostgres } = await import("../storage/postgres/mod.ts");
  const { url, connections, objects, migrate } = storage;
  return await openPostgres({
    url: url.reveal(),
    ...(connections && { connections }),
    ...(migrate !== undefined && { migrate }),
    ...(objects && { bodies: await openObjects(objects) }),
    prepare: imapText,
    undeleteMs,
    packing,
  });
}

/** The store of large bodies that the configuration names. */
export async function openObjects(objects: ObjectStorageConfig): Promise<OpenBodies> {
  const { objectBodies } = await import("../storage/objects/mod.ts");
  const { accessKeyId, secretAccessKey, timeout, ca, ...rest } = objects;
  return objectBodies({
    ...rest,
    accessKeyId: accessKeyId.reveal(),
    secretAccessKey: secretAccessKey.reveal(),
    timeoutMs: timeout,
    ca: ca === null ? null : await readAuthorities(ca),
  });
}

async function readAuthorities(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    const message = `storage.objects.ca: ${file} cannot be read: ${(error as Error).message}`;
    throw new StorageError("unavailable", message, error);
  }
}
