/** User and detail in a local part (RFC 5233). */

/** Where the first separator stands, or -1. Each character of `separators` is one. */
export function separatorIn(local: string, separators: string): number {
  let at = -1;
  for (const separator of separators) {
    const found = local.indexOf(separator);
    if (found >= 0 && (at < 0 || found < at)) at = found;
  }
  return at;
}

/** What stands before it. */
export function userOf(local: string, separators: string): string {
  const at = separatorIn(local, separators);
  return at < 0 ? local : local.slice(0, at);
}
