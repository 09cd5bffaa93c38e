import type { Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import type { Json, JsonObject } from "../json.ts";
import {
  type Conditions,
  listChangesResponse,
  listQueryResponse,
  matching,
  readListChanges,
  readListQuery,
  type SortKeys,
} from "../standard/list_query.ts";
import { parseState, printState } from "../state.ts";
import { quotaNews } from "./changes.ts";
import { allQuotas, type Quota } from "./quotas.ts";

const text = (test: (quota: Quota, value: string) => boolean) => (value: Json) =>
  typeof value === "string" ? (quota: Quota) => test(quota, value) : null;

/** RFC 9425 section 4.4. */
const CONDITIONS: Conditions<Quota> = {
  name: text(({ name }, value) => name.toLowerCase().includes(value.toLowerCase())),
  scope: text(({ scope }, value) => scope === value),
  resourceType: text(({ resourceType }, value) => resourceType === value),
  type: text(({ types }, value) => types.includes(value)),
};
const KEYS: SortKeys<Quota> = { name: ({ name }) => name, used: ({ used }) => used };

/** Quota/query (RFC 9425 section 4.4). */
export function* quotaQuery(call: Call): Program<JsonObject> {
  const query = readListQuery(call, CONDITIONS, KEYS);
  const { state, quotas } = yield* allQuotas(call, query.account);
  return listQueryResponse(call, query, () => {
    return { state: printState(state), ids: matching(query, quotas), canCalculateChanges: true };
  });
}

/** Quota/queryChanges (RFC 9425 section 4.5). */
export function* quotaQueryChanges(call: Call): Program<JsonObject> {
  const query = readListQuery(call, CONDITIONS, KEYS);
  const args = readListChanges(call);
  const since = parseState(args.sinceQueryState);
  const { state, quotas } = yield* allQuotas(call, query.account);
  const now = { state: printState(state), ids: matching(query, quotas) };
  return listChangesResponse(query, args, now, quotaNews(since, state, quotas));
}
