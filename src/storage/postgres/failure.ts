/** What broke, in the store's words: PostgreSQL names each error by five characters (its SQLSTATE). */
import { StorageError } from "../storage.ts";
import { ConnectionLost, ServerError } from "./wire/connection.ts";

/** Full disk, out of memory, a limit of the server's. */
const FULL = /^(53100|53200|54000)/;
/** The server stops, starts, has no room for a connection, was told to end ours, or has become a standby. */
const UNAVAILABLE = /^(08|53300|57|55P03|25006|28|3D|58)/;
/** Two transactions came into each other's way: to be run again. */
const CONFLICT = /^(40001|40P01|23505)/;

export function isConflict(error: unknown): boolean {
  return error instanceof ServerError && CONFLICT.test(error.code);
}

/** An error of any kind as one of the store. */
export function infrastructure(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  if (error instanceof ConnectionLost) return new StorageError("unavailable", error.message, error);
  if (error instanceof ServerError) {
    const reason = FULL.test(error.code)
      ? "full"
      : UNAVAILABLE.test(error.code) || CONFLICT.test(error.code)
      ? "unavailable"
      : "bug";
    return new StorageError(reason, error.message, error);
  }
  return new StorageError("bug", error instanceof Error ? error.message : String(error), error);
}
