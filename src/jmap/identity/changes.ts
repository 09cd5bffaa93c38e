import { ask, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { changesResponse, pageOf, readChanges } from "../standard/changes.ts";
import { parsePoint } from "../state.ts";
import { OWN, readStored } from "./identities.ts";

/** Identity/changes (RFC 8621 section 6.2). */
export function* identityChanges(call: Call): Program<JsonObject> {
  const args = readChanges(call);
  const since = parsePoint(args.sinceState).base;
  const { accountId } = call.context.user;
  const news = yield* ask("object.changes", { accountId, kind: "identity", since });
  if ("refused" in news) throw new MethodError("cannotCalculateChanges");
  const { objects } = yield* ask("object.list", { accountId, kind: "identity", ids: null });
  const own = objects.find((one) => readStored(one).id === OWN)?.objectId;
  const page = pageOf(args, news);
  // The own identity was there before it was stored.
  const created = page.created.filter((id) => id !== own);
  const updated = [...page.updated, ...page.created.filter((id) => id === own)].map((id) => id === own ? OWN : id);
  return changesResponse(args, { ...page, created, updated });
}
