import {
  ask,
  type ChangesPoint,
  type EmailChange,
  type EmailId,
  type Program,
  type ThreadId,
} from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { readChanges } from "../standard/changes.ts";
import { parseEmailPoint, printEmailPoint } from "../state.ts";

const CHANGES = 1000;
/** Pages of changes that are looked through for what went of a thread. */
const PAGES = 20;

type Account = Parameters<Call["whose"]>[0];

/** Thread/changes (RFC 8621 section 3.2): a thread changes when an email comes or goes, not with its flags. */
export function* threadChanges(call: Call): Program<JsonObject> {
  const { account, sinceState, maxChanges } = readChanges(call);
  const since = parseEmailPoint(sinceState);
  const limit = Math.min(maxChanges ?? CHANGES, CHANGES);
  const news = yield* ask("email.changes", { ...call.whose(account), since, limit });
  if ("refused" in news) throw new MethodError("cannotCalculateChanges");
  // Of another's mail an email that changed may have come from where one may not look.
  const telling = news.changes.filter(({ kind }) => kind !== "updated" || !account.isPersonal);
  const byThread = Map.groupBy(telling, ({ threadId }) => threadId);
  const emailsOf = yield* emailsIn(call, account, [...byThread.keys()]);
  const fresh = yield* allNew(call, account, since, news, byThread, emailsOf);
  const created: ThreadId[] = [];
  const updated: ThreadId[] = [];
  const destroyed: ThreadId[] = [];
  for (const threadId of byThread.keys()) {
    if ((emailsOf.get(threadId) ?? []).length === 0) destroyed.push(threadId);
    else (fresh.has(threadId) ? created : updated).push(threadId);
  }
  return {
    accountId: account.accountId,
    oldState: sinceState,
    newState: printEmailPoint(news.upTo),
    hasMoreChanges: news.hasMore,
    created,
    updated,
    destroyed,
  };
}

/**
 * Threads of which all came since, and nothing went that was there before: whatever page of the changes tells of it, they
 * are new.
 */
function* allNew(
  call: Call,
  account: Account,
  since: ChangesPoint,
  news: { readonly changes: readonly EmailChange[]; readonly upTo: ChangesPoint; readonly hasMore: boolean },
  byThread: ReadonlyMap<ThreadId, readonly EmailChange[]>,
  emailsOf: ReadonlyMap<ThreadId, readonly EmailId[]>,
): Program<ReadonlySet<ThreadId>> {
  const fresh = new Set<ThreadId>();
  const came = new Set<EmailId>();
  const ids: EmailId[] = [];
  for (const { emailId, kind } of news.changes) if (kind === "created") came.add(emailId);
  for (const [threadId, changes] of byThread) {
    if (changes.some(({ kind }) => kind === "destroyed")) continue;
    fresh.add(threadId);
    ids.push(...(emailsOf.get(threadId) ?? []).filter((id) => !came.has(id)));
  }
  // Those that no change of this page is about: they are older, or come on a later page.
  for (let at = 0; at < ids.length; at += CHANGES) {
    const emailIds = ids.slice(at, at + CHANGES);
    for (const email of yield* ask("email.objects", { ...call.whose(account), emailIds, fields: [] })) {
      if (email.created <= (since.base ?? since.modseq)) fresh.delete(email.threadId);
    }
  }
  let next = news;
  for (let pages = 0; next.hasMore && fresh.size > 0; pages++) {
    if (pages === PAGES) return new Set();
    const page = yield* ask("email.changes", { ...call.whose(account), since: next.upTo, limit: CHANGES });
    if ("refused" in page) return new Set();
    for (const { kind, threadId } of page.changes) if (kind === "destroyed") fresh.delete(threadId);
    next = page;
  }
  return fresh;
}

function* emailsIn(
  call: Call,
  account: Account,
  threadIds: readonly ThreadId[],
): Program<ReadonlyMap<ThreadId, readonly EmailId[]>> {
  if (threadIds.length === 0) return new Map();
  const columns = yield* ask("email.columns", call.whose(account));
  return new Map(
    threadIds.map((id) => [id, columns.threadRows(columns.threadOf(id)).map((row) => columns.emailIds[row]!)]),
  );
}
