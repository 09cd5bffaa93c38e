/** The device flow (RFC 8628): a program without a browser is let in by somebody at another screen. */
import { ask, type Program } from "../contract/mod.ts";
import { type Client, findClient, keepClient } from "./client.ts";
import type { Person } from "./consent.ts";
import { type Answer, refusal } from "./error.ts";
import { accountProblem, beginGrant } from "./grant.ts";
import { issueTokens, type TokenAnswer } from "./issue.ts";
import type { Parameters } from "./parameters.ts";
import { readScope } from "./scope.ts";
import { secretHash } from "./secret_hash.ts";
import { load, save, type Stored, take } from "./stored.ts";

/** What waits for a person. */
export interface DeviceRequest {
  readonly clientId: string;
  readonly scope: readonly string[];
  readonly userCode: string;
  /** Where the device asked from, and when: the person may know that it was not him. */
  readonly from: string;
  readonly startedAt: number;
  /** Seconds between polls. */
  readonly interval: number;
  readonly polledAt: number | null;
  readonly answer: "waiting" | "denied" | Person;
}

/** A device that waits, and what asks for it. */
export interface WaitingDevice {
  readonly request: DeviceRequest;
  readonly client: Client;
}

/** What a device is told (RFC 8628 section 3.2). */
export interface DeviceAnswer {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
  readonly expires_in: number;
  readonly interval: number;
}

const LIFE_MS = 10 * 60_000;
const INTERVAL = 5;
/** Polls that do not slow down end the request. */
const LONGEST_INTERVAL = 60;
/** RFC 8628 section 6.1: letters that make no words and are not mistaken for digits; 20^8 codes. */
const LETTERS = "BCDFGHJKLMNPQRSTVWXZ";
const CODE_LENGTH = 8;

/** RFC 8628 section 3.1. `page` is where people enter codes. */
export function* startDevice(parameters: Parameters, page: string, from: string): Program<Answer<DeviceAnswer>> {
  if (parameters.problem) return parameters.problem;
  const now = yield* ask("clock.now", {});
  const client = yield* findClient(parameters.get("client_id"), now);
  if (client === null) return refusal("invalid_client", "this client is not registered here");
  if (!client.grantTypes.includes("urn:ietf:params:oauth:grant-type:device_code")) {
    return refusal("unauthorized_client", "the client has not registered for device codes");
  }
  const scope = readScope(parameters.get("scope"));
  if (scope === null) return refusal("invalid_scope", "none of these scopes is known here");
  const deviceCode = yield* ask("text.random", {});
  const userCode = letters(yield* ask("text.random", {}));
  const value: DeviceRequest = {
    clientId: client.clientId,
    scope: scope.words,
    userCode,
    from,
    startedAt: now,
    interval: INTERVAL,
    polledAt: null,
    answer: "waiting",
  };
  const [key, expiresAt] = [secretHash(deviceCode), now + LIFE_MS];
  if (!(yield* save("oauth.userCode", userCode, { key }, { now, expiresAt, ifVersion: null }))) {
    return refusal("slow_down", "try again"); // somebody has this code
  }
  yield* save("oauth.device", key, value, { now, expiresAt });
  const shown = `${userCode.slice(0, 4)}-${userCode.slice(4)}`;
  return {
    device_code: deviceCode,
    user_code: shown,
    verification_uri: page,
    verification_uri_complete: `${page}?user_code=${shown}`,
    expires_in: LIFE_MS / 1000,
    interval: INTERVAL,
  };
}

/** What a person's code stands for, typed as people type; null: nothing that waits. */
export function* findDevice(typed: string): Program<WaitingDevice | null> {
  const now = yield* ask("clock.now", {});
  const found = yield* waiting(typed, now);
  const client = found && (yield* findClient(found.device.value.clientId, now));
  return found && client && { request: found.device.value, client };
}

/** The person's answer; null: no. False: it does not wait any more. */
export function* settleDevice(typed: string, person: Person | null): Program<boolean> {
  const now = yield* ask("clock.now", {});
  const found = yield* waiting(typed, now);
  if (found === null) return false;
  const { key, device } = found;
  yield* ask("record.remove", { kind: "oauth.userCode", key: device.value.userCode });
  const { value, version, expiresAt } = device;
  const answer = { ...value, answer: person ?? "denied" } satisfies DeviceRequest;
  if (yield* save("oauth.device", key, answer, { now, expiresAt, ifVersion: version })) return true;
  // A poll came in between.
  const again = yield* load<DeviceRequest>("oauth.device", key, now);
  if (again === null || again.value.answer !== "waiting") return false;
  const latest = { ...again.value, answer: answer.answer } satisfies DeviceRequest;
  return yield* save("oauth.device", key, latest, { now, expiresAt });
}

/** RFC 8628 section 3.5. */
export function* redeemDevice(client: Client, deviceCode: string | null, now: number): Program<Answer<TokenAnswer>> {
  if (deviceCode === null) return refusal("invalid_request", "device_code is missing");
  const key = secretHash(deviceCode);
  const found = yield* load<DeviceRequest>("oauth.device", key, now);
  if (found === null) return refusal("expired_token", "the device code is over");
  const { value, version, expiresAt } = found;
  if (value.clientId !== client.clientId) return refusal("invalid_grant", "this is the device code of another client");
  if (value.answer === "waiting") {
    const early = value.polledAt !== null && now - value.polledAt < value.interval * 1000;
    const interval = value.interval + (early ? INTERVAL : 0);
    if (interval > LONGEST_INTERVAL) {
      yield* ask("record.remove", { kind: "oauth.userCode", key: value.userCode });
      yield* ask("record.remove", { kind: "oauth.device", key });
      return refusal("expired_token", "the device asked too often");
    }
    const polled = { ...value, interval, polledAt: now } satisfies DeviceRequest;
    yield* save("oauth.device", key, polled, { now, expiresAt, ifVersion: version });
    if (early) return refusal("slow_down", "ask less often: five seconds more between two requests");
    return refusal("authorization_pending", "nobody has entered the code yet");
  }
  const taken = yield* take<DeviceRequest>("oauth.device", key, now);
  if (taken === null) return refusal("expired_token", "the device code is over");
  const { answer, scope } = taken.value;
  if (answer === "denied" || answer === "waiting") return refusal("access_denied", "the person said no");
  const grant = {
    grantId: (yield* ask("text.random", {})).slice(0, 24),
    clientId: client.clientId,
    clientName: client.name,
    place: null,
    ...answer,
    scope,
    createdAt: now,
    usedAt: now,
  };
  const problem = yield* accountProblem(grant);
  if (problem) return problem;
  yield* keepClient(client, true);
  yield* beginGrant(grant);
  return yield* issueTokens(grant, scope, client.grantTypes.includes("refresh_token"));
}

function* waiting(typed: string, now: number): Program<{ key: string; device: Stored<DeviceRequest> } | null> {
  const code = typed.toUpperCase().replace(/[\s-]/g, "");
  if (code.length !== CODE_LENGTH || ![...code].every((letter) => LETTERS.includes(letter))) return null;
  const named = yield* load<{ key: string }>("oauth.userCode", code, now);
  const device = named && (yield* load<DeviceRequest>("oauth.device", named.value.key, now));
  return named && device?.value.answer === "waiting" ? { key: named.value.key, device } : null;
}

/** From hexadecimal text of many more bits than the letters hold, so that all come equally often. */
function letters(hex: string): string {
  let number = BigInt(`0x${hex}`);
  let text = "";
  for (let i = 0; i < CODE_LENGTH; i++) {
    text += LETTERS[Number(number % 20n)];
    number /= 20n;
  }
  return text;
}
