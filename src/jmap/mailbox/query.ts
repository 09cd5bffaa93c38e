import { ask, type MailboxObject, type Modseq, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { readTest, type Test } from "../standard/filter.ts";
import { readWindow, windowResponse } from "../standard/query.ts";
import { parseState, printState } from "../state.ts";
import { type Compare, readCondition, readSort } from "./filter.ts";

interface MailboxQuery {
  readonly account: ReturnType<Call["account"]>;
  readonly test: Test<MailboxObject>;
  readonly compare: Compare;
  readonly sortAsTree: boolean;
  readonly filterAsTree: boolean;
}

/** Mailbox/query (RFC 8621 section 2.3). */
export function* mailboxQuery(call: Call): Program<JsonObject> {
  const query = readQuery(call);
  const window = readWindow(call);
  call.done();
  const { state, ids } = yield* find(call, query);
  return {
    accountId: query.account.accountId,
    queryState: printState(state),
    canCalculateChanges: true,
    ...windowResponse(window, ids),
  };
}

/** Mailbox/queryChanges (RFC 8621 section 2.4). Mailboxes are few: where any changed, all have a new place. */
export function* mailboxQueryChanges(call: Call): Program<JsonObject> {
  const query = readQuery(call);
  const sinceQueryState = call.string("sinceQueryState");
  const maxChanges = call.unsigned("maxChanges");
  call.optionalString("upToId"); // names and orders change: it is ignored (RFC 8620 section 5.6)
  const calculateTotal = call.boolean("calculateTotal", false);
  call.done();
  const since = parseState(sinceQueryState);
  const found = yield* find(call, query);
  // Asked behind the list: what changed in between is told now and once more the next time.
  const news = yield* ask("mailbox.objectChanges", { ...call.whose(query.account), since });
  if ("refused" in news || found.state < since) throw new MethodError("cannotCalculateChanges");
  // Counts are no part of any filter or order.
  const isSame = news.created.length + news.updated.length + news.destroyed.length === 0;
  const removed = isSame ? [] : [...new Set([...news.destroyed, ...news.updated, ...found.ids])];
  const added = isSame ? [] : found.ids.map((id, index) => ({ id, index }));
  if (maxChanges !== null && removed.length + added.length > maxChanges) throw new MethodError("tooManyChanges");
  return {
    accountId: query.account.accountId,
    oldQueryState: sinceQueryState,
    newQueryState: printState(found.state),
    ...(calculateTotal && { total: found.ids.length }),
    removed,
    added,
  };
}

function readQuery(call: Call): MailboxQuery {
  return {
    account: call.account(),
    test: readTest(call.value("filter"), readCondition),
    compare: readSort(call),
    sortAsTree: call.boolean("sortAsTree", false),
    filterAsTree: call.boolean("filterAsTree", false),
  };
}

function* find(call: Call, query: MailboxQuery): Program<{ readonly state: Modseq; readonly ids: readonly string[] }> {
  const { state, mailboxes } = yield* ask("mailbox.objects", call.whose(query.account));
  const byId = new Map(mailboxes.map((mailbox) => [mailbox.mailboxId, mailbox]));
  const lineOf = (mailbox: MailboxObject): MailboxObject[] => {
    const line = [mailbox];
    for (let at = mailbox.parentId; at !== null;) {
      const parent = byId.get(at);
      if (!parent) break;
      line.unshift(parent);
      at = parent.parentId;
    }
    return line;
  };
  const found = mailboxes.filter((one) => query.filterAsTree ? lineOf(one).every(query.test) : query.test(one));
  const lines = query.sortAsTree ? new Map(found.map((one) => [one, lineOf(one)])) : null;
  found.sort((a, b) => lines ? compareLines(lines.get(a)!, lines.get(b)!, query.compare) : query.compare(a, b));
  return { state, ids: found.map(({ mailboxId }) => mailboxId) };
}

/** Section 2.3: the nearest ancestors that have the same parent are compared. */
function compareLines(a: readonly MailboxObject[], b: readonly MailboxObject[], compare: Compare): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (a[i] !== b[i]) return compare(a[i]!, b[i]!);
  }
  return a.length - b.length;
}
