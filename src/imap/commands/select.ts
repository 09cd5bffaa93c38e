import { ask, type MailboxSnapshot } from "../../contract/mod.ts";
import { accountOf, AFTER_LOGIN, BAD_NAME, type Command, NO_SUCH_MAILBOX, spMailboxAsGiven } from "../command.ts";
import { ok } from "../reply.ts";
import { type CommandProgram, formatFlagLists, type ImapState, sendText } from "../session.ts";
import { TEXTS } from "../texts.ts";
import { View } from "../view.ts";
import { attributeOf } from "../special_use.ts";
import { formatMailbox, formatOldName, type GivenName } from "../wire/mailbox_name.ts";
import type { Lexer } from "../wire/lexer.ts";

/** SELECT (RFC 9051 section 6.3.2) */
export const select: Command = { states: AFTER_LOGIN, parse: (lexer, state) => parse(lexer, state, false) };

/** EXAMINE (RFC 9051 section 6.3.3) */
export const examine: Command = { states: AFTER_LOGIN, parse: (lexer, state) => parse(lexer, state, true) };

function parse(lexer: Lexer, state: ImapState, readOnly: boolean): CommandProgram {
  const name = spMailboxAsGiven(lexer, state);
  let condstore = false;
  if (lexer.tryChar(" ")) {
    for (const word of lexer.list(() => lexer.word())) {
      if (word !== "CONDSTORE") lexer.fail("No such parameter"); // RFC 4466 section 2.1
      condstore = true;
    }
  }
  lexer.end();
  return run(state, name, readOnly, condstore);
}

function* run(state: ImapState, name: GivenName | null, readOnly: boolean, condstore: boolean): CommandProgram {
  if (condstore) state.condstore = true;
  // RFC 9051 section 6.3.2: the old mailbox is deselected whether the new one can be selected or not.
  if (state.view) {
    state.view = null;
    yield* ask("mailbox.unwatch", {});
    yield sendText(`* OK [CLOSED] ${TEXTS.closed}\r\n`);
  }
  if (name === null) return BAD_NAME;
  const accountId = accountOf(state);
  const snapshot = yield* ask("mailbox.open", { accountId, path: name.path });
  if (snapshot === null) return NO_SUCH_MAILBOX;
  const { mailboxId, highestModseq } = snapshot.mailbox;
  const view = new View(accountId, snapshot, readOnly);
  // RFC 9051 section 5.1: the view stands before the watch, so that nothing falls between them.
  state.view = view;
  yield* ask("mailbox.watch", { accountId, mailboxId, since: highestModseq });
  yield sendText(describe(state, view, snapshot, name.given));
  return ok(readOnly ? "Opened read-only" : "Selected", readOnly ? "READ-ONLY" : "READ-WRITE");
}

function describe(state: ImapState, view: View, snapshot: MailboxSnapshot, given: string): string {
  const { mailbox, firstUnseen } = snapshot;
  const unseen = firstUnseen === null ? 0 : view.seqOf(firstUnseen);
  let out = formatFlagLists(view) + `* ${view.count} EXISTS\r\n`;
  if (!state.rev2) {
    // RFC 3501 section 6.3.1; \Recent is never set, which it allows.
    out += "* 0 RECENT\r\n";
    if (unseen > 0) out += `* OK [UNSEEN ${unseen}] First unseen\r\n`;
  }
  out += `* OK [UIDVALIDITY ${mailbox.uidValidity}] UIDs valid\r\n` +
    `* OK [UIDNEXT ${mailbox.uidNext}] Predicted next UID\r\n` +
    `* OK [HIGHESTMODSEQ ${Math.max(1, mailbox.highestModseq)}] Highest\r\n` +
    `* OK [MAILBOXID (${mailbox.mailboxId})] Object id\r\n`;
  // RFC 9051 section 6.3.2: rev2 tells the name as LIST would.
  if (state.rev2) {
    const use = attributeOf(mailbox.role);
    const attributes = [...(mailbox.subscribed ? ["\\Subscribed"] : []), ...(use === null ? [] : [use])].join(" ");
    const oldName = given === mailbox.path ? "" : formatOldName(given);
    out += `* LIST (${attributes}) "/" ${formatMailbox(mailbox.path, true)}${oldName}\r\n`;
  }
  return out;
}
