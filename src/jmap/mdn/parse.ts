import { concatBytes } from "../../base/bytes.ts";
import type { Program } from "../../contract/mod.ts";
import { fieldDecoded, findField, headerFields, paramOf, type Part, transferDecoder } from "../../message/mod.ts";
import { parseBlobId } from "../blob_id.ts";
import type { Call } from "../call.ts";
import { readNamed, type Whose } from "../email/attached.ts";
import { bodyValue } from "../email/body_values.ts";
import { type BlobReader, readOctets } from "../email/octets.ts";
import { MethodError } from "../error.ts";
import type { Json, JsonObject } from "../json.ts";
import { parseDisposition } from "./disposition.ts";

const HEADER = 64 * 1024;
const FIELDS = 64 * 1024;
const TEXT = 256 * 1024;

/** MDN/parse (RFC 9007 section 2.2): what messages say became of others. */
export function* mdnParse(call: Call): Program<JsonObject> {
  const account = call.account();
  const blobIds = call.ids("blobIds");
  call.done();
  if (blobIds === null) throw call.wrong("blobIds", "a list of ids");
  if (blobIds.length > call.context.limits.maxObjectsInGet) throw new MethodError("requestTooLarge");
  const parsed: [string, JsonObject][] = [];
  const notFound: string[] = [];
  const notParsable: string[] = [];
  for (const blobId of new Set(blobIds)) {
    const mdn = yield* parseOne(call.whose(account), blobId, call.context.limits.maxSizeMessage);
    if (mdn === "notFound") notFound.push(blobId);
    else if (mdn === null) notParsable.push(blobId);
    else parsed.push([blobId, mdn]);
  }
  const orNull = <T>(list: readonly T[]) => list.length > 0 ? list : null;
  return {
    accountId: account.accountId,
    parsed: parsed.length > 0 ? Object.fromEntries(parsed) : null,
    notParsable: orNull(notParsable) as Json,
    notFound: orNull(notFound) as Json,
  };
}

/** Null: it is no MDN. */
function* parseOne(whose: Whose, blobId: string, limit: number): Program<JsonObject | "notFound" | null> {
  const name = parseBlobId(blobId);
  const message = name ? yield* readNamed(whose, name, limit) : "notFound";
  if (message === "notFound") return "notFound";
  if (message === "notMessage") return null;
  const { reader, structure } = message;
  const report = reportPart(structure);
  if (!report) return null;
  const said = parseDisposition(yield* decoded(reader, report));
  if (!said) return null;
  const { headerStart, bodyStart } = structure;
  const header = headerFields(yield* readOctets(reader, headerStart, Math.min(bodyStart, headerStart + HEADER)));
  const subject = findField(header, "subject");
  const text = structure.parts.find(({ type, subtype }) => type === "text" && subtype === "plain");
  const value = text ? (yield* bodyValue(reader, text, TEXT))["value"] : undefined;
  return {
    // RFC 9007 section 2.2: it may be null where it is not looked for.
    forEmailId: null,
    subject: subject ? fieldDecoded(subject) : null,
    textBody: value ?? null,
    includeOriginalMessage: structure.parts.some(({ message }) => message !== null),
    ...said,
  };
}

/** RFC 8098 section 3: the second part of `multipart/report; report-type=disposition-notification`. */
function reportPart({ type, subtype, params, parts }: Part): Part | null {
  if (type !== "multipart" || subtype !== "report") return null;
  if (paramOf(params, "report-type")?.toLowerCase() !== "disposition-notification") return null;
  return parts.find((part) =>
    part.type === "message" &&
    (part.subtype === "disposition-notification" || part.subtype === "global-disposition-notification")
  ) ?? null;
}

/** Fields of a report's part. */
export function* decoded(reader: BlobReader, { bodyStart, bodyEnd, encoding }: Part): Program<Uint8Array> {
  const octets = yield* readOctets(reader, bodyStart, Math.min(bodyEnd, bodyStart + FIELDS));
  const decoder = transferDecoder(encoding);
  // What comes out may stand where the next piece does.
  return concatBytes([decoder.push(octets).slice(), decoder.end()]);
}
