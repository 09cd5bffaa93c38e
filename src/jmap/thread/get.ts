import { ask, type Program, type ThreadId } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import type { JsonObject } from "../json.ts";
import { getResponse, pick, readGet } from "../standard/get.ts";
import { printState } from "../state.ts";
import { MethodError } from "../error.ts";

/** Thread/get (RFC 8621 section 3.1): emails of a thread, the oldest first. */
export function* threadGet(call: Call): Program<JsonObject> {
  const args = readGet(call, (property) => property === "id" || property === "emailIds");
  call.done();
  const columns = yield* ask("email.columns", call.whose(args.account));
  const wanted = args.ids ?? columns.threadIds.filter((_, thread) => columns.threadRows(thread).length > 0);
  if (wanted.length > call.context.limits.maxObjectsInGet) throw new MethodError("requestTooLarge");
  const found = new Map<string, JsonObject>();
  for (const id of wanted) {
    const rows = columns.threadRows(columns.threadOf(id as ThreadId));
    if (rows.length === 0) continue;
    found.set(id, pick({ id, emailIds: rows.map((row) => columns.emailIds[row]!) }, args.properties));
  }
  return getResponse(args, printState(columns.state), found);
}
