/**
 * Brings the index to where the store is, in small steps. New emails are pending first; a block is made of an
 * account's pending ones when there are enough, so that small accounts cost nothing and are looked through directly.
 */
import { searchable } from "../../searchable.ts";
import { blockOf, type Entry } from "./block.ts";
import type { Catalog } from "./catalog.ts";
import type { MailSource } from "./mail_source.ts";
import { orderKeysOf } from "./order_keys.ts";

/** Emails of a block. */
export const BLOCK_EMAILS = 32;
/** Emails that are looked at before blocks are made of them: more would be more that is pending. */
const NEW_EMAILS = 1024;

/** Octets of texts from which a block is made of fewer emails. */
const BLOCK_CHARACTERS = 2 * 1024 * 1024;

export class CatchUp {
  readonly #catalog: Catalog;
  readonly #source: MailSource;
  #crowded: number[] = [];

  constructor(catalog: Catalog, source: MailSource) {
    this.#catalog = catalog;
    this.#source = source;
    this.#crowded = [...catalog.crowded(BLOCK_EMAILS)];
  }

  /** One step of some milliseconds; false where there is nothing to do. */
  step(): boolean {
    const account = this.#crowded.at(-1);
    if (account === undefined) return this.#look();
    if (!this.#makeBlock(account)) this.#crowded.pop();
    return true;
  }

  #look(): boolean {
    const found = this.#source.newer(this.#catalog.cursor, NEW_EMAILS);
    if (found.length === 0) return false;
    this.#catalog.transaction(() => {
      for (const [id, account] of found) this.#catalog.addPending(account, id);
      this.#catalog.cursor = found[found.length - 1]![0];
    });
    this.#crowded = [...this.#catalog.crowded(BLOCK_EMAILS)];
    return true;
  }

  #makeBlock(account: number): boolean {
    const ids = this.#catalog.waiting(account, BLOCK_EMAILS);
    if (ids.length < BLOCK_EMAILS) return false;
    const entries: Entry[] = [];
    const gone: number[] = [];
    const hopeless: number[] = [];
    let characters = 0;
    for (const id of ids) {
      if (characters > BLOCK_CHARACTERS) break;
      const entry = readEntry(this.#source, id);
      if (entry === "gone") gone.push(id);
      else if (entry === "hopeless") hopeless.push(id);
      else {
        entries.push(entry);
        for (const text of entry.found.texts) characters += text.length;
      }
    }
    this.#catalog.transaction(() => {
      for (const id of gone) this.#catalog.dropPending(account, id);
      for (const id of hopeless) this.#catalog.giveUp(account, id);
      if (entries.length > 0) this.#catalog.addBlock(account, blockOf(entries));
      for (const { id } of entries) this.#catalog.dropPending(account, id);
    });
    return true;
  }
}

/** Twice: its segment may go while it is read, moved elsewhere or away with the email. */
export function readEntry(source: MailSource, id: number): Entry | "gone" | "hopeless" {
  for (let attempt = 1;; attempt++) {
    try {
      const email = source.email(id);
      if (!email) return "gone";
      const found = searchable(email);
      if (!found) return "hopeless";
      return { id, mark: email.mark, found, order: orderKeysOf(email.envelope, email.references) };
    } catch (error) {
      if (error instanceof Error && error.message.includes("locked")) throw error;
      if (attempt === 2) return "hopeless";
    }
  }
}
