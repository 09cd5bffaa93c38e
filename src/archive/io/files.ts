/** Reading files piece by piece, and listing folders without following links out of them. */
import { reasonOf, SourceBroken } from "./source.ts";

const PIECE = 131_072;
/** Octets of a list beside messages (keywords, subscriptions, access control) that are read. */
const SMALL_FILE = 4_194_304;

/** What stands in a folder: `[]` where there is none. Links are neither files nor folders here. */
export async function listFolder(path: string): Promise<{ name: string; isFile: boolean; isFolder: boolean }[]> {
  const found: { name: string; isFile: boolean; isFolder: boolean }[] = [];
  try {
    for await (const { name, isFile, isDirectory, isSymlink } of Deno.readDir(path)) {
      found.push({ name, isFile: isFile && !isSymlink, isFolder: isDirectory && !isSymlink });
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
  return found.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Octets `[start, end)` of a file; throws `SourceBroken` where there are fewer. */
export async function* readRange(path: string, start: number, end: number, where: string): AsyncGenerator<Uint8Array> {
  let file: Deno.FsFile | null = null;
  try {
    file = await Deno.open(path, { read: true });
    if (start > 0) await file.seek(start, Deno.SeekMode.Start);
    for (let at = start; at < end;) {
      const piece = new Uint8Array(Math.min(PIECE, end - at));
      const count = await file.read(piece);
      if (count === null) throw new SourceBroken(where, "it became shorter while it was read");
      at += count;
      yield piece.subarray(0, count);
    }
  } catch (error) {
    if (error instanceof SourceBroken) throw error;
    throw new SourceBroken(where, reasonOf(error));
  } finally {
    file?.close();
  }
}

/** The first octets of what a stream gives. */
export async function firstOctets(stream: AsyncIterable<Uint8Array>, limit: number): Promise<Uint8Array> {
  const all = new Uint8Array(limit);
  let length = 0;
  for await (const piece of stream) {
    const part = piece.subarray(0, limit - length);
    all.set(part, length);
    length += part.length;
    if (length === limit) break;
  }
  return all.subarray(0, length);
}

/** A small text file beside messages; null where there is none. */
export async function readSmallText(path: string): Promise<string | null> {
  const found = await Deno.lstat(path).catch(() => null);
  if (!found?.isFile || found.size > SMALL_FILE) return null;
  return await Deno.readTextFile(path).catch(() => null);
}

/** Lines of a text file, without their ends; a line beyond `limit` characters is left out. Nothing where there is no file. */
export async function* readLines(path: string, limit = 4096): AsyncGenerator<string> {
  const found = await Deno.lstat(path).catch(() => null);
  if (!found?.isFile) return;
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of readRange(path, 0, found.size, path)) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > limit) rest = rest.slice(0, limit + 1);
    for (const line of lines) if (line.length <= limit) yield line;
  }
  if (rest !== "" && rest.length <= limit) yield rest;
}

export function isThere(path: string): Promise<boolean> {
  return Deno.lstat(path).then(() => true, () => false);
}
