/** Files that Dovecot keeps beside the messages of a Maildir. */

/** The first line of `dovecot-uidlist`. */
export interface UidlistHead {
  readonly uidValidity: number | null;
  readonly uidNext: number | null;
}

/** `3 V1275660208 N25022 G3085…`; version 1 is `1 1275660208 25022`. Null: it is neither. */
export function parseUidlistHead(line: string): UidlistHead | null {
  const [version, ...words] = line.trim().split(/\s+/);
  if (version === "1" && words.length >= 2) return { uidValidity: number(words[0]), uidNext: number(words[1]) };
  if (version !== "3") return null;
  const value = (letter: string) => number(words.find((word) => word.startsWith(letter))?.slice(1));
  return { uidValidity: value("V"), uidNext: value("N") };
}

/** `25006 W2480 :1276528487.M364837P9451.host,S=1355:2,S`, or without the colon in version 1. Null: it is no row. */
export function parseUidlistRow(line: string): { readonly uid: number; readonly base: string } | null {
  const found = /^(\d{1,10}) (?:[^:]*? )??:?([^\s:/][^/\n]*)$/.exec(line);
  const colon = line.indexOf(" :");
  const uid = number(found?.[1] ?? line.split(" ", 1)[0]);
  const name = colon >= 0 ? line.slice(colon + 2) : found?.[2];
  if (uid === null || name === undefined || name === "" || name.includes("/")) return null;
  const flags = name.indexOf(":2,");
  return { uid, base: flags < 0 ? name : name.slice(0, flags) };
}

export function printUidlistHead(uidValidity: number, uidNext: number, guid: string): string {
  return `3 V${uidValidity} N${uidNext} G${guid}\n`;
}

export function printUidlistRow(uid: number, base: string): string {
  return `${uid} :${base}\n`;
}

/** `dovecot-keywords`: `0 Work`, one a line; the number is that of the letter, a to z. */
export function parseKeywords(text: string): string[] {
  const keywords: string[] = [];
  for (const line of text.split("\n")) {
    const found = /^(\d{1,2}) ([\x21-\x7e]{1,255})$/.exec(line);
    if (found && Number(found[1]) < 26) keywords[Number(found[1])] = found[2]!;
  }
  return Array.from(keywords, (keyword) => keyword ?? "");
}

export function printKeywords(keywords: readonly string[]): string {
  return keywords.map((keyword, at) => `${at} ${keyword}\n`).join("");
}

/**
 * `subscriptions`: names with the folder's own separator, one a line. Version 2 begins with `V	2` and a blank line and has
 * a tab between levels, with `\001t` and the like for what a name may not hold.
 */
export function parseSubscriptions(text: string, separator: string): string[][] {
  const lines = text.split("\n").map((line) => line.replace(/\r$/, ""));
  const second = lines[0] === "V\t2";
  return lines.slice(second ? 1 : 0).filter((line) => line !== "")
    .map((line) => second ? line.split("\t").map(unescapeTab) : line.split(separator));
}

export function printSubscriptions(paths: readonly (readonly string[])[]): string {
  return "V\t2\n\n" + paths.map((path) => path.map(escapeTab).join("\t") + "\n").join("");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\x00": "\x010",
  "\x01": "\x011",
  "\t": "\x01t",
  "\r": "\x01r",
  "\n": "\x01n",
};
const UNESCAPES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(ESCAPES).map(([a, b]) => [b[1], a]),
);

function escapeTab(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00\x01\t\r\n]/g, (octet) => ESCAPES[octet]!);
}

function unescapeTab(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/\x01(.)/g, (_, octet: string) => UNESCAPES[octet] ?? octet);
}

/** A line of `dovecot-acl`. */
export interface AclLine {
  /** An address or `anyone`; `-` before it takes rights away. */
  readonly identifier: string;
  readonly rights: string;
}

const RIGHT_NAMES: Readonly<Record<string, string>> = {
  lookup: "l",
  read: "r",
  write: "w",
  "write-seen": "s",
  "write-deleted": "t",
  insert: "i",
  post: "p",
  expunge: "e",
  create: "k",
  delete: "x",
  admin: "a",
};

/** `user=bob@example.org lrs`. What names no account (groups, the owner) is answered as `skipped`. */
export function parseAcl(text: string): { readonly entries: readonly AclLine[]; readonly skipped: readonly string[] } {
  const entries: AclLine[] = [];
  const skipped: string[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const found = /^(-?)(?:user=([^\s"]+)|"(-?)user=([^"]+)"|(anyone))\s+(.*)$/.exec(line);
    const identifier = found && (found[5] ?? found[2] ?? found[4]);
    if (!found || !identifier) {
      skipped.push(line.slice(0, 200));
      continue;
    }
    const minus = found[1] === "-" || found[3] === "-" ? "-" : "";
    entries.push({ identifier: minus + identifier, rights: rightsOf(found[6] ?? "") });
  }
  return { entries, skipped };
}

/** Letters, or names with blanks between, or letters and `:` with names behind. */
function rightsOf(text: string): string {
  const letters = new Set<string>();
  for (const word of text.replace(":", " ").trim().split(/\s+/)) {
    const named = RIGHT_NAMES[word];
    for (const letter of named ?? word) if ("lrswipkxtea".includes(letter)) letters.add(letter);
  }
  return [..."lrswipkxtea"].filter((letter) => letters.has(letter)).join("");
}

export function printAcl(entries: readonly AclLine[]): string {
  return entries.map(({ identifier, rights }) => {
    const minus = identifier.startsWith("-");
    const who = minus ? identifier.slice(1) : identifier;
    return `${minus ? "-" : ""}${who === "anyone" ? who : `user=${who}`} ${rights}\n`;
  }).join("");
}

function number(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= 4_294_967_295 ? Number(text) : null;
}
