/**
 * A PushSubscription (RFC 8620 section 7.2): where one device of somebody wants to hear of changes. It belongs to what he
 * logged in with, not to an account; whoever logged in otherwise does not see it.
 */
import { decodeBase64Url } from "../../base/base64.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import { equalSecretBytes } from "../../base/hash.ts";
import type { StoredObject } from "../../contract/mod.ts";
import { isPoint } from "../../web_push/mod.ts";
import { parseJmapDate, printDate } from "../date.ts";
import { invalidProperties } from "../error.ts";
import { isObject, type Json, type JsonObject, member } from "../json.ts";

/** As it is kept. */
export interface PushSubscription {
  readonly deviceClientId: string;
  readonly url: string;
  /** Base64 for URLs; null: what is sent is not sealed. */
  readonly keys: { readonly p256dh: string; readonly auth: string } | null;
  /** What the client has to show before anything else is sent. */
  readonly code: string;
  readonly isVerified: boolean;
  /** Milliseconds since 1970. */
  readonly made: number;
  readonly expires: number;
  /** Null: all. */
  readonly types: readonly string[] | null;
  /** What its owner logged in with, and as whom. */
  readonly credential: string;
  readonly login: string;
  /** The public half of the key by which we signed when it was made (RFC 9749). */
  readonly applicationServerKey: string;
}

/** What a client may set. */
export interface SubscriptionWish {
  readonly deviceClientId: string;
  readonly url: string;
  readonly keys: PushSubscription["keys"];
  readonly expires: number | null;
  readonly types: readonly string[] | null;
}

const LONGEST_ID = 255;
const LONGEST_URL = 2000;
const LONGEST_TYPE = 60;
const MOST_TYPES = 100;
const AUTH_OCTETS = 16;
const SETTABLE = new Set(["deviceClientId", "url", "keys", "verificationCode", "expires", "types"]);

/** Properties that are told; `url` and `keys` never are (section 7.2.1). */
export const SUBSCRIPTION_PROPERTIES: ReadonlySet<string> = new Set([
  "id",
  "deviceClientId",
  "verificationCode",
  "expires",
  "types",
]);

export function readSubscription({ value }: StoredObject): PushSubscription {
  return JSON.parse(value) as PushSubscription;
}

/** As PushSubscription/get has it. The code is that which the client has set: before that there is none to see. */
export function printSubscription(id: string, one: PushSubscription): JsonObject {
  return {
    id,
    deviceClientId: one.deviceClientId,
    verificationCode: one.isVerified ? one.code : null,
    expires: printDate(one.expires),
    types: one.types,
  };
}

/** Reads a new one. Throws `SetError`. */
export function readWish(values: JsonObject): SubscriptionWish {
  const unknown = Object.keys(values).filter((name) => !SETTABLE.has(name));
  if (unknown.length > 0) throw invalidProperties(unknown, "they cannot be set");
  const deviceClientId = member(values, "deviceClientId");
  if (typeof deviceClientId !== "string" || deviceClientId === "" || deviceClientId.length > LONGEST_ID) {
    throw invalidProperties(["deviceClientId"], `it is a text of at most ${LONGEST_ID} characters`);
  }
  if ((member(values, "verificationCode") ?? null) !== null) {
    throw invalidProperties(["verificationCode"], "it comes by the first push");
  }
  return {
    deviceClientId,
    url: readUrl(member(values, "url")),
    keys: readKeys(member(values, "keys") ?? null),
    expires: readExpires(member(values, "expires") ?? null),
    types: readTypes(member(values, "types") ?? null),
  };
}

/** Section 7.2: absolute, and https. What is in it for logging in or stays at the client has no use here. */
function readUrl(value: Json | undefined): string {
  const isText = typeof value === "string" && value.length <= LONGEST_URL && /^https:\/\/[!-~]+$/i.test(value);
  const url = isText && URL.canParse(value) ? new URL(value) : null;
  if (url === null || url.username !== "" || url.password !== "" || url.hash !== "") {
    throw invalidProperties(["url"], `it begins with https:// and has at most ${LONGEST_URL} characters`);
  }
  return url.href;
}

function readKeys(value: Json): PushSubscription["keys"] {
  if (value === null) return null;
  const [p256dh, auth] = isObject(value) ? [member(value, "p256dh"), member(value, "auth")] : [];
  if (typeof p256dh === "string" && typeof auth === "string" && p256dh.length <= 100 && auth.length <= 100) {
    const point = decodeBase64Url(p256dh);
    // RFC 8291 section 3.2: 16 octets.
    if (point !== null && isPoint(point) && decodeBase64Url(auth)?.length === AUTH_OCTETS) return { p256dh, auth };
  }
  throw invalidProperties(["keys"], "p256dh is a point of P-256, auth has 16 octets, both in base64 for URLs");
}

/** A date, milliseconds since 1970. Throws `SetError`. */
export function readExpires(value: Json): number | null {
  if (value === null) return null;
  const ms = typeof value === "string" && value.endsWith("Z") ? parseJmapDate(value) : null;
  if (ms === null) throw invalidProperties(["expires"], "it is a date in UTC or null");
  return ms;
}

/** Names of types; null: all. Throws `SetError`. */
export function readTypes(value: Json): readonly string[] | null {
  if (value === null) return null;
  const isType = (one: Json) => typeof one === "string" && one !== "" && one.length <= LONGEST_TYPE;
  if (!Array.isArray(value) || value.length > MOST_TYPES || !value.every(isType)) {
    throw invalidProperties(["types"], "it is a list of names of types or null");
  }
  return [...new Set(value as string[])];
}

/** Whether this is the code that was sent, in time that does not depend on how much of it is right. */
export function isCode(one: PushSubscription, code: Json): boolean {
  return typeof code === "string" && equalSecretBytes(utf8Bytes(code), utf8Bytes(one.code));
}
