/**
 * A block: the texts of some emails of one account as UTF-8. In front of each field and each text stands an octet that
 * UTF-8 never has, so no match reaches across. Two areas: `texts`, the headers of all emails and then their bodies; and
 * `heads`, the fields that are asked for most, each by itself for all emails.
 */
import { OWN_FIELDS } from "../../text_queries.ts";
import type { Searchable } from "../../searchable.ts";
import type { OrderKeys } from "./order_keys.ts";
import { signatureOf } from "./signature.ts";

/** The octet between texts. */
export const BETWEEN = 0xff;

export interface Block {
  /** Numbers of the emails. */
  readonly ids: Float64Array;
  readonly texts: Uint8Array;
  /** Starts of all headers, starts of all bodies, and the end. */
  readonly offsets: Uint32Array;
  readonly signature: Uint32Array;
  /** Emails of which not all is in the texts. */
  readonly partial: Float64Array;
  readonly heads: Uint8Array;
  /** For each of `OWN_FIELDS` the start of it in each email, and the end of all. */
  readonly headOffsets: Uint32Array;
  /** By which the last email is known again. */
  readonly lastMark: string;
  /** What SORT and THREAD ask, for each email. */
  readonly order: readonly OrderKeys[];
}

/** One email that is to be indexed. */
export interface Entry {
  readonly id: number;
  readonly mark: string;
  readonly found: Searchable;
  readonly order: OrderKeys;
}

/** At most 32 entries. */
export function blockOf(entries: readonly Entry[]): Block {
  const texts = new Octets();
  const offsets: number[] = [];
  for (const { found } of entries) {
    offsets.push(texts.length);
    for (const { name, value } of found.fields) texts.add(`${name}: ${value}`);
  }
  for (const { found } of entries) {
    offsets.push(texts.length);
    for (const text of found.texts) texts.add(text);
  }
  offsets.push(texts.length);
  const heads = new Octets();
  const headOffsets: number[] = [];
  for (const own of OWN_FIELDS) {
    for (const { found } of entries) {
      headOffsets.push(heads.length);
      for (const { name, value } of found.fields) if (name === own) heads.add(value);
    }
  }
  headOffsets.push(heads.length);
  const all = texts.taken();
  return {
    ids: Float64Array.from(entries, ({ id }) => id),
    texts: all,
    signature: signatureOf(all, offsets),
    offsets: Uint32Array.from(offsets),
    partial: Float64Array.from(entries.filter(({ found }) => !found.whole), ({ id }) => id),
    heads: heads.taken(),
    headOffsets: Uint32Array.from(headOffsets),
    lastMark: entries[entries.length - 1]!.mark,
    order: entries.map(({ order }) => order),
  };
}

const encoder = new TextEncoder();

/** Octets that grow. */
class Octets {
  #bytes = new Uint8Array(64 * 1024);
  length = 0;

  add(text: string): void {
    const most = this.length + 1 + text.length * 3;
    if (most > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(most, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.length));
      this.#bytes = larger;
    }
    this.#bytes[this.length] = BETWEEN;
    this.length += 1 + encoder.encodeInto(text, this.#bytes.subarray(this.length + 1)).written;
  }

  taken(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }
}
