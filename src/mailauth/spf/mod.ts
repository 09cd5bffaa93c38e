/**
 * SPF (RFC 7208): whether a host may send mail for a domain, as the domain itself publishes it; and `iprev` (RFC 8601
 * section 3), whether a host's address has a name that leads back.
 *
 * - `check_host.ts` is the function that the RFC describes: records, `include` and `redirect`, as a program.
 * - `session.ts` asks it for both identities of an SMTP session.
 * - `record.ts` and `macro_syntax.ts` are the grammar; a record is parsed as a whole before anything is asked.
 * - `mechanisms.ts` asks the DNS, `lookups.ts` counts, `target.ts` and `macro.ts` make names.
 *
 * Bounds of one check: 10 terms that ask, over all records; 2 for which there is nothing; 10 hosts of one MX answer,
 * 10 names of an address; 20 seconds; records of 16 KiB; names of 253 characters however much a macro gives. Their sum is 134
 * questions, and the work on a record grows with its length and no faster.
 */
export { checkHost } from "./check_host.ts";
export { type Iprev, iprev } from "./iprev.ts";
export { isSpfRecord, parseSpfRecord } from "./record.ts";
export type { Directive, Mechanism, SpfRecord, SpfSyntaxError } from "./record.ts";
export type { Macro, MacroPiece, MacroString } from "./macro_syntax.ts";
export type { IpAddress } from "./ip_address.ts";
export type { SpfLookups, SpfMatch, SpfQuery, SpfResult, SpfResultName } from "./result.ts";
export { type SpfOfSession, spfOfSession, type SpfSession } from "./session.ts";
