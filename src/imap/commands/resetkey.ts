import { ask } from "../../contract/mod.ts";
import { accountOf, AFTER_LOGIN, BAD_NAME, type Command, NO_SUCH_MAILBOX } from "../command.ts";
import { ok } from "../reply.ts";
import type { CommandProgram, ImapState } from "../session.ts";
import { mailbox } from "../wire/mailbox_name.ts";

/** RESETKEY (RFC 4467 section 7): URLs that were made for a mailbox, or for all, authorize nobody any more. */
export const resetKey: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    let path: string | null | undefined;
    if (lexer.tryChar(" ")) {
      path = mailbox(lexer, state.utf8);
      // Mechanisms may be named behind it; there is one.
      while (lexer.tryChar(" ")) lexer.atom();
    }
    lexer.end();
    return run(state, path);
  },
};

/** `path` undefined: all mailboxes; null: no valid name. */
function* run(state: ImapState, path: string | null | undefined): CommandProgram {
  if (path === null) return BAD_NAME;
  const { done } = yield* ask("url.resetKeys", { accountId: accountOf(state), path: path ?? null });
  return done ? ok("Keys reset", "URLMECH INTERNAL") : NO_SUCH_MAILBOX;
}
