import { ask, type Mailbox } from "../../contract/mod.ts";
import {
  accountOf,
  AFTER_LOGIN,
  BAD_NAME,
  type Command,
  NO_PERMISSION,
  NO_SUCH_MAILBOX,
  spMailbox,
} from "../command.ts";
import { ok } from "../reply.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";
import { statusItem, statusResponse } from "../status_items.ts";

/** STATUS (RFC 9051 section 6.3.11) */
export const status: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    const path = spMailbox(lexer, state);
    lexer.sp();
    const items = [...new Set(lexer.list(() => statusItem(lexer)))];
    lexer.end();
    return run(state, path, items);
  },
};

function* run(state: ImapState, path: string | null, items: readonly string[]): CommandProgram {
  if (path === null) return BAD_NAME;
  const mailbox: Mailbox | null = yield* ask("mailbox.get", { accountId: accountOf(state), path });
  if (mailbox === null) return NO_SUCH_MAILBOX;
  if (!mailbox.rights.includes("r")) return NO_PERMISSION; // RFC 4314 section 4
  // RFC 7162 section 3.1: asking for HIGHESTMODSEQ enables CONDSTORE.
  if (items.includes("HIGHESTMODSEQ")) state.condstore = true;
  yield sendText(yield* statusResponse(state, mailbox, items));
  return ok("Done");
}
