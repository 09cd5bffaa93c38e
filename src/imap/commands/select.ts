import { ask, type MailboxSnapshot, type Modseq, type Program, type Uid } from "../../contract/mod.ts";
import {
  accountOf,
  AFTER_LOGIN,
  BAD_NAME,
  type Command,
  NO_PERMISSION,
  NO_SUCH_MAILBOX,
  spMailboxAsGiven,
} from "../command.ts";
import { ok } from "../reply.ts";
import { type CommandProgram, formatFlagLists, formatFlags, type ImapState, sendText } from "../session.ts";
import { TEXTS } from "../texts.ts";
import { View } from "../view.ts";
import { attributeOf } from "../special_use.ts";
import { formatMailbox, formatOldName, type GivenName } from "../wire/mailbox_name.ts";
import { formatSet, type SequenceSet, sequenceSet, within } from "../wire/sequence_set.ts";
import type { Lexer } from "../wire/lexer.ts";

/** SELECT (RFC 9051 section 6.3.2) */
export const select: Command = { states: AFTER_LOGIN, parse: (lexer, state) => parse(lexer, state, false) };

/** EXAMINE (RFC 9051 section 6.3.3) */
export const examine: Command = { states: AFTER_LOGIN, parse: (lexer, state) => parse(lexer, state, true) };

function parse(lexer: Lexer, state: ImapState, readOnly: boolean): CommandProgram {
  const name = spMailboxAsGiven(lexer, state);
  let condstore = false;
  let resync: Resync | null = null;
  if (lexer.tryChar(" ")) {
    lexer.list(() => {
      const word = lexer.word();
      if (word === "QRESYNC" && state.qresync) resync = qresync(lexer, state);
      else if (word === "CONDSTORE") condstore = true;
      // RFC 4466 section 2.1; RFC 7162 section 3.2.5: BAD where QRESYNC was not enabled.
      else lexer.fail(word === "QRESYNC" ? "QRESYNC is not enabled" : "No such parameter");
    });
  }
  lexer.end();
  return run(state, name, readOnly, condstore, resync);
}

/** What the client knows of the mailbox (RFC 7162 section 3.2.5). */
interface Resync {
  readonly uidValidity: number;
  readonly modseq: number;
  /** Null: all UIDs. */
  readonly known: SequenceSet | null;
}

/** `SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"` */
function qresync(lexer: Lexer, state: ImapState): Resync {
  lexer.sp();
  lexer.char("(");
  const uidValidity = lexer.nzNumber();
  lexer.sp();
  const modseq = lexer.number64();
  let known: SequenceSet | null = null;
  let more = lexer.tryChar(" ");
  if (more && lexer.peek() !== "(") {
    known = sequenceSet(lexer);
    more = lexer.tryChar(" ");
  }
  if (more) {
    // Section 3.2.5.2: match data shorten the answer of a server that has forgotten; ours remembers or names all.
    if (state.uidOnly) lexer.fail(TEXTS.uidRequired, "UIDREQUIRED"); // RFC 9586 section 3.4
    lexer.char("(");
    sequenceSet(lexer);
    lexer.sp();
    sequenceSet(lexer);
    lexer.char(")");
  }
  lexer.char(")");
  return { uidValidity, modseq: Math.max(1, modseq), known };
}

function* run(
  state: ImapState,
  name: GivenName | null,
  readOnly: boolean,
  condstore: boolean,
  resync: Resync | null,
): CommandProgram {
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
  if (snapshot === null) {
    // RFC 4314 section 4: "r" is needed; who may see the mailbox may know that.
    const seen = yield* ask("mailbox.get", { accountId, path: name.path });
    return seen === null ? NO_SUCH_MAILBOX : NO_PERMISSION;
  }
  const { mailboxId, ownerId, highestModseq } = snapshot.mailbox;
  const view = new View(accountId, snapshot, readOnly);
  // RFC 9051 section 5.1: the view stands before the watch, so that nothing falls between them.
  state.view = view;
  yield* ask("mailbox.watch", { accountId, ownerId, mailboxId, since: highestModseq });
  yield sendText(describe(state, view, snapshot, name.given));
  if (resync?.uidValidity === snapshot.mailbox.uidValidity) yield* tellMissed(state, view, resync);
  return ok(view.readOnly ? "Opened read-only" : "Selected", view.readOnly ? "READ-ONLY" : "READ-WRITE");
}

/** Section 3.2.6: what vanished since, and every message that is new or has other flags. */
function* tellMissed(state: ImapState, view: View, { modseq, known }: Resync): Program<void> {
  const { accountId, mailboxId } = view;
  const changes = yield* ask("mailbox.changes", { accountId, mailboxId, since: modseq as Modseq });
  // Section 3.2.5.1: with known UIDs, only these are reported.
  const reported = (uids: readonly Uid[]): Uid[] =>
    known === null || known === "$" ? [...uids] : within(uids, known, view.top);
  // What happened after the snapshot is news as always.
  const named = reported(changes.vanished.filter((uid) => view.seqOf(uid) === 0));
  const wanted = new Set(reported(changes.changed.map(({ uid }) => uid)));
  const changed = changes.changed.filter(({ uid }) => wanted.has(uid) && view.seqOf(uid) > 0);
  view.told(changed);
  view.apply(changes);
  let text = named.length > 0 ? `* VANISHED (EARLIER) ${formatSet(named)}\r\n` : "";
  for (const change of changed) text += formatFlags(state, view.seqOf(change.uid), change, true);
  if (text !== "") yield sendText(text);
}

function describe(state: ImapState, view: View, snapshot: MailboxSnapshot, given: string): string {
  const { mailbox, firstUnseen } = snapshot;
  const unseen = firstUnseen === null ? 0 : view.seqOf(firstUnseen);
  let out = formatFlagLists(view) + `* ${view.count} EXISTS\r\n`;
  if (!state.rev2) {
    // RFC 3501 section 6.3.1; \Recent is never set, which it allows.
    out += "* 0 RECENT\r\n";
    if (unseen > 0 && !state.uidOnly) out += `* OK [UNSEEN ${unseen}] First unseen\r\n`;
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
