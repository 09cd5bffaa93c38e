import type { Program, SieveObject } from "../../contract/mod.ts";
import { fold } from "../../message/mod.ts";
import type { Call } from "../call.ts";
import type { Json, JsonObject } from "../json.ts";
import { type Conditions, listQueryResponse, matching, readListQuery, type SortKeys } from "../standard/list_query.ts";
import { printState } from "../state.ts";
import { allScripts, ownAccount } from "./scripts.ts";

type Script = SieveObject & { readonly id: string };

const CONDITIONS: Conditions<Script> = {
  name: (value: Json) => typeof value === "string" ? ({ name }) => fold(name).includes(fold(value)) : null,
  isActive: (value: Json) => typeof value === "boolean" ? ({ active }) => active === value : null,
};
const KEYS: SortKeys<Script> = { name: ({ name }) => fold(name), isActive: ({ active }) => active };

/** SieveScript/query (RFC 9661 section 2.4). There is no /queryChanges: scripts are few. */
export function* sieveQuery(call: Call): Program<JsonObject> {
  const query = readListQuery(call, CONDITIONS, KEYS);
  ownAccount(query.account);
  const { state, scripts } = yield* allScripts(call);
  const all = scripts.map((script) => ({ ...script, id: script.objectId }));
  return listQueryResponse(call, query, () => {
    return { state: printState(state), ids: matching(query, all), canCalculateChanges: false };
  });
}
