/** Puts a store that was made beside it into the place of the one in a data folder, which is set aside and never removed. */
import { join } from "node:path";
import { StorageError } from "../../storage.ts";
import { remove, syncFile } from "./copy_database.ts";

/** A restore under way or broken off: what is in the data folder then is no store. */
export const RESTORING = "restoring";
const STORE_FILES = ["palomar.db", "palomar.db-wal", "palomar.db-shm", "blobs", "index"];

/** Where, and in which words it is refused. */
export interface Swap {
  readonly dataDir: string;
  /** What the person wants to do: `restore`. */
  readonly verb: string;
  /** Sets aside the store that is there. Without it, a folder with a store is refused. */
  readonly replace: boolean;
  readonly now: () => number;
}

/** Nobody else works on the folder meanwhile. Throws `StorageError` where somebody does. */
export function alone<R>(dataDir: string, verb: string, run: () => R): R {
  const lock = Deno.openSync(join(dataDir, "lock"), { create: true, write: true, mode: 0o600 });
  try {
    if (!lock.tryLockSync(true)) {
      throw new StorageError("unavailable", `a server works on ${dataDir}: stop it first, then ${verb}`);
    }
    return run();
  } finally {
    lock.close();
  }
}

/**
 * `fill` makes `palomar.db` and `blobs` in the folder that it is given. Throws what it throws, `StorageError` where it
 * may not, or what the disk says; then the data folder is as it was. Answers where the store went that was there.
 */
export function swapStore<R>({ dataDir, verb, replace, now }: Swap, fill: (fresh: string) => R) {
  return alone(dataDir, verb, () => {
    const present = () => STORE_FILES.filter((name) => exists(join(dataDir, name)));
    if (present().includes("palomar.db") && !replace) {
      throw new StorageError("unavailable", `there is a store in ${dataDir}; --replace sets it aside and restores`);
    }
    const fresh = join(dataDir, RESTORING);
    remove(fresh);
    Deno.mkdirSync(fresh, { mode: 0o700 });
    const moved: (readonly [from: string, to: string])[] = [];
    try {
      const result = fill(fresh);
      const there = present(); // only now: whoever read the database may have taken its log into it
      const setAside = there.length > 0 ? freeName(join(dataDir, `replaced-${stamp(now())}`)) : null;
      if (setAside !== null) {
        Deno.mkdirSync(setAside, { mode: 0o700 });
        for (const name of there) move(join(dataDir, name), join(setAside, name), moved);
      }
      move(join(fresh, "blobs"), join(dataDir, "blobs"), moved);
      move(join(fresh, "palomar.db"), join(dataDir, "palomar.db"), moved);
      syncFile(dataDir);
      return { result, setAside };
    } catch (error) {
      for (const [from, to] of moved.reverse()) Deno.renameSync(to, from);
      throw error;
    } finally {
      remove(fresh);
    }
  });
}

/** Whether something has this name. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
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

/** A time as a part of a name. */
export function stamp(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replaceAll(":", "-");
}
