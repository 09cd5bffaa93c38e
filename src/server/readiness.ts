/** Whether work should come to this server: it has started, does not stop, its store answers, and its disk has room. */
import { statfs } from "node:fs/promises";
import type { Readiness } from "../http/deps.ts";
import type { Storage } from "../storage/storage.ts";

const WAIT_MS = 3_000;
/** Octets that a disk should have free. */
const ROOM = 100 * 1024 * 1024;

export interface ReadinessParts {
  readonly storage: Pick<Storage, "perform">;
  /** The folder of the store; null: it is elsewhere. */
  readonly folder: string | null;
  /** For tests: octets that are free in a folder. */
  readonly free?: (folder: string) => Promise<number>;
}

/** Never rejects. */
export async function readiness({ storage, folder, free = freeIn }: ReadinessParts, phase: string): Promise<Readiness> {
  const [store, disk] = await Promise.all([storeAnswers(storage), folder === null ? true : hasRoom(folder, free)]);
  const checks = { phase, store: store ? "ok" : "failing", disk: disk ? "ok" : "nearly full" };
  return { ready: phase === "running" && store && disk, checks };
}

async function storeAnswers(storage: Pick<Storage, "perform">): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((over) => timer = setTimeout(() => over(false), WAIT_MS));
  const asked = storage.perform("setting.get", { name: "admin.token" }).then(() => true, () => false);
  return await Promise.race([asked, late]).finally(() => clearTimeout(timer));
}

async function hasRoom(folder: string, free: (folder: string) => Promise<number>): Promise<boolean> {
  // Where it cannot be asked, the store will say when it is full.
  return await free(folder).then((octets) => octets >= ROOM, () => true);
}

async function freeIn(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
