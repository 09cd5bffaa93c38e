/**
 * ARC (RFC 8617): those who forward a message tell what they found when it came in, in a chain of sealed sets.
 *
 * - `chain.ts` collects the sets and looks at their order; `verify.ts` verifies; `seal.ts` adds a set.
 *
 * Rules: canonicalization, keys and signatures are those of `dkim/`. A chain that is not perfect has failed, for ever,
 * and a failed chain is worth as much as none. What a set claims is only as good as who sealed it: whom to believe is
 * somebody else's decision. Sets, their octets and questions to the DNS are bounded.
 */
export { arcMethodResult } from "./result.ts";
export type { ArcClaim, ArcVerification } from "./result.ts";
export { verifyArc, verifyDkimAndArc } from "./verify.ts";
export { type ArcSealed, type ArcSealOptions, sealArc } from "./seal.ts";
