/**
 * Names of the files of a Maildir: `base:2,FLAGS`. The base is unique and stays; the flags behind it change. Letters of
 * Dovecot and Courier: D draft, F flagged, P passed on, R replied, S seen, T trashed; a to z are keywords of the folder.
 */

import { utf8Bytes } from "../base/bytes.ts";

/** A name, read. */
export interface MaildirName {
  readonly base: string;
  /** Letters, as they stand there. */
  readonly letters: string;
}

const LETTERS: readonly (readonly [string, string])[] = [
  ["D", "\\Draft"],
  ["F", "\\Flagged"],
  ["P", "$Forwarded"],
  ["R", "\\Answered"],
  ["S", "\\Seen"],
  ["T", "\\Deleted"],
];
const FLAG_OF: ReadonlyMap<string, string> = new Map(LETTERS);
const MOST_KEYWORDS = 26;
/** Octets of a file's name, of every file system that matters. */
const NAME_LIMIT = 255;

export function parseMaildirName(name: string): MaildirName {
  const at = name.indexOf(":2,");
  return at < 0 ? { base: name, letters: "" } : { base: name.slice(0, at), letters: name.slice(at + 3) };
}

/** The flags that letters mean; `keywords` are those of the folder, by their letter. */
export function flagsOfLetters(letters: string, keywords: readonly string[]): string[] {
  const flags = new Set<string>();
  for (const letter of letters) {
    const flag = FLAG_OF.get(letter) ?? keywords[letter.charCodeAt(0) - 97];
    if (flag !== undefined && flag !== "") flags.add(flag);
  }
  return [...flags];
}

/** The keywords of a folder as letters: as many as there are letters. */
export class KeywordLetters {
  readonly #keywords: string[];
  readonly #letters = new Map<string, string>();

  /** `known`: those that the folder has already, by their letter. */
  constructor(known: readonly string[] = []) {
    this.#keywords = known.slice(0, MOST_KEYWORDS);
    this.#keywords.forEach((keyword, at) => this.#letters.set(keyword, String.fromCharCode(97 + at)));
  }

  get keywords(): readonly string[] {
    return this.#keywords;
  }

  /** The letter of a keyword, or null where all letters are taken. */
  letterOf(keyword: string): string | null {
    const known = this.#letters.get(keyword);
    if (known !== undefined) return known;
    if (this.#keywords.length >= MOST_KEYWORDS) return null;
    const letter = String.fromCharCode(97 + this.#keywords.length);
    this.#keywords.push(keyword);
    this.#letters.set(keyword, letter);
    return letter;
  }
}

/** Flags as letters in their order; `lost` are keywords for which there is no letter left. */
export function lettersOfFlags(
  flags: readonly string[],
  keywords: KeywordLetters,
): { readonly letters: string; readonly lost: readonly string[] } {
  const letters: string[] = [];
  const lost: string[] = [];
  for (const [letter, flag] of LETTERS) if (flags.includes(flag)) letters.push(letter);
  for (const flag of flags) {
    if (flag.startsWith("\\")) continue;
    const letter = keywords.letterOf(flag);
    if (letter !== null) letters.push(letter);
    else lost.push(flag);
  }
  return { letters: letters.sort().join(""), lost };
}

/** The time that a base begins with, in milliseconds since 1970; null where it does not. */
export function timeOfBase(base: string): number | null {
  const found = /^(\d{9,10})[._]/.exec(base);
  return found ? Number(found[1]) * 1000 : null;
}

/** Whether a name that came from elsewhere may be a name of a file here, with what may be put behind it. */
export function isSafeName(name: string): boolean {
  // deno-lint-ignore no-control-regex
  return /^[^./\x00-\x1f\x7f][^/\x00-\x1f\x7f]*$/.test(name) && utf8Bytes(name).length <= NAME_LIMIT - 40;
}

/** Whether a name that came from elsewhere is the base of a file of a Maildir: no From_ line, and no other file's. */
export function isSafeBase(base: string): boolean {
  return isSafeName(base) && !/[\s:]|\.eml$/i.test(base);
}

/** A base for a message that has none; the same each time for the same message. */
export function makeBase(message: { internalDate: number; uidValidity: number; uid: number }): string {
  const { internalDate, uidValidity, uid } = message;
  return `${Math.max(0, Math.floor(internalDate / 1000))}.V${uidValidity}U${uid}.palomar`;
}
