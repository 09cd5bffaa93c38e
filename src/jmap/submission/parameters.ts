/** Parameters of MAIL and RCPT that an envelope may have (RFC 8621 section 7): those that the session tells of, and no others. */
import type { EnvelopeRecipient, EnvelopeSender, Notify } from "../../contract/mod.ts";
import { parseJmapDate } from "../date.ts";
import type { JmapLimits } from "../limits.ts";

/** By name in capitals; null: without a value. */
export type Parameters = ReadonlyMap<string, string | null>;

type Mail = Pick<EnvelopeSender, "body" | "requireTls" | "ret" | "envid"> & { readonly holdUntil: number | null };

const MAIL: ReadonlySet<string> = new Set([
  ...["RET", "ENVID"], // RFC 3461
  ...["HOLDFOR", "HOLDUNTIL"], // RFC 4865
  ...["SIZE", "BODY", "SMTPUTF8", "REQUIRETLS"], // what is sent says the first three anyway
]);
const RCPT: ReadonlySet<string> = new Set(["NOTIFY", "ORCPT"]);

/** Null: one is not known, or not as it must be. */
export function readMailParameters(parameters: Parameters, now: number, limits: JmapLimits): Mail | null {
  if (!areKnown(parameters, MAIL)) return null;
  const ret = parameters.get("RET")?.toUpperCase();
  if (parameters.has("RET") && ret !== "FULL" && ret !== "HDRS") return null;
  if (parameters.has("ENVID") && !/^.{1,100}$/.test(parameters.get("ENVID") ?? "")) return null;
  const holdUntil = readHold(parameters, now, limits.maxDelayedSend);
  if (holdUntil === undefined) return null;
  return {
    body: "8bitmime",
    requireTls: parameters.has("REQUIRETLS"),
    ret: ret === undefined ? null : ret === "FULL" ? "full" : "headers",
    envid: parameters.get("ENVID") ?? null,
    holdUntil,
  };
}

/** Null: one is not known, or not as it must be. */
export function readRecipientParameters(parameters: Parameters): Pick<EnvelopeRecipient, "notify" | "orcpt"> | null {
  if (!areKnown(parameters, RCPT)) return null;
  const notify = readNotify(parameters);
  const orcpt = parameters.get("ORCPT");
  if (notify === undefined || (parameters.has("ORCPT") && !/^[A-Za-z0-9-]{1,60};.{1,500}$/.test(orcpt ?? ""))) {
    return null;
  }
  return { notify, orcpt: orcpt ?? null };
}

function areKnown(parameters: Parameters, known: ReadonlySet<string>): boolean {
  for (const [name, value] of parameters) {
    // Nothing may end the line of the command.
    // deno-lint-ignore no-control-regex
    if (!known.has(name) || /[\0-\x1f\x7f]/.test(value ?? "")) return false;
  }
  return true;
}

/** RFC 3461 section 4.1: NEVER stands alone. Undefined: it is not so. */
function readNotify(parameters: Parameters): Notify | undefined {
  if (!parameters.has("NOTIFY")) return null;
  const words = (parameters.get("NOTIFY") ?? "").toLowerCase().split(",");
  if (words.length === 1 && words[0] === "never") return [];
  const isKnown = words.every((word) => word === "success" || word === "failure" || word === "delay");
  return isKnown ? words as ("success" | "failure" | "delay")[] : undefined;
}

/** FUTURERELEASE (RFC 4865): not before this time; null: now. Undefined: it is not so, or later than may be. */
function readHold(parameters: Parameters, now: number, longest: number): number | null | undefined {
  const [seconds, until] = [parameters.get("HOLDFOR"), parameters.get("HOLDUNTIL")];
  if (seconds === undefined && until === undefined) return null;
  if (seconds !== undefined && until !== undefined) return undefined;
  const time = typeof until === "string"
    ? parseJmapDate(until)
    : /^\d{1,9}$/.test(seconds ?? "")
    ? now + Number(seconds) * 1000
    : null;
  return time === null || time > now + longest * 1000 ? undefined : time;
}
