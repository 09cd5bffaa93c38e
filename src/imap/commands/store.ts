import {
  ask,
  type FlagChange,
  type FlagMode,
  type Modseq,
  type Program,
  type Uid,
  type UidRange,
} from "../../contract/mod.ts";
import { AT_ONCE, type Command, NO_PERMISSION, resolve, SELECTED } from "../command.ts";
import { RangeCursor } from "../range_cursor.ts";
import { no, ok } from "../reply.ts";
import {
  type CommandProgram,
  fetchHead,
  formatFlagLists,
  formatFlags,
  type ImapState,
  progressed,
  sendText,
} from "../session.ts";
import { TEXTS } from "../texts.ts";
import type { View } from "../view.ts";
import { storeFlags } from "../wire/flags.ts";
import type { Lexer } from "../wire/lexer.ts";
import { formatSet, type SequenceSet, sequenceSet } from "../wire/sequence_set.ts";

const PAGE = 500; // rows

interface Request {
  readonly set: SequenceSet;
  readonly byUid: boolean;
  readonly mode: FlagMode;
  readonly silent: boolean;
  readonly flags: readonly string[];
  readonly unchangedSince: number | null;
}

/** STORE and UID STORE (RFC 9051 section 6.4.6, RFC 7162 section 3.1.3) */
export const store: Command = {
  states: SELECTED,
  parse(lexer, state, byUid) {
    lexer.sp();
    const set = sequenceSet(lexer);
    lexer.sp();
    const unchangedSince = lexer.peek() === "(" ? unchanged(lexer) : null;
    const mode: FlagMode = lexer.tryChar("+") ? "add" : lexer.tryChar("-") ? "remove" : "replace";
    const silent = lexer.tryWord("FLAGS.SILENT");
    if (!silent && !lexer.tryWord("FLAGS")) lexer.fail("FLAGS was expected");
    lexer.sp();
    const flags = storeFlags(lexer);
    lexer.end();
    return run(state, { set, byUid, mode, silent, flags, unchangedSince });
  },
};

/** `"(" "UNCHANGEDSINCE" SP mod-sequence-valzer ")" SP` */
function unchanged(lexer: Lexer): number {
  lexer.char("(");
  if (!lexer.tryWord("UNCHANGEDSINCE")) lexer.fail("No such modifier");
  lexer.sp();
  const modseq = lexer.number64();
  lexer.char(")");
  lexer.sp();
  return modseq;
}

function* run(state: ImapState, request: Request): CommandProgram {
  const view = state.view!;
  if (view.readOnly) return no(TEXTS.readOnly, "CANNOT");
  const ranges = resolve(view, request.set, request.byUid);
  if ("status" in ranges) return ranges;
  if (request.unchangedSince !== null) state.condstore = true; // a CONDSTORE enabling command
  if (ranges.length === 0) return ok("Nothing to store");
  // RFC 9051 section 7.3.5: a new keyword is announced before a FETCH response shows it.
  if (view.rights.includes("w") && view.learn(request.flags) && view.takeNewKeywords()) {
    yield sendText(formatFlagLists(view));
  }
  const modified: Uid[] = [];
  // What the view knows may change while the pieces are stored; the pieces are those of the command's beginning.
  const pieces = [...view.pieces(ranges, AT_ONCE)];
  for (const [at, piece] of pieces.entries()) {
    progressed(state, at * AT_ONCE, pieces.length * AT_ONCE);
    const spared = yield* storePiece(state, request, piece);
    if (spared === null) return NO_PERMISSION;
    modified.push(...spared);
  }
  if (modified.length === 0) return ok("Stored");
  const failed = request.byUid ? modified : modified.map((uid) => view.seqOf(uid)).filter((seq) => seq > 0);
  return ok("Some messages had changed", `MODIFIED ${formatSet(failed)}`);
}

/** One transaction, and what it is answered with. The UIDs that UNCHANGEDSINCE spared; null: no right. */
function* storePiece(state: ImapState, request: Request, ranges: readonly UidRange[]): Program<readonly Uid[] | null> {
  const view = state.view!;
  const { accountId, mailboxId } = view;
  const { changed, modified, refused } = yield* ask("email.flags", {
    accountId,
    mailboxId,
    ranges,
    mode: request.mode,
    flags: request.flags,
    ...(request.unchangedSince === null ? {} : { unchangedSince: request.unchangedSince as Modseq }),
  });
  if (refused) return null;
  view.told(changed);
  const skip = new Set<number>(modified);
  const withUid = request.byUid || state.rev2;
  if (!request.silent && changed.length + modified.length < view.countIn(ranges)) {
    yield* tellAll(state, view, ranges, skip, withUid);
  } else if (!request.silent || state.condstore) {
    // RFC 7162 section 3.1.3: with CONDSTORE even .SILENT tells the new MODSEQ.
    const text = changed.map((change) => line(state, view, change, withUid, request.silent)).join("");
    if (text !== "") yield sendText(text);
  }
  return modified;
}

function line(state: ImapState, view: View, change: FlagChange, withUid: boolean, silent: boolean): string {
  const seq = view.seqOf(change.uid);
  if (seq === 0) return "";
  if (!silent) return formatFlags(state, seq, change, withUid);
  return `${fetchHead(state, seq, change.uid)}UID ${change.uid} MODSEQ (${change.modseq}))\r\n`;
}

/** Some flags did not change: the client is told what they are all the same. */
function* tellAll(
  state: ImapState,
  view: View,
  ranges: readonly UidRange[],
  skip: ReadonlySet<number>,
  withUid: boolean,
): Program<void> {
  const cursor = new RangeCursor(ranges);
  while (!cursor.done) {
    const { accountId, mailboxId } = view;
    const page = cursor.take(PAGE);
    const { rows, next } = yield* ask("email.read", { accountId, mailboxId, ranges: page, fields: [], limit: PAGE });
    let text = "";
    for (const row of rows) if (!skip.has(row.uid)) text += line(state, view, row, withUid, false);
    if (text !== "") yield sendText(text);
    view.told(rows.filter((row) => !skip.has(row.uid)));
    cursor.advance(next);
  }
}
