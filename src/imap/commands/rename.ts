import { ask } from "../../contract/mod.ts";
import {
  accountOf,
  AFTER_LOGIN,
  BAD_NAME,
  type Command,
  didRename,
  refresh,
  spMailboxAsGiven,
  tellNormalized,
} from "../command.ts";
import { mailboxRefusal } from "../mailbox_refusal.ts";
import { ok } from "../reply.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";
import { type GivenName, withoutDelimiter } from "../wire/mailbox_name.ts";

/** RENAME (RFC 9051 section 6.3.6) */
export const rename: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    const old = spMailboxAsGiven(lexer, state);
    const wanted = spMailboxAsGiven(lexer, state);
    lexer.end();
    return run(state, old, wanted);
  },
};

function* run(state: ImapState, old: GivenName | null, wanted: GivenName | null): CommandProgram {
  if (old === null || wanted === null) return BAD_NAME;
  const { path } = old;
  const newPath = withoutDelimiter(wanted.path);
  const done = yield* ask("mailbox.rename", { accountId: accountOf(state), path, newPath });
  if ("refused" in done) return mailboxRefusal(done);
  didRename(state, path, newPath);
  // Renaming INBOX empties it: whoever has it selected sees its messages go.
  if (state.view?.path === "INBOX" && path === "INBOX") yield* refresh(state.view);
  // RFC 9051 section 6.3.6: the old name as it was supplied, the new one as it became.
  if (old.given !== path || withoutDelimiter(wanted.given) !== newPath) {
    yield sendText(tellNormalized(state, newPath, old.given));
  }
  return ok("Renamed");
}
