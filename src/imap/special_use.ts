/** Special-use attributes (RFC 6154) and the roles of the store. */
import { lowerAscii } from "../base/ascii.ts";
import type { MailboxRole } from "../contract/mod.ts";

const ATTRIBUTES: ReadonlyMap<MailboxRole, string> = new Map([
  ["drafts", "\\Drafts"],
  ["sent", "\\Sent"],
  ["trash", "\\Trash"],
  ["junk", "\\Junk"],
  ["archive", "\\Archive"],
]);

/** The attribute of a role with its backslash, or null: INBOX has none. */
export function attributeOf(role: MailboxRole | null): string | null {
  return role === null ? null : ATTRIBUTES.get(role) ?? null;
}

/** The role of an attribute without backslash, or null where it is none of ours. */
export function roleOf(attribute: string): MailboxRole | null {
  const wanted = "\\" + lowerAscii(attribute);
  for (const [role, name] of ATTRIBUTES) if (lowerAscii(name) === wanted) return role;
  return null;
}
