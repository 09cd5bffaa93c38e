import { ask, type MailboxRole } from "../../contract/mod.ts";
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
import { no, ok } from "../reply.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";
import { TEXTS } from "../texts.ts";
import { roleOf } from "../special_use.ts";
import { type GivenName, withoutDelimiter } from "../wire/mailbox_name.ts";
import type { Lexer } from "../wire/lexer.ts";

/** CREATE (RFC 9051 section 6.3.4) with USE (RFC 6154 section 3). */
export const create: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    const name = spMailboxAsGiven(lexer, state);
    let uses: string[] = [];
    if (lexer.tryChar(" ")) {
      lexer.char("(");
      if (!lexer.tryWord("USE")) lexer.fail("No such parameter");
      lexer.sp();
      uses = lexer.list(() => useAttribute(lexer), 0);
      lexer.char(")");
    }
    lexer.end();
    return run(state, name, uses);
  },
};

function useAttribute(lexer: Lexer): string {
  lexer.char("\\");
  return lexer.atom();
}

function* run(state: ImapState, name: GivenName | null, uses: readonly string[]): CommandProgram {
  if (name === null) return BAD_NAME;
  let role: MailboxRole | null = null;
  if (uses.length > 0) {
    // RFC 6154 section 3: an unsupported use is NO [USEATTR]; one mailbox has one role here.
    role = uses.length === 1 ? roleOf(uses[0]!) : null;
    if (role === null) return no("That special use is not possible", "USEATTR");
  }
  // RFC 9051 section 6.3.4: a delimiter at the end only announces children.
  const path = withoutDelimiter(name.path);
  const made = yield* ask("mailbox.create", { accountId: accountOf(state), path, role });
  if ("refused" in made && made.refused === "exists" && role !== null) {
    // RFC 6154 section 3: the name is free, so it is the use that another mailbox has.
    const there = yield* ask("mailbox.get", { accountId: accountOf(state), path });
    if (there === null) return no("Another mailbox has that special use", "USEATTR");
  }
  if ("refused" in made) return mailboxRefusal(made, role !== null && made.refused === "exists" ? TEXTS.exists : null);
  didRename(state, made.path);
  if (withoutDelimiter(name.given) !== made.path) yield sendText(tellNormalized(state, made.path, name.given));
  return ok("Created", `MAILBOXID (${made.mailboxId})`);
}
