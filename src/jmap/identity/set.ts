import { ask, type Program, type StoredObject } from "../../contract/mod.ts";
import type { JmapAccount } from "../account.ts";
import type { Call } from "../call.ts";
import { MethodError, SetError } from "../error.ts";
import type { Json, JsonObject } from "../json.ts";
import {
  afterCreates,
  readPatch,
  readSet,
  type SetArguments,
  SetResults,
  unsaid,
  withoutUnchanged,
} from "../standard/set.ts";
import { printState } from "../state.ts";
import { type Identity, IDENTITY_PROPERTIES, OWN, ownIdentity, readIdentity, readStored } from "./identities.ts";

interface Creation {
  readonly creationId: string;
  /** What the client said; null: it is the own one, which is stored now. */
  readonly said: JsonObject | null;
  readonly value: string;
}

/** Identity/set (RFC 8621 section 6.3): what is made is one transaction, what is changed and destroyed another. */
export function* identitySet(call: Call): Program<JsonObject> {
  const args = readSet(call);
  call.done();
  const { accountId } = args.account;
  const kind = "identity";
  const results = new SetResults(call);
  const create: Creation[] = [];
  for (const [creationId, said] of args.create) {
    try {
      create.push({ creationId, said, value: yield* readNew(args.account, said) });
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      results.notCreated(creationId, error);
    }
  }
  const made = yield* ask("object.set", {
    accountId,
    kind,
    ifState: args.ifState,
    create: create.map(({ value }) => value),
  });
  if ("refused" in made) throw new MethodError("stateMismatch");
  tellMade(create, made.created, results);
  const { objects } = yield* ask("object.list", { accountId, kind, ids: null });
  const stored = new Map(objects.map((one) => [readStored(one).id, one]));
  const later = afterCreates(call, args);
  const changes = readChanges(args.account, later, stored, results);
  const destroy = destroyable(later.destroy, stored, results);
  const answer = yield* ask("object.set", { accountId, kind, ...changes, destroy });
  if ("refused" in answer) throw new MethodError("stateMismatch");
  for (const id of destroy) results.destroyed(id);
  return results.response(args, printState(made.oldState), printState(answer.newState));
}

function* readNew({ accountId }: JmapAccount, said: JsonObject): Program<string> {
  const read = readIdentity(new Map(Object.entries(said)), true);
  if (!(yield* ask("address.owned", { accountId, address: read.email! }))) {
    throw new SetError("forbiddenFrom", "this is no address of the account");
  }
  return JSON.stringify(read);
}

function tellMade(create: readonly Creation[], made: readonly (string | null)[], results: SetResults): void {
  for (const [i, { creationId, said, value }] of create.entries()) {
    const id = made[i] ?? null;
    if (id === null) {
      results.notCreated(creationId, new SetError("overQuota", "there are too many"));
      continue;
    }
    const whole: Identity = { ...ownIdentity(""), ...JSON.parse(value) as Partial<Identity>, mayDelete: true };
    results.created(creationId, { ...unsaid(whole as unknown as JsonObject, said ?? {}), id });
  }
}

/** The own identity is stored when it is changed for the first time. */
function readChanges(
  account: JmapAccount,
  { update, destroy }: Pick<SetArguments, "update" | "destroy">,
  stored: ReadonlyMap<string, StoredObject>,
  results: SetResults,
) {
  const changed: { readonly objectId: string; readonly value: string }[] = [];
  const create: string[] = [];
  for (const [id, patch] of update) {
    try {
      const object = stored.get(id);
      if (!object && id !== OWN) throw new SetError("notFound");
      if (destroy.includes(id) && id !== OWN) throw new SetError("willDestroy");
      const before = object ? readStored(object) : ownIdentity(account.name);
      const value = JSON.stringify({ ...before, ...readUpdate(patch, before), mayDelete: undefined });
      if (object) changed.push({ objectId: object.objectId, value });
      else create.push(value);
      results.updated(id);
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      results.notUpdated(id, error);
    }
  }
  return { update: changed, create };
}

function readUpdate(patch: JsonObject, before: Identity): Partial<Identity> {
  const { whole, within } = readPatch(patch);
  if (within.size > 0) throw new SetError("invalidPatch", "lists are replaced as a whole");
  const fixed = (property: string) => property === "id" || property === "email" || property === "mayDelete";
  const current = before as unknown as Readonly<Record<string, Json>>;
  const known = (property: string) => fixed(property) && IDENTITY_PROPERTIES.has(property);
  return readIdentity(withoutUnchanged(whole, current, known), false);
}

function destroyable(
  destroy: readonly string[],
  stored: ReadonlyMap<string, StoredObject>,
  results: SetResults,
): readonly string[] {
  return destroy.filter((id) => {
    if (id === OWN) results.notDestroyed(id, new SetError("forbidden", "the own identity stays"));
    else if (!stored.has(id)) results.notDestroyed(id, new SetError("notFound"));
    return id !== OWN && stored.has(id);
  });
}
