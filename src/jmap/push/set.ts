import { ask, type Program, type PushTerms } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { printDate } from "../date.ts";
import { invalidProperties, MethodError, SetError } from "../error.ts";
import type { Json, JsonObject } from "../json.ts";
import { attempt, readChangesOf, readPatch, SetResults } from "../standard/set.ts";
import { isCode, type PushSubscription, readExpires, readSubscription, readTypes, readWish } from "./subscription.ts";

/**
 * PushSubscription/set (RFC 8620 section 7.2.2): of no account and without states. The world sends the code of what is
 * new as soon as it is stored.
 */
export function* pushSet(call: Call): Program<JsonObject> {
  const wanted = readChangesOf(call);
  call.done();
  const { user: { accountId, address }, credential } = call.context;
  const now = yield* ask("clock.now", {});
  const terms = yield* ask("push.terms", { accountId, creating: wanted.create.size });
  const { objects } = yield* ask("object.list", { accountId, kind: "push", ids: null });
  const alive = objects.map((object) => [object.objectId, readSubscription(object)] as const)
    .filter(([, { expires }]) => expires > now);
  const own = new Map(alive.filter(([, one]) => one.credential === credential));
  const results = new SetResults(call);
  const destroy = wanted.destroy.filter((id) => {
    if (!own.has(id)) results.notDestroyed(id, new SetError("notFound"));
    return own.has(id);
  });
  const update: { readonly objectId: string; readonly value: string }[] = [];
  for (const [id, patch] of wanted.update) {
    attempt(() => {
      const before = own.get(id);
      if (!before) throw new SetError("notFound");
      if (destroy.includes(id)) throw new SetError("willDestroy");
      const { after, told } = changed(before, patch, now, terms);
      update.push({ objectId: id, value: JSON.stringify(after) });
      results.updated(id, told);
    }, (error) => results.notUpdated(id, error));
  }
  const create: { readonly creationId: string; readonly value: PushSubscription }[] = [];
  let room = terms.most - alive.length + destroy.length;
  let allowed = terms.allowed;
  for (const [creationId, values] of wanted.create) {
    const code = yield* ask("text.random", {});
    attempt(() => {
      const wish = readWish(values);
      if (room-- <= 0) throw new SetError("overQuota", `an account has at most ${terms.most}`);
      if (allowed-- <= 0) throw new SetError("rateLimit", "too many were made of late; try again in an hour");
      const { lifetimeMs, applicationServerKey } = terms;
      const expires = until(wish.expires, now, lifetimeMs);
      const value = {
        ...wish,
        made: now,
        expires,
        code,
        isVerified: false,
        credential,
        login: address,
        applicationServerKey,
      };
      create.push({ creationId, value });
    }, (error) => results.notCreated(creationId, error));
  }
  // Expired ones are gone, and are taken out where somebody is at it.
  const over = objects.map(({ objectId }) => objectId).filter((id) => alive.every(([other]) => other !== id));
  const answer = yield* ask("object.set", {
    accountId,
    kind: "push",
    create: create.map(({ value }) => JSON.stringify(value)),
    update,
    destroy: [...destroy, ...over],
  });
  if ("refused" in answer) throw new MethodError("serverFail");
  for (const [i, id] of answer.created.entries()) {
    const { creationId, value } = create[i]!;
    if (id === null) results.notCreated(creationId, new SetError("overQuota"));
    // Section 7.2.3: what the client did not say, and when it ends in fact.
    else results.created(creationId, { id, keys: null, expires: printDate(value.expires), types: value.types });
  }
  for (const id of destroy) results.destroyed(id);
  return results.lists();
}

/** Not longer than is allowed; without a wish as long as that. */
function until(wish: number | null, now: number, lifetimeMs: number): number {
  return Math.min(wish ?? Infinity, now + lifetimeMs);
}

/** A patch over one that is there; `told`: what is otherwise than the client said. */
function changed(
  before: PushSubscription,
  patch: JsonObject,
  now: number,
  { lifetimeMs }: PushTerms,
): { readonly after: PushSubscription; readonly told: JsonObject | null } {
  const { whole, within } = readPatch(patch);
  if (within.size > 0) throw new SetError("invalidPatch");
  let after = before;
  let told: JsonObject | null = null;
  for (const [property, value] of whole) {
    if (property === "verificationCode") after = { ...after, isVerified: verified(before, value) };
    else if (property === "types") after = { ...after, types: readTypes(value) };
    else if (property === "expires") {
      const expires = readExpires(value);
      after = { ...after, expires: until(expires, now, lifetimeMs) };
      if (after.expires !== expires) told = { expires: printDate(after.expires) };
    } else if (property !== "deviceClientId" || value !== before.deviceClientId) {
      throw invalidProperties([property], "it cannot be changed");
    }
  }
  return { after, told };
}

/** Null takes nothing back: it says what a client sees that has not been told its code. */
function verified(before: PushSubscription, code: Json): boolean {
  if (code === null && !before.isVerified) return false;
  if (!isCode(before, code)) throw invalidProperties(["verificationCode"], "this is not what was sent");
  return true;
}
