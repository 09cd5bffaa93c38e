import { ask, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { changesResponse, readChanges } from "../standard/changes.ts";
import { parseState } from "../state.ts";

/** Properties that change with the emails of a mailbox (RFC 8621 section 2.2). */
const COUNTS = ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"];

/** Mailbox/changes (RFC 8621 section 2.2). */
export function* mailboxChanges(call: Call): Program<JsonObject> {
  const args = readChanges(call);
  const since = parseState(args.sinceState);
  const news = yield* ask("mailbox.objectChanges", { ...call.whose(args.account), since });
  if ("refused" in news) throw new MethodError("cannotCalculateChanges");
  const { state, created, updated, counted, destroyed } = news;
  const updatedProperties = updated.length === 0 && counted.length > 0 ? COUNTS : null;
  return changesResponse(args, { state, created, updated: [...updated, ...counted], destroyed }, { updatedProperties });
}
