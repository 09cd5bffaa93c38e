/** Writes a folder for each mailbox with a file `UID.eml` a message, and an index of flags, dates and UIDs. */
import { join } from "node:path";
import { utf8Bytes } from "../../base/bytes.ts";
import { fileOfLevel, FromCrlf, isSafeName } from "../mod.ts";
import { EML_INDEX } from "./eml_source.ts";
import { Drafts, renameSynced } from "./drafts.ts";
import { listFolder } from "./files.ts";
import { type ExportedHead, type ExportedMailbox, type Target, type TargetMailbox, writeOctets } from "./target.ts";

/** `root`: the folder of the folders; the messages of INBOX are in `INBOX` below it. */
export function emlTarget(root: string): Target {
  return {
    async open(mailbox) {
      const path = join(root, ...mailbox.levels.map(fileOfLevel));
      await Deno.mkdir(path, { recursive: true, mode: 0o700 });
      return await EmlFolder.open(path, mailbox);
    },
    finish: () => Promise.resolve(),
  };
}

class EmlFolder implements TargetMailbox {
  readonly where: string;
  readonly #mailbox: ExportedMailbox;
  readonly #there: Set<string>;
  readonly #used = new Set<string>();
  readonly #index: Deno.FsFile;
  readonly #drafts = new Drafts();

  private constructor(where: string, mailbox: ExportedMailbox, there: Set<string>, index: Deno.FsFile) {
    this.where = where;
    this.#mailbox = mailbox;
    this.#there = there;
    this.#index = index;
  }

  static async open(path: string, mailbox: ExportedMailbox): Promise<EmlFolder> {
    const there = new Set((await listFolder(path)).map(({ name }) => name));
    const index = await Deno.open(join(path, `${EML_INDEX}.new`), {
      create: true,
      write: true,
      truncate: true,
      mode: 0o600,
    });
    const { uidValidity, uidNext } = mailbox;
    await writeOctets(index, utf8Bytes(JSON.stringify({ uidValidity, uidNext }) + "\n"));
    return new EmlFolder(path, mailbox, there, index);
  }

  async wants(head: ExportedHead): Promise<boolean> {
    const file = this.#nameOf(head, this.#used);
    this.#used.add(file);
    const { uid, internalDate, flags } = head;
    await writeOctets(this.#index, utf8Bytes(JSON.stringify({ file, uid, internalDate, flags }) + "\n"));
    return !this.#there.has(file);
  }

  async write(head: ExportedHead, octets: AsyncIterable<Uint8Array>): Promise<void> {
    const name = this.#nameOf(head, this.#there);
    const draft = join(this.where, `.${name}.part`);
    const file = await Deno.open(draft, { create: true, write: true, truncate: true, mode: 0o600 });
    try {
      // What was not imported has the lines that every mail program sends.
      const lines = new FromCrlf(head.imported === true ? head.lineEnds ?? "" : "crlf");
      for await (const piece of octets) await writeOctets(file, lines.push(piece));
      await writeOctets(file, lines.finish());
    } catch (error) {
      file.close();
      throw error;
    }
    const target = join(this.where, name);
    await this.#drafts.add({ file, path: draft, target, time: head.internalDate / 1000 }, head.size);
    this.#there.add(name);
  }

  async finish(): Promise<readonly string[]> {
    this.#index.close();
    await this.#drafts.finish();
    await renameSynced(join(this.where, `${EML_INDEX}.new`), join(this.where, EML_INDEX));
    return [];
  }

  async abandon(): Promise<void> {
    this.#index.close();
    await this.#drafts.finish();
    await Deno.remove(join(this.where, `${EML_INDEX}.new`)).catch(() => {});
  }

  #nameOf({ uid, name, imported }: ExportedHead, taken: ReadonlySet<string>): string {
    const own = `${this.#mailbox.uidValidity}-${uid}.eml`;
    const isUsable = imported === true && name !== undefined && /\.eml$/i.test(name) && isSafeName(name);
    return isUsable && !taken.has(name) ? name : own;
  }
}
