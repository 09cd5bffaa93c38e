/** The octets of a message that a client describes (RFC 8621 section 4.6): what is attached is copied, not held. */
import { lowerAscii } from "../../base/ascii.ts";
import { latin1Bytes } from "../../base/bytes.ts";
import type { BodyPart, Program } from "../../contract/mod.ts";
import { formatDate } from "../../message/mod.ts";
import type { Call } from "../call.ts";
import { invalidProperties, SetError } from "../error.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { composePart, type Outgoing, PartReader } from "./compose_part.ts";
import { writeFields } from "./header_write.ts";

const DEPTH = 20;
const CRLF = latin1Bytes("\r\n");

/** Facts that a program asks the world for. */
export interface ComposeFacts {
  readonly now: number;
  /** Letters and digits nobody can guess. */
  readonly random: string;
  /** Of Message-IDs. */
  readonly domain: string;
  /** Octets that all attachments may have. */
  readonly attachments: number;
}

/**
 * Null: something is not as it must be, and in `bad`. Throws `SetError` for what is no matter of a property: a blob that
 * is not there, attachments that are too large.
 */
export function* composeEmail(
  whose: ReturnType<Call["whose"]>,
  email: JsonObject,
  facts: ComposeFacts,
  bad: string[],
): Program<readonly BodyPart[] | null> {
  const fields = writeFields(email, bad);
  // RFC 8621 section 4.6: fields of the content belong to its parts.
  for (const { name, property } of fields) if (name.startsWith("content-")) bad.push(property);
  const { bodyValues = null } = email;
  if (bodyValues !== null && !(isObject(bodyValues) && Object.values(bodyValues).every(isBodyValue))) {
    bad.push("bodyValues");
  }
  const reader = new PartReader(whose, email);
  const body = yield* readBodyOf(reader, bad);
  if (body && isObject(email["bodyStructure"] ?? null)) {
    const names = new Set(fields.map(({ name }) => name));
    for (const { name, property } of body.own) if (names.has(name)) bad.push(`bodyStructure/${property}`);
  }
  if (bad.length > 0 || !body) return null;
  if (reader.missing.length > 0) throw new SetError("blobNotFound", "", { notFound: [...new Set(reader.missing)] });
  if (reader.octets > facts.attachments) {
    throw new SetError("tooLarge", "", { maxSize: facts.attachments });
  }
  const names = new Set([...fields, ...body.own].map(({ name }) => name));
  const parts: BodyPart[] = fields.map(({ octets }) => ({ octets }));
  const add = (name: string, text: string) => {
    if (!names.has(lowerAscii(name))) parts.push({ octets: latin1Bytes(`${name}: ${text}\r\n`) });
  };
  add("Date", formatDate(facts.now));
  add("Message-ID", `<${facts.random}@${facts.domain}>`);
  add("MIME-Version", "1.0");
  writePart(body, parts, { seed: facts.random, count: 0 });
  return parts;
}

/** RFC 8621 section 4.6: isEncodingProblem and isTruncated are false or left out. */
function isBodyValue(value: Json): boolean {
  return isObject(value) && typeof value["value"] === "string" &&
    Object.entries(value).every(([name, one]) =>
      name === "value" || ((name === "isEncodingProblem" || name === "isTruncated") && one === false)
    );
}

/** The body as it is described; what is wrong with it goes into `bad`. */
function* readBodyOf(reader: PartReader, bad: string[]): Program<Outgoing | null> {
  try {
    return yield* readStructure(reader);
  } catch (error) {
    if (!(error instanceof SetError) || error.type !== "invalidProperties") throw error;
    bad.push(...error.more["properties"] as readonly string[]);
    return null;
  }
}

function* readStructure(reader: PartReader): Program<Outgoing> {
  const { bodyStructure = null, textBody = null, htmlBody = null, attachments = null } = reader.email;
  if (bodyStructure !== null) {
    if (textBody !== null || htmlBody !== null || attachments !== null) {
      throw invalidProperties(["bodyStructure", "textBody", "htmlBody", "attachments"], "give the one or the others");
    }
    return yield* composePart(reader, bodyStructure, "bodyStructure", DEPTH);
  }
  const text = yield* readOnly(reader, textBody, "textBody", "text/plain");
  const html = yield* readOnly(reader, htmlBody, "htmlBody", "text/html");
  const files: Outgoing[] = [];
  const images: Outgoing[] = [];
  if (attachments !== null && !Array.isArray(attachments)) throw invalidProperties(["attachments"], "must be a list");
  for (const [i, one] of ((attachments ?? []) as readonly Json[]).entries()) {
    const part = yield* composePart(reader, one, `attachments/${i}`, DEPTH);
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
  own: [],
  fields: [latin1Bytes("Content-Type: text/plain\r\n")],
  octets: { octets: new Uint8Array(0) },
};

function multipart(subtype: string, parts: readonly Outgoing[]): Outgoing {
  return { type: `multipart/${subtype}`, own: [], fields: [], parts };
}

/** The one part of textBody or htmlBody. */
function* readOnly(reader: PartReader, value: Json, property: string, type: string): Program<Outgoing | null> {
  if (value === null) return null;
  const one = Array.isArray(value) && value.length === 1 ? value[0] as Json : undefined;
  if (one === undefined || !isObject(one)) throw invalidProperties([property], `must be a list of one part`);
  const part = yield* composePart(reader, one, `${property}/0`, 1, type);
  if (part.type !== type) throw invalidProperties([property], `must be of type ${type}`);
  return part;
}

function writePart(part: Outgoing, out: BodyPart[], to: { readonly seed: string; count: number }): void {
  for (const { octets } of part.own) out.push({ octets });
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
