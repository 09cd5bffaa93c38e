import { encodeBase64 } from "../../base/base64.ts";
import { concatBytes, utf8Strict } from "../../base/bytes.ts";
import { hasher, type HashName } from "../../base/hash.ts";
import type { Program } from "../../contract/mod.ts";
import type { Call } from "../call.ts";
import { MethodError } from "../error.ts";
import type { Json, JsonObject } from "../json.ts";
import { BlobBudget } from "./budget.ts";
import { type BlobOctets, findOctets, sizeOf, visitOctets } from "./octets.ts";

/** Names of HTTP (RFC 3230), as RFC 9404 has them. */
const DIGESTS: Readonly<Record<string, HashName>> = { sha: "sha1", "sha-256": "sha256" };
export const DIGEST_ALGORITHMS: readonly string[] = Object.keys(DIGESTS);
const PROPERTIES: ReadonlySet<string> = new Set([
  "id",
  "data",
  "data:asText",
  "data:asBase64",
  "size",
  ...DIGEST_ALGORITHMS.map((name) => `digest:${name}`),
]);

/** Blob/get (RFC 9404 section 4.2): octets, sizes and digests of blobs, or of ranges of them. */
export function* blobGet(call: Call): Program<JsonObject> {
  const account = call.account();
  const ids = call.ids("ids");
  const properties = new Set(call.strings("properties") ?? ["data", "size"]);
  const offset = call.unsigned("offset") ?? 0;
  const length = call.unsigned("length");
  call.done();
  if (ids === null) throw call.wrong("ids", "a list of ids");
  if (ids.length > call.context.limits.maxObjectsInGet) throw new MethodError("requestTooLarge");
  for (const property of properties) {
    if (!PROPERTIES.has(property)) throw call.wrong("properties", "a list of properties of blobs");
  }
  const list: JsonObject[] = [];
  const notFound: string[] = [];
  for (const id of new Set(ids)) {
    const octets = yield* findOctets(call, account, id);
    if (octets) list.push({ id, ...yield* print(call, octets, properties, offset, length) });
    else notFound.push(id);
  }
  return { accountId: account.accountId, list, notFound };
}

function* print(
  call: Call,
  octets: BlobOctets,
  properties: ReadonlySet<string>,
  offset: number,
  length: number | null,
): Program<JsonObject> {
  const size = yield* sizeOf(call, octets);
  const end = length === null ? Math.max(size, offset) : offset + length;
  const digests = DIGEST_ALGORITHMS.filter((name) => properties.has(`digest:${name}`))
    .map((name) => ({ name, hash: hasher(DIGESTS[name]!) }));
  const [any, text, base64] = ["data", "data:asText", "data:asBase64"].map((name) => properties.has(name));
  const isTold = any || text || base64;
  if (isTold) BlobBudget.of(call.context).tell(Math.max(0, Math.min(end, size) - offset));
  const pieces: Uint8Array[] = [];
  if (isTold || digests.length > 0) {
    yield* visitOctets(call, octets, offset, Math.min(end, size), (piece) => {
      for (const { hash } of digests) hash.update(piece);
      if (isTold) pieces.push(piece.slice());
    });
  }
  const printed: Record<string, Json> = {};
  if (isTold) {
    const data = concatBytes(pieces);
    const asText = any || text ? utf8Strict(data) : null;
    const isProblem = (any || text) && asText === null;
    if (asText !== null || text) printed["data:asText"] = asText;
    if (base64 || (any && isProblem)) printed["data:asBase64"] = encodeBase64(data);
    if (isProblem) printed["isEncodingProblem"] = true;
  }
  for (const { name, hash } of digests) printed[`digest:${name}`] = encodeBase64(hash.digest());
  if (properties.has("size")) printed["size"] = size;
  // The range goes past the end: there is less than was asked for.
  if (end > size) printed["isTruncated"] = true;
  return printed;
}
