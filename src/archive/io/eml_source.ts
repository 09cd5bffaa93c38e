/** Reads folders of `.eml` files: a folder is a mailbox. An export of ours left an index of flags, dates and UIDs. */
import { join } from "node:path";
import { hasher } from "../../base/hash.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import { fieldText, findField, headerFields, parseDate } from "../../message/mod.ts";
import { FACTS_LIMIT, levelOfFile } from "../mod.ts";
import { firstOctets, listFolder, readLines, readRange } from "./files.ts";
import { printKey } from "./keys.ts";
import {
  reasonOf,
  type Source,
  SourceBroken,
  type SourceMailbox,
  type SourceMessage,
  type SourceProblem,
} from "./source.ts";

/** Beside the messages: one JSON object a line, `{"uidValidity":…}` first. */
export const EML_INDEX = "messages.jsonl";
const DEPTH = 50;

interface Row {
  readonly uid?: number;
  readonly flags?: readonly string[];
  readonly internalDate?: number;
}

/** `into`: the mailbox of the folder itself; folders below are mailboxes below it, or beside it where it is INBOX. */
export async function openEmlFolder(root: string, into: readonly string[]): Promise<Source> {
  const mailboxes: SourceMailbox[] = [];
  const problems: SourceProblem[] = [];
  const walk = async (path: string, levels: readonly string[]): Promise<void> => {
    if (levels.length > DEPTH) return;
    const inside = await listFolder(path);
    const files = inside.filter(({ name, isFile }) => isFile && /\.eml$/i.test(name)).map(({ name }) => name);
    const index = await readIndex(join(path, EML_INDEX));
    if (files.length > 0 || index.uidValidity !== null) {
      const named = levels.length === 0 ? ["INBOX"] : levels;
      mailboxes.push({
        levels: named,
        where: path,
        uidValidity: index.uidValidity,
        uidNext: index.uidNext,
        role: null,
        subscribed: false,
        acl: [],
        count: files.length,
        messages: () => readFiles(path, named, files, index.rows),
      });
    }
    for (const { name, isFolder } of inside) {
      if (!isFolder || name.startsWith(".")) continue;
      const level = levelOfFile(name);
      if (level !== null) await walk(join(path, name), [...levels, level]);
      else {problems.push({
          where: join(path, name),
          problem: "its name can be none of a mailbox; rename it",
          lost: true,
        });}
    }
  };
  await walk(root, into.length === 1 && into[0] === "INBOX" ? [] : into);
  return { mailboxes, problems };
}

async function readIndex(path: string) {
  const rows = new Map<string, Row>();
  let uidValidity: number | null = null;
  let uidNext: number | null = null;
  for await (const line of readLines(path, 131_072)) {
    let row: Record<string, unknown>;
    try {
      row = JSON.parse(line);
    } catch {
      continue;
    }
    if (typeof row !== "object" || row === null) continue;
    if (typeof row.uidValidity === "number") {
      uidValidity = row.uidValidity;
      uidNext = typeof row.uidNext === "number" ? row.uidNext : null;
    } else if (typeof row.file === "string") {
      rows.set(row.file, {
        ...(typeof row.uid === "number" && { uid: row.uid }),
        ...(typeof row.internalDate === "number" && { internalDate: row.internalDate }),
        ...(Array.isArray(row.flags) && { flags: row.flags.filter((flag) => typeof flag === "string") }),
      });
    }
  }
  return { rows, uidValidity, uidNext };
}

async function* readFiles(
  path: string,
  levels: readonly string[],
  files: readonly string[],
  rows: ReadonlyMap<string, Row>,
): AsyncGenerator<SourceMessage | SourceProblem> {
  const uidOf = (name: string) => rows.get(name)?.uid ?? Infinity;
  const sorted = [...files].sort((a, b) => uidOf(a) !== uidOf(b) ? uidOf(a) < uidOf(b) ? -1 : 1 : a < b ? -1 : 1);
  for (const name of sorted) {
    const where = join(path, name);
    try {
      yield await openFile(where, name, levels, rows.get(name) ?? {});
    } catch (error) {
      yield { where, problem: error instanceof SourceBroken ? error.message : reasonOf(error), lost: true };
    }
  }
}

async function openFile(where: string, name: string, levels: readonly string[], row: Row): Promise<SourceMessage> {
  const { size, mtime } = await Deno.lstat(where);
  const hash = hasher("sha256");
  hash.update(utf8Bytes(`eml\0${levels.join("/")}\0${name}\0`));
  for await (const piece of readRange(where, 0, size, where)) hash.update(piece);
  return {
    where,
    size,
    flags: row.flags ?? [],
    internalDate: row.internalDate ?? await dateOf(where, size) ?? mtime?.getTime() ?? 0,
    uid: row.uid ?? null,
    key: printKey(hash.digest()),
    name,
    kept: 0,
    open: () => readRange(where, 0, size, where),
  };
}

/** The message's own date; that of the file is when it was copied. */
async function dateOf(where: string, size: number): Promise<number | null> {
  const start = await firstOctets(readRange(where, 0, Math.min(size, FACTS_LIMIT), where), FACTS_LIMIT);
  const text = new TextDecoder("latin1").decode(start).replace(/\r?\n/g, "\r\n");
  const field = findField(headerFields(text.slice(0, text.indexOf("\r\n\r\n") + 2)), "date");
  return field ? parseDate(fieldText(field)) : null;
}
