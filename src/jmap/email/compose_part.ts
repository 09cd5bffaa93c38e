/** One part of a message that a client describes (RFC 8621 sections 4.1.4 and 4.6). */
import { isAscii, lowerAscii } from "../../base/ascii.ts";
import { latin1Bytes, latin1String, utf8Bytes } from "../../base/bytes.ts";
import type { BodyPart, Program } from "../../contract/mod.ts";
import { encodeQuotedPrintable, paramOf, parseParameterized, type Part } from "../../message/mod.ts";
import { parseBlobId, partAt } from "../blob_id.ts";
import type { Call } from "../call.ts";
import { invalidProperties } from "../error.ts";
import { isObject, type Json, type JsonObject, member } from "../json.ts";
import { decodedPart, readBody } from "./attached.ts";
import { describePart, PART_PROPERTIES } from "./describe_part.ts";
import { writeFields, type WrittenField } from "./header_write.ts";

const PARTS = 1000;
const TYPE = /^[a-z0-9!#$&^_.+-]{1,127}\/[a-z0-9!#$&^_.+-]{1,127}$/;

/** A part on its way out. */
export interface Outgoing {
  /** Fields that the client gave as such. */
  readonly own: readonly WrittenField[];
  readonly fields: readonly Uint8Array[];
  /** Octets of a leaf. */
  readonly octets?: BodyPart;
  readonly parts?: readonly Outgoing[];
  readonly type: string;
}

/** What the parts of one message share. */
export class PartReader {
  readonly whose: ReturnType<Call["whose"]>;
  readonly email: JsonObject;
  /** Blobs that were named and are not there. */
  readonly missing: string[] = [];
  /** Of all that is attached, decoded. */
  octets = 0;
  #parts = 0;

  constructor(whose: ReturnType<Call["whose"]>, email: JsonObject) {
    this.whose = whose;
    this.email = email;
  }

  count(): void {
    if (++this.#parts > PARTS) throw invalidProperties(["bodyStructure"], "there are too many parts");
  }
}

/** `otherwise`: its type where it has none. Throws `SetError`. */
export function* composePart(
  reader: PartReader,
  value: Json,
  path: string,
  depth: number,
  otherwise: string | null = null,
): Program<Outgoing> {
  if (!isObject(value) || depth === 0) throw invalidProperties([path], "must be a part, not nested too deep");
  reader.count();
  const { subParts = null, partId = null, blobId = null } = value;
  const bad = Object.keys(value).filter((name) => !PART_PROPERTIES.has(name) && !name.startsWith("header:"))
    .map((name) => `${path}/${name}`);
  const fieldsOf = Object.entries(value).filter(([name]) => name === "headers" || name.startsWith("header:"));
  const own = writeFields(Object.fromEntries(fieldsOf), bad, `${path}/`);
  const { type, charset } = typeOf(
    value,
    own,
    otherwise ?? (partId !== null ? "text/plain" : "application/octet-stream"),
  );
  if (!TYPE.test(type)) bad.push(`${path}/type`);
  const described = describePart(value, type, own, partId !== null ? "utf-8" : null, path, bad);
  if (type.startsWith("multipart/")) {
    if (partId !== null) bad.push(`${path}/partId`);
    if (blobId !== null) bad.push(`${path}/blobId`);
    if (own.some(({ name }) => name === "content-type")) bad.push(`${path}/type`); // the boundary is not the client's
    if (subParts !== null && !Array.isArray(subParts)) bad.push(`${path}/subParts`);
    if (bad.length > 0) throw invalidProperties(bad);
    const parts: Outgoing[] = [];
    for (const [i, one] of ((subParts ?? []) as readonly Json[]).entries()) {
      parts.push(yield* composePart(reader, one, `${path}/subParts/${i}`, depth - 1));
    }
    return { type, own, fields: described, parts };
  }
  if (subParts !== null) bad.push(`${path}/subParts`);
  if ((partId === null) === (blobId === null)) bad.push(`${path}/partId`, `${path}/blobId`);
  else if (typeof (partId ?? blobId) !== "string") bad.push(`${path}/${partId === null ? "blobId" : "partId"}`);
  if (partId !== null && charset !== null && !/^(utf-?8|us-ascii)$/i.test(charset)) bad.push(`${path}/charset`);
  const text = partId === null ? null : textOf(reader, value, path, bad);
  if (bad.length > 0) throw invalidProperties(bad);
  const content = text === null ? yield* copyBlob(reader, blobId as string, type) : encodeText(text);
  return { type, own, fields: [...described, content.encoding], octets: content.octets };
}

/** The type that a part is given, as a property or in a field, and the charset of that field. */
function typeOf(
  part: JsonObject,
  own: readonly WrittenField[],
  otherwise: string,
): { readonly type: string; readonly charset: string | null } {
  const field = own.find(({ name }) => name === "content-type");
  if (!field) return { type: lowerAscii(String(part["type"] ?? otherwise)), charset: null };
  const text = latin1String(field.octets);
  const { value, params } = parseParameterized(text.slice(text.indexOf(":") + 1).trim());
  return { type: lowerAscii(value), charset: paramOf(params, "charset") };
}

/** The value that a part names. */
function textOf(reader: PartReader, part: JsonObject, path: string, bad: string[]): string {
  // RFC 8621 section 4.6: the server decides how it is written.
  for (const name of ["charset", "size"]) if ((part[name] ?? null) !== null) bad.push(`${path}/${name}`);
  const values = reader.email["bodyValues"] ?? null;
  const partId = part["partId"];
  const body = isObject(values) && typeof partId === "string" ? member(values, partId) ?? null : null;
  const value = isObject(body) ? body["value"] : null;
  if (typeof value === "string") return value;
  bad.push(`${path}/partId`);
  return "";
}

interface Content {
  readonly octets: BodyPart;
  readonly encoding: Uint8Array;
}

function encodeText(value: string): Content {
  const text = value.replace(/\r\n?|\n/g, "\r\n");
  const isPlain = isAscii(text) && !text.includes("\0") && text.split("\r\n").every((line) => line.length <= 998);
  const octets = utf8Bytes(text);
  if (isPlain) return { octets: { octets }, encoding: encoding("7bit") };
  return { octets: { octets: encodeQuotedPrintable(octets) }, encoding: encoding("quoted-printable") };
}

function encoding(name: string): Uint8Array {
  return latin1Bytes(`Content-Transfer-Encoding: ${name}\r\n`);
}

/** A part of a message is copied as it stands there, with its encoding; what was uploaded gets base64. */
function* copyBlob(reader: PartReader, blobId: string, type: string): Program<Content> {
  const name = parseBlobId(blobId);
  const body = name && (yield* readBody(reader.whose, name));
  const part = name && body && name.part.length > 0 ? partAt(body.index.root, name.part) : null;
  if (!name || !body || (name.part.length > 0 && !part)) {
    reader.missing.push(blobId);
    return { octets: { octets: new Uint8Array(0) }, encoding: encoding("7bit") };
  }
  const { blobId: stored } = body.reader;
  const isMessage = type === "message/rfc822" || type === "message/global";
  const range = part
    ? { blobId: stored, start: part.bodyStart, end: part.bodyEnd }
    : { blobId: stored, start: 0, end: body.index.size };
  reader.octets += (range.end - range.start) * (part?.encoding === "base64" ? 0.73 : 1);
  // RFC 2046 section 5.2.1: a message inside is never encoded.
  if (isMessage) {
    const octets = part ? decodedPart(stored, part) : range;
    return { octets, encoding: encoding("8bit") };
  }
  if (part) return { octets: range, encoding: encoding(encodingOf(part)) };
  return { octets: { ...range, base64: true }, encoding: encoding("base64") };
}

function encodingOf({ encoding }: Part): string {
  return /^[a-z0-9-]{1,40}$/.test(encoding) ? encoding : "8bit";
}
