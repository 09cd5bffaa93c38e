import { ask, type Program, type VacationSettings } from "../../contract/mod.ts";
import { DELIVERY_LIMITS } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { parseJmapDate, printDate } from "../date.ts";
import { invalidProperties, MethodError, SetError } from "../error.ts";
import type { Json, JsonObject } from "../json.ts";
import { getResponse, pick, readGet } from "../standard/get.ts";
import { readPatch, readSet, SetResults } from "../standard/set.ts";
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
  const settings = args.account.isPersonal ? yield* ask("delivery.settings", { address: args.account.name }) : null;
  const found = new Map<string, JsonObject>();
  if (settings && !("refused" in settings)) {
    found.set(SINGLETON, pick(print(settings.vacation ?? NONE), args.properties));
  }
  return getResponse(args, printState(state), found);
}

function print({ enabled, from, to, subject, text }: VacationSettings): JsonObject {
  return {
    id: SINGLETON,
    isEnabled: enabled,
    fromDate: printDate(from),
    toDate: printDate(to),
    subject,
    textBody: text === "" ? null : text,
    htmlBody: null,
  };
}

/** VacationResponse/set (RFC 8621 section 8.2). */
export function* vacationSet(call: Call): Program<JsonObject> {
  const args = readSet(call);
  call.done();
  if (!args.account.isPersonal) throw new MethodError("forbidden");
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
      if (within.size > 0) throw new SetError("invalidPatch");
      const answer = yield* ask("delivery.change", { address, change: { vacation: changed(vacation, whole) } });
      if ("refused" in answer) throw invalidProperties([], answer.text);
      results.updated(id);
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      results.notUpdated(id, error);
    }
  }
  return results.response(args, printState(oldState), printState(yield* ask("account.state", { accountId })));
}

function changed(before: VacationSettings, values: ReadonlyMap<string, Json>): VacationSettings {
  const after: { -readonly [K in keyof VacationSettings]: VacationSettings[K] } = { ...before };
  for (const [property, value] of values) {
    const wrong = () => invalidProperties([property]);
    const text = value === null || typeof value === "string" ? value : undefined;
    if (property === "isEnabled") {
      if (typeof value !== "boolean") throw wrong();
      after.enabled = value;
      continue;
    }
    if (text === undefined) throw wrong();
    switch (property) {
      case "fromDate":
      case "toDate": {
        const time = text === null ? null : parseJmapDate(text);
        if (text !== null && time === null) throw wrong();
        after[property === "fromDate" ? "from" : "to"] = time;
        break;
      }
      case "subject":
        if ((text ?? "").length > DELIVERY_LIMITS.vacationSubject) throw wrong();
        after.subject = text;
        break;
      case "textBody":
        if ((text ?? "").length > DELIVERY_LIMITS.vacationText) throw wrong();
        after.text = text ?? "";
        break;
      case "htmlBody":
        if (text !== null) throw invalidProperties([property], "answers are plain text: give a textBody");
        break;
      default:
        throw wrong();
    }
  }
  return after;
}
