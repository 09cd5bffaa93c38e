/**
 * Names of other people's mailboxes (RFC 2342): `Other Users/<address>/…`, and `Shared/<address>/…` for accounts that
 * nobody logs in to. What has no `@` in its second level is a name of one's own.
 */
import { canonicalAddress } from "./address.ts";
import { canonicalPath } from "./path.ts";
import type { AccountRow, MailboxRow, Transaction } from "./tables.ts";

const OTHERS = "Other Users/";
const SHARED = "Shared/";

/** The name of a mailbox as the asker knows it. */
export function nameFor(asker: AccountRow, owner: AccountRow, path: string): string {
  if (asker.id === owner.id) return path;
  return `${owner.shared ? SHARED : OTHERS}${owner.address}/${path}`;
}

/** A name in somebody else's namespace; `path` empty: the root of it. */
export interface ForeignName {
  readonly shared: boolean;
  readonly address: string;
  readonly path: string;
}

/** Null: a name of one's own. An address may have a `/` in its local part, so the `@` is looked for first. */
export function foreignName(text: string): ForeignName | null {
  const prefix = text.startsWith(OTHERS) ? OTHERS : text.startsWith(SHARED) ? SHARED : null;
  if (prefix === null) return null;
  const at = text.indexOf("@", prefix.length);
  if (at <= prefix.length) return null;
  const end = text.indexOf("/", at);
  const address = text.slice(prefix.length, end < 0 ? text.length : end);
  return { shared: prefix === SHARED, address, path: end < 0 ? "" : text.slice(end + 1) };
}

/** Whose namespace a name is in, and the name there. `owner` null: nobody's, who might be somebody else's. */
export interface Located {
  readonly owner: AccountRow | null;
  readonly path: string;
}

/** Where a name leads. A mailbox of one's own that is called like this comes first. */
export function locate(tx: Transaction, asker: AccountRow, text: string): Located {
  const path = canonicalPath(text);
  const foreign = foreignName(path);
  if (foreign === null || tx.mailboxByPath(asker.id, path)) return { owner: asker, path };
  const owner = tx.accountByAddress(canonicalAddress(foreign.address) ?? "");
  const theirs = canonicalPath(foreign.path);
  // One's own mailboxes have one name each.
  if (!owner || owner.shared !== foreign.shared || owner.id === asker.id) return { owner: null, path: theirs };
  return { owner, path: theirs };
}

/** The mailboxes above a path that are there, the nearest; null where there is none. */
export function nearestParent(tx: Transaction, owner: AccountRow, path: string): MailboxRow | null {
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
    const row = tx.mailboxByPath(owner.id, path.slice(0, at));
    if (row) return row;
  }
  return null;
}
