/** What the MIME index takes from a header: the envelope of a message and the description of a part. */
import { lowerAscii, trimWsp } from "../base/ascii.ts";
import { parseAddressList } from "./address.ts";
import { parseDate } from "./date_parse.ts";
import { fieldText, type HeaderField } from "./header.ts";
import type { Envelope, EnvelopeAddress, Part } from "./model.ts";
import { parseParameterized } from "./params.ts";

/** The part of a `Part` that its header tells. */
export type PartFacts = Pick<
  Part,
  | "type"
  | "subtype"
  | "params"
  | "id"
  | "description"
  | "encoding"
  | "md5"
  | "disposition"
  | "language"
  | "location"
>;

/** The first field of each name: where a field that may stand once stands twice, the first one counts. */
export function firstByName(fields: readonly HeaderField[]): Map<string, HeaderField> {
  const first = new Map<string, HeaderField>();
  for (const field of fields) if (!first.has(field.name)) first.set(field.name, field);
  return first;
}

/** The envelope of a message (RFC 9051 section 7.5.2) out of its header. `first` has the first field of each name. */
export function envelopeOf(fields: readonly HeaderField[], first: ReadonlyMap<string, HeaderField>): Envelope {
  const text = (name: string) => textOf(first, name);
  const addresses = (name: string): EnvelopeAddress[] => {
    const field = first.get(name);
    return field === undefined ? NONE : parseAddressList(fieldText(field));
  };
  const date = text("date");
  return {
    date,
    sentAt: date === null ? null : parseDate(date),
    subject: text("subject"),
    from: addresses(AUTHORS),
    sender: addresses("sender"),
    replyTo: addresses("reply-to"),
    to: allAddresses(fields, "to"),
    cc: allAddresses(fields, "cc"),
    bcc: allAddresses(fields, "bcc"),
    inReplyTo: text("in-reply-to"),
    messageId: text("message-id"),
  };
}

const NONE: EnvelopeAddress[] = [];
const AUTHORS = "from";

/** Recipient fields that stand twice (which they must not) are shown together, so that nobody is hidden. */
function allAddresses(fields: readonly HeaderField[], name: string): EnvelopeAddress[] {
  const lists: EnvelopeAddress[][] = [];
  for (const field of fields) if (field.name === name) lists.push(parseAddressList(fieldText(field)));
  return lists.length === 0 ? NONE : lists.length === 1 ? lists[0]! : lists.flat().slice(0, 10_000);
}

/** `digest`: the part stands directly in a multipart/digest. */
export function partFactsOf(first: ReadonlyMap<string, HeaderField>, digest: boolean): PartFacts {
  const text = (name: string) => textOf(first, name);
  const disposition = text("content-disposition");
  const parsed = disposition === null ? null : parseParameterized(disposition);
  const encoding = text("content-transfer-encoding");
  const language = text("content-language");
  return {
    ...contentType(text("content-type"), digest),
    id: text("content-id"),
    description: text("content-description"),
    encoding: encoding === null ? "7bit" : parseParameterized(encoding).value || "7bit",
    md5: text("content-md5"),
    disposition: parsed === null || parsed.value === "" ? null : { type: parsed.value, params: parsed.params },
    language: language === null ? [] : language.split(",").map(trimWsp).filter((tag) => tag !== "").slice(0, 100),
    location: text("content-location"),
  };
}

function contentType(text: string | null, digest: boolean): Pick<PartFacts, "type" | "subtype" | "params"> {
  // RFC 2046 section 5.1.5: in a digest a part without a type is a message; RFC 2045 section 5.2 elsewhere.
  const fallback = digest && text === null ? { type: "message", subtype: "rfc822", params: [] } : PLAIN;
  if (text === null) return fallback;
  const { value, params } = parseParameterized(text);
  const slash = value.indexOf("/");
  if (slash < 0) return value === "text" ? { ...PLAIN, params } : fallback;
  const type = token(value.slice(0, slash));
  const subtype = token(value.slice(slash + 1));
  return type === "" || subtype === "" ? fallback : { type, subtype, params };
}

const PLAIN: Pick<PartFacts, "type" | "subtype" | "params"> = { type: "text", subtype: "plain", params: [] };

/** Up to the first white space: `text/plain charset=x` lost its semicolon. */
function token(text: string): string {
  const trimmed = trimWsp(text);
  const space = trimmed.indexOf(" ");
  return lowerAscii(space < 0 ? trimmed : trimmed.slice(0, space));
}

const REFERENCES_LIMIT = 100;

/** Message-IDs of References and then In-Reply-To without brackets, each once; of many the last ones. */
export function referencesOf(first: ReadonlyMap<string, HeaderField>): string[] {
  const ids = new Set<string>();
  for (const name of ["references", "in-reply-to"]) {
    const field = first.get(name);
    if (field !== undefined) { for (const id of messageIds(fieldText(field))) ids.add(id); }
  }
  return [...ids].slice(-REFERENCES_LIMIT);
}

/** The msg-ids of a value, without angle brackets (RFC 5322 section 3.6.4); white space in them goes. */
export function messageIds(text: string): string[] {
  const ids: string[] = [];
  let at = text.indexOf("<");
  while (at >= 0) {
    const end = text.indexOf(">", at + 1);
    if (end < 0) break;
    const open = text.lastIndexOf("<", end);
    const id = text.slice(open + 1, end).replace(/[ \t]/g, "");
    if (id !== "" && id.length <= 998) ids.push(id);
    at = text.indexOf("<", end);
  }
  return ids;
}

function textOf(first: ReadonlyMap<string, HeaderField>, name: string): string | null {
  const field = first.get(name);
  return field === undefined ? null : fieldText(field);
}
