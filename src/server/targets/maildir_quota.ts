/**
 * The quota of a Maildir++: the file `maildirsize` says how much there may be and how much there is. Its first line is the
 * quota (`1000000S,1000C`), each other one adds octets and messages, so that several programs append to it at once.
 */
import { join } from "node:path";
import { listFolder, readSmallText } from "../../archive/io/files.ts";

/** Null: no bound. */
export interface MaildirQuota {
  readonly bytes: number | null;
  readonly messages: number | null;
}

/** A file that is longer is added up anew. */
const LONG = 5_120;
/** What says "full" may be old: so old that it is looked after. */
const OLD_MS = 15 * 60_000;
const NAME = "maildirsize";

/** `1000000S,1000C`. Null: it is no quota. */
export function parseQuota(line: string): MaildirQuota | null {
  let bytes: number | null = null;
  let messages: number | null = null;
  for (const part of line.trim().split(",")) {
    const found = /^(\d{1,15})([SC])$/.exec(part.trim());
    if (!found) return null;
    // 0 is no bound
    const value = Number(found[1]) === 0 ? null : Number(found[1]);
    if (found[2] === "S") bytes = value;
    else messages = value;
  }
  return { bytes, messages };
}

function printQuota({ bytes, messages }: MaildirQuota): string {
  return [...bytes === null ? [] : [`${bytes}S`], ...messages === null ? [] : [`${messages}C`]].join(",") || "0S";
}

/** Whether there is room for a message of so many octets; a Maildir without quota has. `wanted`: of the configuration. */
export async function hasRoom(
  maildir: string,
  wanted: MaildirQuota | null,
  octets: number,
  now: number,
): Promise<boolean> {
  const path = join(maildir, NAME);
  const text = await readSmallText(path);
  const [first = "", ...lines] = (text ?? "").split("\n");
  const quota = wanted ?? parseQuota(first);
  if (quota === null) return true;
  const isSame = text !== null && first.trim() === printQuota(quota);
  let used = isSame && text.length < LONG ? sumOf(lines) : null;
  const fits = (sum: Used) =>
    (quota.bytes === null || sum.bytes + octets <= quota.bytes) &&
    (quota.messages === null || sum.messages + 1 <= quota.messages);
  if (used !== null && fits(used)) return true;
  const info = used === null ? null : await Deno.lstat(path);
  const isFresh = info !== null && lines.filter((line) => line !== "").length <= 1 &&
    now - (info.mtime?.getTime() ?? 0) < OLD_MS;
  if (used !== null && isFresh) return false;
  used = await measure(maildir);
  await replace(maildir, `${printQuota(quota)}\n${used.bytes} ${used.messages}\n`);
  return fits(used);
}

/** A new file in `tmp` follows no link, and takes the other's place. */
async function replace(maildir: string, text: string): Promise<void> {
  const draft = join(maildir, "tmp", `${NAME}.${crypto.randomUUID()}`);
  await Deno.writeTextFile(draft, text, { createNew: true, mode: 0o600 });
  await Deno.rename(draft, join(maildir, NAME));
}

/** Adds a message, where a quota is kept. */
export async function addUsed(maildir: string, octets: number): Promise<void> {
  const path = join(maildir, NAME);
  const info = await Deno.lstat(path).catch(() => null);
  if (!info?.isFile) return;
  await Deno.writeTextFile(path, `${octets} 1\n`, { append: true, create: false });
}

interface Used {
  readonly bytes: number;
  readonly messages: number;
}

/** Null: a line is none. */
function sumOf(lines: readonly string[]): Used | null {
  let [bytes, messages] = [0, 0];
  for (const line of lines) {
    if (line.trim() === "") continue;
    const found = /^\s*(-?\d{1,15})\s+(-?\d{1,15})\s*$/.exec(line);
    if (!found) return null;
    bytes += Number(found[1]);
    messages += Number(found[2]);
  }
  return bytes < 0 || messages < 0 ? null : { bytes, messages };
}

/** All mailboxes; what is in the trash does not count, as Courier has it. */
async function measure(maildir: string): Promise<Used> {
  let [bytes, messages] = [0, 0];
  const folders = (await listFolder(maildir)).filter(({ name, isFolder }) =>
    isFolder && name.startsWith(".") && name !== ".Trash"
  ).map(({ name }) => join(maildir, name));
  for (const folder of [maildir, ...folders].flatMap((one) => [join(one, "cur"), join(one, "new")])) {
    for (const { name, isFile } of await listFolder(folder)) {
      if (!isFile || /:2,[A-Z]*T/.test(name)) continue;
      const told = /,S=(\d{1,15})/.exec(name)?.[1];
      const size = told === undefined ? (await Deno.lstat(join(folder, name)).catch(() => null))?.size : Number(told);
      bytes += size ?? 0;
      messages++;
    }
  }
  return { bytes, messages };
}
