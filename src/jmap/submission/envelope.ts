/** The envelope of a submission (RFC 8621 section 7): what the client says, or what the header says. */
import type { EnvelopeRecipient, EnvelopeSender, Notify } from "../../contract/mod.ts";
import type { Envelope, EnvelopeAddress } from "../../message/mod.ts";
import { parseJmapDate } from "../date.ts";
import { invalidProperties, SetError } from "../error.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";

const RECIPIENTS = 1000;

/** Read, for SMTP and as it is told. */
export interface ReadEnvelope {
  readonly sender: EnvelopeSender;
  readonly recipients: readonly EnvelopeRecipient[];
  readonly holdUntil: number | null;
  readonly printed: JsonObject;
}

/** `identity`: its address, where the header's is not allowed. */
export function envelopeFromHeader(envelope: Envelope, identity: string, isOwn: boolean): JsonObject {
  const sender = addressesOf(envelope.sender.length > 0 ? envelope.sender : envelope.from);
  if (sender.length > 1) throw invalidProperties(["envelope"], "there are several senders: say which one");
  const mailFrom = isOwn && sender[0] ? sender[0] : identity;
  const to = [envelope.to, envelope.cc, envelope.bcc].flatMap(addressesOf);
  const met = new Map(to.map((email) => [email.toLowerCase(), email]));
  return {
    mailFrom: { email: mailFrom, parameters: null },
    rcptTo: Array.from(met.values(), (email) => ({ email, parameters: null })),
  };
}

/** The author that the header names, or null. */
export function headerSender(envelope: Envelope): string | null {
  return addressesOf(envelope.sender.length > 0 ? envelope.sender : envelope.from)[0] ?? null;
}

function addressesOf(list: readonly EnvelopeAddress[]): readonly string[] {
  return list.flatMap(({ mailbox, host }) => mailbox !== null && host ? [`${mailbox}@${host}`] : []);
}

export function readEnvelope(value: Json, now: number): ReadEnvelope {
  if (!isObject(value)) throw invalidProperties(["envelope"]);
  const from = readAddress(value["mailFrom"] ?? null, "mailFrom", true);
  const { rcptTo } = value;
  if (!Array.isArray(rcptTo)) throw invalidProperties(["envelope"], "rcptTo must be a list");
  if (rcptTo.length === 0) throw new SetError("noRecipients");
  if (rcptTo.length > RECIPIENTS) throw new SetError("tooManyRecipients", "", { maxRecipients: RECIPIENTS });
  const bad = rcptTo.filter((one) => !isAddress(isObject(one as Json) ? (one as JsonObject)["email"] ?? null : null));
  if (bad.length > 0) {
    const invalidRecipients = bad.map((one) => String(isObject(one as Json) ? (one as JsonObject)["email"] : ""));
    throw new SetError("invalidRecipients", "", { invalidRecipients });
  }
  const to = rcptTo.map((one) => readAddress(one as Json, "rcptTo", false));
  const parameter = (name: string) => from.parameters.get(name);
  return {
    sender: {
      reversePath: from.email,
      size: null,
      body: "8bitmime",
      smtputf8: false,
      requireTls: from.parameters.has("REQUIRETLS"),
      ret: parameter("RET") === "FULL" ? "full" : parameter("RET") === "HDRS" ? "headers" : null,
      envid: parameter("ENVID") ?? null,
    },
    recipients: to.map(({ email, parameters }) => ({
      forwardPath: email,
      notify: readNotify(parameters.get("NOTIFY")),
      orcpt: parameters.get("ORCPT") ?? null,
    })),
    holdUntil: readHold(parameter("HOLDFOR"), parameter("HOLDUNTIL"), now),
    printed: {
      mailFrom: printAddress(value["mailFrom"] as JsonObject),
      rcptTo: rcptTo.map((one) => printAddress(one as JsonObject)),
    },
  };
}

function printAddress({ email, parameters = null }: JsonObject): JsonObject {
  return { email: email ?? "", parameters };
}

function isAddress(value: Json): value is string {
  return typeof value === "string" && /^[^@\0-\x20\x7f<>]{1,64}@[^@\0-\x20\x7f<>]{1,255}$/.test(value);
}

function readAddress(value: Json, property: string, mayBeEmpty: boolean) {
  const email = isObject(value) ? value["email"] ?? null : null;
  if (!(mayBeEmpty && email === "") && !isAddress(email)) throw invalidProperties([`envelope/${property}`]);
  const given = isObject(value) ? value["parameters"] ?? {} : {};
  if (!isObject(given)) throw invalidProperties([`envelope/${property}/parameters`]);
  const parameters = new Map<string, string>();
  for (const [name, one] of Object.entries(given)) {
    if (one !== null && typeof one !== "string") throw invalidProperties([`envelope/${property}/parameters`]);
    // deno-lint-ignore no-control-regex
    if (/[\0-\x1f\x7f]/.test(one ?? "")) throw invalidProperties([`envelope/${property}/parameters`]);
    parameters.set(name.toUpperCase(), one ?? "");
  }
  return { email: email as string, parameters };
}

function readNotify(text: string | undefined): Notify {
  if (text === undefined) return null;
  const words = text.toLowerCase().split(",").map((word) => word.trim());
  if (words.includes("never")) return [];
  const known = words.filter((word) => word === "success" || word === "failure" || word === "delay");
  return known as ("success" | "failure" | "delay")[];
}

/** FUTURERELEASE (RFC 4865). */
function readHold(seconds: string | undefined, until: string | undefined, now: number): number | null {
  if (seconds !== undefined) {
    if (!/^\d{1,9}$/.test(seconds)) throw invalidProperties(["envelope/mailFrom/parameters"], "HOLDFOR is in seconds");
    return now + Number(seconds) * 1000;
  }
  if (until === undefined) return null;
  const time = parseJmapDate(until);
  if (time === null) throw invalidProperties(["envelope/mailFrom/parameters"], "HOLDUNTIL is a date");
  return time;
}
