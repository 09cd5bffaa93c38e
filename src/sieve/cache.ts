/** Scripts that were read already. The same text is always the same script, so remembering changes nothing but time. */
import { type ParsedSieve, parseSieve, type SieveParseOptions } from "./parse.ts";

/** A script in memory is about so many times its text. */
const WEIGHT = 8;
/** What a script weighs besides its text, characters. */
const BASE = 512;

/** Parsed scripts by their text, at most so many octets of them; what was used longest ago goes first. */
export class SieveCache {
  readonly #options: SieveParseOptions;
  readonly #limit: number;
  readonly #known = new Map<string, ParsedSieve>();
  #held = 0;

  /** `octets`: about how much memory it may take. */
  constructor(octets: number, options: SieveParseOptions = {}) {
    this.#limit = octets;
    this.#options = options;
  }

  /** The script, or what is wrong with it. */
  get(text: string): ParsedSieve {
    const known = this.#known.get(text);
    if (known !== undefined) {
      this.#known.delete(text);
      this.#known.set(text, known);
      return known;
    }
    const parsed = parseSieve(text, this.#options);
    const weight = weightOf(text);
    if (weight > this.#limit) return parsed;
    this.#known.set(text, parsed);
    this.#held += weight;
    for (const old of this.#known.keys()) {
      if (this.#held <= this.#limit) break;
      this.#known.delete(old);
      this.#held -= weightOf(old);
    }
    return parsed;
  }

  /** Scripts that are held, and about how many octets they take. */
  get held(): { readonly scripts: number; readonly octets: number } {
    return { scripts: this.#known.size, octets: this.#held };
  }
}

function weightOf(text: string): number {
  return (text.length + BASE) * WEIGHT;
}
