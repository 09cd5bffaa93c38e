/**
 * SPF (RFC 7208): whether a host may send mail for a domain, as the domain itself publishes it.
 */
export * from "./result.ts";
