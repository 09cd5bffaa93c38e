/** What verifying says, for policies, for people and for an Authentication-Results field. */
import type { MethodResult } from "../method_result.ts";

/** One signature. */
export interface DkimResult {
  /** The words of RFC 8601 section 2.7.1. */
  readonly result: "pass" | "fail" | "policy" | "neutral" | "temperror" | "permerror";
  /** Why, a sentence without its full stop. */
  readonly reason: string;
  /** d=, s= (A-labels, lower case) and a=; null where the field does not say it well. */
  readonly domain: string | null;
  readonly selector: string | null;
  readonly algorithm: string | null;
  /** i=, or `@` and the domain; its local part may hold any printable character. Null where the signature is void. */
  readonly identity: string | null;
  /** The first eight characters of b= (RFC 6008), which tell signatures apart. */
  readonly signature: string | null;
  /** t=y of the key: whatever the result is, the domain only tries. */
  readonly testing: boolean;
  /** Octets of the canonical body that are signed, and that are not (l=). Null where the body was not read for it. */
  readonly coveredOctets: number | null;
  readonly uncoveredOctets: number | null;
}

/** All signatures of a message. */
export interface DkimVerification {
  /** In the order of the header. */
  readonly results: readonly DkimResult[];
  /** Signatures that were not looked at because there are too many. */
  readonly notEvaluated: number;
  /** The header is so large (half a megabyte, 12,000 fields) that no signature was looked for. */
  readonly headerTooLarge: boolean;
}

/** Lines of an Authentication-Results field; `dkim=none` where there is no signature. */
export function dkimMethodResults(verification: DkimVerification): MethodResult[] {
  const { results, notEvaluated, headerTooLarge } = verification;
  const lines = results.map(methodResult);
  if (headerTooLarge) lines.push(plain("permerror", "the header is too large"));
  else if (notEvaluated > 0) lines.push(plain("policy", `${notEvaluated} more signatures were not evaluated`));
  return lines.length > 0 ? lines : [plain("none", null)];
}

function plain(result: string, reason: string | null): MethodResult {
  return { method: "dkim", result, reason, properties: [] };
}

function methodResult(one: DkimResult): MethodResult {
  const properties: { ptype: "header"; property: string; value: string }[] = [];
  const add = (property: string, value: string | null) => {
    if (value !== null) properties.push({ ptype: "header", property, value });
  };
  add("d", one.domain);
  add("i", one.identity);
  add("s", one.selector);
  add("b", one.signature);
  add("a", one.algorithm);
  const quiet = one.result === "pass" && !one.testing && !one.uncoveredOctets;
  const reason = one.testing ? `${one.reason}; the domain is only trying DKIM out` : one.reason;
  return { method: "dkim", result: one.result, reason: quiet ? null : reason, properties };
}
