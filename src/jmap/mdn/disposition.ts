/** Message disposition notifications (RFC 8098): what one says of itself, read and written. */
import { concatBytes, latin1String } from "../../base/bytes.ts";
import { buildField, fieldDecoded, fieldText, headerFields } from "../../message/mod.ts";
import { invalidProperties } from "../error.ts";
import { isObject, type Json, type JsonObject, member } from "../json.ts";

/** What became of a message, and who said so (RFC 9007 section 2). */
export interface Disposition extends JsonObject {
  readonly actionMode: string;
  readonly sendingMode: string;
  readonly type: string;
}

const ACTION_MODES: readonly string[] = ["manual-action", "automatic-action"];
const SENDING_MODES: readonly string[] = ["mdn-sent-manually", "mdn-sent-automatically"];
const TYPES: readonly string[] = ["deleted", "dispatched", "displayed", "processed"];
const TEXT = 100_000;
const LINE = 900;
const EXTENSIONS = 20;
/** Fields that are not extensions. */
const KNOWN: ReadonlySet<string> = new Set([
  "reporting-ua",
  "mdn-gateway",
  "original-recipient",
  "final-recipient",
  "original-message-id",
  "disposition",
  "error",
  "failure",
  "warning",
]);

/** An MDN that is to be sent, as the client says it. */
export interface WantedMdn {
  readonly forEmailId: string;
  readonly subject: string | null;
  readonly textBody: string | null;
  readonly includeOriginalMessage: boolean;
  readonly reportingUA: string | null;
  readonly disposition: Disposition;
  readonly finalRecipient: string | null;
  readonly extensionFields: readonly (readonly [name: string, value: string])[];
}

/** Throws `invalidProperties` with all that is not as it must be. */
export function readMdn(object: Json): WantedMdn {
  if (!isObject(object)) throw invalidProperties([]);
  const bad: string[] = [];
  const text = (name: string, longest: number): string | null => {
    const value = member(object, name) ?? null;
    if (value === null) return null;
    if (typeof value !== "string" || value.length > longest || !value.isWellFormed()) return bad.push(name), null;
    if (longest === LINE && !isLine(value)) return bad.push(name), null;
    return value;
  };
  const forEmailId = member(object, "forEmailId");
  if (typeof forEmailId !== "string") bad.push("forEmailId");
  const include = member(object, "includeOriginalMessage") ?? false;
  if (typeof include !== "boolean") bad.push("includeOriginalMessage");
  const disposition = readDisposition(member(object, "disposition"));
  if (!disposition) bad.push("disposition");
  const extensionFields = readExtensions(member(object, "extensionFields") ?? {});
  if (!extensionFields) bad.push("extensionFields");
  const wanted = {
    forEmailId: forEmailId as string,
    subject: text("subject", LINE),
    textBody: text("textBody", TEXT),
    includeOriginalMessage: include as boolean,
    reportingUA: text("reportingUA", LINE),
    disposition: disposition!,
    finalRecipient: text("finalRecipient", LINE),
    extensionFields: extensionFields!,
  };
  // What the server sets may be there as nothing.
  const others = Object.entries(object).filter(([name, value]) => !Object.hasOwn(wanted, name) && value !== null);
  bad.push(...others.map(([name]) => name));
  if (bad.length > 0) throw invalidProperties(bad);
  return wanted;
}

function readDisposition(value: Json | undefined): Disposition | null {
  if (!isObject(value) || Object.keys(value).length !== 3) return null;
  const [actionMode, sendingMode, type] = ["actionMode", "sendingMode", "type"].map((name) => member(value, name));
  if (!ACTION_MODES.includes(actionMode as string) || !SENDING_MODES.includes(sendingMode as string)) return null;
  return TYPES.includes(type as string) ? value as unknown as Disposition : null;
}

function readExtensions(value: Json): readonly (readonly [string, string])[] | null {
  if (!isObject(value)) return null;
  const fields = Object.entries(value);
  const isRight = ([name, text]: [string, Json]) =>
    /^[A-Za-z][\w-]{0,60}$/.test(name) && !KNOWN.has(name.toLowerCase()) && typeof text === "string" &&
    text.length <= LINE && isLine(text);
  return fields.length <= EXTENSIONS && fields.every(isRight) ? fields as [string, string][] : null;
}

function isLine(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return !/[\0-\x1f\x7f]/.test(text);
}

/** What the server knows besides. */
export interface MdnFacts {
  readonly originalRecipient: string | null;
  readonly finalRecipient: string;
  readonly originalMessageId: string | null;
}

/** The fields of message/disposition-notification (RFC 8098 section 3.1). */
export function printDisposition(wanted: WantedMdn, facts: MdnFacts): Uint8Array {
  const { actionMode, sendingMode, type } = wanted.disposition;
  const sent = sendingMode === "mdn-sent-manually" ? "MDN-sent-manually" : "MDN-sent-automatically";
  const fields: (readonly [string, string | null])[] = [
    ["Reporting-UA", wanted.reportingUA],
    ["Original-Recipient", facts.originalRecipient],
    ["Final-Recipient", facts.finalRecipient],
    ["Original-Message-ID", facts.originalMessageId],
    ["Disposition", `${actionMode}/${sent}; ${type}`],
    ...wanted.extensionFields,
  ];
  return concatBytes(fields.flatMap(([name, value]) => value === null ? [] : [buildField(name, value)]));
}

/** The members of an MDN that its fields tell; null: they are none of an MDN. */
export function parseDisposition(octets: Uint8Array): JsonObject | null {
  const fields = headerFields(latin1String(octets), 200);
  const first = (name: string): string | null => {
    const field = fields.find((one) => one.name === name);
    return field ? fieldText(field) : null;
  };
  const said = /^([\w-]+)\s*\/\s*([\w-]+)\s*;\s*([\w-]+)/.exec(first("disposition") ?? "");
  const finalRecipient = first("final-recipient");
  if (!said || finalRecipient === null) return null;
  const [, actionMode, sendingMode, type] = said.map((word) => word.toLowerCase());
  const errors = fields.filter(({ name }) => name === "error").map(fieldDecoded);
  const others = fields.filter(({ name }) => !KNOWN.has(name)).slice(0, EXTENSIONS);
  const namesOf = latin1String(octets);
  const extensions = others.map((field) => [namesOf.slice(field.start).split(":", 1)[0]!.trim(), fieldDecoded(field)]);
  return {
    reportingUA: first("reporting-ua"),
    disposition: { actionMode: actionMode!, sendingMode: sendingMode!, type: type! },
    mdnGateway: first("mdn-gateway"),
    originalRecipient: first("original-recipient"),
    finalRecipient,
    originalMessageId: first("original-message-id"),
    error: errors.length > 0 ? errors : null,
    extensionFields: extensions.length > 0 ? Object.fromEntries(extensions) : null,
  };
}
