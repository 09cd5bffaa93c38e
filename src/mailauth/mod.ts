/**
 * Mail authentication: who a message is really from, as far as the DNS can tell.
 *
 * - `method_result.ts` is what each method says, in the terms of an Authentication-Results field (RFC 8601).
 * - `spf/` asks whether a host may send for a domain (RFC 7208), and `iprev` whether its address has a name.
 * - `dkim/` verifies and makes signatures (RFC 6376), `arc/` the chains of those who forward (RFC 8617).
 * - `dmarc/` compares both with From (RFC 9989, RFC 7489); its aggregate reports (RFC 9990).
 * - `results/` reads and writes Authentication-Results fields, and finds forged ones (RFC 8601).
 * - `mta_sts/` (RFC 8461) and `dane/` (RFC 7672) say how a host must be spoken to, `tls_report/` (RFC 8460) how it went.
 * - `srs/` rewrites senders of what is forwarded, and makes senders that carry a recipient (VERP).
 *
 * Rules: everything here is a pure function or a program over `dns.resolve`; DKIM and ARC read `blob.read` too. A
 * temporary failure is never taken for "there is none" (`temperror` is not `none`). Whatever a stranger publishes or
 * writes has a bound: questions to the DNS, octets of a record, signatures, the work that one record may cause. Texts
 * from strangers are quoted data.
 */
export * from "./method_result.ts";
export * from "./spf/mod.ts";
export * from "./results/mod.ts";
export * from "./dmarc/mod.ts";
export * from "./dkim/mod.ts";
export * from "./dane/mod.ts";
export * from "./mta_sts/mod.ts";
export * from "./srs/mod.ts";
export * from "./tls_report/mod.ts";
export * from "./arc/mod.ts";
