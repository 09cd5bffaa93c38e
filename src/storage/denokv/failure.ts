/** What broke, in the store's words. Deno KV throws plain errors whose text is all there is to go by. */
import { StorageError } from "../storage.ts";

const BUSY = /locked|busy/i;
const FULL = /disk is full|no space|readonly|read-only|disk I\/O/i;
const GONE = /bad resource|closed|interrupted/i;

/** Another process writes to the file at this moment. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && BUSY.test(error.message);
}

/** An error of any kind as one of the store. */
export function infrastructure(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const isNetwork = error instanceof TypeError && /fetch|connect|network|timed? ?out/i.test(text);
  const reason = FULL.test(text)
    ? "full"
    : isBusy(error) || GONE.test(text) || isNetwork || error instanceof Deno.errors.BadResource
    ? "unavailable"
    : "bug";
  return new StorageError(reason, text, error);
}
