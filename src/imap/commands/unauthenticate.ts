import { ask } from "../../contract/mod.ts";
import { accountOf, AFTER_LOGIN, type Command } from "../command.ts";
import type { CommandProgram, ImapState } from "../session.ts";

/** UNAUTHENTICATE (RFC 8437): the connection is as before its login. Never refused: a login may stand behind it. */
export const unauthenticate: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    lexer.end();
    return run(state);
  },
};

function* run(state: ImapState): CommandProgram {
  // RFC 8437 section 3: a selected mailbox is left without an expunge.
  if (state.view !== null) yield* ask("mailbox.unwatch", {});
  if (state.notify !== null) yield* ask("mailbox.listen", { accountId: accountOf(state), ownerIds: [] });
  yield* ask("auth.forget", {});
  return { then: "loggedOff" };
}
