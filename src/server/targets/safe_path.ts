/**
 * Where a user's files are: the path of the configuration with names of accounts filled in. Names come from outside, so
 * each becomes one name of a file that leads nowhere else; and below the root, which is what stands before the first of
 * them and must be there, no link is followed and no folder is used that others than its owner may write in.
 */
import { dirname, join } from "node:path";
import { parseAddress } from "../../base/address.ts";
import { fileOfLevel } from "../../archive/mod.ts";

/** A path and the folder that it must stay in. */
export interface UserPath {
  readonly root: string;
  readonly path: string;
}

/** Why a path is not used; temporary, since it is ours to mend. */
export class UnsafePath extends Error {}

/** Fills names in. Null: the account has no address that could be a name. */
export function userPath(template: string, account: string): UserPath | null {
  const address = parseAddress(account);
  if (address === null) return null;
  const words: Readonly<Record<string, string>> = { account, user: address.local, domain: address.domain };
  const fixed = template.slice(0, template.indexOf("{"));
  const path = template.replace(
    /\{([a-z]+)\}/g,
    (whole, name: string) => Object.hasOwn(words, name) ? fileOfLevel(words[name]!.replace(/\p{C}/gu, "_")) : whole,
  );
  const names = path.split("/");
  if (names.some((name) => name === ".." || name === "." || name.length > 255)) return null;
  return { root: fixed.slice(0, fixed.lastIndexOf("/")) || "/", path };
}

/** Looks at each folder from the root to `folder`, and makes what is missing if it may. @throws UnsafePath */
export async function safeFolder(root: string, folder: string, create: boolean): Promise<void> {
  const base = await Deno.stat(root).catch(() => null);
  if (!base?.isDirectory) throw new UnsafePath(`the folder ${root} is not there`);
  const names = folder.slice(root === "/" ? 0 : root.length).split("/").filter((name) => name !== "");
  let at = root;
  for (const name of names) {
    at = join(at, name);
    let info = await look(at);
    if (info === null) {
      if (!create) throw new UnsafePath(`the folder ${at} is not there`);
      await Deno.mkdir(at, { mode: 0o700 }).catch((error) => {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      });
      info = await look(at);
    }
    if (info?.isSymlink) throw new UnsafePath(`${at} is a link`);
    if (!info?.isDirectory) throw new UnsafePath(`${at} is no folder`);
    // Whoever may write in it could put a link in the place of what was looked at.
    if (((info.mode ?? 0) & 0o022) !== 0) throw new UnsafePath(`others may write in the folder ${at}`);
  }
}

/** A file that was opened is the one that stands there, a plain one with a single name. @throws UnsafePath */
export async function safeFile(file: Deno.FsFile, path: string): Promise<Deno.FileInfo> {
  const [open, there] = [await file.stat(), await look(path)];
  if (there === null || there.isSymlink) throw new UnsafePath(`${path} is a link`);
  if (open.ino !== there.ino || open.dev !== there.dev) throw new UnsafePath(`${path} was exchanged`);
  if (!open.isFile) throw new UnsafePath(`${path} is no plain file`);
  if ((open.nlink ?? 1) !== 1) throw new UnsafePath(`${path} has more than one name`);
  return open;
}

/** Null: it is not there. */
export async function look(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** The folder of a file. */
export function folderOf(path: string): string {
  return dirname(path);
}
