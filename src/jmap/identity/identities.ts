/** Identities (RFC 8621 section 6): whom a person writes as. The account's own address is one that cannot go. */
import { ask, type Program, type StoredObject } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { invalidProperties } from "../error.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";

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

/** Properties of a new or changed identity. Throws `SetError`. */
export function readIdentity(values: JsonObject, isNew: boolean): Partial<Omit<Identity, "id" | "mayDelete">> {
  const read: Record<string, Json> = {};
  for (const [property, value] of Object.entries(values)) {
    const isText = typeof value === "string";
    switch (property) {
      case "name":
      case "textSignature":
      case "htmlSignature":
        if (!isText || value.length > SIGNATURE) throw invalidProperties([property]);
        break;
      case "email":
        if (!isNew || !isText || !/^[^\s<>]{1,320}$/.test(value)) throw invalidProperties([property]);
        break;
      case "replyTo":
      case "bcc":
        if (value !== null && !isAddresses(value)) throw invalidProperties([property]);
        break;
      default:
        throw invalidProperties([property], "it cannot be set");
    }
    read[property] = value;
  }
  if (isNew && read["email"] === undefined) throw invalidProperties(["email"], "an identity has an address");
  return read;
}

function isAddresses(value: Json): boolean {
  return Array.isArray(value) && value.length <= 100 &&
    value.every((one) => isObject(one as Json) && typeof (one as JsonObject)["email"] === "string");
}
