import { ask, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import type { JsonObject } from "../json.ts";
import { getResponse, pick, readGet } from "../standard/get.ts";
import { printState } from "../state.ts";

const PROPERTIES = new Set([
  "id",
  "resourceType",
  "used",
  "hardLimit",
  "scope",
  "name",
  "types",
  "warnLimit",
  "softLimit",
  "description",
]);

/** Quota/get (RFC 9425 section 4.2). */
export function* quotaGet(call: Call): Program<JsonObject> {
  const args = readGet(call, (property) => PROPERTIES.has(property));
  call.done();
  const state = yield* ask("account.state", call.whose(args.account));
  const found = new Map<string, JsonObject>();
  if (args.account.isPersonal) {
    const { quota, usage } = yield* ask("quota.get", { accountId: call.context.user.accountId, path: null });
    for (
      const [id, resourceType, limit, used] of [
        ["octets", "octets", quota.bytes, usage.bytes],
        ["messages", "count", quota.messages, usage.messages],
      ] as const
    ) {
      // RFC 9425 section 4.1: what has no limit is no quota.
      if (limit === null) continue;
      found.set(
        id,
        pick({
          id,
          resourceType,
          used,
          hardLimit: limit,
          scope: "account",
          name: args.account.name,
          types: ["Email"],
          warnLimit: null,
          softLimit: null,
          description: null,
        }, args.properties),
      );
    }
  }
  return getResponse(args, printState(state), found);
}
