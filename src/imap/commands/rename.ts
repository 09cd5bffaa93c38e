import { ask } from "../../contract/mod.ts";
import { accountOf, AFTER_LOGIN, BAD_NAME, type Command, refresh, spMailbox } from "../command.ts";
import { mailboxRefusal } from "../mailbox_refusal.ts";
import { ok } from "../reply.ts";
import type { CommandProgram, ImapState } from "../session.ts";
import { DELIMITER } from "../wire/mailbox_name.ts";

/** RENAME (RFC 9051 section 6.3.6) */
export const rename: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    const path = spMailbox(lexer, state);
    const newPath = spMailbox(lexer, state);
    lexer.end();
    return run(state, path, newPath);
  },
};

function* run(state: ImapState, path: string | null, newPath: string | null): CommandProgram {
  if (path === null || newPath === null) return BAD_NAME;
  const name = newPath.endsWith(DELIMITER) ? newPath.slice(0, -1) : newPath;
  const done = yield* ask("mailbox.rename", { accountId: accountOf(state), path, newPath: name });
  if ("refused" in done) return mailboxRefusal(done);
  // Renaming INBOX empties it: whoever has it selected sees its messages go.
  if (state.view?.path === "INBOX" && path === "INBOX") yield* refresh(state.view);
  return ok("Renamed");
}
