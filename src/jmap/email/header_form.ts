/** Header fields in the forms that a client asks for (RFC 8621 sections 4.1.2 and 4.1.3). */
import { lowerAscii } from "../../base/ascii.ts";
import { latin1Bytes } from "../../base/bytes.ts";
import {
  decodeWords,
  type EnvelopeAddress,
  fieldText,
  type HeaderField,
  messageIds,
  parseAddressList,
  parseDate,
} from "../../message/mod.ts";
import { printDate } from "../date.ts";
import type { Json, JsonObject } from "../json.ts";

export type HeaderForm = "Raw" | "Text" | "Addresses" | "GroupedAddresses" | "MessageIds" | "Date" | "URLs";

/** A property `header:Name:asForm:all`. */
export interface HeaderProperty {
  /** As it was asked for. */
  readonly property: string;
  /** In lower case. */
  readonly name: string;
  readonly form: HeaderForm;
  readonly all: boolean;
}

const ADDRESSES = new Set(
  [..."from sender reply-to to cc bcc".split(" ")].flatMap((name) => [name, `resent-${name}`]),
);
const MESSAGE_IDS = new Set(["message-id", "in-reply-to", "references", "resent-message-id"]);
const DATES = new Set(["date", "resent-date"]);
const URLS = new Set(["help", "unsubscribe", "subscribe", "post", "owner", "archive"].map((name) => `list-${name}`));
const TEXTS = new Set(["subject", "comments", "keywords", "list-id"]);
/** Defined in RFC 5322 and RFC 2369: each has its own forms only. List-Id is defined elsewhere (RFC 2919). */
const DEFINED = new Set([...ADDRESSES, ...MESSAGE_IDS, ...DATES, ...URLS, ...TEXTS, "return-path", "received"]);
DEFINED.delete("list-id");

const FORMS: Readonly<Record<HeaderForm, ReadonlySet<string>>> = {
  Raw: new Set(),
  Text: TEXTS,
  Addresses: ADDRESSES,
  GroupedAddresses: ADDRESSES,
  MessageIds: MESSAGE_IDS,
  Date: DATES,
  URLs: URLS,
};

/** Null: it is no such property, or a form that is nonsense for this field. */
export function parseHeaderProperty(property: string): HeaderProperty | null {
  const found = /^header:([!-9;-~]{1,998})(?::as([A-Za-z]+))?(:all)?$/.exec(property);
  if (!found) return null;
  const [, asked = "", given = "Raw", all] = found;
  const name = lowerAscii(asked);
  if (!Object.hasOwn(FORMS, given)) return null;
  const form = given as HeaderForm;
  if (form !== "Raw" && DEFINED.has(name) && !FORMS[form].has(name)) return null;
  return { property, name, form, all: all !== undefined };
}

/** The value of a property: of the last field of the name, or of all. */
export function headerValue(fields: readonly HeaderField[], { name, form, all }: HeaderProperty): Json {
  const found = fields.filter((field) => field.name === name);
  if (all) return found.map((field) => fieldValue(field, form));
  const last = found[found.length - 1];
  return last ? fieldValue(last, form) : null;
}

/** All fields, raw. `names`: as they stand there. */
export function allHeaders(fields: readonly HeaderField[], header: Uint8Array): readonly JsonObject[] {
  return fields.map((field) => ({ name: spelling(field, header), value: rawValue(field) }));
}

function spelling(field: HeaderField, header: Uint8Array): string {
  let name = "";
  for (let i = 0; i < field.name.length; i++) name += String.fromCharCode(header[field.start + i] ?? 63);
  return lowerAscii(name) === field.name ? name : field.name;
}

function fieldValue(field: HeaderField, form: HeaderForm): Json {
  switch (form) {
    case "Raw":
      return rawValue(field);
    case "Text":
      return textValue(field);
    case "Addresses":
      return addresses(parseAddressList(fieldText(field)));
    case "GroupedAddresses":
      return groups(parseAddressList(fieldText(field)));
    case "MessageIds": {
      const ids = messageIds(fieldText(field));
      return ids.length > 0 ? ids : null;
    }
    case "Date":
      return printDate(parseDate(fieldText(field)));
    case "URLs":
      return urls(fieldText(field));
  }
}

/** Section 4.1.2.1: octets that are no UTF-8 are U+FFFD, NUL goes. */
function rawValue({ raw }: HeaderField): string {
  return new TextDecoder().decode(latin1Bytes(raw.replace(/\r?\n$/, "").replaceAll("\0", "")));
}

/** Section 4.1.2.2. */
export function textValue(field: HeaderField): string {
  return cleanText(decodeWords(fieldText(field), "").trimStart());
}

function cleanText(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\0-\x08\x0b-\x1f\x7f]/g, "").normalize("NFC");
}

/** Section 4.1.2.3: groups are left out, who is in them is not. */
export function addresses(list: readonly EnvelopeAddress[]): readonly JsonObject[] {
  return list.filter(({ host, mailbox }) => host !== null && mailbox !== null).map(printAddress);
}

function printAddress({ name, mailbox, host }: EnvelopeAddress): JsonObject {
  const decoded = name === null ? null : cleanText(decodeWords(name, "")).trim();
  const local = cleanText(decodeWords(mailbox ?? "", ""));
  return { name: decoded === "" ? null : decoded, email: host === "" ? local : `${local}@${host}` };
}

/** Section 4.1.2.4. */
function groups(list: readonly EnvelopeAddress[]): readonly JsonObject[] {
  const found: { name: string | null; addresses: JsonObject[] }[] = [];
  let isOpen = false;
  for (const one of list) {
    if (one.host === null) {
      isOpen = one.mailbox !== null;
      if (one.mailbox !== null) found.push({ name: cleanText(decodeWords(one.mailbox, "")), addresses: [] });
      continue;
    }
    const last = found[found.length - 1];
    if (last && (isOpen || last.name === null)) last.addresses.push(printAddress(one));
    else found.push({ name: null, addresses: [printAddress(one)] });
  }
  return found as unknown as readonly JsonObject[];
}

/** Section 4.1.2.7: what stands in angle brackets. */
function urls(text: string): Json {
  const found = [...text.matchAll(/<([^<>]*)>/g)].map(([, url = ""]) => url.replace(/\s+/g, "")).filter((url) =>
    url !== ""
  );
  return found.length > 0 ? found : null;
}
