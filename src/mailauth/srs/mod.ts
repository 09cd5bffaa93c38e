/**
 * Addresses that carry addresses: the Sender Rewriting Scheme for what is forwarded, and VERP for what goes to many.
 *
 * - `rewrite.ts` makes and reads SRS0 and SRS1 with the hash of `sign.ts`; `verp.ts` needs none.
 *
 * Rules: nothing is sent to an address that was not signed here and lately; what does not fit is not cut.
 */
export { type Reversed, reverseSender, rewriteSender, type Rewritten, SRS_DAYS } from "./rewrite.ts";
export type { SrsKeys } from "./sign.ts";
export { decodeVerp, encodeVerp } from "./verp.ts";
