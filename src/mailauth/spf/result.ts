/** The seven results of SPF (RFC 7208 section 2.6). */
export type SpfResultName = "none" | "neutral" | "pass" | "fail" | "softfail" | "temperror" | "permerror";
