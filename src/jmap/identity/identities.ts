/** Identities (RFC 8621 section 6): whom a person writes as. The account's own address is one that cannot go. */
import { ask, type Program, type StoredObject } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { invalidProperties } from "../error.ts";
import { isObject, type Json } from "../json.ts";

/** The id of the identity that each account has by itself. */
export const OWN = "own";

export interface Identity {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly replyTo: Json;
  readonly bcc: Json;
  readonly textSignature: string;
  readonly htmlSignature: string;
  readonly mayDelete: boolean;
}

const SIGNATURE = 100_000;
export const IDENTITY_PROPERTIES: ReadonlySet<string> = new Set([
  "id",
  "name",
  "email",
  "replyTo",
  "bcc",
  "textSignature",
  "htmlSignature",
  "mayDelete",
]);

export function* allIdentities(call: Call, address: string): Program<readonly Identity[]> {
  const { accountId } = call.context.user;
  const { objects } = yield* ask("object.list", { accountId, kind: "identity", ids: null });
  const stored = objects.map(readStored);
  return stored.some(({ id }) => id === OWN) ? stored : [ownIdentity(address), ...stored];
}

/** What the own identity is until it is changed. */
export function ownIdentity(address: string): Identity {
  return {
    id: OWN,
    name: "",
    email: address,
    replyTo: null,
    bcc: null,
    textSignature: "",
    htmlSignature: "",
    mayDelete: false,
  };
}

/** A stored one; the own one has its id in its value. */
export function readStored({ objectId, value }: StoredObject): Identity {
  const stored = JSON.parse(value) as Partial<Identity>;
  return { ...ownIdentity(""), ...stored, id: stored.id === OWN ? OWN : objectId, mayDelete: stored.id !== OWN };
}

/** Properties of a new or changed identity; null is the default. All that are wrong are told at once. Throws `SetError`. */
export function readIdentity(
  values: ReadonlyMap<string, Json>,
  isNew: boolean,
): Partial<Omit<Identity, "id" | "mayDelete">> {
  const read: Record<string, Json> = {};
  const bad: string[] = [];
  for (const [property, value] of values) {
    const right = readProperty(property, value, isNew);
    if (right === undefined) bad.push(property);
    else read[property] = right;
  }
  if (isNew && read["email"] === undefined && !bad.includes("email")) bad.push("email");
  if (bad.length > 0) throw invalidProperties(bad);
  return read;
}

/** Undefined: it is not as it must be, or cannot be set. */
function readProperty(property: string, value: Json, isNew: boolean): Json | undefined {
  switch (property) {
    case "name":
    case "textSignature":
    case "htmlSignature":
      if (value === null) return "";
      return typeof value === "string" && value.length <= SIGNATURE ? value : undefined;
    case "email":
      return isNew && typeof value === "string" && /^[^\s<>]{1,320}$/.test(value) ? value : undefined;
    case "replyTo":
    case "bcc":
      return value === null || isAddresses(value) ? value : undefined;
  }
  return undefined;
}

function isAddresses(value: Json): boolean {
  return Array.isArray(value) && value.length <= 100 && value.every((one) => isEmailAddress(one as Json));
}

/** An EmailAddress (RFC 8621 section 4.1.2.3). */
function isEmailAddress(value: Json): boolean {
  if (!isObject(value) || typeof value["email"] !== "string") return false;
  const { name = null } = value;
  return (name === null || typeof name === "string") &&
    Object.keys(value).every((member) => member === "name" || member === "email");
}
