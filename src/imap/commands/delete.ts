import { ask } from "../../contract/mod.ts";
import {
  accountOf,
  AFTER_LOGIN,
  BAD_NAME,
  type Command,
  didRename,
  spMailboxAsGiven,
  tellNormalized,
} from "../command.ts";
import { mailboxRefusal } from "../mailbox_refusal.ts";
import { ok } from "../reply.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";
import type { GivenName } from "../wire/mailbox_name.ts";

/** DELETE (RFC 9051 section 6.3.5) */
export const deleteMailbox: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    const name = spMailboxAsGiven(lexer, state);
    lexer.end();
    return run(state, name);
  },
};

function* run(state: ImapState, name: GivenName | null): CommandProgram {
  if (name === null) return BAD_NAME;
  const { path, given } = name;
  const done = yield* ask("mailbox.delete", { accountId: accountOf(state), path });
  if ("refused" in done) return mailboxRefusal(done);
  didRename(state, path);
  // The client deleted what it has selected: the end of this command tells that it is closed.
  if (state.view?.mailboxId === done.deleted) state.view.deleted = true;
  if (given !== path) yield sendText(tellNormalized(state, path, given, "\\NonExistent"));
  return ok("Deleted");
}
