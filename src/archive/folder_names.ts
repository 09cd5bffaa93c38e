/**
 * Mailboxes as names of folders and files. Maildir++ has one folder a mailbox beside the others, `.Work.2024`, in modified
 * UTF-7; a `.` that is no separator stands there as `\2e` (Dovecot's listescape). Nested folders are as they are.
 */
import { decodeUtf7, encodeUtf7 } from "../imap/wire/utf7.ts";

/** The levels of `.Work.2024` (with or without its first dot), or null where it is no name of a mailbox. */
export function levelsOfMaildir(name: string): string[] | null {
  const levels = name.replace(/^\./, "").split(".").map(levelOf);
  return levels.every(isLevel) ? levels as string[] : null;
}

/** `.Work.2024` */
export function maildirOfLevels(levels: readonly string[]): string {
  return "." + levels.map((level) => encodeUtf7(escapeDots(level))).join(".");
}

/** A level as it stands in a nested folder or a subscription: modified UTF-7 where that is what it is, else UTF-8. */
export function levelOf(text: string): string {
  const decoded = decodeUtf7(text) ?? text;
  return decoded.replace(/\\([0-9a-f]{2})/gi, (whole, hex: string) => {
    const code = parseInt(hex, 16);
    return code >= 32 && code < 127 ? String.fromCharCode(code) : whole;
  }).replaceAll("/", "_"); // the separator of Palomar, which no level may hold
}

/** What can be a level of a mailbox's name. */
export function isLevel(text: string | null): boolean {
  // deno-lint-ignore no-control-regex
  return text !== null && text !== "" && text !== "." && text !== ".." && !/[/\x00-\x1f\x7f-\x9f]/.test(text);
}

function escapeDots(level: string): string {
  return level.replace(/[.\\]/g, (sign) => "\\" + sign.charCodeAt(0).toString(16).padStart(2, "0"));
}

/** A level as a name of a folder or file: whatever is no letter of any file system stands as `%` and its octets. */
export function fileOfLevel(level: string): string {
  const text = [...level].map((sign) =>
    // deno-lint-ignore no-control-regex
    /[%/\\:*?"<>|\x00-\x1f\x7f]/.test(sign) ? `%${sign.charCodeAt(0).toString(16).padStart(2, "0")}` : sign
  ).join("");
  // A dot in front hides it, or is a step of the path.
  return text.startsWith(".") ? `%2e${text.slice(1)}` : text;
}

/** The way back; null where it can be no level. */
export function levelOfFile(name: string): string | null {
  const text = name.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  const level = text.replaceAll("/", "_");
  return isLevel(level) ? level : null;
}
