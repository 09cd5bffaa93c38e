/** What verifying a chain says, for policies, for people and for an Authentication-Results field. */
import type { MethodProperty, MethodResult } from "../method_result.ts";

/** What one set claims. Only the sets of a chain that passed are worth anything, and those only who is trusted. */
export interface ArcClaim {
  readonly instance: number;
  /** d= of the seal, A-labels in lower case: who vouches. */
  readonly sealedBy: string | null;
  /** What they found, as an Authentication-Results field has it behind its colon; latin1. */
  readonly authenticationResults: string;
}

/** The chain of a message. */
export interface ArcVerification {
  /** The words of RFC 8617 section 4.4. All failures are permanent, those of the DNS too (section 5.2.1). */
  readonly result: "none" | "pass" | "fail";
  /** Why, a sentence without its full stop. */
  readonly reason: string;
  /** The highest instance that was seen, 0 for none. */
  readonly instance: number;
  /** The oldest message signature that still verifies, 0 where all do (section 5.2, step 5); null unless `pass`. */
  readonly oldestPass: number | null;
  /** From the oldest to the newest; none unless `pass`. */
  readonly claims: readonly ArcClaim[];
}

/** The line of an Authentication-Results field. `remoteAddress`: who delivered the message (RFC 8617 section 6). */
export function arcMethodResult(verification: ArcVerification, remoteAddress: string | null = null): MethodResult {
  const { result, reason, oldestPass } = verification;
  const properties: MethodProperty[] = [];
  if (remoteAddress !== null && result !== "none") {
    properties.push({ ptype: "smtp", property: "remote-ip", value: remoteAddress });
  }
  if (oldestPass !== null) properties.push({ ptype: "header", property: "oldest-pass", value: String(oldestPass) });
  return { method: "arc", result, reason: result === "fail" ? reason : null, properties };
}
