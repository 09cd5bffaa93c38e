/**
 * Flags within messages of an mbox: the fields Status, X-Status and X-Keywords, as Pine, mutt and Dovecot write them, and
 * X-Mozilla-Status. They are octets of the message and stay where they are. Where an export has flags to tell that the
 * message does not have in it, it puts such fields before the message, with `X-Palomar-Added: COUNT` first; an import takes
 * them away again.
 */
import { latin1Bytes, latin1String } from "../base/bytes.ts";
import { fieldText, findField, type HeaderField, headerFields } from "../message/mod.ts";

/** What the fields of a message tell. */
export interface MboxFacts {
  readonly flags: readonly string[];
  readonly uid: number | null;
  /** Of the first message of a file: `X-IMAPbase: UIDVALIDITY LASTUID`. */
  readonly base: { readonly uidValidity: number; readonly lastUid: number } | null;
  /** The first message is none: the UW IMAP server keeps its data there. */
  readonly isInternal: boolean;
}

/** Octets at the start of a message in which its fields are looked for. */
export const FACTS_LIMIT = 65_536;
const FLAG_FIELDS = /^(?:Status|X-Status|X-Keywords): /;
const ADDED = /^X-Palomar-Added: (\d)( open)?$/;
const STATUS: readonly (readonly [string, string])[] = [["A", "\\Answered"], ["F", "\\Flagged"], ["D", "\\Deleted"], [
  "T",
  "\\Draft",
]];
const MOZILLA: readonly (readonly [number, string])[] = [
  [0x1, "\\Seen"],
  [0x2, "\\Answered"],
  [0x4, "\\Flagged"],
  [0x8, "\\Deleted"],
  [0x1000, "$Forwarded"],
];

/** `start`: the first octets of the message, at most FACTS_LIMIT; lines may end in LF or CRLF. */
export function readFacts(start: Uint8Array): MboxFacts {
  const fields = headerFields(headerOf(start));
  const text = (name: string): string => {
    const field = findField(fields, name);
    return field ? fieldText(field).trim() : "";
  };
  const uid = /^\d{1,10}$/.exec(text("x-uid"));
  const base = /^(\d{1,10}) (\d{1,10})/.exec(text("x-imapbase") || text("x-imap"));
  return {
    flags: flagsOf(fields, text),
    uid: uid ? Number(uid[0]) : null,
    base: base ? { uidValidity: Number(base[1]), lastUid: Number(base[2]) } : null,
    isInternal: text("x-imap") !== "" && /FOLDER INTERNAL DATA/.test(text("subject")),
  };
}

function flagsOf(fields: readonly HeaderField[], text: (name: string) => string): string[] {
  const flags = new Set<string>();
  if (text("status").includes("R")) flags.add("\\Seen");
  for (const [letter, flag] of STATUS) if (text("x-status").includes(letter)) flags.add(flag);
  const mozilla = /^[0-9a-f]{1,8}$/i.exec(text("x-mozilla-status"));
  for (const [bit, flag] of MOZILLA) if (mozilla && parseInt(mozilla[0], 16) & bit) flags.add(flag);
  for (const field of fields) {
    if (!/^x-(?:keywords|mozilla-keys)$/i.test(field.name)) continue;
    for (const word of fieldText(field).split(/[\s,]+/)) if (/^[!#-'+-[^-z|~]{1,255}$/.test(word)) flags.add(word);
  }
  return [...flags].slice(0, 200);
}

/** The header, with lines in CRLF. */
function headerOf(start: Uint8Array): string {
  const text = latin1String(start).replace(/\r?\n/g, "\r\n");
  if (text.startsWith("\r\n")) return "";
  const end = text.indexOf("\r\n\r\n");
  return end < 0 ? text : text.slice(0, end + 2);
}

/** What an export had put before a message. */
export interface AddedBlock {
  /** Octets of the block. */
  readonly length: number;
  /** Null where another program has put its fields elsewhere in the header. */
  readonly flags: readonly string[] | null;
  /** The message does not end in a line end; one was put behind it. */
  readonly open: boolean;
}

/** Null where there is no such block at the start. */
export function readAdded(start: Uint8Array): AddedBlock | null {
  const lines = latin1String(start.subarray(0, 16_384)).split("\n", 5);
  const added = ADDED.exec((lines[0] ?? "").replace(/\r$/, ""));
  if (!added) return null;
  const block = lines.slice(0, Number(added[1]) + 1);
  const isWhole = block.length === Number(added[1]) + 1 && block.slice(1).every((line) => FLAG_FIELDS.test(line));
  const length = (isWhole ? block : lines.slice(0, 1)).reduce((sum, line) => sum + line.length + 1, 0);
  if (length > start.length) return null;
  return { length, flags: isWhole ? readFacts(start.subarray(0, length)).flags : null, open: added[2] !== undefined };
}

/**
 * The block that tells these flags; null where the message tells them itself, ends as it should, and has no
 * Content-Length: whoever believes that would not take `>` away from its lines.
 */
export function printAdded(
  start: Uint8Array,
  flags: readonly string[],
  open: boolean,
  crlf: boolean,
): Uint8Array | null {
  const told = readAdded(start) === null ? readFacts(start).flags : null;
  const same = told !== null && told.length === flags.length && flags.every((flag) => told.includes(flag));
  if (same && !open && findField(headerFields(headerOf(start)), "content-length") === undefined) return null;
  const lines: string[] = [];
  lines.push(`Status: ${flags.includes("\\Seen") ? "RO" : "O"}`);
  const letters = STATUS.filter(([, flag]) => flags.includes(flag)).map(([letter]) => letter).join("");
  if (letters !== "") lines.push(`X-Status: ${letters}`);
  const keywords = flags.filter((flag) => !flag.startsWith("\\"));
  if (keywords.length > 0) lines.push(`X-Keywords: ${keywords.join(" ")}`);
  const end = crlf ? "\r\n" : "\n";
  return latin1Bytes([`X-Palomar-Added: ${lines.length}${open ? " open" : ""}`, ...lines, ""].join(end));
}
