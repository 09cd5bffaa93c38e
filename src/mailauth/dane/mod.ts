/**
 * DANE for SMTP (RFC 7672 over RFC 6698 and 7671): signed DNS records say which certificate a host must have.
 *
 * - `plan.ts` makes of answers what is to be done, `certificate.ts` reads a chain over `der.ts`, `match.ts` compares.
 *
 * Rules: records count only where DNSSEC proved them, and a failure to prove is a failure, not "none". Where there are
 * records, mail goes over TLS or not at all.
 */
export { type DaneHost, type DanePlan, danePlanOf, lookupDane, type TlsaRecord } from "./plan.ts";
export { type ChainCertificate, readChain } from "./certificate.ts";
export { type DaneMatch, daneReferences, matchDane } from "./match.ts";
