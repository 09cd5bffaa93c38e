/** Reads an mbox, or a folder of them. */
import { join } from "node:path";
import { concatBytes, utf8Bytes } from "../../base/bytes.ts";
import { hasher } from "../../base/hash.ts";
import {
  FACTS_LIMIT,
  FromQuoter,
  levelOfFile,
  type MboxExtent,
  readAdded,
  readFacts,
  Repeats,
  scanMbox,
} from "../mod.ts";
import { firstOctets, listFolder, readRange } from "./files.ts";
import { printKey } from "./keys.ts";
import {
  reasonOf,
  type Source,
  SourceBroken,
  type SourceMailbox,
  type SourceMessage,
  type SourceProblem,
} from "./source.ts";

/** How From_ lines within messages are written in a file; `auto` finds out. */
export type MboxVariant = "auto" | "mboxrd" | "mboxo" | "mboxcl" | "mboxcl2";

/** Messages up to here are kept in memory between being hashed and being sent. */
const KEPT = 1_048_576;
const DEPTH = 50;

/** One file, which goes to the mailbox `levels`. */
export async function openMboxFile(path: string, levels: readonly string[], variant: MboxVariant): Promise<Source> {
  return { mailboxes: [await mboxMailbox(path, levels, variant)], problems: [] };
}

/** A folder of mbox files: `Work.mbox`, `Work/2024.mbox`, also `Work.sbd/2024` as Thunderbird has them. */
export async function openMboxFolder(root: string, variant: MboxVariant): Promise<Source> {
  const mailboxes: SourceMailbox[] = [];
  const problems: SourceProblem[] = [];
  const walk = async (path: string, levels: readonly string[]): Promise<void> => {
    if (levels.length > DEPTH) return;
    for (const { name, isFile, isFolder } of await listFolder(path)) {
      const where = join(path, name);
      const plain = name.replace(isFile ? /\.(?:mbox|mbx)$/i : /\.sbd$/i, "");
      // Indexes of mail programs, and an export that was not finished.
      if (name.startsWith(".") || /\.(?:msf|dat|part|json|lock)$/i.test(name)) continue;
      const level = levelOfFile(plain);
      if (level === null) problems.push({ where, problem: "its name can be none of a mailbox; rename it", lost: true });
      else if (isFolder) await walk(where, [...levels, level]);
      else if (isFile) {
        mailboxes.push(await mboxMailbox(where, [...levels, /^inbox$/i.test(level) ? "INBOX" : level], variant));
      }
    }
  };
  await walk(root, []);
  return { mailboxes, problems };
}

async function mboxMailbox(path: string, levels: readonly string[], variant: MboxVariant): Promise<SourceMailbox> {
  const base = await keptUids(path);
  return {
    levels,
    where: path,
    uidValidity: base?.uidValidity ?? null,
    uidNext: base === null ? null : base.lastUid + 1,
    role: null,
    subscribed: false,
    acl: [],
    count: null,
    messages: () => readMbox(path, levels, variant),
  };
}

/** UIDVALIDITY and the last UID of an mbox that an IMAP server kept; they stand in its first message. */
async function keptUids(path: string): Promise<{ uidValidity: number; lastUid: number } | null> {
  try {
    for await (const step of extents(path, (await Deno.stat(path)).size, "auto")) {
      if (!("start" in step)) return null;
      return readFacts(await firstOctets(readRange(path, step.start, step.end, path), FACTS_LIMIT)).base;
    }
  } catch { /* reading it will say why */ }
  return null;
}

async function* readMbox(
  path: string,
  levels: readonly string[],
  variant: MboxVariant,
): AsyncGenerator<SourceMessage | SourceProblem> {
  const repeats = new Repeats();
  let size: number;
  try {
    size = (await Deno.stat(path)).size;
  } catch (error) {
    return yield { where: path, problem: reasonOf(error), lost: true };
  }
  let lastUid = 0;
  let isFirst = true;
  try {
    for await (const step of extents(path, size, variant)) {
      if ("problem" in step) {
        yield step;
        continue;
      }
      const { facts, message } = await openMessage(path, levels, variant, step, repeats);
      if (isFirst) lastUid = facts.base?.lastUid ?? 0;
      if (!(isFirst && facts.isInternal)) {
        // Anybody can send a message with X-UID: it counts where a server has said that it keeps UIDs in this file.
        yield { ...message, uid: facts.uid !== null && facts.uid <= lastUid ? facts.uid : null };
      }
      isFirst = false;
    }
  } catch (error) {
    if (!(error instanceof SourceBroken)) throw error;
    yield { where: error.where, problem: `${error.message}; what stands behind was not read`, lost: true };
  }
}

/** Runs the program over the file. */
async function* extents(
  path: string,
  size: number,
  variant: MboxVariant,
): AsyncGenerator<MboxExtent | SourceProblem> {
  const lengths = variant === "mboxrd" || variant === "mboxo" ? "never" : variant === "auto" ? undefined : "always";
  const program = scanMbox(size, lengths === undefined ? {} : { lengths });
  let answer: Uint8Array | undefined;
  for (;;) {
    const { done, value } = program.next(answer);
    if (done) return;
    answer = undefined;
    if ("read" in value) {
      const pieces: Uint8Array[] = [];
      for await (const piece of readRange(path, value.read, value.read + value.length, path)) pieces.push(piece);
      answer = concatBytes(pieces);
    } else if ("message" in value) yield value.message;
    else if (value.note === "notMbox") {
      const problem = 'does not begin with a line as "From alice@example.org Tue Jan  1 00:00:00 2002": it is no mbox';
      yield { where: `${path}, octet ${value.at}`, problem, lost: true };
    } else {
      const problem = "its Content-Length is wrong; its end was found by the next From line";
      yield { where: `${path}, octet ${value.at}`, problem, lost: false };
    }
  }
}

async function openMessage(
  path: string,
  levels: readonly string[],
  variant: MboxVariant,
  extent: MboxExtent,
  repeats: Repeats,
) {
  const where = `${path}, octet ${extent.at}`;
  const raw = (start: number, end: number) => readRange(path, start, end, where);
  const added = readAdded(
    await firstOctets(raw(extent.start, Math.min(extent.end, extent.start + FACTS_LIMIT)), FACTS_LIMIT),
  );
  const start = extent.start + (added?.length ?? 0);
  const end = added?.open ? Math.max(start, extent.end - (extent.crlf ? 2 : 1)) : extent.end;
  const quoting = variant === "mboxcl2" || (variant === "auto" && extent.counted)
    ? null
    : variant === "mboxo" || variant === "mboxcl"
    ? "mboxo"
    : "mboxrd";
  async function* stream(): AsyncGenerator<Uint8Array> {
    const quoter = quoting === null ? null : new FromQuoter(quoting);
    for await (const piece of raw(start, end)) {
      if (quoter) yield* quoter.push(piece);
      else yield piece;
    }
    if (quoter) yield* quoter.finish();
  }
  const hash = hasher("sha256");
  hash.update(utf8Bytes(`mbox\0${levels.join("/")}\0${extent.line}\0`));
  const kept: Uint8Array[] = [];
  const first: Uint8Array[] = [];
  let size = 0;
  for await (const piece of stream()) {
    hash.update(piece);
    if (size < FACTS_LIMIT) first.push(piece);
    size += piece.length;
    if (size <= KEPT) kept.push(piece);
  }
  const digest = hash.digest();
  const before = repeats.count(digest);
  const facts = readFacts(concatBytes(first).subarray(0, FACTS_LIMIT));
  const isKept = size <= KEPT;
  if (!isKept) kept.length = 0;
  const message: SourceMessage = {
    where,
    size,
    flags: added?.flags ?? facts.flags,
    internalDate: extent.from.date,
    uid: null,
    key: printKey(digest).slice(0, 28) + (before === 0 ? "" : `.${before}`),
    name: extent.line + (extent.crlf ? "\r" : ""),
    kept: isKept ? size : 0,
    open: isKept ? () => asStream(kept) : stream,
  };
  return { facts, message };
}

async function* asStream(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}
