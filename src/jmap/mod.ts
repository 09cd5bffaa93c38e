/**
 * JMAP (RFC 8620, RFC 8621): requests as programs over the same operations that IMAP uses, so that what one protocol does
 * the other sees at once. The HTTP around it is in `http/jmap`.
 *
 * @module
 */
export * from "./account.ts";
export { type BlobName, childrenOf, parseBlobId, partAt, printBlobId } from "./blob_id.ts";
export { BLOB_KEPT_MS } from "./blob/keep.ts";
export { CAPABILITIES, JMAP_SUBPROTOCOL } from "./capabilities.ts";
export { parseIJson } from "./i_json.ts";
export { isObject, type Json, type JsonObject, member } from "./json.ts";
export * from "./limits.ts";
export { type JmapResponse, processRequest } from "./process.ts";
export { type Invocation, type JmapRequest, parseRequest, problemUri, type RequestProblem } from "./request.ts";
export * from "./push/state_change.ts";
export * from "./push/subscription.ts";
export { type SessionFacts, sessionObject } from "./session.ts";
