/** Text keys of one search: asked of the index where there is one and it is worth it, else of the messages. */
import type { SearchKey } from "../contract/mod.ts";
import type { JoinedRow } from "./engine/tables.ts";
import type { Breath, SearchSource } from "./search_source.ts";
import { bodyContains, headerContains } from "./search_text.ts";
import { type TextAnswer, textQuery, verdict } from "./text_queries.ts";

/** Messages that are read before the index is asked: where there are so few, it costs more than it saves. */
const FEW = 32;

export class TextKeys {
  readonly #source: SearchSource;
  readonly #breath: Breath;
  readonly #numbers = new Map<SearchKey, number>();
  readonly #queries: Parameters<NonNullable<SearchSource["ask"]>>[0];
  #read = 0;
  #answer: TextAnswer | null | undefined = undefined; // not asked yet

  constructor(source: SearchSource, key: SearchKey, breath: Breath) {
    this.#source = source;
    this.#breath = breath;
    const queries = [];
    const open: SearchKey[] = [key];
    for (let one = open.pop(); one; one = open.pop()) {
      if (one.key === "not") open.push(one.of);
      else if (one.key === "and" || one.key === "or") { for (const inner of one.keys) open.push(inner); }
      else {
        const query = textQuery(one);
        if (query) this.#numbers.set(one, queries.push(query) - 1);
      }
    }
    this.#queries = queries;
  }

  /** So many messages will be asked about: is it worth it, the index is asked now. */
  async expect(messages: number): Promise<void> {
    this.#read += messages;
    if (this.#read >= FEW) await this.#ask();
  }

  /** What the index tells of keys that are joined by and, or, not; null where a message must be read. Not before `expect`. */
  told(key: SearchKey, email: number): boolean | null {
    switch (key.key) {
      case "and":
      case "or": {
        const decided = key.key === "or";
        let open = false;
        for (const one of key.keys) {
          const value = this.told(one, email);
          if (value === decided) return decided;
          if (value === null) open = true;
        }
        return open ? null : !decided;
      }
      case "not": {
        const inner = this.told(key.of, email);
        return inner === null ? null : !inner;
      }
      default: {
        const number = this.#numbers.get(key);
        return number === undefined || !this.#answer ? null : verdict(this.#answer, number, email);
      }
    }
  }

  /** Whether the message has the text. */
  async matches(key: SearchKey, row: JoinedRow): Promise<boolean> {
    if (this.#read >= FEW) await this.#ask();
    const told = this.told(key, row.email);
    if (told !== null) return told;
    this.#read++;
    return await this.#readMessage(key, row);
  }

  async #ask(): Promise<void> {
    if (this.#answer !== undefined) return;
    this.#answer = this.#source.ask && this.#queries.length > 0 ? await this.#source.ask(this.#queries) : null;
  }

  async #readMessage(key: SearchKey, row: JoinedRow): Promise<boolean> {
    const source = this.#source;
    const breath = this.#breath;
    try {
      if (key.key === "header") return await headerContains(source, row, key.name, key.text, breath);
      if (key.key === "body") return await bodyContains(source, row, key.text, breath);
      if (key.key !== "text") return false;
      return await headerContains(source, row, null, key.text, breath) ||
        await bodyContains(source, row, key.text, breath);
    } catch (error) {
      // Removed and reclaimed while the search went on: it is no match any more.
      if (await source.index(row.blobId) === null) return false;
      throw error;
    }
  }
}
