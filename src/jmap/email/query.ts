import { ask, type EmailColumns, type EmailId, type Program } from "../../contract/mod.ts";
import type { JmapAccount } from "../account.ts";
import type { Call } from "../call.ts";
import type { JsonObject } from "../json.ts";
import { enough, readWindow, windowResponse } from "../standard/query.ts";
import { printState } from "../state.ts";
import { compile, type EmailFilter, mailboxOf, mentions, readFilter, textConditions } from "./filter.ts";
import { type EmailOrder, isNewestFirst, readSort, sortRows } from "./sort.ts";

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
  const { columns, rows } = yield* findRows(call, query, enough(window));
  const ids = rows.map((row) => columns.emailIds[row]!);
  return {
    accountId: query.account.accountId,
    queryState: printState(columns.state),
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

/** Rows that match, in their order; at least the first `limit` of them. */
export function* findRows(
  call: Call,
  query: EmailQuery,
  limit: number,
): Program<{ readonly columns: EmailColumns; readonly rows: readonly number[] }> {
  const { account, filter, sort } = query;
  const texts = yield* searchTexts(call, account, filter);
  const attachments = mentions(filter, ["hasAttachment"]);
  const columns = yield* ask("email.columns", { ...call.whose(account), ...(attachments && { attachments }) });
  for (const [condition, ids] of texts) {
    condition.found = new Set(ids.flatMap((id) => columns.rowOf.get(id) ?? []));
  }
  const matches = compile(filter, columns);
  const isFast = isNewestFirst(sort);
  const rows: number[] = [];
  const met = new Set<number>();
  for (const row of columns.newest) {
    if (!matches(row)) continue;
    if (isFast && query.collapseThreads) {
      const thread = columns.threads[row]!;
      if (met.has(thread)) continue;
      met.add(thread);
    }
    rows.push(row);
    if (isFast && rows.length >= limit) break;
  }
  if (isFast) return { columns, rows };
  const sorted = yield* sortRows(call, account, columns, rows, sort);
  return { columns, rows: query.collapseThreads ? firstOfThreads(columns, sorted) : sorted };
}

/** RFC 8621 section 4.4.3: of each thread the first one stays. */
function firstOfThreads(columns: EmailColumns, rows: readonly number[]): number[] {
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
