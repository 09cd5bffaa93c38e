import { ask, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { readChanges } from "../standard/changes.ts";
import { parseEmailPoint, printEmailPoint } from "../state.ts";

/** Of one answer, where the client does not say. */
const CHANGES = 1000;

/** Email/changes (RFC 8621 section 4.3). */
export function* emailChanges(call: Call): Program<JsonObject> {
  const { account, sinceState, maxChanges } = readChanges(call);
  const since = parseEmailPoint(sinceState);
  const limit = Math.min(maxChanges ?? CHANGES, CHANGES);
  const news = yield* ask("email.changes", { ...call.whose(account), since, limit });
  if ("refused" in news) throw new MethodError("cannotCalculateChanges");
  const of = (kind: string) => news.changes.filter((one) => one.kind === kind).map(({ emailId }) => emailId);
  return {
    accountId: account.accountId,
    oldState: sinceState,
    newState: printEmailPoint(news.upTo),
    hasMoreChanges: news.hasMore,
    created: of("created"),
    updated: of("updated"),
    destroyed: of("destroyed"),
  };
}
