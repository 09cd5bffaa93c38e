/** Reads a Maildir: Maildir++ (`.Work.2024`), nested folders that are Maildirs, or both. */
import { join } from "node:path";
import {
  flagsOfLetters,
  isLevel,
  levelOf,
  levelsOfMaildir,
  parseAcl,
  parseKeywords,
  parseMaildirName,
  parseSubscriptions,
  parseUidlistHead,
  parseUidlistRow,
  timeOfBase,
  type UidlistHead,
} from "../mod.ts";
import { listFolder, readLines, readRange, readSmallText } from "./files.ts";
import { keyOf } from "./keys.ts";
import { reasonOf, type Source, type SourceMailbox, type SourceMessage, type SourceProblem } from "./source.ts";

const DEPTH = 50;
/** The folders of a Maildir, which are no mailboxes. */
const INNER = new Set(["cur", "new", "tmp"]);

/** The mailboxes of a Maildir and their messages. Rejects where the folder is none. */
export async function openMaildir(root: string): Promise<Source> {
  const found: { levels: string[]; path: string }[] = [];
  const problems: SourceProblem[] = [];
  await walk(root, [], found, problems);
  const subscribed = await subscriptionsOf(root);
  const roles = await rolesOf(root);
  const mailboxes: SourceMailbox[] = [];
  for (const { levels, path } of found) {
    const named = levels.length === 0 ? ["INBOX"] : levels;
    const name = named.join("/");
    mailboxes.push(await openFolder(path, named, subscribed.has(name), roles.get(name) ?? null, problems));
  }
  return { mailboxes, problems };
}

async function walk(
  path: string,
  levels: readonly string[],
  found: { levels: string[]; path: string }[],
  problems: SourceProblem[],
): Promise<void> {
  const inside = await listFolder(path);
  const isMaildir = inside.some(({ name, isFolder }) => isFolder && (name === "cur" || name === "new"));
  if (isMaildir) found.push({ levels: [...levels], path });
  if (levels.length >= DEPTH) return;
  for (const { name, isFolder } of inside) {
    if (!isFolder || INNER.has(name)) continue;
    const below = join(path, name);
    if (!name.startsWith(".")) {
      const level = levelOf(name);
      if (isLevel(level)) await walk(below, [...levels, level], found, problems);
      else problems.push({ where: below, problem: "its name can be none of a mailbox; rename it", lost: true });
      continue;
    }
    // Maildir++ has all mailboxes side by side, in the first folder.
    if (levels.length > 0 || !(await listFolder(below)).some(({ name }) => name === "cur" || name === "new")) continue;
    const named = levelsOfMaildir(name);
    if (named) found.push({ levels: named, path: below });
    else problems.push({ where: below, problem: "its name can be none of a mailbox; rename it", lost: true });
  }
}

async function subscriptionsOf(root: string): Promise<Set<string>> {
  const text = await readSmallText(join(root, "subscriptions")) ??
    await readSmallText(join(root, "courierimapsubscribed"));
  if (text === null) return new Set();
  return new Set(parseSubscriptions(text, ".").map((levels) => levels.map(levelOf).join("/")));
}

/** `sent Sent`, one a line: what an export of ours writes. */
async function rolesOf(root: string): Promise<Map<string, string>> {
  const roles = new Map<string, string>();
  for (const line of (await readSmallText(join(root, "palomar-roles")) ?? "").split("\n")) {
    const blank = line.indexOf(" ");
    if (blank > 0) roles.set(line.slice(blank + 1), line.slice(0, blank));
  }
  return roles;
}

interface Entry {
  readonly folder: "cur" | "new";
  readonly name: string;
  readonly uid: number;
}

async function openFolder(
  path: string,
  levels: readonly string[],
  subscribed: boolean,
  role: string | null,
  problems: SourceProblem[],
): Promise<SourceMailbox> {
  const { head, uids } = await readUidlist(path, problems);
  const keywords = parseKeywords(await readSmallText(join(path, "dovecot-keywords")) ?? "");
  const acl = parseAcl(await readSmallText(join(path, "dovecot-acl")) ?? "");
  for (const line of acl.skipped) {
    problems.push({
      where: join(path, "dovecot-acl"),
      problem: `"${line}" names no account and is left out`,
      lost: false,
    });
  }
  const entries = await listMessages(path, uids, problems);
  return {
    levels,
    where: path,
    uidValidity: head?.uidValidity ?? null,
    uidNext: head?.uidNext ?? null,
    role,
    subscribed,
    acl: acl.entries,
    count: entries.length,
    async *messages() {
      for (const entry of entries) yield await openMessage(path, levels, entry, keywords);
    },
  };
}

async function readUidlist(
  path: string,
  problems: SourceProblem[],
): Promise<{ head: UidlistHead | null; uids: Map<string, number> }> {
  const uids = new Map<string, number>();
  let head: UidlistHead | null | undefined;
  const where = join(path, "dovecot-uidlist");
  let wrong = 0;
  for await (const line of readLines(where)) {
    if (head === undefined) {
      head = parseUidlistHead(line);
      if (head) continue;
      problems.push({ where, problem: "is of no version that is known; UIDs are not kept", lost: false });
      break;
    }
    const row = parseUidlistRow(line);
    if (row) uids.set(row.base, row.uid);
    else if (line !== "") wrong++;
  }
  if (wrong > 0) {
    problems.push({ where, problem: `${wrong} lines make no sense; those messages get new UIDs`, lost: false });
  }
  return { head: head ?? null, uids };
}

/** By UID; those without one behind, in the order in which they came. */
async function listMessages(path: string, uids: Map<string, number>, problems: SourceProblem[]): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const folder of ["cur", "new"] as const) {
    const found = await Deno.lstat(join(path, folder)).catch(() => null);
    if (!found?.isDirectory) {
      if (found) problems.push({ where: join(path, folder), problem: "is no folder and is left out", lost: true });
      continue;
    }
    for (const { name, isFile } of await listFolder(join(path, folder))) {
      if (name.startsWith(".")) continue;
      if (isFile) entries.push({ folder, name, uid: uids.get(parseMaildirName(name).base) ?? Infinity });
      else problems.push({ where: join(path, folder, name), problem: "is no file and is left out", lost: true });
    }
  }
  return entries.sort((a, b) => a.uid !== b.uid ? a.uid < b.uid ? -1 : 1 : a.name < b.name ? -1 : 1);
}

async function openMessage(
  path: string,
  levels: readonly string[],
  { folder, name, uid }: Entry,
  keywords: readonly string[],
): Promise<SourceMessage | SourceProblem> {
  const where = join(path, folder, name);
  const { base, letters } = parseMaildirName(name);
  let found: Deno.FileInfo;
  try {
    found = await Deno.lstat(where);
  } catch (error) {
    return { where, problem: reasonOf(error), lost: true };
  }
  if (!found.isFile) return { where, problem: "is no file and is left out", lost: true };
  return {
    where,
    size: found.size,
    flags: flagsOfLetters(letters, keywords),
    internalDate: found.mtime?.getTime() ?? timeOfBase(base) ?? 0,
    uid: Number.isFinite(uid) ? uid : null,
    key: keyOf("maildir", levels.join("/"), base),
    name: folder === "new" ? `new/${base}` : base,
    kept: 0,
    open: () => readRange(where, 0, found.size, where),
  };
}
