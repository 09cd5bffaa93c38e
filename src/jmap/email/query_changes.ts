import { ask, type EmailId, type Program, type ThreadId } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { parseState, printState } from "../state.ts";
import { mentions } from "./filter.ts";
import { findRows, readQuery } from "./query.ts";

const PAGE = 1000;
/** Beyond so many it is cheaper to ask for the whole list again. */
const CHANGES = 20_000;

/**
 * Email/queryChanges (RFC 8621 section 4.5). Where an email stands depends on itself alone, or on its thread: so what
 * did not change, nor any of its thread, is where it was. RFC 8620 section 5.6 lets `removed` name what was not there.
 */
export function* emailQueryChanges(call: Call): Program<JsonObject> {
  const query = readQuery(call);
  const sinceQueryState = call.string("sinceQueryState");
  const maxChanges = call.unsigned("maxChanges");
  const upToId = call.optionalString("upToId");
  const calculateTotal = call.boolean("calculateTotal", false);
  call.done();
  const { touched, threads } = yield* changedSince(call, query.account, sinceQueryState);
  const { columns, rows } = yield* findRows(call, query, Infinity);
  const byThread = query.collapseThreads || mentions(query.filter, ["allInThread", "someInThread", "noneInThread"]) ||
    query.sort.some(({ property }) => property.includes("InThread"));
  if (byThread) {
    for (const threadId of threads) {
      for (const row of columns.threadRows(columns.threadOf(threadId))) touched.add(columns.emailIds[row]!);
    }
  }
  const added: { id: string; index: number }[] = [];
  for (const [index, row] of rows.entries()) {
    const id = columns.emailIds[row]!;
    if (touched.has(id)) added.push({ id, index });
    if (id === upToId) break;
  }
  if (maxChanges !== null && touched.size + added.length > maxChanges) throw new MethodError("tooManyChanges");
  return {
    accountId: query.account.accountId,
    oldQueryState: sinceQueryState,
    newQueryState: printState(columns.state),
    ...(calculateTotal && { total: rows.length }),
    removed: [...touched],
    added: added as unknown as readonly JsonObject[],
  };
}

function* changedSince(
  call: Call,
  account: Parameters<Call["whose"]>[0],
  state: string,
): Program<{ readonly touched: Set<EmailId>; readonly threads: ReadonlySet<ThreadId> }> {
  const touched = new Set<EmailId>();
  const threads = new Set<ThreadId>();
  let since: { modseq: ReturnType<typeof parseState>; emailId: EmailId | null } = {
    modseq: parseState(state),
    emailId: null,
  };
  for (;;) {
    const news = yield* ask("email.changes", { ...call.whose(account), since, limit: PAGE });
    if ("refused" in news) throw new MethodError("cannotCalculateChanges");
    for (const { emailId, threadId } of news.changes) {
      touched.add(emailId);
      threads.add(threadId);
    }
    if (touched.size > CHANGES) throw new MethodError("cannotCalculateChanges");
    if (!news.hasMore) return { touched, threads };
    since = news.upTo;
  }
}
