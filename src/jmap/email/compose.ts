/** The octets of a message that a client describes (RFC 8621 section 4.6): what is attached is copied, not held. */
import { isAscii, lowerAscii } from "../../base/ascii.ts";
import { latin1Bytes, utf8Bytes } from "../../base/bytes.ts";
import type { BodyPart, Program } from "../../contract/mod.ts";
import { encodeQuotedPrintable, formatDate, formatParameterized, type Part } from "../../message/mod.ts";
import { parseBlobId, partAt } from "../blob_id.ts";
import type { Call } from "../call.ts";
import { invalidProperties, SetError } from "../error.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { writeFields, type WrittenField } from "./header_write.ts";
import { readBody } from "./parse.ts";

type Whose = ReturnType<Call["whose"]>;

const DEPTH = 20;
const PARTS = 1000;
const TYPE = /^[a-z0-9!#$&^_.+-]{1,127}\/[a-z0-9!#$&^_.+-]{1,127}$/;
const CRLF = latin1Bytes("\r\n");

/** A part on its way out. */
interface Outgoing {
  readonly fields: readonly Uint8Array[];
  /** Octets of a leaf. */
  readonly octets?: BodyPart;
  readonly parts?: readonly Outgoing[];
  readonly type: string;
}

/** Facts that a program asks the world for. */
export interface ComposeFacts {
  readonly now: number;
  /** Letters and digits nobody can guess. */
  readonly random: string;
  /** Of Message-IDs. */
  readonly domain: string;
}

/** Throws `SetError` where the description does not hold together. */
export function* composeEmail(whose: Whose, email: JsonObject, facts: ComposeFacts): Program<readonly BodyPart[]> {
  const fields = writeFields(email);
  const names = new Set(fields.map(({ name }) => name));
  const content = fields.find(({ name }) => name.startsWith("content-"));
  if (content) throw invalidProperties([`header:${content.name}`], "fields of the content belong to its parts");
  const missing: string[] = [];
  const body = yield* readStructure(new Reader(whose, email, missing));
  if (missing.length > 0) throw new SetError("blobNotFound", "", { notFound: missing });
  const more: WrittenField[] = [];
  const add = (name: string, text: string) => {
    if (!names.has(lowerAscii(name))) more.push({ name, octets: latin1Bytes(`${name}: ${text}\r\n`) });
  };
  add("Date", formatDate(facts.now));
  add("Message-ID", `<${facts.random}@${facts.domain}>`);
  add("MIME-Version", "1.0");
  const parts: BodyPart[] = [...fields, ...more].map(({ octets }) => ({ octets }));
  writePart(body, parts, { seed: facts.random, count: 0 });
  return parts;
}

/** What the parts of one message share. */
class Reader {
  readonly whose: Whose;
  readonly email: JsonObject;
  /** Blobs that were named and are not there. */
  readonly missing: string[];
  #parts = 0;

  constructor(whose: Whose, email: JsonObject, missing: string[]) {
    this.whose = whose;
    this.email = email;
    this.missing = missing;
  }

  count(): void {
    if (++this.#parts > PARTS) throw invalidProperties(["bodyStructure"], "there are too many parts");
  }
}

function* readStructure(reader: Reader): Program<Outgoing> {
  const { bodyStructure = null, textBody = null, htmlBody = null, attachments = null } = reader.email;
  if (bodyStructure !== null) {
    if (textBody !== null || htmlBody !== null || attachments !== null) {
      throw invalidProperties(["bodyStructure", "textBody", "htmlBody", "attachments"], "give the one or the others");
    }
    return yield* readPart(reader, bodyStructure, "bodyStructure", DEPTH);
  }
  const text = yield* readOnly(reader, textBody, "textBody", "text/plain");
  const html = yield* readOnly(reader, htmlBody, "htmlBody", "text/html");
  const files: Outgoing[] = [];
  const images: Outgoing[] = [];
  if (attachments !== null && !Array.isArray(attachments)) throw invalidProperties(["attachments"], "must be a list");
  for (const one of (attachments ?? []) as readonly Json[]) {
    const part = yield* readPart(reader, one, "attachments", DEPTH);
    const isInside = html !== null && isObject(one) && one["disposition"] === "inline" &&
      typeof one["cid"] === "string";
    (isInside ? images : files).push(part);
  }
  const withImages = html && images.length > 0 ? multipart("related", [html, ...images]) : html;
  const words = text && withImages ? multipart("alternative", [text, withImages]) : text ?? withImages ?? EMPTY_TEXT;
  return files.length > 0 ? multipart("mixed", [words, ...files]) : words;
}

const EMPTY_TEXT: Outgoing = {
  type: "text/plain",
  fields: [latin1Bytes("Content-Type: text/plain\r\n")],
  octets: { octets: new Uint8Array(0) },
};

function multipart(subtype: string, parts: readonly Outgoing[]): Outgoing {
  return { type: `multipart/${subtype}`, fields: [], parts };
}

/** The one part of textBody or htmlBody. */
function* readOnly(reader: Reader, value: Json, property: string, type: string): Program<Outgoing | null> {
  if (value === null) return null;
  const one = Array.isArray(value) && value.length === 1 ? value[0] as Json : undefined;
  if (one === undefined || !isObject(one) || (one["type"] ?? type) !== type) {
    throw invalidProperties([property], `must be a list of one part of type ${type}`);
  }
  return yield* readPart(reader, { ...one, type }, property, 1);
}

function* readPart(reader: Reader, value: Json, property: string, depth: number): Program<Outgoing> {
  if (!isObject(value) || depth === 0) throw invalidProperties([property], "must be a part, not nested too deep");
  reader.count();
  const { subParts = null, partId = null, blobId = null } = value;
  const type = lowerAscii(String(value["type"] ?? (partId !== null ? "text/plain" : "application/octet-stream")));
  if (!TYPE.test(type)) throw invalidProperties([`${property}/type`]);
  const own = writeFields(partFieldsOf(value));
  if (own.some(({ name }) => name === "content-transfer-encoding")) {
    throw invalidProperties([`${property}/header:Content-Transfer-Encoding`]);
  }
  const fields = own.map(({ octets }) => octets);
  const has = (name: string) => own.some((field) => field.name === name);
  if (type.startsWith("multipart/")) {
    if (partId !== null || blobId !== null) throw invalidProperties([property], "a multipart has parts only");
    const parts: Outgoing[] = [];
    for (const one of Array.isArray(subParts) ? subParts : []) {
      parts.push(yield* readPart(reader, one as Json, `${property}/subParts`, depth - 1));
    }
    return { type, fields, parts };
  }
  if (subParts !== null) throw invalidProperties([`${property}/subParts`], "only a multipart has parts");
  if ((partId === null) === (blobId === null)) throw invalidProperties([property], "needs a partId or a blobId");
  const described = describe(value, type, has, partId !== null ? "utf-8" : null);
  if (partId !== null) return writeText(reader, value, property, [...fields, ...described], type);
  return yield* copyBlob(reader, String(blobId), [...fields, ...described], type);
}

/** Properties that are fields of the part; those of its own names are described apart. */
function partFieldsOf(part: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(part).filter(([name]) => name === "headers" || name.startsWith("header:")));
}

/** Content-Type and its like. */
function describe(
  part: JsonObject,
  type: string,
  has: (name: string) => boolean,
  charset: string | null,
): readonly Uint8Array[] {
  const text = (name: string): string | null => {
    const value = part[name] ?? null;
    // deno-lint-ignore no-control-regex
    if (value !== null && (typeof value !== "string" || /[\0-\x1f\x7f]/.test(value))) throw invalidProperties([name]);
    return value;
  };
  const fields: string[] = [];
  const name = text("name");
  const set = charset ?? text("charset");
  const params: [string, string][] = [];
  if (set !== null && type.startsWith("text/")) params.push(["charset", set]);
  if (name !== null) params.push(["name", name]);
  if (!has("content-type")) fields.push(`Content-Type: ${formatParameterized(type, params)}`);
  const disposition = text("disposition") ?? (name !== null ? "attachment" : null);
  if (disposition !== null && !has("content-disposition")) {
    if (!/^[a-z0-9-]{1,60}$/i.test(disposition)) throw invalidProperties(["disposition"]);
    const file: [string, string][] = name === null ? [] : [["filename", name]];
    fields.push(`Content-Disposition: ${formatParameterized(disposition, file)}`);
  }
  const cid = text("cid");
  if (cid !== null && !has("content-id")) {
    if (!/^[!-;=?-~]{1,900}$/.test(cid)) throw invalidProperties(["cid"]);
    fields.push(`Content-ID: <${cid}>`);
  }
  const { language = null } = part;
  if (language !== null && !has("content-language")) {
    const ok = Array.isArray(language) &&
      language.every((tag) => typeof tag === "string" && /^[a-z0-9-]{1,60}$/i.test(tag));
    if (!ok) throw invalidProperties(["language"]);
    fields.push(`Content-Language: ${(language as string[]).join(", ")}`);
  }
  const location = text("location");
  if (location !== null && !has("content-location")) {
    if (!/^[!-~]{1,900}$/.test(location)) throw invalidProperties(["location"]);
    fields.push(`Content-Location: ${location}`);
  }
  return fields.map((field) => utf8Bytes(field + "\r\n"));
}

function writeText(
  reader: Reader,
  part: JsonObject,
  property: string,
  fields: readonly Uint8Array[],
  type: string,
): Outgoing {
  if (part["charset"] !== undefined && part["charset"] !== null) throw invalidProperties([`${property}/charset`]);
  if (part["size"] !== undefined && part["size"] !== null) throw invalidProperties([`${property}/size`]);
  const values = reader.email["bodyValues"] ?? null;
  const partId = part["partId"]!;
  const body = isObject(values) && typeof partId === "string" && Object.hasOwn(values, partId) ? values[partId] : null;
  if (!isObject(body) || typeof body["value"] !== "string") {
    throw invalidProperties([`${property}/partId`, "bodyValues"], "there is no such value");
  }
  if (body["isEncodingProblem"] === true || body["isTruncated"] === true) throw invalidProperties(["bodyValues"]);
  const text = body["value"].replace(/\r\n?|\n/g, "\r\n");
  const isPlain = isAscii(text) && !text.includes("\0") && text.split("\r\n").every((line) => line.length <= 998);
  const octets = utf8Bytes(text);
  if (isPlain) return { type, fields: [...fields, encoding("7bit")], octets: { octets } };
  return { type, fields: [...fields, encoding("quoted-printable")], octets: { octets: encodeQuotedPrintable(octets) } };
}

function encoding(name: string): Uint8Array {
  return latin1Bytes(`Content-Transfer-Encoding: ${name}\r\n`);
}

/** A part of a message is copied as it stands there, with its encoding; what was uploaded gets base64. */
function* copyBlob(
  reader: Reader,
  blobId: string,
  fields: readonly Uint8Array[],
  type: string,
): Program<Outgoing> {
  const name = parseBlobId(blobId);
  const body = name && (yield* readBody(reader.whose, name));
  const part = name && body && name.part.length > 0 ? partAt(body.index.root, name.part) : null;
  if (!name || !body || (name.part.length > 0 && !part)) {
    reader.missing.push(blobId);
    return { type, fields, octets: { octets: new Uint8Array(0) } };
  }
  const { blobId: stored } = body.reader;
  const isMessage = type === "message/rfc822" || type === "message/global";
  if (part) {
    const { bodyStart: start, bodyEnd: end } = part;
    return { type, fields: [...fields, encoding(encodingOf(part))], octets: { blobId: stored, start, end } };
  }
  const octets = { blobId: stored, start: 0, end: body.index.size };
  // RFC 2046 section 5.2.1: a message inside is never encoded.
  if (isMessage) return { type, fields: [...fields, encoding("8bit")], octets };
  return { type, fields: [...fields, encoding("base64")], octets: { ...octets, base64: true } };
}

function encodingOf({ encoding }: Part): string {
  return /^[a-z0-9-]{1,40}$/.test(encoding) ? encoding : "8bit";
}

function writePart(part: Outgoing, out: BodyPart[], to: { readonly seed: string; count: number }): void {
  for (const octets of part.fields) out.push({ octets });
  if (!part.parts) {
    out.push({ octets: CRLF });
    if (part.octets) out.push(part.octets);
    return;
  }
  // The underscore ends the number, so that no boundary is the beginning of another (RFC 2046 section 5.1.1).
  const boundary = `${to.seed}_${++to.count}_`;
  out.push({ octets: latin1Bytes(`Content-Type: ${part.type}; boundary="${boundary}"\r\n\r\n`) });
  for (const child of part.parts) {
    out.push({ octets: latin1Bytes(`--${boundary}\r\n`) });
    writePart(child, out, to);
    out.push({ octets: CRLF });
  }
  out.push({ octets: latin1Bytes(`--${boundary}--\r\n`) });
}
