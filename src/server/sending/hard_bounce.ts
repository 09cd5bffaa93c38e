/** Which failures mean that an address will not take mail the next time either. */

/** A reply, or a status of a report (RFC 3463). */
export interface Failure {
  readonly code: number;
  readonly enhanced?: string | undefined;
}

/**
 * The mailbox or its domain is not there (X.1.1 to X.1.3, X.1.6, X.1.10), or is disabled (X.2.1). A full mailbox, a
 * message that is too large, what a policy refuses (X.7) and what only took too long say nothing of the address; nor
 * does a bare 554.
 */
export function isHardBounce({ code, enhanced }: Failure): boolean {
  if (code < 500) return false;
  if (enhanced !== undefined && enhanced !== "5.0.0") return /^5\.(1\.([1236]|10)|2\.1)$/.test(enhanced);
  return code === 550 || code === 551 || code === 553;
}
