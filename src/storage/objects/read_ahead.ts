/**
 * Ranges of objects. Whoever reads on where the last range of a body ended is given the next from memory: a request
 * fetches a megabyte then, for its way there and back costs more than its octets.
 */
import { EMPTY } from "../../base/bytes.ts";

/** Octets of one request for somebody who reads on. */
const AHEAD = 1024 * 1024;
/** Bodies whose last octets are kept. */
const KEPT = 32;

interface Window {
  readonly start: number;
  readonly octets: Uint8Array;
}

export class ReadAhead {
  readonly #fetch: (place: string, start: number, length: number) => Promise<Uint8Array>;
  /** By place; those that were read last stand last. */
  readonly #windows = new Map<string, Window>();

  constructor(fetch: (place: string, start: number, length: number) => Promise<Uint8Array>) {
    this.#fetch = fetch;
  }

  async read(place: string, start: number, length: number): Promise<Uint8Array> {
    if (length <= 0) return EMPTY;
    const known = this.#windows.get(place);
    const from = known ? start - known.start : -1;
    const there = known && from >= 0 ? known.octets.subarray(from, from + length) : EMPTY;
    if (there.length === length) return this.#answer(place, known!, there);
    const readsOn = known !== undefined && from > 0 && from <= known.octets.length;
    const octets = await this.#fetch(place, start, readsOn ? Math.max(length, AHEAD) : length);
    return this.#answer(place, { start, octets }, octets.subarray(0, length));
  }

  forget(place: string): void {
    this.#windows.delete(place);
  }

  #answer(place: string, window: Window, octets: Uint8Array): Uint8Array {
    this.#windows.delete(place);
    this.#windows.set(place, window);
    if (this.#windows.size > KEPT) this.#windows.delete(this.#windows.keys().next().value!);
    return octets.slice(); // the caller's own
  }
}
