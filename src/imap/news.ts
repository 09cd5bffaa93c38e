/**
 * News that needs questions: of searches that are kept up to date (RFC 5267), of new messages with what is fetched of
 * them, and of other mailboxes (RFC 5465). It runs where else `newsOf` is told, and with NOTIFY between commands too.
 */
import { ask, type Program, type Uid } from "../contract/mod.ts";
import { contextNews, type UpdateContext } from "./contexts.ts";
import { fieldsOf, NOTHING_SEEN, sendPage } from "./fetch_page.ts";
import { mailboxNews } from "./mailbox_events.ts";
import { RangeCursor, rangesOf } from "./range_cursor.ts";
import { type CommandProgram, type ImapState, newsOf, sendText } from "./session.ts";
import type { View } from "./view.ts";
import type { FetchItem } from "./wire/fetch_items.ts";

const PAGE = 64; // rows of new messages

/** Whether there can be such news at all. */
export function needsNews(state: ImapState): boolean {
  return state.notify !== null || (state.view?.contexts?.size ?? 0) > 0;
}

/** Tells all that may be told now. */
export function* tellAll(state: ImapState, mayExpunge: boolean): CommandProgram {
  const { view, notify } = state;
  if (view !== null) {
    const told = yield* selectedNews(state, view, mayExpunge);
    if (told === "cut") return { then: "cut" };
  }
  if (notify !== null) {
    const text = yield* mailboxNews(state, notify);
    if (text !== "") yield sendText(text);
  }
  return { then: "told" };
}

function* selectedNews(state: ImapState, view: View, mayExpunge: boolean): Program<"told" | "cut"> {
  const fresh = view.fresh;
  // RFC 5267 section 4.3.4: REMOVEFROM comes before EXPUNGE, and need not wait for it.
  const removed = view.contexts?.drop(view, view.vanishing) ?? "";
  const text = removed + newsOf(state, mayExpunge);
  if (text !== "") yield sendText(text);
  // Without NOTIFY's leave they were not announced, and cannot be told of.
  const announced = fresh.filter((uid) => view.seqOf(uid) > 0);
  const { text: changed, added } = yield* contextNews(view);
  // RFC 5465 section 7: EXISTS, then FETCH, then ESEARCH.
  if ((yield* fetchNew(state, view, announced, added)) === "cut") return "cut";
  if (changed !== "") yield sendText(changed);
  return "told";
}

/** What NOTIFY and searches want of new messages, in one FETCH response each (RFC 5465 section 5.2). */
function* fetchNew(
  state: ImapState,
  view: View,
  announced: readonly Uid[],
  added: ReadonlyMap<number, readonly UpdateContext[]>,
): Program<"told" | "cut"> {
  const made = state.notify?.made ?? new Set();
  const wanted = new Map<string, { readonly items: readonly FetchItem[]; readonly uids: Uid[] }>();
  for (const uid of announced) {
    if (made.has(uid)) continue;
    const items = union([state.notify?.selected.items ?? [], ...(added.get(uid) ?? []).map((one) => one.items)]);
    if (items.length === 0) continue;
    const key = items.map(labelOf).join(" ");
    const group = wanted.get(key);
    if (group) group.uids.push(uid);
    else wanted.set(key, { items, uids: [uid] });
  }
  made.clear();
  for (const { items, uids } of wanted.values()) {
    if ((yield* fetchRows(state, view, uids, items)) === "cut") return "cut";
  }
  return "told";
}

function* fetchRows(
  state: ImapState,
  view: View,
  uids: readonly Uid[],
  items: readonly FetchItem[],
): Program<"told" | "cut"> {
  const { accountId, mailboxId } = view;
  const fields = fieldsOf(items);
  const cursor = new RangeCursor(rangesOf(uids));
  while (!cursor.done) {
    const ranges = cursor.take(PAGE);
    const { rows, next } = yield* ask("email.read", {
      accountId,
      mailboxId,
      ranges,
      fields,
      utf8: state.utf8,
      limit: PAGE,
    });
    // Nobody asked to see them: \Seen is not set, whatever the items are.
    if ((yield* sendPage(state, view, rows, items, NOTHING_SEEN)) === "cut") return "cut";
    cursor.advance(next);
  }
  return "told";
}

function union(lists: readonly (readonly FetchItem[])[]): FetchItem[] {
  return [...new Map(lists.flat().map((item) => [labelOf(item), item])).values()];
}

function labelOf(item: FetchItem): string {
  return "section" in item ? item.section.label : item.item;
}
