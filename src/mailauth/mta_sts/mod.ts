/**
 * MTA-STS (RFC 8461): a domain says over HTTPS which hosts take its mail, and that they do TLS with a valid certificate.
 *
 * - `record.ts` reads the DNS record, `policy.ts` the policy, `match.ts` compares hosts, `cache.ts` remembers.
 *
 * Rules: a remembered policy outlives every failure to see it again, until it expires. `testing` enforces nothing.
 * A policy never overrides DANE.
 */
export { lookupSts, parseStsRecord, stsPolicyUrl, type StsRecord, stsRecordOf } from "./record.ts";
export {
  parseStsPolicy,
  readStsResponse,
  STS_POLICY_LIMIT,
  type StsFetchFailure,
  type StsPolicy,
  type StsResponse,
} from "./policy.ts";
export { matchesStsPolicy, type StsPlan, stsPlan } from "./match.ts";
export { afterStsFetch, decideSts, NO_STS_MEMORY, type StsDecision, type StsMemory } from "./cache.ts";
