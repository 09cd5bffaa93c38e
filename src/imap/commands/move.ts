import { ask } from "../../contract/mod.ts";
import { arrived, AT_ONCE, BAD_NAME, type Command, resolve } from "../command.ts";
import { no, ok } from "../reply.ts";
import { type CommandProgram, type ImapState, progressed, removeMessages, sendText } from "../session.ts";
import { TEXTS } from "../texts.ts";
import type { SequenceSet } from "../wire/sequence_set.ts";
import { copyRefusal, copyUid, toMailbox } from "./copy.ts";

/** MOVE and UID MOVE (RFC 9051 section 6.4.8, RFC 6851) */
export const move: Command = toMailbox(run);

function* run(state: ImapState, set: SequenceSet, path: string | null, byUid: boolean): CommandProgram {
  const view = state.view!;
  if (path === null) return BAD_NAME;
  if (view.readOnly) return no(TEXTS.readOnly, "CANNOT");
  const ranges = resolve(view, set, byUid);
  if ("status" in ranges) return ranges;
  if (ranges.length === 0) return ok("Nothing to move");
  const now = yield* ask("clock.now", {});
  const { accountId, mailboxId } = view;
  const made: number[] = [];
  let highest: number | null = null;
  // RFC 9051 section 6.4.8: it may fail partway, so not all of it need be one transaction.
  const pieces = [...view.pieces(ranges, AT_ONCE)];
  for (const [at, piece] of pieces.entries()) {
    progressed(state, at * AT_ONCE, pieces.length * AT_ONCE);
    const done = yield* ask("email.move", { accountId, mailboxId, ranges: piece, path, now });
    if ("refused" in done) return copyRefusal(done.refused);
    const code = copyUid(done.uidValidity, done.pairs);
    // RFC 6851 section 4.3: COPYUID goes before the EXPUNGE responses, in an untagged OK.
    if (code !== null) yield sendText(`* OK [${code}] Moved\r\n`);
    const text = removeMessages(state, done.pairs.map((pair) => pair.from));
    if (text !== "") yield sendText(text);
    made.push(...done.pairs.map((pair) => pair.to));
    if (code !== null) highest = done.modseq;
  }
  yield* arrived(state, path, made);
  return ok("Moved", state.condstore && highest !== null ? `HIGHESTMODSEQ ${highest}` : null);
}
