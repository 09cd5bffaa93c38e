/**
 * Authentication-Results (RFC 8601): what was checked about a message, said to whoever reads it later.
 *
 * - `parse.ts` reads a field, `write.ts` writes one, `model.ts` is their shape.
 * - `forged.ts` finds fields from outside that use our name; `hidden_fields.ts` those behind a line that is no field.
 *
 * Rules: a field is believed only under a name we know, and only where it can be read in one way. What a peer said is
 * quoted, never copied. A comment decides nothing.
 */
export { type AuthenticationResults, type ResultInfo, type ResultProperty } from "./model.ts";
export { type MalformedResults, parseAuthenticationResults } from "./parse.ts";
export { authenticationResultsField, type ResultsStyle } from "./write.ts";
export { hiddenFields } from "./hidden_fields.ts";
export { forgedRanges, forgedResults, renamedParts } from "./forged.ts";
