/**
 * DMARC (RFC 9989, before it RFC 7489): is the domain that people see in From the one that SPF or DKIM proved?
 *
 * - `evaluate.ts` is the program for one message; `author.ts` reads From, `discovery.ts` finds the policy record by
 *   `tree_walk.ts` or `public_suffix.ts`, `alignment.ts` compares, `policy.ts` decides, `sentence.ts` says why.
 * - `record.ts` and `report_uri.ts` read what domains publish; `lookup.ts` asks for it.
 * - `report/` writes and reads aggregate reports.
 *
 * Rules: a name server that does not answer gives `temperror`, never `none`. What can be read in two ways is a failure.
 * Nothing here delivers or refuses; `disposition` is advice (RFC 9989 section 5.4: a policy alone is no reason to reject).
 */
export * from "./model.ts";
export { DMARC_OPTIONS, type DmarcFacts, dmarcMethodResult, type DmarcOptions, evaluateDmarc } from "./evaluate.ts";
export { type Author, authorOf } from "./author.ts";
export { type DmarcPolicy, type DmarcRecord, parseDmarcRecord } from "./record.ts";
export type { ReportUri } from "./report_uri.ts";
export * from "./report/mod.ts";
