import { ask } from "../../contract/mod.ts";
import { type NewMessage, newMessage, sealMessages } from "../append_message.ts";
import { accountOf, AFTER_LOGIN, arrived, BAD_NAME, type Command, spMailbox } from "../command.ts";
import { ok, type Reply } from "../reply.ts";
import type { CommandProgram, ImapState } from "../session.ts";
import { formatSet } from "../wire/sequence_set.ts";
import { copyRefusal } from "./copy.ts";

/** APPEND (RFC 9051 section 6.3.12), several messages at once too (RFC 3502). */
export const append: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    const path = spMailbox(lexer, state);
    const messages: NewMessage[] = [];
    do {
      lexer.sp();
      messages.push(newMessage(lexer));
    } while (!lexer.atEnd());
    return run(state, path, messages);
  },
};

function* run(state: ImapState, path: string | null, messages: readonly NewMessage[]): CommandProgram {
  if (path === null) return BAD_NAME;
  const sealed = yield* sealMessages(state, messages);
  if (!Array.isArray(sealed)) return sealed as Reply;
  const now = yield* ask("clock.now", {});
  const done = yield* ask("email.append", { accountId: accountOf(state), path, messages: sealed, now });
  if ("refused" in done) return copyRefusal(done.refused);
  // RFC 9051 section 6.3.12: whoever has the mailbox selected is told of the message at once.
  yield* arrived(state, path, done.uids);
  return ok("Appended", `APPENDUID ${done.uidValidity} ${formatSet(done.uids)}`);
}
