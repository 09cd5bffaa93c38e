/**
 * DKIM (RFC 6376, with RFC 8301, RFC 8463 and RFC 8616): a domain answers for a message by signing it.
 *
 * - `verify.ts` reads a message once and says of each signature what it is worth; `sign.ts` makes signatures.
 * - `tag_list.ts`, `signature.ts`, `key_record.ts` read what strangers write; `public_key.ts` their keys.
 * - `header_fields.ts`, `body_canon.ts` canonicalize; `running_hash.ts` hashes with marks and a way back.
 *
 * Rules: octets are hashed as they came. A signature with anything wrong in it is void as a whole. Nothing here decides
 * what becomes of a message. What a stranger can make large is bounded: signatures, their octets, questions to the DNS,
 * records, bits of a key. A body of any size is read in pages, once for all signatures.
 */
export type { DkimResult, DkimVerification } from "./result.ts";
export { dkimMethodResults } from "./result.ts";
export { type DkimVerifyOptions, verifyDkim } from "./verify.ts";
export { type DkimPrepared, type DkimSigned, type DkimSignOptions, prepareDkim, signDkim } from "./sign.ts";
export type { FieldDraft } from "./signature_field.ts";
export { type DkimKeySource, DkimSigningKey } from "./signing_key.ts";
export { type DkimRecord, dkimRecord } from "./record.ts";
export type { StoredMessage } from "./message_pages.ts";
export type { SigningAlgorithm } from "./signature.ts";
