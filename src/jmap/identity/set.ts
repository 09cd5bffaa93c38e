import { ask, type Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { MethodError, SetError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import { readPatch, readSet, SetResults } from "../standard/set.ts";
import { printState } from "../state.ts";
import { OWN, ownIdentity, readIdentity, readStored } from "./identities.ts";

/** Identity/set (RFC 8621 section 6.3). */
export function* identitySet(call: Call): Program<JsonObject> {
  const args = readSet(call);
  call.done();
  if (!args.account.isPersonal) throw new MethodError("forbidden");
  const { accountId } = call.context.user;
  const results = new SetResults(call);
  const { objects } = yield* ask("object.list", { accountId, kind: "identity", ids: null });
  const stored = new Map(objects.map((one) => [readStored(one).id, one]));
  const create: { readonly creationId: string; readonly value: string; readonly isOwn: boolean }[] = [];
  const update: { readonly objectId: string; readonly value: string }[] = [];
  const destroy: string[] = [];
  for (const [creationId, identity] of args.create) {
    try {
      const read = readIdentity(identity, true);
      if (!(yield* ask("address.owned", { accountId, address: read.email! }))) {
        throw new SetError("forbiddenFrom", "this is no address of the account");
      }
      create.push({ creationId, value: JSON.stringify(read), isOwn: false });
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      results.notCreated(creationId, error);
    }
  }
  for (const [id, patch] of args.update) {
    try {
      const object = stored.get(id);
      if (!object && id !== OWN) throw new SetError("notFound");
      if (args.destroy.includes(id)) throw new SetError("willDestroy");
      const { whole, within } = readPatch(patch);
      if (within.size > 0) throw new SetError("invalidPatch");
      const before = object ? JSON.parse(object.value) : { ...ownIdentity(args.account.name), mayDelete: undefined };
      const value = JSON.stringify({ ...before, ...readIdentity(Object.fromEntries(whole), false) });
      if (object) update.push({ objectId: object.objectId, value });
      else create.push({ creationId: "", value, isOwn: true });
      results.updated(id);
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      results.notUpdated(id, error);
    }
  }
  for (const id of args.destroy) {
    if (id === OWN) results.notDestroyed(id, new SetError("forbidden", "the own identity stays"));
    else if (!stored.has(id)) results.notDestroyed(id, new SetError("notFound"));
    else destroy.push(id);
  }
  const answer = yield* ask("object.set", {
    accountId,
    kind: "identity",
    ifState: args.ifState,
    create: create.map(({ value }) => value),
    update,
    destroy,
  });
  if ("refused" in answer) throw new MethodError("stateMismatch");
  for (const [i, id] of answer.created.entries()) {
    const { creationId, isOwn } = create[i]!;
    if (isOwn) continue;
    if (id === null) results.notCreated(creationId, new SetError("overQuota", "there are too many"));
    else results.created(creationId, { id, mayDelete: true });
  }
  for (const id of destroy) results.destroyed(id);
  return results.response(args, printState(answer.oldState), printState(answer.newState));
}
