/** Backups in one file, or in a stream: a folder for the time of the command. */
import { dirname, join } from "node:path";
import { packBackup, unpackBackup } from "../storage/sqlite/backup/tar.ts";
import { EXIT, Exit } from "./exit.ts";
import type { Io } from "./io.ts";
import { Progress } from "./progress.ts";

/** A stream on stdout or stdin. */
export const STREAM = "-";

/** Writes a backup's folder to a file, which has its name when it is whole and on disk; or to stdout. */
export async function writeBackupFile(folder: string, file: string, io: Io): Promise<void> {
  const progress = new Progress(io);
  const stream = packBackup(folder, (done, total) => progress.show("file", done, total, true));
  try {
    if (file === STREAM) {
      for await (const piece of stream) io.write(piece);
      return;
    }
    const target = await Deno.open(`${file}.partial`, { create: true, write: true, truncate: true, mode: 0o600 });
    try {
      for await (const piece of stream) {
        for (let at = 0; at < piece.length;) at += await target.write(piece.subarray(at));
      }
      await target.sync();
    } finally {
      target.close();
    }
    await Deno.rename(`${file}.partial`, file);
    const parent = await Deno.open(dirname(file), { read: true });
    await parent.sync().finally(() => parent.close());
  } finally {
    progress.clear();
  }
}

/** A folder that goes with the answer. `beside`: where there is room for a whole backup. */
export async function inScratch<R>(beside: string, run: (folder: string) => Promise<R>): Promise<R> {
  await Deno.mkdir(beside, { recursive: true, mode: 0o700 });
  const folder = await Deno.makeTempDir({ dir: beside, prefix: "palomar-backup-" });
  try {
    return await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Gives the folder of a backup: itself, or what the file (or stdin) unpacks to in `scratch`. */
export async function withBackup<R>(
  backup: string,
  scratch: string,
  io: Io,
  run: (folder: string) => Promise<R>,
): Promise<R> {
  const isStream = backup.endsWith(`/${STREAM}`);
  const found = isStream ? null : await Deno.stat(backup).catch(() => null);
  if (!isStream && !found?.isFile) return await run(backup);
  return await inScratch(scratch, async (folder) => {
    const unpacked = join(folder, "backup");
    try {
      if (isStream) await unpackBackup(io.input(), unpacked);
      else {
        const file = await Deno.open(backup, { read: true });
        await unpackBackup(file.readable, unpacked);
      }
    } catch (error) {
      throw new Exit(EXIT.refused, (error as Error).message);
    }
    return await run(unpacked);
  });
}
