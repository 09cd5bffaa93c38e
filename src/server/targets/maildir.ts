/**
 * A message for a Maildir: written in `tmp`, on disk, then linked into `new`. The name is of the row of the queue, so that
 * a second attempt after a crash finds what the first one left, as long as no reader has moved it.
 */
import { join } from "node:path";
import { FromCrlf } from "../../archive/mod.ts";
import { writeOctets } from "../../archive/io/target.ts";
import { printable } from "../outbound/transports/printable.ts";
import type { TransportMessage } from "../outbound/transports/transport.ts";
import type { MaildirConfig } from "../config/delivery.ts";
import { addUsed, hasRoom } from "./maildir_quota.ts";
import { later, type Place, taken } from "./place.ts";
import { syncFolder } from "../../archive/io/drafts.ts";
import { look, safeFolder, UnsafePath, userPath } from "./safe_path.ts";

export interface MaildirOptions {
  readonly hostname: string;
  /** Milliseconds by the wall clock. */
  readonly now: () => number;
}

export function maildirPlace(config: MaildirConfig, { hostname, now }: MaildirOptions): Place {
  return async (message, { account }, signal) => {
    const place = userPath(config.path, account);
    if (place === null) return later(`there is no path for ${account}`, "4.3.5");
    const { root, path } = place;
    try {
      for (const name of ["", "cur", "new", "tmp"]) await safeFolder(root, join(path, name), config.create);
      if (!await hasRoom(path, config.quota, message.size, now())) return later("the Maildir is full", "4.2.2");
      return await write(path, `${message.key}.${hostname.replace(/[^A-Za-z0-9.-]/g, "_")}`, message, signal, now());
    } catch (error) {
      const why = error instanceof UnsafePath ? error.message : printable(String(error), 300);
      return later(why, "4.3.0");
    }
  };
}

async function write(path: string, unique: string, message: TransportMessage, signal: AbortSignal, now: number) {
  const seconds = Math.floor(now / 1000);
  if (await isThere(join(path, "new"), unique)) return taken("it is there already");
  const draft = join(path, "tmp", `${seconds}.${unique}`);
  const left = await look(draft);
  if (left !== null) await Deno.remove(draft);
  // RFC 9051 RFC822.SIZE is of CRLF: Dovecot takes it from W=, and the octets of the file from S=.
  const octets = await fill(draft, message, signal);
  const name = `${seconds}.${unique},S=${octets},W=${message.size}`;
  await place(draft, join(path, "new", name));
  await syncFolder(join(path, "new"));
  await addUsed(path, octets);
  return taken(name);
}

async function fill(draft: string, message: TransportMessage, signal: AbortSignal): Promise<number> {
  // A new file follows no link.
  const file = await Deno.open(draft, { createNew: true, write: true, mode: 0o600 });
  let octets = 0;
  const put = async (piece: Uint8Array) => {
    signal.throwIfAborted();
    octets += piece.length;
    await writeOctets(file, piece);
  };
  try {
    const lines = new FromCrlf("");
    for await (const piece of message.octets()) await put(lines.push(piece));
    await put(lines.finish());
    await file.sync();
    return octets;
  } catch (error) {
    await Deno.remove(draft).catch(() => {});
    throw error;
  } finally {
    file.close();
  }
}

/** A link never takes another's place; not every file system has them. */
async function place(draft: string, to: string): Promise<void> {
  try {
    await Deno.link(draft, to);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) throw error;
    return await Deno.rename(draft, to);
  }
  await Deno.remove(draft);
}

async function isThere(folder: string, unique: string): Promise<boolean> {
  for await (const { name } of Deno.readDir(folder)) if (name.includes(`.${unique},`)) return true;
  return false;
}
