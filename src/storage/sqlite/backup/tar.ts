/**
 * A backup as one stream: a tar archive (POSIX ustar) of the files in its folder, which every system can open. Sizes
 * from 8 GiB on are written as GNU tar does. Read are only names that a backup has.
 */
import { latin1Bytes, latin1String } from "../../../base/bytes.ts";
import { StorageError } from "../../storage.ts";

const BLOCK = 512;
const PIECE = 1024 * 1024;
const OCTAL_LIMIT = 8 ** 11;
/** Nothing else comes out of an archive, whatever it says. */
const NAME = /^(backup\.json|palomar\.db|blobs\/[0-9a-z]{8}\.seg|tls\/[A-Za-z0-9][A-Za-z0-9._-]{0,90})$/;

/** A file on its way: its octets follow each other and are as many as it says. */
export interface TarFile {
  readonly name: string;
  readonly size: number;
  readonly octets: AsyncIterable<Uint8Array>;
}

/** Files of a backup's folder, what it says of itself last: an archive that was cut off is none. */
export function backupFiles(folder: string): readonly { readonly name: string; readonly size: number }[] {
  const names: string[] = [];
  for (const below of ["", "blobs/", "tls/"]) {
    try {
      for (const { name, isFile } of Deno.readDirSync(`${folder}/${below}`)) if (isFile) names.push(below + name);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  const kept = names.filter((name) => NAME.test(name)).sort();
  const last = kept.filter((name) => name !== "backup.json");
  return [...last, "backup.json"].map((name) => ({ name, size: Deno.statSync(`${folder}/${name}`).size }));
}

/** The archive of a folder, piece by piece. `tell` hears how many octets are done. */
export async function* packBackup(
  folder: string,
  tell: (done: number, total: number) => void,
): AsyncGenerator<Uint8Array> {
  const files = backupFiles(folder);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  for (const { name, size } of files) {
    yield header(name, size);
    const file = await Deno.open(`${folder}/${name}`, { read: true });
    try {
      for (let at = 0; at < size;) {
        const piece = new Uint8Array(Math.min(PIECE, size - at));
        const got = await file.read(piece);
        if (got === null) throw new StorageError("unavailable", `${folder}/${name} became shorter while it was read`);
        yield piece.subarray(0, got);
        at += got;
        tell(done += got, total);
      }
    } finally {
      file.close();
    }
    if (size % BLOCK > 0) yield new Uint8Array(BLOCK - size % BLOCK);
  }
  yield new Uint8Array(2 * BLOCK);
}

/** Puts the files of an archive into a folder. Throws `StorageError` where it is no backup, or not whole. */
export async function unpackBackup(stream: AsyncIterable<Uint8Array>, folder: string): Promise<void> {
  const octets = new Octets(stream);
  const seen = new Set<string>();
  for (;;) {
    const block = await octets.exactly(BLOCK);
    if (block.every((octet) => octet === 0)) break;
    const { name, size } = readHeader(block);
    if (!NAME.test(name) || seen.has(name)) throw refuse(`it has a file ${JSON.stringify(name)}, as no backup has`);
    seen.add(name);
    const path = `${folder}/${name}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true, mode: 0o700 });
    const file = await Deno.open(path, { createNew: true, write: true, mode: 0o600 });
    try {
      for await (const piece of octets.next(size)) {
        for (let at = 0; at < piece.length;) at += await file.write(piece.subarray(at));
      }
    } finally {
      file.close();
    }
    if (size % BLOCK > 0) await octets.exactly(BLOCK - size % BLOCK);
  }
  if (!seen.has("backup.json") || !seen.has("palomar.db")) throw refuse("backup.json or palomar.db is missing in it");
}

function header(name: string, size: number): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string) => block.set(latin1Bytes(text), at);
  put(0, name);
  put(100, "0000600\0");
  put(108, "0000000\0");
  put(116, "0000000\0");
  if (size < OCTAL_LIMIT) put(124, size.toString(8).padStart(11, "0") + "\0");
  else {
    block[124] = 128; // a binary number follows
    new DataView(block.buffer).setBigUint64(128, BigInt(size));
  }
  put(136, "00000000000\0");
  put(148, "        ");
  put(156, "0");
  put(257, "ustar\x0000");
  put(148, checksum(block).toString(8).padStart(6, "0") + "\0 ");
  return block;
}

function readHeader(block: Uint8Array): { readonly name: string; readonly size: number } {
  const text = (at: number, length: number) => latin1String(block.subarray(at, at + length)).replace(/\0[\s\S]*$/, "");
  const stated = parseInt(text(148, 8).trim(), 8);
  const plain = block.slice();
  plain.fill(32, 148, 156);
  if (text(257, 5) !== "ustar" || stated !== checksum(plain)) throw refuse("it is no tar archive, or damaged");
  if (block[156] !== 48 && block[156] !== 0) throw refuse("it has more than plain files in it");
  const view = new DataView(block.buffer, block.byteOffset);
  const size = block[124] === 128 ? Number(view.getBigUint64(128)) : parseInt(text(124, 12).trim() || "0", 8);
  if (!Number.isSafeInteger(size) || size < 0) throw refuse("a size in it is none");
  return { name: text(0, 100), size };
}

function checksum(block: Uint8Array): number {
  return block.reduce((sum, octet) => sum + octet, 0);
}

function refuse(why: string): StorageError {
  return new StorageError("unavailable", `this is no backup of palomar backup --file: ${why}`);
}

/** A stream, by counted octets. */
class Octets {
  readonly #stream: AsyncIterator<Uint8Array>;
  #rest = new Uint8Array(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#stream = stream[Symbol.asyncIterator]();
  }

  async *next(count: number): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0;) {
      if (this.#rest.length === 0) {
        const { done, value } = await this.#stream.next();
        if (done) throw refuse("it ends early");
        this.#rest = new Uint8Array(value);
      }
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      if (piece.length > 0) yield piece;
    }
  }

  async exactly(count: number): Promise<Uint8Array> {
    const all = new Uint8Array(count);
    let at = 0;
    for await (const piece of this.next(count)) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }
}
