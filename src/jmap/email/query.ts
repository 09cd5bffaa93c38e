import { ask, type EmailColumns, type EmailId, type Modseq, type Program } from "../../contract/mod.ts";
import type { JmapAccount } from "../account.ts";
import type { Call } from "../call.ts";
import type { JsonObject } from "../json.ts";
import { enough, readWindow, windowResponse } from "../standard/query.ts";
import { printState } from "../state.ts";
import { compile, type EmailFilter, mailboxOf, mentions, readFilter, textConditions } from "./filter.ts";
import { type EmailOrder, isNewestFirst, readSort, readTexts, sortRows, type SortTexts } from "./sort.ts";

/** Emails of an account whose texts are kept to sort by: some 20 MB. */
const KEPT_TEXTS = 100_000;

/** What is looked for, and in which order. */
export interface EmailQuery {
  readonly account: JmapAccount;
  readonly filter: EmailFilter | null;
  readonly sort: readonly EmailOrder[];
  readonly collapseThreads: boolean;
}

/** Email/query (RFC 8621 section 4.4). */
export function* emailQuery(call: Call): Program<JsonObject> {
  const query = readQuery(call);
  const window = readWindow(call);
  call.done();
  const { state, ids } = yield* findEmails(call, query, enough(window));
  return {
    accountId: query.account.accountId,
    queryState: printState(state),
    canCalculateChanges: true,
    collapseThreads: query.collapseThreads,
    ...windowResponse(window, ids),
  };
}

/** The arguments that Email/queryChanges has too. */
export function readQuery(call: Call): EmailQuery {
  return {
    account: call.account(),
    filter: readFilter(call.value("filter")),
    sort: readSort(call),
    collapseThreads: call.boolean("collapseThreads", false),
  };
}

/**
 * Emails that match, in their order; at least the first `limit` of them. They are those of the state, or of a later one:
 * what changed behind it is told by Email/queryChanges once more.
 */
export function* findEmails(
  call: Call,
  query: EmailQuery,
  limit: number,
): Program<{ readonly state: Modseq; readonly ids: readonly EmailId[] }> {
  const { account, filter, sort } = query;
  const whose = call.whose(account);
  // What comes while texts are looked for is not found, and a change afterwards.
  const before = textConditions(filter).length > 0 ? yield* ask("account.state", whose) : null;
  const found = yield* searchTexts(call, account, filter);
  const attachments = mentions(filter, ["hasAttachment"]);
  const texts: SortTexts = new Map();
  // Which are the first of their threads is known when all are in their order.
  const wanted = query.collapseThreads ? Infinity : limit;
  for (;;) {
    // From here to the next question the columns stay as they are.
    const columns = yield* ask("email.columns", { ...whose, ...(attachments && { attachments }) });
    for (const [condition, ids] of found) {
      condition.found = new Set(ids.flatMap((id) => columns.rowOf.get(id) ?? []));
    }
    const rows = matching(columns, query, limit);
    const answer = isNewestFirst(sort)
      ? { sorted: rows }
      : sortRows(columns, rows, sort, textsOf(columns, rows, texts), wanted);
    if ("sorted" in answer) {
      const kept = query.collapseThreads ? firstOfThreads(columns, answer.sorted) : answer.sorted;
      const state = Math.min(before ?? columns.state, columns.state) as Modseq;
      return { state, ids: kept.map((row) => columns.emailIds[row]!) };
    }
    yield* readTexts(whose, answer.missing, textsOf(columns, rows, texts));
  }
}

/** Where texts are read into: kept with the columns, but for more emails than is worth it. */
function textsOf(columns: EmailColumns, rows: readonly number[], own: SortTexts): SortTexts {
  return rows.length <= KEPT_TEXTS ? columns.sortTexts : own;
}

/** Rows that match, newest first; where that is the order, not many more than are wanted. */
function matching(columns: EmailColumns, { filter, sort, collapseThreads }: EmailQuery, limit: number): number[] {
  const matches = compile(filter, columns);
  const isFast = isNewestFirst(sort);
  const rows: number[] = [];
  const met = new Set<number>();
  for (const row of columns.newest) {
    if (!matches(row)) continue;
    if (isFast && collapseThreads) {
      const thread = columns.threads[row]!;
      if (met.has(thread)) continue;
      met.add(thread);
    }
    rows.push(row);
    if (isFast && rows.length >= limit) break;
  }
  return rows;
}

/** RFC 8621 section 4.4.3: of each thread the first one stays. */
function firstOfThreads(columns: EmailColumns, rows: readonly number[]): readonly number[] {
  const met = new Set<number>();
  return rows.filter((row) => {
    const thread = columns.threads[row]!;
    if (met.has(thread)) return false;
    met.add(thread);
    return true;
  });
}

type TextCondition = ReturnType<typeof textConditions>[number];

/** What texts are in is asked of the store, mailbox by mailbox, or of the one that is meant. */
function* searchTexts(
  call: Call,
  account: JmapAccount,
  filter: EmailFilter | null,
): Program<ReadonlyMap<TextCondition, readonly EmailId[]>> {
  const found = new Map<TextCondition, EmailId[]>();
  const conditions = textConditions(filter);
  if (conditions.length === 0) return found;
  const only = mailboxOf(filter);
  const { mailboxes } = yield* ask("mailbox.objects", call.whose(account));
  const { accountId } = call.whose(account);
  for (const condition of conditions) {
    const ids: EmailId[] = [];
    for (const { mailboxId, rights } of mailboxes) {
      if (!rights.includes("r") || (only !== null && mailboxId !== only)) continue;
      const { search } = condition;
      const answer = yield* ask("email.search", { accountId, mailboxId, search, ids: true });
      for (const id of answer.emailIds ?? []) ids.push(id);
    }
    found.set(condition, ids);
  }
  return found;
}
