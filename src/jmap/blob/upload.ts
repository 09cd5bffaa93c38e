import { decodeBase64 } from "../../base/base64.ts";
import { utf8Bytes } from "../../base/bytes.ts";
import type { BodyPart, Program } from "../../contract/mod.ts";
import type { JmapAccount } from "../account.ts";
import type { Call } from "../call.ts";
import { invalidProperties, MethodError, SetError } from "../error.ts";
import { isObject, type Json, type JsonObject, member } from "../json.ts";
import { BlobBudget } from "./budget.ts";
import { keepParts } from "./keep.ts";
import { bodyParts, findOctets, sizeOf } from "./octets.ts";

/** Sources of one blob (RFC 9404 section 3: at least 64). */
export const MAX_DATA_SOURCES = 64;
const TYPE = /^[a-z0-9!#$&^_.+-]{1,127}\/[a-z0-9!#$&^_.+-]{1,127}(;[\x20-\x7e]{0,500})?$/i;

/** Blob/upload (RFC 9404 section 4.1): blobs from text, Base64, and ranges of blobs that are there. */
export function* blobUpload(call: Call): Program<JsonObject> {
  const account = call.account(true);
  const create = call.object("create");
  call.done();
  if (create === null) throw call.wrong("create", "an object");
  const waiting = new Map(Object.entries(create));
  if (waiting.size > call.context.limits.maxObjectsInSet) throw new MethodError("requestTooLarge");
  const created: [string, JsonObject][] = [];
  const notCreated: [string, JsonObject][] = [];
  // A blob that is made of another of the same call comes behind it, whatever order they came in.
  for (let before = Infinity; waiting.size > 0; before = waiting.size) {
    const isStuck = waiting.size === before;
    for (const [creationId, object] of [...waiting]) {
      if (!isStuck && needs(call, object, waiting)) continue;
      waiting.delete(creationId);
      try {
        const made = yield* make(call, account, object);
        created.push([creationId, made]);
        call.context.createdIds.set(creationId, made.id);
      } catch (error) {
        if (!(error instanceof SetError)) throw error;
        notCreated.push([creationId, error.toJson()]);
      }
    }
  }
  return {
    accountId: account.accountId,
    created: created.length > 0 ? Object.fromEntries(created) : null,
    notCreated: notCreated.length > 0 ? Object.fromEntries(notCreated) : null,
  };
}

function needs(call: Call, object: Json, waiting: ReadonlyMap<string, Json>): boolean {
  const data = isObject(object) ? object["data"] : null;
  return Array.isArray(data) && data.some((source) => {
    const id = isObject(source as Json) ? (source as JsonObject)["blobId"] : null;
    return typeof id === "string" && id[0] === "#" && waiting.has(id.slice(1)) &&
      !call.context.createdIds.has(id.slice(1));
  });
}

function* make(call: Call, account: JmapAccount, object: Json): Program<JsonObject & { readonly id: string }> {
  if (!isObject(object)) throw invalidProperties([], "a blob is an object with data");
  const unknown = Object.keys(object).filter((name) => name !== "data" && name !== "type");
  if (unknown.length > 0) throw invalidProperties(unknown, "there are no such properties");
  const data = member(object, "data");
  const type = member(object, "type") ?? null;
  if (!Array.isArray(data)) throw invalidProperties(["data"], "data is a list of sources");
  if (data.length > MAX_DATA_SOURCES) {
    throw invalidProperties(["data"], `at most ${MAX_DATA_SOURCES} sources of a blob`);
  }
  if (type !== null && !(typeof type === "string" && TYPE.test(type))) throw invalidProperties(["type"]);
  const { maxSizeUpload } = call.context.limits;
  const parts: BodyPart[] = [];
  let size = 0;
  for (const source of data as readonly Json[]) {
    const read = yield* readSource(call, account, source);
    size += read.size;
    if (size > maxSizeUpload) throw new SetError("tooLarge", `at most ${maxSizeUpload} octets of a blob`);
    parts.push(...read.parts);
  }
  BlobBudget.of(call.context).read(size);
  const made = yield* keepParts(call, parts);
  return { id: made.blobId, type: type ?? "application/octet-stream", size: made.size };
}

interface Source {
  readonly parts: readonly BodyPart[];
  readonly size: number;
}

/** "The server MUST NOT guess": what is not exactly one source is none. */
function* readSource(call: Call, account: JmapAccount, source: Json): Program<Source> {
  const wrong = (why: string) => invalidProperties(["data"], why);
  if (!isObject(source)) throw wrong("a source is an object");
  const text = member(source, "data:asText") ?? null;
  const base64 = member(source, "data:asBase64") ?? null;
  const blobId = member(source, "blobId") ?? null;
  const kinds = [text, base64, blobId].filter((value) => value !== null);
  const known = ["data:asText", "data:asBase64", "blobId", "offset", "length"];
  if (kinds.length !== 1 || typeof kinds[0] !== "string" || !Object.keys(source).every((key) => known.includes(key))) {
    throw wrong("a source is one of data:asText, data:asBase64 and blobId");
  }
  const offset = member(source, "offset") ?? null;
  const length = member(source, "length") ?? null;
  if (blobId === null && (offset !== null || length !== null)) throw wrong("offset and length are of a blobId");
  if (text !== null) {
    if (!(text as string).isWellFormed()) throw wrong("data:asText has half a character");
    return octetsSource(utf8Bytes(text as string));
  }
  if (base64 !== null) {
    const octets = decodeBase64(base64 as string);
    if (!octets) throw wrong("data:asBase64 is no Base64");
    return octetsSource(octets);
  }
  const id = call.resolve(blobId as string);
  const octets = yield* findOctets(call, account, id);
  if (!octets) throw new SetError("blobNotFound", "", { notFound: [id] });
  const size = yield* sizeOf(call, octets);
  const [from, count] = [offset ?? 0, length ?? size - Number(offset ?? 0)];
  if (!isCount(from) || !isCount(count) || from + count > size) {
    throw wrong(`the range is not within the blob, which has ${size} octets`);
  }
  return { parts: bodyParts(octets, from, from + count), size: count };
}

function octetsSource(octets: Uint8Array): Source {
  return { parts: [{ octets }], size: octets.length };
}

function isCount(value: Json): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
