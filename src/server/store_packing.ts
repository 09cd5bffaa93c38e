/** How the configuration wants bodies packed, with the keys that it names. */
import { type PackingOptions, readKeys } from "../storage/packing/mod.ts";
import { StorageError } from "../storage/mod.ts";
import type { StorageConfig } from "./config/config.ts";

/** Rejects with `StorageError` where the file of keys cannot be read. */
export async function packingOf(
  { compression, encryption }: Pick<StorageConfig, "compression" | "encryption">,
): Promise<PackingOptions> {
  const keys = encryption ? await keysOf(encryption) : [];
  return { compression: compression ?? "zstd", keys, ...(encryption && { cipher: encryption.cipher }) };
}

async function keysOf({ key, keyFile }: NonNullable<StorageConfig["encryption"]>): Promise<readonly Uint8Array[]> {
  if (key === null && keyFile === null) return [];
  const where = keyFile === null ? "storage.encryption.key" : `the file ${keyFile} (storage.encryption.keyFile)`;
  let text: string;
  try {
    text = keyFile === null ? key!.reveal() : await Deno.readTextFile(keyFile);
  } catch (error) {
    throw new StorageError("unavailable", `${where} cannot be read: ${(error as Error).message}`, error);
  }
  const keys = readKeys(text);
  if (typeof keys !== "string") return keys;
  throw new StorageError("unavailable", `${where}: ${keys}; head -c 32 /dev/urandom | base64 makes one`);
}
