import { ask, type EmailChange, type EmailId, type Program, type ThreadId } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { readChanges } from "../standard/changes.ts";
import { parsePoint, printPoint } from "../state.ts";

const CHANGES = 1000;

/** Thread/changes (RFC 8621 section 3.2): a thread changes when an email comes or goes, not with its flags. */
export function* threadChanges(call: Call): Program<JsonObject> {
  const { account, sinceState, maxChanges } = readChanges(call);
  const since = parsePoint(sinceState);
  const limit = Math.min(maxChanges ?? CHANGES, CHANGES);
  const news = yield* ask("email.changes", { ...call.whose(account), since, limit });
  if ("refused" in news) throw new MethodError("cannotCalculateChanges");
  const byThread = Map.groupBy(news.changes.filter(({ kind }) => kind !== "updated"), ({ threadId }) => threadId);
  const emailsOf = yield* emailsIn(call, account, [...byThread.keys()]);
  const created: ThreadId[] = [];
  const updated: ThreadId[] = [];
  const destroyed: ThreadId[] = [];
  for (const [threadId, changes] of byThread) {
    const emails = emailsOf.get(threadId) ?? [];
    if (emails.length === 0) destroyed.push(threadId);
    else if (isNew(emails, changes)) created.push(threadId);
    else updated.push(threadId);
  }
  return {
    accountId: account.accountId,
    oldState: sinceState,
    newState: printPoint(news.upTo),
    hasMoreChanges: news.hasMore,
    created,
    updated,
    destroyed,
  };
}

/** All that is in it came just now, and nothing of it went. */
function isNew(emails: readonly EmailId[], changes: readonly EmailChange[]): boolean {
  const came = new Set(changes.filter(({ kind }) => kind === "created").map(({ emailId }) => emailId));
  return changes.every(({ kind }) => kind === "created") && emails.every((emailId) => came.has(emailId));
}

function* emailsIn(
  call: Call,
  account: Parameters<Call["whose"]>[0],
  threadIds: readonly ThreadId[],
): Program<ReadonlyMap<ThreadId, readonly EmailId[]>> {
  if (threadIds.length === 0) return new Map();
  const columns = yield* ask("email.columns", call.whose(account));
  return new Map(
    threadIds.map((id) => [id, columns.threadRows(columns.threadOf(id)).map((row) => columns.emailIds[row]!)]),
  );
}
