import { segment } from "./admin.ts";

/** Where the scripts of an account are, or of the server: `before`, `after`, `global` or a domain. */
export function scriptsPath(owner: string, name?: string): string {
  const folder = isPlace(owner) ? "/sieve" : `/accounts/${segment(owner)}/sieve`;
  if (name === undefined) return folder;
  return isPlace(owner) ? `${folder}/${segment(owner)}/${segment(name)}` : `${folder}/${segment(name)}`;
}

/** Whether it is no account's address. */
export function isPlace(owner: string): boolean {
  return !owner.includes("@");
}

/** For `about`. */
export const PLACES =
  "ADDRESS may also be before, after, global or a domain: the scripts that the server has around those of accounts.";
