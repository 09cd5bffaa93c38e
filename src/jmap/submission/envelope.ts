/** The envelope of a submission (RFC 8621 section 7): what the client says, or what the header says. */
import type { EnvelopeRecipient, EnvelopeSender } from "../../contract/mod.ts";
import type { Envelope, EnvelopeAddress } from "../../message/mod.ts";
import { invalidProperties, SetError } from "../error.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import type { JmapLimits } from "../limits.ts";
import { isAddress } from "./address.ts";
import { type Parameters, readMailParameters, readRecipientParameters } from "./parameters.ts";

/** Read, for SMTP and as it is told. */
export interface ReadEnvelope {
  readonly sender: EnvelopeSender;
  readonly recipients: readonly EnvelopeRecipient[];
  readonly holdUntil: number | null;
  readonly printed: JsonObject;
}

/** `identity`: its address, where the header's is not allowed. */
export function envelopeFromHeader(envelope: Envelope, identity: string, isOwn: boolean): JsonObject {
  const author = headerSender(envelope);
  const to = [envelope.to, envelope.cc, envelope.bcc].flatMap(addressesOf);
  const met = new Map(to.map((email) => [email.toLowerCase(), email]));
  return {
    mailFrom: { email: isOwn && author !== null ? author : identity, parameters: null },
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

/** Throws `SetError`: all that is wrong with it, by what it is. */
export function readEnvelope(value: Json, now: number, limits: JmapLimits): ReadEnvelope {
  if (!isObject(value)) throw invalidProperties(["envelope"]);
  const { mailFrom = null, rcptTo = null } = value;
  const bad = Object.keys(value).filter((name) => name !== "mailFrom" && name !== "rcptTo").map(within);
  const from = readAddress(mailFrom, "mailFrom", bad);
  if (from && from.email !== "" && !isAddress(from.email)) bad.push(within("mailFrom"));
  if (!Array.isArray(rcptTo)) bad.push(within("rcptTo"));
  const to = (Array.isArray(rcptTo) ? rcptTo as readonly Json[] : []).map((one) => readAddress(one, "rcptTo", bad));
  const mail = readMailParameters(from?.parameters ?? new Map(), now, limits);
  if (mail === null) bad.push(within("mailFrom/parameters"));
  const recipients = to.map((one) => one && { email: one.email, ...readRecipientParameters(one.parameters) });
  if (recipients.some((one) => one && !("notify" in one))) bad.push(within("rcptTo/parameters"));
  if (bad.length > 0 || !from || !mail) throw invalidProperties([...new Set(bad)]);
  if (to.length === 0) throw new SetError("noRecipients");
  const { maxRecipients } = limits;
  if (to.length > maxRecipients) throw new SetError("tooManyRecipients", "", { maxRecipients });
  const invalidRecipients = to.map((one) => one!.email).filter((email) => !isAddress(email));
  if (invalidRecipients.length > 0) throw new SetError("invalidRecipients", "", { invalidRecipients });
  const { holdUntil, ...parameters } = mail;
  return {
    sender: { reversePath: from.email, size: null, smtputf8: false, ...parameters },
    recipients: (recipients as readonly { email: string; notify: EnvelopeRecipient["notify"]; orcpt: string | null }[])
      .map(({ email, notify, orcpt }) => ({ forwardPath: email, notify, orcpt })),
    holdUntil,
    printed: { mailFrom: printAddress(mailFrom as JsonObject), rcptTo: (rcptTo as JsonObject[]).map(printAddress) },
  };
}

function within(name: string): string {
  return `envelope/${name}`;
}

function printAddress({ email, parameters = null }: JsonObject): JsonObject {
  return { email: email ?? "", parameters };
}

/** Null: it is no address object. Whether mail can go there is another question. */
function readAddress(
  value: Json,
  property: string,
  bad: string[],
): { readonly email: string; readonly parameters: Parameters } | null {
  const email = isObject(value) ? value["email"] : undefined;
  if (!isObject(value) || typeof email !== "string") {
    bad.push(within(property));
    return null;
  }
  const given = value["parameters"] ?? {};
  const isRight = isObject(given) && Object.values(given).every((one) => one === null || typeof one === "string");
  if (!isRight) bad.push(within(`${property}/parameters`));
  const entries = isRight ? Object.entries(given as Readonly<Record<string, string | null>>) : [];
  return { email, parameters: new Map(entries.map(([name, one]) => [name.toUpperCase(), one])) };
}
