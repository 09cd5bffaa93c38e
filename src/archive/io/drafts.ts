/**
 * Files on their way to their names. A name means that the file is whole and on disk, also after a power cut, so that an
 * export that goes on may trust what it finds. Files are synced many at once: the disk then writes them together.
 */
import { dirname } from "node:path";

/** Files that wait for one sync. Each is open, and people have limits of some hundred. */
const MOST = 64;
const MOST_OCTETS = 33_554_432;

interface Draft {
  readonly file: Deno.FsFile;
  readonly path: string;
  readonly target: string;
  /** What the file's time shall be, seconds since 1970. */
  readonly time: number;
}

export class Drafts {
  #waiting: Draft[] = [];
  #octets = 0;

  /** Takes a file that is written to its end, and closes it. It has its name at the latest after `finish`. */
  async add(draft: Draft, octets: number): Promise<void> {
    this.#waiting.push(draft);
    this.#octets += octets;
    if (this.#waiting.length >= MOST || this.#octets >= MOST_OCTETS) await this.#settle();
  }

  /** All that was added has its name, and the folders know it. */
  async finish(...folders: readonly string[]): Promise<void> {
    await this.#settle();
    for (const folder of folders) await syncFolder(folder);
  }

  async #settle(): Promise<void> {
    const drafts = this.#waiting;
    this.#waiting = [];
    this.#octets = 0;
    try {
      await Promise.all(drafts.map(({ file }) => file.syncData()));
    } finally {
      for (const { file } of drafts) file.close();
    }
    for (const { path, target, time } of drafts) {
      await Deno.utime(path, time, time);
      await Deno.rename(path, target);
    }
  }
}

/** Names in a folder are on disk. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await Deno.open(path, { read: true });
  try {
    await folder.sync();
  } finally {
    folder.close();
  }
}

/** Writes a small file whole and durably, or leaves the one before. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(`${path}.new`, text, { mode: 0o600 });
  await renameSynced(`${path}.new`, path);
}

/** Gives a file its name when it is on disk. */
export async function renameSynced(from: string, to: string): Promise<void> {
  const file = await Deno.open(from, { read: true });
  try {
    await file.syncData();
  } finally {
    file.close();
  }
  await Deno.rename(from, to);
  await syncFolder(dirname(to));
}
