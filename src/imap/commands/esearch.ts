import { ask, type Mailbox, type Program, type Uid } from "../../contract/mod.ts";
import { accountOf, AFTER_LOGIN, type Command, replyWith } from "../command.ts";
import { keepUpToDate } from "../keep_context.ts";
import { sendLong } from "../long_line.ts";
import { isMeant, type MailboxFilter, mailboxFilter } from "../mailbox_filter.ts";
import { bad, ok } from "../reply.ts";
import {
  asksModseq,
  type Criteria,
  criteria,
  relevancy,
  type Searched,
  searchHead,
  timed,
} from "../search_criteria.ts";
import { type CommandProgram, type ImapState, progressed } from "../session.ts";
import { TEXTS } from "../texts.ts";
import { View } from "../view.ts";
import type { Lexer } from "../wire/lexer.ts";
import { formatMailbox } from "../wire/mailbox_name.ts";
import { formatEsearch, type ReturnOptions } from "../wire/search_return.ts";
import { ALL, highestModseq, saved } from "./search.ts";

/** ESEARCH (RFC 7377): a search in several mailboxes, whatever is selected. */
export const esearch: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    lexer.sp();
    const sources = trySources(lexer, state);
    const { options, charset } = searchHead(lexer, state);
    const told = options ?? ALL;
    const again = lexer.copy();
    const wanted = criteria(lexer, state, charset, null);
    if ("status" in wanted) return replyWith(wanted);
    if (told.words.has("RELEVANCY") && wanted.exact === null) lexer.fail("RELEVANCY needs FUZZY");
    const selected = sources.some(({ kind }) => kind === "selected");
    // RFC 7377 section 2.2
    if (selected && state.view === null) return replyWith(bad(TEXTS.noMailboxSelected));
    if (told.words.has("SAVE") && (!selected || sources.length > 1)) {
      lexer.fail("SAVE is for the selected mailbox alone");
    }
    if (told.update !== null && !selected) lexer.fail("UPDATE is for the selected mailbox");
    // Section 2.1: sets of messages are those of each mailbox, so they are read again there.
    const inView = (view: View): Criteria => criteria(again.copy(), state, charset, view) as Criteria;
    return run(
      state,
      sources,
      told,
      (view) => view === null || !wanted.usesSets ? wanted : inView(view),
      wanted.usesSets,
    );
  },
};

/** `["IN" SP "(" source-mbox [SP "(" scope-options ")"] ")" SP]`; without it the selected mailbox is meant. */
function trySources(lexer: Lexer, state: ImapState): readonly MailboxFilter[] {
  if (!lexer.tryWord("IN")) return [{ kind: "selected" }];
  lexer.sp();
  const sources = lexer.list(() => mailboxFilter(lexer, state.utf8, true));
  lexer.sp();
  if (sources.some(({ kind }) => kind === "selectedDelayed")) lexer.fail("SELECTED-DELAYED has no place here");
  return sources;
}

function* run(
  state: ImapState,
  sources: readonly MailboxFilter[],
  told: ReturnOptions,
  wantedIn: (view: View | null) => Criteria,
  usesSets: boolean,
): CommandProgram {
  const { view } = state;
  if (told.update && view?.contexts?.has(state.tag)) return bad(TEXTS.tagInUse);
  const mailboxes = yield* sourcesOf(state, sources);
  for (const [at, mailbox] of mailboxes.entries()) {
    progressed(state, at, mailboxes.length);
    if (mailbox.mailboxId === view?.mailboxId) yield* inSelected(state, view, mailbox, told, wantedIn(view));
    else {
      const opened = usesSets ? yield* opening(state, mailbox) : null;
      if (usesSets && opened === null) continue; // it went meanwhile
      const there = { accountId: accountOf(state), mailboxId: mailbox.mailboxId };
      yield* inOther(state, there, mailbox, told, wantedIn(opened));
    }
  }
  return ok("Searched");
}

/** Each mailbox once, those that may not be read left out (section 2.2). */
function* sourcesOf(state: ImapState, sources: readonly MailboxFilter[]): Program<readonly Mailbox[]> {
  const accountId = accountOf(state);
  const found = new Map<string, Mailbox>();
  const selected = sources.some(({ kind }) => kind === "selected") ? state.view : null;
  if (selected && sources.length === 1) {
    const mailbox = yield* ask("mailbox.get", { accountId, path: selected.path });
    return mailbox?.mailboxId === selected.mailboxId ? [mailbox] : [];
  }
  for (const mailbox of yield* ask("mailbox.list", { accountId })) {
    const meant = mailbox.mailboxId === selected?.mailboxId ||
      sources.some((source) => isMeant(source, mailbox, accountId));
    if (meant && mailbox.rights.includes("r")) found.set(mailbox.mailboxId, mailbox);
  }
  return [...found.values()];
}

function* opening(state: ImapState, { path, mailboxId }: Mailbox): Program<View | null> {
  const accountId = accountOf(state);
  const snapshot = yield* ask("mailbox.open", { accountId, path });
  return snapshot?.mailbox.mailboxId === mailboxId ? new View(accountId, snapshot, true) : null;
}

function* inSelected(
  state: ImapState,
  view: View,
  mailbox: Mailbox,
  told: ReturnOptions,
  wanted: Criteria,
): Program<void> {
  const search = yield* timed(wanted);
  const { accountId, mailboxId } = view;
  const { uids, modseq } = yield* ask("email.search", { accountId, mailboxId, search });
  // What was not announced does not exist yet for this client.
  const known = uids.filter((uid) => view.seqOf(uid) > 0);
  if (told.words.has("SAVE")) view.saved = saved(known, told);
  const correlator = correlatorOf(state, mailbox);
  if (told.update) {
    const { tag } = state;
    const items = told.update;
    yield* keepUpToDate(view, { tag, byUid: true, correlator, search, order: null, results: known, items });
  }
  yield* respond(state, view, correlator, told, wanted, known, asksModseq(search) ? modseq : null);
}

function* inOther(
  state: ImapState,
  at: Searched,
  mailbox: Mailbox,
  told: ReturnOptions,
  wanted: Criteria,
): Program<void> {
  const search = yield* timed(wanted);
  const { uids, modseq } = yield* ask("email.search", { ...at, search });
  yield* respond(state, at, correlatorOf(state, mailbox), told, wanted, uids, asksModseq(search) ? modseq : null);
}

/** Section 2.1: no response of a mailbox without results, not even for COUNT. */
function* respond(
  state: ImapState,
  at: Searched,
  correlator: string,
  told: ReturnOptions,
  wanted: Criteria,
  uids: readonly Uid[],
  modseq: number | null,
): Program<void> {
  if (uids.length === 0) return;
  if (modseq !== null) state.condstore = true;
  const highest = modseq === null ? null : yield* highestModseq(at, uids, told, modseq);
  const scores = told.words.has("RELEVANCY") ? uids.map(yield* relevancy(wanted, at)) : null;
  const text = formatEsearch({ tag: state.tag, byUid: true, modseq: highest, scores, correlator }, uids, told);
  if (text !== null) yield* sendLong(text);
}

function correlatorOf(state: ImapState, { path, uidValidity }: Mailbox): string {
  return ` MAILBOX ${formatMailbox(path, state.utf8)} UIDVALIDITY ${uidValidity}`;
}
