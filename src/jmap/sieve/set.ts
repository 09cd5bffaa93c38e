import { ask, type DirectoryRefused, type Program, type SieveObject } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { invalidProperties, MethodError, SetError } from "../error.ts";
import type { Json, JsonObject } from "../json.ts";
import { afterCreates, readPatch, readSet, type SetArguments, SetResults } from "../standard/set.ts";
import { printState } from "../state.ts";
import { allScripts, ownAccount, printScript, readScript, unlessWrong } from "./scripts.ts";

/** What is told of objects that went well, until it is known which script is active. */
interface Done {
  readonly created: Map<string, JsonObject & { readonly id: string }>;
  readonly updated: Map<string, JsonObject | null>;
}

/** SieveScript/set (RFC 9661 section 2.3). Each script is a transaction of its own, as in ManageSieve. */
export function* sieveSet(call: Call): Program<JsonObject> {
  const args = readSet(call);
  const activate = call.optionalString("onSuccessActivateScript");
  const deactivate = call.boolean("onSuccessDeactivateScript", false);
  call.done();
  ownAccount(args.account);
  const { state } = yield* allScripts(call);
  if (args.ifState !== null && args.ifState !== state) throw new MethodError("stateMismatch");
  const results = new SetResults(call);
  const done: Done = { created: new Map(), updated: new Map() };
  let isAllWell = true;
  const refuse = (error: unknown, tell: (error: SetError) => void): void => {
    if (!(error instanceof SetError)) throw error;
    isAllWell = false;
    tell(error);
  };
  for (const [creationId, object] of args.create) {
    try {
      const made = yield* create(call, args, object);
      done.created.set(creationId, made);
      call.context.createdIds.set(creationId, made.id);
    } catch (error) {
      refuse(error, (one) => results.notCreated(creationId, one));
    }
  }
  const { update: updates, destroy } = afterCreates(call, args);
  for (const [id, patch] of updates) {
    try {
      if (destroy.includes(id)) throw new SetError("willDestroy");
      done.updated.set(id, yield* update(call, args, id, patch));
    } catch (error) {
      refuse(error, (one) => results.notUpdated(id, one));
    }
  }
  for (const id of destroy) {
    try {
      const script = yield* scriptOf(call, id);
      const removed = yield* ask("sieve.remove", { address: args.account.name, name: script.name });
      if ("refused" in removed) throw setError(removed, "sieveIsActive");
      call.hasChanged = true;
      results.destroyed(id);
    } catch (error) {
      refuse(error, (one) => results.notDestroyed(id, one));
    }
  }
  if (isAllWell) yield* changeActive(call, args, done, { activate, deactivate });
  for (const [creationId, object] of done.created) results.created(creationId, object);
  for (const [id, changed] of done.updated) results.updated(id, changed);
  return results.response(args, printState(state), printState((yield* allScripts(call)).state));
}

function* create(
  call: Call,
  { account }: SetArguments,
  object: JsonObject,
): Program<JsonObject & { readonly id: string }> {
  const { name = null, blobId = null, ...others } = object;
  if (Object.keys(others).length > 0) throw invalidProperties(Object.keys(others), "the server sets them");
  if (name !== null && typeof name !== "string") throw invalidProperties(["name"]);
  // Without a name the server gives one.
  const wanted = name ?? `script-${(yield* ask("text.random", {})).slice(0, 12)}`;
  const content = yield* readScript(call, account, blobId);
  yield* unlessWrong(wanted, content);
  const { scripts } = yield* allScripts(call);
  unlessTaken(scripts, wanted, null);
  const put = yield* ask("sieve.put", { address: account.name, name: wanted, content, expected: "notThere" });
  if ("refused" in put) throw setError(put, "overQuota");
  call.hasChanged = true;
  const made = (yield* allScripts(call)).scripts.find((one) => one.name === wanted);
  if (!made) throw new SetError("notFound", "somebody else has just removed it");
  return printScript(made);
}

function* update(call: Call, { account }: SetArguments, id: string, patch: JsonObject): Program<JsonObject | null> {
  const { whole, within } = readPatch(patch);
  if (within.size > 0) throw new SetError("invalidPatch", "there is nothing to change within a property");
  const script = yield* scriptOf(call, id);
  const before = printScript(script);
  for (const [property, value] of whole) {
    if (property === "name" || property === "blobId") continue;
    // RFC 8620 section 5.3: what the server sets may be there as it is.
    if (!Object.hasOwn(before, property) || before[property] !== value) {
      throw invalidProperties([property], "it cannot be set");
    }
  }
  const { address, name } = { address: account.name, name: readName(whole, script.name) };
  const blobId = whole.get("blobId");
  const isNewText = blobId !== undefined && blobId !== before["blobId"];
  const content = isNewText ? yield* readScript(call, account, blobId) : yield* contentOf(address, script.name);
  if (isNewText || name !== script.name) yield* unlessWrong(name, content);
  if (name !== script.name) {
    unlessTaken((yield* allScripts(call)).scripts, name, id);
    const renamed = yield* ask("sieve.rename", { address, name: script.name, newName: name });
    if ("refused" in renamed) throw setError(renamed, "alreadyExists");
  }
  if (isNewText) {
    const put = yield* ask("sieve.put", { address, name, content, expected: "there" });
    if ("refused" in put) throw setError(put, "overQuota");
  }
  call.hasChanged = true;
  const after = printScript(yield* scriptOf(call, id));
  return after["blobId"] === (blobId ?? before["blobId"]) ? null : { blobId: after["blobId"] ?? null };
}

function readName(whole: ReadonlyMap<string, Json>, before: string): string {
  const name = whole.get("name");
  if (name === undefined) return before;
  if (typeof name !== "string") throw invalidProperties(["name"], "a script has a name");
  return name;
}

function* contentOf(address: string, name: string): Program<string> {
  const stored = yield* ask("sieve.get", { address, name });
  if ("refused" in stored) throw new SetError("notFound");
  return stored.content;
}

function* scriptOf(call: Call, id: string): Program<SieveObject> {
  const found = (yield* allScripts(call)).scripts.find(({ objectId }) => objectId === id);
  if (!found) throw new SetError("notFound");
  return found;
}

function unlessTaken(scripts: readonly SieveObject[], name: string, id: string | null): void {
  const other = scripts.find((one) => one.name === name && one.objectId !== id);
  if (other) throw new SetError("alreadyExists", "there is a script of this name", { existingId: other.objectId });
}

function setError({ refused, text }: DirectoryRefused, inUse: SetError["type"]): SetError {
  if (refused === "notFound") return new SetError("notFound");
  if (refused === "inUse") return new SetError(inUse, text);
  if (refused === "changed" || refused === "exists") return new SetError("alreadyExists", text);
  return invalidProperties(["name"], text);
}

/** Only where all went well. First none is active, then the one that is wanted, where there is such a one that can run. */
function* changeActive(
  call: Call,
  { account }: SetArguments,
  done: Done,
  wanted: { readonly activate: string | null; readonly deactivate: boolean },
): Program<void> {
  if (wanted.activate === null && !wanted.deactivate) return;
  const address = account.name;
  const { scripts } = yield* allScripts(call);
  const id = wanted.activate === null ? null : call.resolve(wanted.activate);
  const script = id === null ? null : scripts.find(({ objectId }) => objectId === id) ?? null;
  const mayRun = script !== null && (yield* canRun(address, script.name));
  if (mayRun) yield* ask("sieve.activate", { address, name: script.name });
  else if (wanted.deactivate) yield* ask("sieve.activate", { address, name: null });
  const after = (yield* allScripts(call)).scripts;
  for (const { objectId, active } of after) {
    const before = scripts.find((one) => one.objectId === objectId)?.active ?? false;
    if (active === before) continue;
    const creation = [...done.created].find(([, object]) => object.id === objectId);
    if (creation) done.created.set(creation[0], { ...creation[1], isActive: active });
    else done.updated.set(objectId, { ...done.updated.get(objectId), isActive: active });
  }
}

function* canRun(address: string, name: string): Program<boolean> {
  const stored = yield* ask("sieve.get", { address, name });
  if ("refused" in stored) return false;
  return (yield* ask("sieve.check", { name, content: stored.content })).length === 0;
}
