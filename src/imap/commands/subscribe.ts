import { ask } from "../../contract/mod.ts";
import { accountOf, AFTER_LOGIN, BAD_NAME, type Command, didRename, spMailbox } from "../command.ts";
import { mailboxRefusal } from "../mailbox_refusal.ts";
import { ok } from "../reply.ts";
import type { CommandProgram, ImapState } from "../session.ts";
import type { Lexer } from "../wire/lexer.ts";

/** SUBSCRIBE (RFC 9051 section 6.3.7) */
export const subscribe: Command = { states: AFTER_LOGIN, parse: (lexer, state) => parse(lexer, state, true) };

/** UNSUBSCRIBE (RFC 9051 section 6.3.8) */
export const unsubscribe: Command = { states: AFTER_LOGIN, parse: (lexer, state) => parse(lexer, state, false) };

function parse(lexer: Lexer, state: ImapState, subscribed: boolean): CommandProgram {
  const path = spMailbox(lexer, state);
  lexer.end();
  return run(state, path, subscribed);
}

function* run(state: ImapState, path: string | null, subscribed: boolean): CommandProgram {
  if (path === null) return BAD_NAME;
  const done = yield* ask("mailbox.subscribe", { accountId: accountOf(state), path, subscribed });
  if ("refused" in done) return mailboxRefusal(done);
  didRename(state, path);
  return ok(subscribed ? "Subscribed" : "Unsubscribed");
}
