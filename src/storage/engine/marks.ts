/**
 * UID, modseq and flags of all messages of one mailbox, in columns: 16 octets a message instead of an object. SELECT,
 * FETCH of flags and CHANGEDSINCE are answered from them.
 *
 * The list of UIDs is given out without being copied. So what was given out is never changed: a UID that comes is
 * written behind its end, and where one goes the rest moves into a new list. The other columns are nobody else's and
 * move in place: in a mailbox of a million messages that is what a removal costs.
 */
import type { Uid } from "../../contract/mod.ts";
import { CLIENT_BITS, printFlags, SEEN } from "./flags.ts";
import { distinctKeywords } from "./order.ts";

/** A set of flags that messages of this mailbox have. */
interface Kind {
  readonly bits: number;
  readonly keywords: string;
  readonly names: readonly string[];
  /** How many messages have it. */
  uses: number;
}

/** Some rows, ascending by UID; equal flags are the same array. */
export interface MarksPage {
  readonly uids: Uint32Array;
  readonly modseqs: Float64Array;
  readonly flags: readonly (readonly string[])[];
  /** Where to go on, or null at the end. */
  readonly next: Uid | null;
}

export class Marks {
  #uids: Uint32Array;
  #modseqs: Float64Array;
  #kindOf: Uint32Array;
  #count = 0;
  /** The UIDs have been given out since they were moved last. */
  #shared = false;
  /** All before this place have \Seen. */
  #seenTo = 0;
  readonly #kinds: Kind[] = [];
  /** By bits alone where there are no keywords: nearly always. */
  readonly #plain = new Int32Array(CLIENT_BITS + 1).fill(-1);
  readonly #withKeywords = new Map<string, number>();

  /** `room`: how many messages are about to be added. */
  constructor(room: number) {
    const size = room + (room >> 4) + 16;
    this.#uids = new Uint32Array(size);
    this.#modseqs = new Float64Array(size);
    this.#kindOf = new Uint32Array(size);
  }

  get count(): number {
    return this.#count;
  }

  /** So many sets of flags came and went that it is better to begin anew. */
  get isWorn(): boolean {
    return this.#kinds.length > 1000 + 2 * this.#count;
  }

  /** All UIDs, ascending. Shared: not to be changed. */
  get uids(): Uint32Array {
    this.#shared = true;
    return this.#uids.subarray(0, this.#count);
  }

  /** The lowest UID without \Seen. */
  firstUnseen(): Uid | null {
    for (; this.#seenTo < this.#count; this.#seenTo++) {
      if (!(this.#kinds[this.#kindOf[this.#seenTo]!]!.bits & SEEN)) return this.#uids[this.#seenTo]! as Uid;
    }
    return null;
  }

  /** Keywords that some message has. */
  keywords(): string[] {
    return distinctKeywords(this.#kinds.filter(({ uses }) => uses > 0).map(({ keywords }) => keywords));
  }

  /** Adds a message above all others, or gives a known one other flags. */
  put(uid: number, modseq: number, bits: number, keywords: string): void {
    const kind = this.#kind(bits & CLIENT_BITS, keywords);
    this.#kinds[kind]!.uses++;
    let at = this.#count;
    if (at > 0 && uid <= this.#uids[at - 1]!) {
      at = this.#find(uid);
      if (this.#uids[at] !== uid) throw new Error("a UID came out of order");
      this.#kinds[this.#kindOf[at]!]!.uses--;
    } else {
      if (at === this.#uids.length) this.#grow(at + (at >> 3) + 16);
      this.#uids[at] = uid;
      this.#count++;
    }
    this.#modseqs[at] = modseq;
    this.#kindOf[at] = kind;
    if (at < this.#seenTo && !(bits & SEEN)) this.#seenTo = at;
  }

  /** Takes messages out; UIDs that are not there are passed over. */
  remove(uids: readonly number[]): void {
    const places: number[] = [];
    for (const uid of [...uids].sort((a, b) => a - b)) {
      const at = this.#find(uid);
      if (at >= this.#count || this.#uids[at] !== uid || places.at(-1) === at) continue;
      places.push(at);
      this.#kinds[this.#kindOf[at]!]!.uses--;
    }
    if (places.length > 0) this.#close(places);
  }

  /** Those of the ranges (ascending, apart) whose modseq is above `since`, at most `limit`. */
  page(ranges: Iterable<{ readonly first: number; readonly last: number }>, since: number, limit: number): MarksPage {
    const size = Math.min(limit, this.#count);
    const uids = new Uint32Array(size);
    const modseqs = new Float64Array(size);
    const flags: (readonly string[])[] = [];
    let next: Uid | null = null;
    fill: for (const { first, last } of ranges) {
      for (let at = this.#find(first); at < this.#count && this.#uids[at]! <= last; at++) {
        if (this.#modseqs[at]! <= since) continue;
        if (flags.length === limit) {
          next = this.#uids[at]! as Uid;
          break fill;
        }
        uids[flags.length] = this.#uids[at]!;
        modseqs[flags.length] = this.#modseqs[at]!;
        flags.push(this.#kinds[this.#kindOf[at]!]!.names);
      }
    }
    return { uids: uids.subarray(0, flags.length), modseqs: modseqs.subarray(0, flags.length), flags, next };
  }

  #kind(bits: number, keywords: string): number {
    const text = keywords === "" ? "" : `${bits} ${keywords}`;
    const known = text === "" ? this.#plain[bits]! : this.#withKeywords.get(text) ?? -1;
    if (known >= 0) return known;
    const kind = this.#kinds.push({ bits, keywords, names: printFlags(bits, keywords), uses: 0 }) - 1;
    if (text === "") this.#plain[bits] = kind;
    else this.#withKeywords.set(text, kind);
    return kind;
  }

  /** Closes the gaps at these places (ascending): each stretch between two of them moves down as a whole. */
  #close(places: readonly number[]): void {
    const from = this.#shared ? this.#uids : null;
    if (from) {
      this.#uids = new Uint32Array(this.#uids.length);
      this.#uids.set(from.subarray(0, places[0]!));
      this.#shared = false;
    }
    let to = places[0]!;
    places.forEach((place, i) => {
      const [start, end] = [place + 1, places[i + 1] ?? this.#count];
      if (from) this.#uids.set(from.subarray(start, end), to);
      else this.#uids.copyWithin(to, start, end);
      this.#modseqs.copyWithin(to, start, end);
      this.#kindOf.copyWithin(to, start, end);
      to += end - start;
    });
    this.#seenTo = Math.max(0, this.#seenTo - places.length);
    this.#count = to;
  }

  /** Into new columns with more room; the UIDs that were given out stay as they are. */
  #grow(size: number): void {
    const [uids, modseqs, kindOf] = [new Uint32Array(size), new Float64Array(size), new Uint32Array(size)];
    uids.set(this.#uids);
    modseqs.set(this.#modseqs);
    kindOf.set(this.#kindOf);
    [this.#uids, this.#modseqs, this.#kindOf, this.#shared] = [uids, modseqs, kindOf, false];
  }

  #find(uid: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#uids[middle]! < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
