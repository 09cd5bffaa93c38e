/** Scripts that were read already. The same text is always the same script, so remembering changes nothing but time. */
import { type ParsedSieve, parseSieve, type SieveParseOptions } from "./parse.ts";
import { weightOf } from "./script.ts";

/** What an entry takes besides what it holds, octets. */
const BASE = 1_024;
/** What an error takes. */
const ERROR = 512;
/** However small they are. */
const MOST_SCRIPTS = 10_000;

interface Entry {
  readonly parsed: ParsedSieve;
  readonly octets: number;
}

/** Parsed scripts by their text, bounded in memory and number; what was used longest ago goes first. */
export class SieveCache {
  readonly #options: SieveParseOptions;
  readonly #limit: number;
  readonly #scripts: number;
  readonly #known = new Map<string, Entry>();
  #held = 0;

  /** `octets`: about how much memory it may take; `scripts`: how many it holds at most. */
  constructor(octets: number, options: SieveParseOptions = {}, scripts: number = MOST_SCRIPTS) {
    this.#limit = octets;
    this.#options = options;
    this.#scripts = scripts;
  }

  /** The script, or what is wrong with it. */
  get(text: string): ParsedSieve {
    const known = this.#known.get(text);
    if (known !== undefined) {
      this.#known.delete(text);
      this.#known.set(text, known);
      return known.parsed;
    }
    const parsed = parseSieve(text, this.#options);
    const octets = BASE + 2 * text.length +
      ("script" in parsed ? weightOf(parsed.script.commands) : ERROR * parsed.errors.length);
    if (octets > this.#limit) return parsed;
    this.#known.set(text, { parsed, octets });
    this.#held += octets;
    for (const [old, { octets }] of this.#known) {
      if (this.#held <= this.#limit && this.#known.size <= this.#scripts) break;
      this.#known.delete(old);
      this.#held -= octets;
    }
    return parsed;
  }

  /** Scripts that are held, and about how many octets they take. */
  get held(): { readonly scripts: number; readonly octets: number } {
    return { scripts: this.#known.size, octets: this.#held };
  }
}
