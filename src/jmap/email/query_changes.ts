import { ask, type EmailId, type Program, type ThreadId } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { parseState, printState } from "../state.ts";
import { type Condition, mentions } from "./filter.ts";
import { type EmailQuery, findEmails, readQuery } from "./query.ts";

const PAGE = 1000;
/** Beyond so many it is cheaper to ask for the whole list again. */
const CHANGES = 20_000;
/** Conditions that look at what can change, of the email or of its thread. */
const OF_THREAD: readonly Condition["test"][] = ["allInThread", "someInThread", "noneInThread"];
const MUTABLE: readonly Condition["test"][] = [
  ...OF_THREAD,
  "inMailbox",
  "inMailboxOtherThan",
  "hasKeyword",
  "notKeyword",
];

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
  const since = parseState(sinceQueryState);
  const { state, ids } = yield* findEmails(call, query, Infinity);
  if (state < since) throw new MethodError("cannotCalculateChanges");
  // Asked behind the list: what changed in between is told now and once more the next time.
  const { touched, threads } = yield* changedSince(call, query.account, since);
  if (isByThread(query)) yield* touchThreads(call, query.account, threads, touched);
  const last = upToId === null || isMutable(query) ? -1 : ids.indexOf(upToId as EmailId);
  const added: { id: string; index: number }[] = [];
  for (const [index, id] of ids.entries()) {
    if (touched.has(id)) added.push({ id, index });
    if (index === last) break;
  }
  if (maxChanges !== null && touched.size + added.length > maxChanges) throw new MethodError("tooManyChanges");
  return {
    accountId: query.account.accountId,
    oldQueryState: sinceQueryState,
    newQueryState: printState(state),
    ...(calculateTotal && { total: ids.length }),
    removed: [...touched],
    added: added as unknown as readonly JsonObject[],
  };
}

/** Whether the place of an email depends on others of its thread. */
function isByThread({ collapseThreads, filter, sort }: EmailQuery): boolean {
  return collapseThreads || mentions(filter, OF_THREAD) || sort.some(({ property }) => property.includes("InThread"));
}

/** RFC 8620 section 5.6: `upToId` is for what stays where it is. */
function isMutable(query: EmailQuery): boolean {
  return isByThread(query) || mentions(query.filter, MUTABLE) ||
    query.sort.some(({ property }) => property === "hasKeyword");
}

function* touchThreads(
  call: Call,
  account: EmailQuery["account"],
  threads: ReadonlySet<ThreadId>,
  touched: Set<EmailId>,
): Program<void> {
  const columns = yield* ask("email.columns", call.whose(account));
  for (const threadId of threads) {
    for (const row of columns.threadRows(columns.threadOf(threadId))) touched.add(columns.emailIds[row]!);
  }
}

function* changedSince(
  call: Call,
  account: EmailQuery["account"],
  state: ReturnType<typeof parseState>,
): Program<{ readonly touched: Set<EmailId>; readonly threads: ReadonlySet<ThreadId> }> {
  const touched = new Set<EmailId>();
  const threads = new Set<ThreadId>();
  let since: { modseq: typeof state; emailId: EmailId | null } = { modseq: state, emailId: null };
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
