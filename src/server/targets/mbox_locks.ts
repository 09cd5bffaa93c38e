/**
 * The locks of an mbox. `FILE.lock`, made as a new file, is what mutt, procmail, Dovecot and mailutils honour; flock(2)
 * is taken besides. fcntl(2) cannot be had here: a program that takes that alone does not see us.
 *
 * A lock is stale when neither it nor the mbox has changed for a time: then it goes, by way of another name, so that two
 * who find it stale do not remove each other's new one.
 */
import { look } from "./safe_path.ts";

const LONGEST_PAUSE_MS = 1_000;

export interface LockTimes {
  /** Milliseconds to wait. */
  readonly lockTime: number;
  readonly staleLock: number;
}

/** Null: somebody else has it. */
export async function dotLock(
  path: string,
  { lockTime, staleLock }: LockTimes,
  signal: AbortSignal,
): Promise<(() => Promise<void>) | null> {
  const lock = `${path}.lock`;
  const end = Date.now() + lockTime;
  for (let pause = 20;; pause = Math.min(LONGEST_PAUSE_MS, 2 * pause)) {
    const made = await make(lock);
    if (made !== null) return () => release(lock, made);
    if (await isStale(path, lock, staleLock)) {
      await breakLock(lock, staleLock);
      continue;
    }
    if (signal.aborted || Date.now() + pause > end) return null;
    await new Promise((done) => setTimeout(done, pause));
  }
}

async function make(lock: string): Promise<number | null> {
  try {
    const file = await Deno.open(lock, { createNew: true, write: true, mode: 0o644 });
    try {
      await file.write(new TextEncoder().encode(`${Deno.pid}\n`));
      return (await file.stat()).ino;
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return null;
    throw error;
  }
}

/** Only our own: somebody may have thought it stale. */
async function release(lock: string, ino: number | null): Promise<void> {
  if ((await look(lock))?.ino === ino) await Deno.remove(lock);
}

async function isStale(path: string, lock: string, staleLock: number): Promise<boolean> {
  const since = Date.now() - staleLock;
  const changed = async (one: string) => (await look(one))?.mtime?.getTime() ?? 0;
  const [of, box] = [await look(lock), await changed(path)];
  return of !== null && (of.mtime?.getTime() ?? Infinity) < since && box < since;
}

async function breakLock(lock: string, staleLock: number): Promise<void> {
  const aside = `${lock}.${Deno.pid}.${crypto.randomUUID()}`;
  try {
    await Deno.rename(lock, aside);
  } catch {
    return; // somebody was quicker
  }
  const moved = await look(aside);
  // Another's new one, made since we looked: it goes back, if nobody has taken the place.
  const isNew = moved !== null && (moved.mtime?.getTime() ?? 0) > Date.now() - staleLock;
  if (isNew) await Deno.link(aside, lock).catch(() => {});
  await Deno.remove(aside).catch(() => {});
}

/** flock(2), without waiting in a system call. False: somebody else has it. */
export async function flock(file: Deno.FsFile, lockTime: number, signal: AbortSignal): Promise<boolean> {
  const end = Date.now() + lockTime;
  for (let pause = 20;; pause = Math.min(LONGEST_PAUSE_MS, 2 * pause)) {
    if (await file.tryLock(true)) return true;
    if (signal.aborted || Date.now() + pause > end) return false;
    await new Promise((done) => setTimeout(done, pause));
  }
}
