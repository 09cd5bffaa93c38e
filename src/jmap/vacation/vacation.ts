import { utf8Bytes } from "../../base/bytes.ts";
import { ask, type Program, type VacationSettings } from "../../contract/mod.ts";
import { DELIVERY_LIMITS } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { parseUtcDate, printDate } from "../date.ts";
import { invalidProperties, MethodError, SetError } from "../error.ts";
import type { Json, JsonObject } from "../json.ts";
import { getResponse, pick, readGet } from "../standard/get.ts";
import { readPatch, readSet, SetResults, withoutUnchanged } from "../standard/set.ts";
import { printState } from "../state.ts";

/** There is one of it (RFC 8621 section 8). */
const SINGLETON = "singleton";
const PROPERTIES = new Set(["id", "isEnabled", "fromDate", "toDate", "subject", "textBody", "htmlBody"]);
const NONE: VacationSettings = { enabled: false, from: null, to: null, subject: null, text: "" };

/** VacationResponse/get (RFC 8621 section 8.1). */
export function* vacationGet(call: Call): Program<JsonObject> {
  const args = readGet(call, (property) => PROPERTIES.has(property));
  call.done();
  const state = yield* ask("account.state", call.whose(args.account));
  const settings = yield* ask("delivery.settings", { address: args.account.name });
  const found = new Map<string, JsonObject>();
  if (!("refused" in settings)) {
    found.set(SINGLETON, pick(print(settings.vacation ?? NONE), args.properties));
  }
  return getResponse(args, printState(state), found);
}

function print({ enabled, from, to, subject, text, html = null }: VacationSettings): JsonObject {
  return {
    id: SINGLETON,
    isEnabled: enabled,
    fromDate: printDate(from),
    toDate: printDate(to),
    subject,
    textBody: text === "" ? null : text,
    htmlBody: html,
  };
}

/** VacationResponse/set (RFC 8621 section 8.2). */
export function* vacationSet(call: Call): Program<JsonObject> {
  const args = readSet(call);
  call.done();
  const { accountId } = call.context.user;
  const oldState = yield* ask("account.state", { accountId });
  if (args.ifState !== null && args.ifState !== oldState) throw new MethodError("stateMismatch");
  const results = new SetResults(call);
  const singleton = () => new SetError("singleton", "there is one, which is changed and never made or destroyed");
  for (const creationId of args.create.keys()) results.notCreated(creationId, singleton());
  for (const id of args.destroy) results.notDestroyed(id, singleton());
  for (const [id, patch] of args.update) {
    try {
      if (id !== SINGLETON) throw new SetError("notFound");
      const { address } = call.context.user;
      const before = yield* ask("delivery.settings", { address });
      const vacation = "refused" in before ? NONE : before.vacation ?? NONE;
      const { whole, within } = readPatch(patch);
      if (within.size > 0) throw new SetError("invalidPatch", "there is nothing to change within a property");
      const left = withoutUnchanged(whole, print(vacation), (property) => property === "id");
      const answer = yield* ask("delivery.change", { address, change: { vacation: changed(vacation, left) } });
      if ("refused" in answer) throw invalidProperties([], answer.text);
      results.updated(id);
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      results.notUpdated(id, error);
    }
  }
  return results.response(args, printState(oldState), printState(yield* ask("account.state", { accountId })));
}

/** Null is the default. All that is not as it must be is told at once. */
function changed(before: VacationSettings, values: ReadonlyMap<string, Json>): VacationSettings {
  // That there is no HTML is said too: then there need not be a text either.
  const after: { -readonly [K in keyof VacationSettings]: VacationSettings[K] } = { html: null, ...before };
  const bad: string[] = [];
  for (const [property, value] of values) if (!change(after, property, value)) bad.push(property);
  if (bad.length > 0) throw invalidProperties(bad);
  return after;
}

/** False: it is not as it must be. */
function change(
  after: { -readonly [K in keyof VacationSettings]: VacationSettings[K] },
  property: string,
  value: Json,
): boolean {
  if (property === "isEnabled") {
    if (typeof value === "boolean") after.enabled = value;
    return typeof value === "boolean";
  }
  if (value !== null && typeof value !== "string") return false;
  switch (property) {
    case "fromDate":
    case "toDate": {
      const time = value === null ? null : parseUtcDate(value);
      if (value !== null && time === null) return false;
      after[property === "fromDate" ? "from" : "to"] = time;
      return true;
    }
    case "subject":
      after.subject = value;
      return (value ?? "").length <= DELIVERY_LIMITS.vacationSubject && !/\p{Cc}/u.test(value ?? "");
    case "textBody":
      after.text = value ?? "";
      return fits(value);
    case "htmlBody":
      after.html = value;
      return fits(value);
  }
  return false;
}

function fits(text: string | null): boolean {
  return utf8Bytes(text ?? "").length <= DELIVERY_LIMITS.vacationText;
}
