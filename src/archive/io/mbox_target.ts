/** Writes a file `Work.mbox` for each mailbox, as mboxrd. It is `Work.mbox.part` until it is whole. */
import { dirname, join } from "node:path";
import { concatBytes, latin1Bytes } from "../../base/bytes.ts";
import { fieldText, findField, headerFields } from "../../message/mod.ts";
import { FACTS_LIMIT, fileOfLevel, FromCrlf, FromQuoter, parseFromLine, printAdded, printFromLine } from "../mod.ts";
import { replaceFile, syncFolder } from "./drafts.ts";
import { isThere, readSmallText } from "./files.ts";
import { type ExportedHead, type ExportedMailbox, type Target, type TargetMailbox, writeOctets } from "./target.ts";

/** Messages between two notes of how far it is. */
const NOTE_EVERY = 200;
const NOTE_OCTETS = 33_554_432;

/** Which files are whole, as long as others are not: an export that goes on leaves them alone. */
const STATE = ".palomar-export.json";

/** `root`: the folder of the files. */
export function mboxTarget(root: string): Target {
  const state = join(root, STATE);
  return {
    async open(mailbox) {
      const path = join(root, ...mailbox.levels.map(fileOfLevel)) + ".mbox";
      await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const whole = await readWhole(state);
      if (await isThere(path)) {
        if (whole.includes(path)) return { left: null };
        return { left: `${path} is there already and stays as it is; remove it, or export to another folder` };
      }
      const finished = () => replaceFile(state, JSON.stringify([...whole, path]) + "\n");
      return await MboxFile.open(path, mailbox, finished);
    },
    finish: () => Deno.remove(state).catch(() => {}),
  };
}

async function readWhole(state: string): Promise<readonly string[]> {
  try {
    const whole: unknown = JSON.parse(await readSmallText(state) ?? "[]");
    return Array.isArray(whole) ? whole.filter((path) => typeof path === "string") : [];
  } catch {
    return [];
  }
}

class MboxFile implements TargetMailbox {
  readonly where: string;
  readonly #mailbox: ExportedMailbox;
  readonly #file: Deno.FsFile;
  #lastUid: number;
  #size: number;
  #notedAt: number;
  #unnoted = 0;
  readonly #finished: () => Promise<void>;

  private constructor(
    where: string,
    mailbox: ExportedMailbox,
    file: Deno.FsFile,
    note: Pick<Note, "lastUid" | "size">,
    finished: () => Promise<void>,
  ) {
    this.#finished = finished;
    const { lastUid, size } = note;
    this.where = where;
    this.#mailbox = mailbox;
    this.#file = file;
    this.#lastUid = lastUid;
    this.#size = size;
    this.#notedAt = size;
  }

  /** Goes on behind the last message that is noted, where an export was broken off. */
  static async open(where: string, mailbox: ExportedMailbox, finished: () => Promise<void>): Promise<MboxFile> {
    const part = `${where}.part`;
    const note = await readNote(`${part}.json`);
    const file = await Deno.open(part, { create: true, write: true, mode: 0o600 });
    const { size } = await file.stat();
    const goesOn = note !== null && note.uidValidity === mailbox.uidValidity && note.size <= size;
    const from = goesOn ? note : { lastUid: 0, size: 0 };
    await file.truncate(from.size);
    await file.seek(from.size, Deno.SeekMode.Start);
    return new MboxFile(where, mailbox, file, from, finished);
  }

  wants(head: ExportedHead): boolean {
    return head.uid > this.#lastUid;
  }

  async write(head: ExportedHead, octets: AsyncIterable<Uint8Array>): Promise<void> {
    const stream = octets[Symbol.asyncIterator]();
    const start = await readStart(stream);
    const known = head.imported === true && parseFromLine((head.name ?? "").replace(/\r$/, "")) !== null;
    const line = known ? head.name! : printFromLine({ sender: senderOf(start), date: head.internalDate });
    const end = line.endsWith("\r") ? "\r\n" : "\n";
    const open = head.open === true;
    await this.#put(latin1Bytes(`${line}\n`));
    const lines = new FromCrlf(head.lineEnds ?? "");
    const quoter = new FromQuoter("write");
    const first = lines.push(start);
    await this.#put(printAdded(first.subarray(0, FACTS_LIMIT), head.flags, open, end === "\r\n"));
    for (const piece of quoter.push(first)) await this.#put(piece);
    for (let next = await stream.next(); !next.done; next = await stream.next()) {
      for (const piece of quoter.push(lines.push(next.value))) await this.#put(piece);
    }
    for (const piece of [...quoter.push(lines.finish()), ...quoter.finish()]) await this.#put(piece);
    await this.#put(latin1Bytes(open ? end + end : end));
    this.#lastUid = head.uid;
    if (++this.#unnoted >= NOTE_EVERY || this.#size - this.#notedAt >= NOTE_OCTETS) await this.#note();
  }

  async finish(): Promise<readonly string[]> {
    await this.#file.syncData();
    this.#file.close();
    await this.#finished();
    await Deno.rename(`${this.where}.part`, this.where);
    await syncFolder(dirname(this.where));
    await Deno.remove(`${this.where}.part.json`).catch(() => {});
    return [];
  }

  async abandon(): Promise<void> {
    await this.#note();
    this.#file.close();
  }

  async #put(octets: Uint8Array | null): Promise<void> {
    if (octets === null) return;
    await writeOctets(this.#file, octets);
    this.#size += octets.length;
  }

  async #note(): Promise<void> {
    await this.#file.syncData();
    const note = { uidValidity: this.#mailbox.uidValidity, lastUid: this.#lastUid, size: this.#size };
    await replaceFile(`${this.where}.part.json`, JSON.stringify(note) + "\n");
    this.#notedAt = this.#size;
    this.#unnoted = 0;
  }
}

interface Note {
  readonly uidValidity: number;
  readonly lastUid: number;
  readonly size: number;
}

async function readNote(path: string): Promise<Note | null> {
  try {
    const note = JSON.parse(await readSmallText(path) ?? "null");
    return [note?.uidValidity, note?.lastUid, note?.size].every((value) => Number.isSafeInteger(value)) ? note : null;
  } catch {
    return null;
  }
}

/** Enough of a message to see its fields. */
async function readStart(stream: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  while (size < FACTS_LIMIT) {
    const { done, value } = await stream.next();
    if (done) break;
    pieces.push(value);
    size += value.length;
  }
  return concatBytes(pieces);
}

/** Who sent it, as delivery wrote it down. */
function senderOf(start: Uint8Array): string {
  const field = findField(headerFields(start.subarray(0, FACTS_LIMIT)), "return-path");
  return field === undefined ? "" : fieldText(field).trim().replace(/^<|>$/g, "");
}
