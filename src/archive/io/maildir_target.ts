/** Writes a Maildir++ that Dovecot and others take up as it is: with its UIDs, keywords, subscriptions and rights. */
import { join } from "node:path";
import { digest } from "../../base/hash.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import {
  FromCrlf,
  isSafeBase,
  KeywordLetters,
  lettersOfFlags,
  maildirOfLevels,
  makeBase,
  parseKeywords,
  parseMaildirName,
  printAcl,
  printKeywords,
  printSubscriptions,
  printUidlistHead,
  printUidlistRow,
} from "../mod.ts";
import { Drafts, renameSynced, replaceFile, syncFolder } from "./drafts.ts";
import { listFolder, readSmallText } from "./files.ts";
import { type ExportedHead, type ExportedMailbox, type Target, type TargetMailbox, writeOctets } from "./target.ts";

const FOLDER = { recursive: true, mode: 0o700 } as const;

/** A Maildir++ in the folder `root`, which is made where it is not there. */
export function maildirTarget(root: string): Target {
  return {
    async open(mailbox) {
      const isInbox = mailbox.levels.length === 1 && mailbox.levels[0] === "INBOX";
      const path = isInbox ? root : join(root, maildirOfLevels(mailbox.levels));
      for (const name of ["cur", "new", "tmp"]) await Deno.mkdir(join(path, name), FOLDER);
      if (!isInbox) await Deno.writeTextFile(join(path, "maildirfolder"), "", { mode: 0o600 });
      if (mailbox.acl.length > 0) await replaceFile(join(path, "dovecot-acl"), printAcl(mailbox.acl));
      return await MaildirFolder.open(path, mailbox);
    },
    async finish(mailboxes, isAll) {
      if (!isAll) return;
      const subscribed = mailboxes.filter((one) => one.subscribed).map(({ levels }) => levels);
      await replaceFile(join(root, "subscriptions"), printSubscriptions(subscribed));
      const roles = mailboxes.filter(({ role }) => role !== null && role !== "inbox");
      await replaceFile(
        join(root, "palomar-roles"),
        roles.map(({ role, levels }) => `${role} ${levels.join("/")}\n`).join(""),
      );
      await syncFolder(root); // the folders in it have their names
    },
  };
}

interface Place {
  readonly folder: "cur" | "new";
  readonly base: string;
  readonly name: string;
}

class MaildirFolder implements TargetMailbox {
  readonly where: string;
  readonly #mailbox: ExportedMailbox;
  readonly #keywords: KeywordLetters;
  /** Bases of files that were there before, with where they are. */
  readonly #there: Map<string, { folder: string; name: string }>;
  readonly #used = new Set<string>();
  readonly #wanted = new Map<number, Place>();
  readonly #uidlist: Deno.FsFile;
  readonly #drafts = new Drafts();
  #rows: string[] = [];
  readonly #lost = new Set<string>();

  private constructor(
    where: string,
    mailbox: ExportedMailbox,
    keywords: KeywordLetters,
    there: Map<string, { folder: string; name: string }>,
    uidlist: Deno.FsFile,
  ) {
    this.where = where;
    this.#mailbox = mailbox;
    this.#keywords = keywords;
    this.#there = there;
    this.#uidlist = uidlist;
  }

  static async open(path: string, mailbox: ExportedMailbox): Promise<MaildirFolder> {
    const there = new Map<string, { folder: string; name: string }>();
    for (const folder of ["cur", "new"]) {
      for (const { name } of await listFolder(join(path, folder))) {
        there.set(parseMaildirName(name).base, { folder, name });
      }
    }
    const keywords = new KeywordLetters(parseKeywords(await readSmallText(join(path, "dovecot-keywords")) ?? ""));
    const uidlist = await Deno.open(join(path, "dovecot-uidlist.new"), {
      create: true,
      write: true,
      truncate: true,
      mode: 0o600,
    });
    const guid = digest("sha256", utf8Bytes(`${path}\0${mailbox.uidValidity}`)).subarray(0, 16).toHex();
    await writeOctets(uidlist, utf8Bytes(printUidlistHead(mailbox.uidValidity, mailbox.uidNext, guid)));
    return new MaildirFolder(path, mailbox, keywords, there, uidlist);
  }

  async wants(head: ExportedHead): Promise<boolean> {
    const place = this.#placeOf(head);
    this.#used.add(place.base);
    this.#rows.push(printUidlistRow(head.uid, place.base));
    if (this.#rows.length >= 1000) await this.#flush();
    const there = this.#there.get(place.base);
    if (there === undefined) {
      this.#wanted.set(head.uid, place);
      return true;
    }
    if (there.name !== place.name || there.folder !== place.folder) {
      await Deno.rename(join(this.where, there.folder, there.name), join(this.where, place.folder, place.name));
    }
    return false;
  }

  async write(head: ExportedHead, octets: AsyncIterable<Uint8Array>): Promise<void> {
    const place = this.#wanted.get(head.uid) ?? this.#placeOf(head);
    this.#wanted.delete(head.uid);
    const draft = join(this.where, "tmp", place.base);
    const file = await Deno.open(draft, { create: true, write: true, truncate: true, mode: 0o600 });
    try {
      const lines = new FromCrlf(head.lineEnds ?? "");
      for await (const piece of octets) await writeOctets(file, lines.push(piece));
      await writeOctets(file, lines.finish());
    } catch (error) {
      file.close();
      throw error;
    }
    const target = join(this.where, place.folder, place.name);
    await this.#drafts.add({ file, path: draft, target, time: head.internalDate / 1000 }, head.size);
  }

  async finish(): Promise<readonly string[]> {
    await this.#flush();
    this.#uidlist.close();
    await this.#drafts.finish(join(this.where, "cur"), join(this.where, "new"));
    await renameSynced(join(this.where, "dovecot-uidlist.new"), join(this.where, "dovecot-uidlist"));
    const { keywords } = this.#keywords;
    if (keywords.length > 0) await replaceFile(join(this.where, "dovecot-keywords"), printKeywords(keywords));
    if (this.#lost.size === 0) return [];
    return [`a Maildir holds 26 keywords a folder; left out: ${[...this.#lost].slice(0, 20).join(" ")}`];
  }

  async abandon(): Promise<void> {
    this.#uidlist.close();
    await this.#drafts.finish();
    await Deno.remove(join(this.where, "dovecot-uidlist.new")).catch(() => {});
    const { keywords } = this.#keywords;
    // Files that are there bear their letters already.
    if (keywords.length > 0) await replaceFile(join(this.where, "dovecot-keywords"), printKeywords(keywords));
  }

  #placeOf(head: ExportedHead): Place {
    const isNew = head.name?.startsWith("new/") ?? false;
    const named = isNew ? head.name!.slice(4) : head.name ?? "";
    const isUsable = head.imported === true && isSafeBase(named) && !this.#used.has(named);
    const base = isUsable ? named : makeBase({ ...head, uidValidity: this.#mailbox.uidValidity });
    const { letters, lost } = lettersOfFlags(head.flags, this.#keywords);
    for (const keyword of lost) this.#lost.add(keyword);
    const folder = isNew && isUsable && letters === "" ? "new" : "cur";
    return { folder, base, name: folder === "new" ? base : `${base}:2,${letters}` };
  }

  async #flush(): Promise<void> {
    await writeOctets(this.#uidlist, utf8Bytes(this.#rows.join("")));
    this.#rows = [];
  }
}
