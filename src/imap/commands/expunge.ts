import { ask } from "../../contract/mod.ts";
import { AT_ONCE, type Command, NO_PERMISSION, SELECTED } from "../command.ts";
import { no, ok } from "../reply.ts";
import { type CommandProgram, type ImapState, removeMessages, sendText } from "../session.ts";
import { TEXTS } from "../texts.ts";
import { type SequenceSet, sequenceSet } from "../wire/sequence_set.ts";

/** EXPUNGE (RFC 9051 section 6.4.3) and UID EXPUNGE (section 6.4.9, RFC 4315). */
export const expunge: Command = {
  states: SELECTED,
  parse(lexer, state, byUid) {
    let set: SequenceSet | null = null;
    if (byUid) {
      lexer.sp();
      set = sequenceSet(lexer);
    }
    lexer.end();
    return run(state, set);
  },
};

function* run(state: ImapState, set: SequenceSet | null): CommandProgram {
  const view = state.view!;
  if (view.readOnly) return no(TEXTS.readOnly, "CANNOT");
  const ranges = set === null ? null : view.ranges(set, true);
  if (ranges !== null && ranges.length === 0) return ok("Nothing to expunge");
  const { accountId, mailboxId } = view;
  let highest: number | null = null;
  for (let more = true; more;) {
    const done = yield* ask("email.expunge", { accountId, mailboxId, ranges, limit: AT_ONCE });
    if (done.refused) return NO_PERMISSION;
    const { vanished, modseq } = done;
    const text = removeMessages(state, vanished);
    if (text !== "") yield sendText(text);
    if (vanished.length > 0) highest = modseq;
    more = vanished.length === AT_ONCE;
  }
  // RFC 7162 section 3.1.2.1: the new HIGHESTMODSEQ, for whoever keeps it.
  return ok("Expunged", state.condstore && highest !== null ? `HIGHESTMODSEQ ${highest}` : null);
}
