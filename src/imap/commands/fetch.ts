import { ask, type EmailRow, type Modseq, type Program, type UidRange } from "../../contract/mod.ts";
import { type Command, resolve, SELECTED } from "../command.ts";
import { RangeCursor, rangesOf } from "../range_cursor.ts";
import { areMarks, fetchMarks } from "../fetch_marks.ts";
import { fieldsOf, NOTHING_SEEN, type SeenRows, sendPage } from "../fetch_page.ts";
import { no, ok } from "../reply.ts";
import { TEXTS } from "../texts.ts";
import { type CommandProgram, type ImapState, sendText } from "../session.ts";
import type { View } from "../view.ts";
import { type FetchItem, fetchItems } from "../wire/fetch_items.ts";
import { type FetchModifiers, fetchModifiers, NO_MODIFIERS } from "../wire/fetch_modifiers.ts";
import { partOfRanges } from "../range_part.ts";
import { formatSet, type SequenceSet, sequenceSet, within } from "../wire/sequence_set.ts";

const PAGE = 100; // rows of metadata: others wait no longer than they take
const BODY_PAGE = 64; // rows with sections

/** FETCH and UID FETCH (RFC 9051 section 6.4.5, RFC 7162 section 3.1.4, RFC 9394 section 3.3) */
export const fetch: Command = {
  states: SELECTED,
  parse(lexer, state, byUid) {
    lexer.sp();
    const set = sequenceSet(lexer);
    lexer.sp();
    const items = fetchItems(lexer);
    const modifiers = lexer.tryChar(" ") ? fetchModifiers(lexer, byUid, byUid && state.qresync) : NO_MODIFIERS;
    lexer.end();
    const has = (name: string): boolean => items.some((item) => item.item === name);
    if (modifiers.changedSince !== null && !has("MODSEQ")) items.push({ item: "MODSEQ" });
    // RFC 9051 section 6.4.9: UID FETCH always tells the UID.
    if (byUid && !has("UID")) items.unshift({ item: "UID" });
    return run(state, set, items, modifiers, byUid);
  },
};

function* run(
  state: ImapState,
  set: SequenceSet,
  items: readonly FetchItem[],
  { changedSince, vanished, partial }: FetchModifiers,
  byUid: boolean,
): CommandProgram {
  const view = state.view!;
  const whole = resolve(view, set, byUid);
  if ("status" in whole) return whole;
  // RFC 9394 section 3.4: the part is of the set, and only then come the changed ones of it.
  const ranges = partial === null ? whole : partOfRanges(view, whole, partial);
  if (items.some((item) => item.item === "MODSEQ")) state.condstore = true; // RFC 7162 section 3.1
  const { accountId, mailboxId } = view;
  let left: readonly UidRange[] = ranges;
  if (changedSince !== null && vanished) yield* tellVanished(view, set, changedSince);
  if (areMarks(items)) {
    yield* fetchMarks(view, ranges, items, changedSince, state.uidOnly);
    return ok("Fetched");
  }
  if (changedSince !== null && ranges.length > 0) {
    const found = yield* ask("email.marks", { accountId, mailboxId, ranges, changedSince, limit: Infinity });
    left = rangesOf(found.uids);
  }
  const fields = fieldsOf(items);
  const { utf8 } = state;
  const sections = items.some((item) => "section" in item);
  // RFC 4314 section 4: \Seen is not set without "s".
  const marks = !view.readOnly && view.rights.includes("s") &&
    items.some((item) => "section" in item && !item.section.peek);
  let unknownEncoding = false;
  const limit = sections || items.some((item) => item.item === "preview") ? BODY_PAGE : PAGE;
  const cursor = new RangeCursor(left);
  while (!cursor.done) {
    const page = cursor.take(limit);
    const { rows, next } = yield* ask("email.read", { accountId, mailboxId, ranges: page, fields, utf8, limit });
    const seen = marks ? yield* markSeen(view, rows) : NOTHING_SEEN;
    const sent = yield* sendPage(state, view, rows, items, seen);
    if (sent === "cut") return { then: "cut" };
    if (sent === "unknownEncoding") unknownEncoding = true;
    cursor.advance(next);
  }
  // RFC 9051 section 7.5.2: a part in an unknown encoding fails the request; the others have been sent.
  return unknownEncoding ? no(TEXTS.unknownEncoding, "UNKNOWN-CTE") : ok("Fetched");
}

/** RFC 7162 section 3.2.6: those of the set that have vanished since, known to the client or not. */
function* tellVanished(view: View, set: SequenceSet, changedSince: number): Program<void> {
  const { accountId, mailboxId } = view;
  const { vanished } = yield* ask("mailbox.changes", {
    accountId,
    mailboxId,
    since: Math.max(1, changedSince) as Modseq,
  });
  // What the client still numbers is told when EXPUNGE may be.
  const gone = vanished.filter((uid) => view.seqOf(uid) === 0);
  const named = set === "$" ? [] : within(gone, set, view.top);
  if (named.length > 0) yield sendText(`* VANISHED (EARLIER) ${formatSet(named)}\r\n`);
}

/** RFC 9051 section 6.4.5: BODY[…] without PEEK sets \Seen; once a page, and the new flags are told. */
function* markSeen(view: View, rows: readonly EmailRow[]): Program<SeenRows> {
  const ranges = rows.filter((row) => !row.flags.includes("\\Seen")).map(({ uid }) => ({ first: uid, last: uid }));
  if (ranges.length === 0) return NOTHING_SEEN;
  const { accountId, mailboxId } = view;
  const args = { accountId, mailboxId, ranges, mode: "add" as const, flags: ["\\Seen"] };
  const { changed } = yield* ask("email.flags", args);
  view.told(changed);
  return new Map(changed.map((change) => [change.uid, change]));
}
