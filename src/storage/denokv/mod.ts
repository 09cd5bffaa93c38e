/**
 * A store in Deno KV: experimental, for small set-ups at the edge, where there is neither a disk of one's own nor a
 * database. Locally it is a file.
 *
 * Rules:
 * - Operations are those of `engine/`, which cannot wait: they run again with what they asked (`view.ts`).
 * - What is known may be wrong at any time, for others write too. So it is read with a generation (`scopes.ts`): an answer
 *   is given only where that still stands, and a commit is done only where it does.
 * - An operation is one commit, whatever its size: what Deno KV does not take at once is put down first and ordered by
 *   one small commit (`redo.ts`).
 * - No row grows beyond 64 KiB: values are cut where they are written, and members of a mailbox lie in blocks.
 * - Other processes are told by a key that is watched, and find out by themselves once a second (`news.ts`).
 */
import { dirname } from "node:path";
import { type Storage, StorageError } from "../storage.ts";
import { infrastructure } from "./failure.ts";
import { openStore } from "./store.ts";

/** Where the store is. */
export interface DenoKvOptions {
  /** A file, `:memory:`, or the `https:` address of a Deno KV elsewhere. Without: the one that the platform gives. */
  readonly path?: string;
  /** How long what was removed can be brought back, milliseconds. Default 0: not at all. */
  readonly undeleteMs?: number;
  /** Milliseconds since 1970, for what is removed. Default: the machine's clock. */
  readonly wall?: () => number;
}

const FLAG = 'Deno KV must be switched on: start Deno with --unstable-kv, or put "unstable": ["kv"] into deno.json';

/** Opens the store, made where there is none; rejects with `StorageError`, which says what to do. */
export async function openDenoKv(
  { path, undeleteMs = 0, wall = () => Date.now() }: DenoKvOptions = {},
): Promise<Storage> {
  if (typeof Deno.openKv !== "function") throw new StorageError("unavailable", FLAG);
  let kv: Deno.Kv;
  try {
    if (path !== undefined && path !== ":memory:" && !path.includes("://")) await makeFile(path);
    kv = await Deno.openKv(path);
  } catch (error) {
    const { reason, message } = infrastructure(error);
    const text = `Deno KV could not be opened: ${message}; look at storage.path`;
    throw new StorageError(reason === "full" ? reason : "unavailable", text, error);
  }
  return await openStore(kv, { undeleteMs, wall });
}

/** Nobody else's to read, and so are the files that SQLite puts beside it. */
async function makeFile(path: string): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  (await Deno.open(path, { create: true, write: true, mode: 0o600 })).close();
}
