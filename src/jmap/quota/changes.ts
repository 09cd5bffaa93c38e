import type { Modseq, Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { changesResponse, pageOf, readChanges } from "../standard/changes.ts";
import { parsePoint } from "../state.ts";
import { type Quota, QUOTA_IDS } from "./quotas.ts";
import { allQuotas } from "./quotas.ts";

/** What may have changed since: all that there is, where anything of the account did. */
export function quotaNews(since: Modseq, state: Modseq, quotas: readonly Quota[]) {
  if (since > state) throw new MethodError("cannotCalculateChanges");
  const ids = since === state ? [] : quotas.map(({ id }) => id);
  // A limit that was taken away took its quota along. Whoever never had one passes over its end.
  const destroyed = since === state ? [] : QUOTA_IDS.filter((id) => !ids.includes(id));
  return { state, created: [], updated: ids, destroyed };
}

/** Quota/changes (RFC 9425 section 4.3). */
export function* quotaChanges(call: Call): Program<JsonObject> {
  const args = readChanges(call);
  const since = parsePoint(args.sinceState).base;
  const { state, quotas } = yield* allQuotas(call, args.account);
  // Null: more than `used` may be another.
  return changesResponse(args, pageOf(args, { ...quotaNews(since, state, quotas), at: {} }), {
    updatedProperties: null,
  });
}
