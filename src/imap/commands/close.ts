import { ask } from "../../contract/mod.ts";
import { AT_ONCE, type Command, SELECTED } from "../command.ts";
import { ok } from "../reply.ts";
import type { CommandProgram, ImapState } from "../session.ts";

/** CLOSE (RFC 9051 section 6.4.1): removes what is \Deleted without telling, and unselects. */
export const close: Command = {
  states: SELECTED,
  parse(lexer, state) {
    lexer.end();
    return run(state);
  },
};

function* run(state: ImapState): CommandProgram {
  const view = state.view!;
  let code: string | null = null;
  if (!view.readOnly && !view.deleted) {
    const { accountId, mailboxId } = view;
    for (let more = true; more;) {
      const { vanished, modseq } = yield* ask("email.expunge", { accountId, mailboxId, ranges: null, limit: AT_ONCE });
      // RFC 7162 section 3.2.8: the client learns up to where it knows the mailbox.
      if (state.qresync && vanished.length > 0) code = `HIGHESTMODSEQ ${modseq}`;
      more = vanished.length === AT_ONCE;
    }
  }
  state.view = null;
  yield* ask("mailbox.unwatch", {});
  return ok("Closed", code);
}
