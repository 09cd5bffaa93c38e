/** What all /set methods share (RFC 8620 section 5.3): reading the arguments, and the response. */
import type { Modseq } from "../../contract/mod.ts";
import type { JmapAccount } from "../account.ts";
import type { Call } from "../call.ts";
import { invalidProperties, MethodError, SetError } from "../error.ts";
import { isObject, type Json, type JsonObject, sameJson, shortened } from "../json.ts";
import { parseState } from "../state.ts";

export interface SetArguments {
  readonly account: JmapAccount;
  /** The state in which alone it may be done. */
  readonly ifState: Modseq | null;
  readonly create: ReadonlyMap<string, JsonObject>;
  readonly update: ReadonlyMap<string, JsonObject>;
  readonly destroy: readonly string[];
}

export function readSet(call: Call): SetArguments {
  const account = call.account(true);
  return { account, ifState: readIfState(call, "ifInState"), ...readChangesOf(call) };
}

/** What is to be made, changed and destroyed. */
export function readChangesOf(call: Call): Pick<SetArguments, "create" | "update" | "destroy"> {
  const create = entries(call, "create");
  const update = entries(call, "update");
  const destroy = [...new Set(call.ids("destroy") ?? [])];
  if (create.size + update.size + destroy.length > call.context.limits.maxObjectsInSet) {
    throw new MethodError("requestTooLarge");
  }
  return { create, update, destroy };
}

/** A state that must be the one there is: what never was a state is not. */
export function readIfState(call: Call, name: string): Modseq | null {
  const text = call.optionalString(name);
  if (text === null) return null;
  try {
    return parseState(text);
  } catch {
    throw new MethodError("stateMismatch");
  }
}

/**
 * Ids of what is changed and destroyed once all is made: RFC 8620 section 5.3, an object that is made comes before its
 * creation id is named in the same call.
 */
export function afterCreates(call: Call, { update, destroy }: SetArguments): Pick<SetArguments, "update" | "destroy"> {
  return {
    update: new Map(Array.from(update, ([id, patch]) => [call.resolve(id), patch])),
    destroy: [...new Set(destroy.map((id) => call.resolve(id)))],
  };
}

function entries(call: Call, name: "create" | "update"): ReadonlyMap<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  for (const [id, value] of Object.entries(call.object(name) ?? {})) {
    if (!isObject(value)) throw call.wrong(name, "an object of objects");
    found.set(name === "update" ? call.resolve(id) : id, value);
  }
  return found;
}

/** Gathers what became of each object. */
export class SetResults {
  readonly #call: Call;
  readonly #created: Record<string, JsonObject> = record();
  readonly #updated: Record<string, JsonObject | null> = record();
  readonly #destroyed: string[] = [];
  readonly #notCreated: Record<string, JsonObject> = record();
  readonly #notUpdated: Record<string, JsonObject> = record();
  readonly #notDestroyed: Record<string, JsonObject> = record();

  constructor(call: Call) {
    this.#call = call;
  }

  /** `object`: its id, and what the server decided. Later calls know it by its creation id. */
  created(creationId: string, object: JsonObject & { readonly id: string }): void {
    this.#call.hasChanged = true;
    this.#created[creationId] = object;
    this.#call.context.createdIds.set(creationId, object.id);
  }

  /** `changed`: what is otherwise than the client said; null: nothing. */
  updated(id: string, changed: JsonObject | null = null): void {
    this.#call.hasChanged = true;
    this.#updated[id] = changed;
  }

  destroyed(id: string): void {
    this.#call.hasChanged = true;
    this.#destroyed.push(id);
  }

  notCreated(creationId: string, error: SetError): void {
    this.#notCreated[creationId] = error.toJson();
  }

  notUpdated(id: string, error: SetError): void {
    this.#notUpdated[id] = error.toJson();
  }

  notDestroyed(id: string, error: SetError): void {
    this.#notDestroyed[id] = error.toJson();
  }

  response({ account }: SetArguments, oldState: string, newState: string): JsonObject {
    return {
      accountId: account.accountId,
      oldState,
      newState,
      ...this.lists(),
    };
  }

  /** What became of each, for a type without accounts and states. */
  lists(): JsonObject {
    return {
      created: orNull(this.#created),
      updated: orNull(this.#updated),
      destroyed: this.#destroyed.length > 0 ? this.#destroyed : null,
      notCreated: orNull(this.#notCreated),
      notUpdated: orNull(this.#notUpdated),
      notDestroyed: orNull(this.#notDestroyed),
    };
  }
}

/** `__proto__` is a name as others. */
export function record<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}

export function orNull(record: Record<string, JsonObject | null>): JsonObject | null {
  return Object.keys(record).length > 0 ? record : null;
}

/** Runs what makes or reads one object; its `SetError` is told of it alone. Answers whether all went well. */
export function attempt(run: () => void, refuse: (error: SetError) => void): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (!(error instanceof SetError)) throw error;
    refuse(error);
    return false;
  }
}

/**
 * A patch taken apart: properties that are replaced, and members of properties (`a/b`) that are. RFC 8620 section 5.3: no
 * pointer may be the beginning of another.
 */
export function readPatch(patch: JsonObject): {
  readonly whole: ReadonlyMap<string, Json>;
  readonly within: ReadonlyMap<string, ReadonlyMap<string, Json>>;
} {
  const whole = new Map<string, Json>();
  const within = new Map<string, Map<string, Json>>();
  for (const [path, value] of Object.entries(patch)) {
    const slash = path.indexOf("/");
    if (slash < 0) {
      whole.set(unescaped(path), value);
      continue;
    }
    const property = unescaped(path.slice(0, slash));
    const name = path.slice(slash + 1);
    if (name.includes("/")) {
      throw new SetError("invalidPatch", `there is nothing to change at ${JSON.stringify(shortened(path, 100))}`);
    }
    const members = within.get(property) ?? new Map<string, Json>();
    members.set(unescaped(name), value);
    within.set(property, members);
  }
  for (const property of within.keys()) {
    if (whole.has(property)) throw new SetError("invalidPatch", `${property} is changed both as a whole and in part`);
  }
  return { whole, within };
}

function unescaped(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}

/**
 * RFC 8620 section 5.3: what only the server sets may be in a patch where it is as it is; such members are left out. The
 * others of `fixed` are told all at once.
 */
export function withoutUnchanged(
  values: ReadonlyMap<string, Json>,
  current: JsonObject,
  fixed: (property: string) => boolean,
): ReadonlyMap<string, Json> {
  const left = new Map<string, Json>();
  const bad: string[] = [];
  for (const [property, value] of values) {
    if (!fixed(property)) left.set(property, value);
    else if (!sameJson(value, current[property])) bad.push(property);
  }
  if (bad.length > 0) throw invalidProperties(bad, "they cannot change");
  return left;
}

/** What a client did not say of an object, or what became otherwise than it said (RFC 8620 section 5.3, created). */
export function unsaid(object: JsonObject, said: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name, value]) => !sameJson(value, said[name])));
}
