/** What a method of mail authentication says of a message, as an Authentication-Results field has it. */

/** `ptype.property=value` (RFC 8601 section 2.2); the value as it is: who writes the field quotes it. */
export interface MethodProperty {
  /** Where the value was taken from: the SMTP session, a header field, the body or the policy of whoever checks. */
  readonly ptype: "smtp" | "header" | "body" | "policy";
  /** `mailfrom`, `helo`, `d`, `from` … */
  readonly property: string;
  readonly value: string;
}

/** One `resinfo` (RFC 8601 section 2.2). */
export interface MethodResult {
  /** `spf`, `dkim`, `dmarc`, `arc`, `iprev`, `auth` … */
  readonly method: string;
  /** A word that RFC 8601 section 2.7 knows for the method. */
  readonly result: string;
  /** Why, in a few words for people; null where the result says it all. It may quote what strangers wrote. */
  readonly reason: string | null;
  readonly properties: readonly MethodProperty[];
}
