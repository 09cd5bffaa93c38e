import { ask } from "../../contract/mod.ts";
import { accountOf, AFTER_LOGIN, BAD_NAME, type Command, spMailbox } from "../command.ts";
import { mailboxRefusal } from "../mailbox_refusal.ts";
import { ok } from "../reply.ts";
import type { CommandProgram, ImapState } from "../session.ts";

/** DELETE (RFC 9051 section 6.3.5) */
export const deleteMailbox: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    const path = spMailbox(lexer, state);
    lexer.end();
    return run(state, path);
  },
};

function* run(state: ImapState, path: string | null): CommandProgram {
  if (path === null) return BAD_NAME;
  const done = yield* ask("mailbox.delete", { accountId: accountOf(state), path });
  if ("refused" in done) return mailboxRefusal(done);
  // The client deleted what it has selected: the end of this command tells that it is closed.
  if (state.view?.mailboxId === done.deleted) state.view.deleted = true;
  return ok("Deleted");
}
