import { ask } from "../../contract/mod.ts";
import { type Command, SELECTED } from "../command.ts";
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
  if (!view.readOnly && !view.deleted) {
    yield* ask("email.expunge", { accountId: view.accountId, mailboxId: view.mailboxId, ranges: null });
  }
  state.view = null;
  yield* ask("mailbox.unwatch", {});
  return ok("Closed");
}
