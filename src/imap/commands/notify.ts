import type { Program } from "../../contract/mod.ts";
import { accountOf, AFTER_LOGIN, type Command, refresh } from "../command.ts";
import { mailboxFilter } from "../mailbox_filter.ts";
import { hearAll, mailboxLine } from "../mailbox_events.ts";
import { type EventGroup, type EventName, EVENTS, Notify } from "../notify.ts";
import { no, ok } from "../reply.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";
import { statusResponse } from "../status_items.ts";
import { TEXTS } from "../texts.ts";
import { type FetchItem, fetchItems } from "../wire/fetch_items.ts";
import type { Lexer } from "../wire/lexer.ts";

const GROUPS_LIMIT = 100;

/** NOTIFY (RFC 5465) */
export const notify: Command = {
  states: AFTER_LOGIN,
  parse(lexer, state) {
    lexer.sp();
    if (lexer.tryWord("NONE")) {
      lexer.end();
      return run(state, [], false, false);
    }
    if (!lexer.tryWord("SET")) lexer.fail("SET or NONE was expected");
    lexer.sp();
    const status = lexer.tryWord("STATUS");
    if (status) lexer.sp();
    const groups: EventGroup[] = [];
    let unknown = false;
    do {
      const read = eventGroup(lexer, state);
      if (read.unknown) unknown = true;
      groups.push(read);
    } while (lexer.tryChar(" "));
    lexer.end();
    if (groups.length > GROUPS_LIMIT) lexer.fail("Too many event groups");
    // RFC 5465 section 6.1: only one of the two, and once.
    if (groups.filter(({ filter }) => filter.kind.startsWith("selected")).length > 1) {
      lexer.fail("SELECTED stands twice");
    }
    return run(state, groups, status, unknown);
  },
};

/** `"(" filter-mailboxes SP events ")"`; `unknown`: an event that is none of ours. */
function eventGroup(lexer: Lexer, state: ImapState): EventGroup & { readonly unknown: boolean } {
  lexer.char("(");
  const filter = mailboxFilter(lexer, state.utf8, false);
  lexer.sp();
  const events = new Set<EventName>();
  let items: readonly FetchItem[] = [];
  let unknown = false;
  if (!lexer.tryWord("NONE")) {
    lexer.list(() => {
      const name = lexer.word();
      const event = EVENTS.find((one) => one.toUpperCase() === name);
      if (event === undefined) unknown = true;
      else events.add(event);
      if (event !== "MessageNew" || !lexer.ahead(" (")) return;
      lexer.sp();
      items = fetchItems(lexer);
    });
  }
  lexer.char(")");
  const selected = filter.kind === "selected" || filter.kind === "selectedDelayed";
  // Section 5: these two come together, and FlagChange never without them.
  const messages = events.has("MessageNew");
  if (messages !== events.has("MessageExpunge")) lexer.fail("MessageNew and MessageExpunge go together");
  if (events.has("FlagChange") && !messages) lexer.fail("FlagChange needs MessageNew and MessageExpunge");
  // Section 6.1: only events of messages there, and only there something is fetched.
  if (selected && [...events].some((event) => !isMessageEvent(event))) lexer.fail("SELECTED takes message events");
  if (!selected && items.length > 0) lexer.fail("Only of the selected mailbox messages are fetched");
  return { filter, events, items, unknown };
}

function isMessageEvent(event: EventName): boolean {
  return event === "MessageNew" || event === "MessageExpunge" || event === "FlagChange";
}

function* run(
  state: ImapState,
  groups: readonly EventGroup[],
  status: boolean,
  unknown: boolean,
): CommandProgram {
  // Section 3.1: an event that is not supported is refused with NO, which names those that are.
  if (unknown) return no(TEXTS.badEvent, `BADEVENT (${EVENTS.join(" ")})`);
  const wanted = new Notify(groups);
  yield* hearAll(state, wanted);
  const text = yield* firstLines(state, wanted, groups, status);
  if (text !== "") yield sendText(text);
  state.notify = wanted;
  // Section 3.1: what has gathered of the selected mailbox is told at once, as after NOOP.
  if (state.view) yield* refresh(state.view);
  return ok("Notifications are set");
}

/** Section 3.1: which named mailboxes cannot be watched, and with STATUS where the others stand. */
function* firstLines(
  state: ImapState,
  wanted: Notify,
  groups: readonly EventGroup[],
  status: boolean,
): Program<string> {
  let out = "";
  for (const mailbox of wanted.known.values()) {
    const events = wanted.eventsOf(mailbox, accountOf(state));
    if (events.size === 0) continue;
    if (!mailbox.rights.includes("r")) {
      const named = groups.some(({ filter }) => filter.kind === "mailboxes" && filter.paths.includes(mailbox.path));
      if (named) out += mailboxLine(state, wanted, mailbox, ["\\NoAccess"]);
    } else if (status && events.has("MessageNew") && mailbox.mailboxId !== state.view?.mailboxId) {
      out += yield* statusResponse(state, mailbox, firstItems(state, events));
    }
  }
  return out;
}

function firstItems(state: ImapState, events: ReadonlySet<EventName>): readonly string[] {
  const modseq = state.condstore || state.qresync || events.has("FlagChange");
  return ["MESSAGES", "UIDNEXT", "UIDVALIDITY", ...(modseq ? ["HIGHESTMODSEQ"] : [])];
}
