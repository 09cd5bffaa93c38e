/**
 * Evaluating signatures in three steps, so that all of a message share one pass over its body: find the keys, hash the
 * body, conclude.
 */
import { equalBytes } from "../../base/bytes.ts";
import type { Program } from "../../contract/mod.ts";
import type { BodyHashes } from "./body_hashes.ts";
import { headerData } from "./header_data.ts";
import type { SignedField } from "./header_fields.ts";
import type { FoundKeys, KeyFinder } from "./key_finder.ts";
import { verifySignature } from "./public_key.ts";
import type { KeyedSignature, MessageSignature } from "./signature.ts";

/** A signature on its way: the body is read before it is concluded. */
export interface Pending {
  readonly field: SignedField;
  readonly signature: MessageSignature;
  readonly found: FoundKeys;
}

/** What came out; octets are of the canonical body. */
export interface Conclusion {
  readonly result: "pass" | "fail" | "policy" | "temperror" | "permerror";
  readonly reason: string;
  readonly testing: boolean;
  readonly coveredOctets: number | null;
  readonly uncoveredOctets: number | null;
}

/** Finds the keys, and tells `hashes` what is needed of the body if there are any. */
export function* prepare(
  field: SignedField,
  signature: MessageSignature,
  finder: KeyFinder,
  hashes: BodyHashes,
): Program<Pending> {
  const found = yield* finder.find(signature);
  if ("keys" in found) hashes.need({ canon: signature.bodyCanon, length: signature.bodyLength });
  return { field, signature, found };
}

/** Compares the hashes and checks the signature (RFC 6376 section 6.1.3). `partial`: l= may leave octets out. */
export function conclude(
  { field, signature, found }: Pending,
  fields: readonly SignedField[],
  hashes: BodyHashes,
  partial: boolean,
): Conclusion {
  if (!("keys" in found)) return { ...found, testing: false, coveredOctets: null, uncoveredOctets: null };
  const { digest, total } = hashes.digest({ canon: signature.bodyCanon, length: signature.bodyLength });
  const covered = Math.min(signature.bodyLength ?? total, total);
  const testing = found.keys.some((key) => key.testing);
  const facts = { testing, coveredOctets: covered, uncoveredOctets: total - covered };
  // RFC 6376 section 3.5, l=: not larger than the body.
  if (digest === null) return { result: "fail", reason: "the body is shorter than l= says", ...facts };
  if (!equalBytes(digest, signature.bodyHash)) return { result: "fail", reason: "the body was changed", ...facts };
  // RFC 6376 section 3.6.1, t=s.
  const keys = found.keys.filter((key) =>
    !key.strict || (signature.identityDomain ?? signature.domain) === signature.domain
  );
  if (keys.length === 0) {
    return { result: "permerror", reason: "the key is not for the subdomain of i=", ...facts };
  }
  const { signatureAt, signedNames, headerCanon } = signature;
  const data = headerData(fields, field, signatureAt, signedNames, headerCanon);
  const failed = checkSignature(keys, data, signature);
  if (failed !== null) return { result: "fail", reason: failed, ...facts };
  if (facts.uncoveredOctets > 0) {
    const reason = `${facts.uncoveredOctets} octets at the end of the body are not signed`;
    // RFC 6376 section 6.1.3: a verifier may take such a signature for invalid.
    return { result: partial ? "pass" : "policy", reason, ...facts };
  }
  return { result: "pass", reason: "the signature verifies", ...facts };
}

/** Null where one of the keys verifies, otherwise what is wrong. */
export function checkSignature(
  keys: Extract<FoundKeys, { keys: unknown }>["keys"],
  data: Uint8Array,
  { signature }: KeyedSignature,
): string | null {
  return keys.some(({ key }) => verifySignature(key, data, signature))
    ? null
    : "the header or the signature was changed";
}
