/** A message for an mbox: put behind the others as mboxrd while its locks are held; what fails is taken back. */
import { latin1Bytes } from "../../base/bytes.ts";
import { FromCrlf, FromQuoter, printFromLine } from "../../archive/mod.ts";
import { writeOctets } from "../../archive/io/target.ts";
import { printable } from "../outbound/transports/printable.ts";
import type { TransportMessage } from "../outbound/transports/transport.ts";
import type { MboxConfig } from "../config/delivery.ts";
import { dotLock, flock } from "./mbox_locks.ts";
import { later, type Place, taken } from "./place.ts";
import { syncFolder } from "../../archive/io/drafts.ts";
import { folderOf, look, safeFile, safeFolder, UnsafePath, type UserPath, userPath } from "./safe_path.ts";

/** `now`: milliseconds by the wall clock. */
export function mboxPlace(config: MboxConfig, now: () => number): Place {
  const lines = new Map<string, Promise<unknown>>();
  return (message, { account }, signal) => {
    const place = userPath(config.path, account);
    if (place === null) return Promise.resolve(later(`there is no path for ${account}`, "4.3.5"));
    return inLine(lines, place.path, () => deliver(place, message, config, signal, now()));
  };
}

/** Within this server one waits for the other without looking at locks again and again. */
function inLine<T>(lines: Map<string, Promise<unknown>>, path: string, work: () => Promise<T>): Promise<T> {
  const mine = (lines.get(path) ?? Promise.resolve()).then(work);
  lines.set(path, mine);
  return mine.finally(() => {
    if (lines.get(path) === mine) lines.delete(path);
  });
}

async function deliver(
  place: UserPath,
  message: TransportMessage,
  config: MboxConfig,
  signal: AbortSignal,
  now: number,
) {
  try {
    await safeFolder(place.root, folderOf(place.path), config.create);
    const release = await dotLock(place.path, config, signal);
    if (release === null) return later("the mbox is locked by another program", "4.2.0");
    try {
      return await append(place.path, message, config, signal, now);
    } finally {
      await release();
    }
  } catch (error) {
    const why = error instanceof UnsafePath ? error.message : printable(String(error), 300);
    return later(why, "4.3.0");
  }
}

async function append(path: string, message: TransportMessage, config: MboxConfig, signal: AbortSignal, now: number) {
  const isNew = await look(path) === null;
  if (isNew && !config.create) return later(`the file ${path} is not there`, "4.2.0");
  const file = await Deno.open(path, { read: true, write: true, createNew: isNew, mode: 0o600 });
  try {
    const { size, mtime } = await safeFile(file, path);
    if (!await flock(file, config.lockTime, signal)) return later("the mbox is locked by another program", "4.2.0");
    try {
      await put(file, await gapBefore(file, size), message, signal, now);
      await file.sync();
      if (isNew) await syncFolder(folderOf(path));
      else if (mtime !== null) await file.utime(mtime.getTime() / 1000, Date.now() / 1000); // unread mail, to biff
      return taken(`at octet ${size}`);
    } catch (error) {
      await file.truncate(size);
      throw error;
    }
  } finally {
    file.close();
  }
}

/** A From_ line begins a line behind an empty one, whatever a crash left at the end. */
async function gapBefore(file: Deno.FsFile, size: number): Promise<string> {
  if (size === 0) return "";
  const last = new Uint8Array(2);
  await file.seek(Math.max(0, size - 2), Deno.SeekMode.Start);
  const count = await file.read(last) ?? 0;
  await file.seek(size, Deno.SeekMode.Start);
  const text = String.fromCharCode(...last.subarray(0, count));
  return text.endsWith("\n\n") ? "" : text.endsWith("\n") ? "\n" : "\n\n";
}

async function put(file: Deno.FsFile, gap: string, message: TransportMessage, signal: AbortSignal, now: number) {
  const { reversePath: sender } = message.sender;
  await writeOctets(file, latin1Bytes(`${gap}${printFromLine({ sender, date: now })}\n`));
  const lines = new FromCrlf("");
  const quoter = new FromQuoter("write");
  let last = 10;
  const write = async (piece: Uint8Array) => {
    signal.throwIfAborted();
    if (piece.length === 0) return;
    last = piece[piece.length - 1]!;
    await writeOctets(file, piece);
  };
  for await (const piece of message.octets()) for (const one of quoter.push(lines.push(piece))) await write(one);
  for (const one of [...quoter.push(lines.finish()), ...quoter.finish()]) await write(one);
  await writeOctets(file, latin1Bytes(last === 10 ? "\n" : "\n\n"));
}
