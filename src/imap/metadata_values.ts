/** The annotations of one mailbox or the server, as GETMETADATA and LIST RETURN (METADATA (…)) ask for them. */
import { latin1Bytes } from "../base/bytes.ts";
import { type Args, ask, type Mailbox, type MailboxDenied, type Program } from "../contract/mod.ts";
import { accountOf } from "./command.ts";
import type { ImapState } from "./session.ts";
import { attributeOf } from "./special_use.ts";

/** RFC 6154 section 4: the attributes of a mailbox as an entry. */
export const SPECIAL_USE = "/private/specialuse";

export interface MetadataValue {
  readonly entry: string;
  /** Null: the entry that was asked for is not there. */
  readonly value: Uint8Array | null;
}

/** `mailbox` null is the server. With a depth of 0, entries that are not there are told as such. */
export function* metadataValues(
  state: ImapState,
  mailbox: Mailbox | null,
  entries: readonly string[],
  depth: Args<"metadata.get">["depth"],
): Program<readonly MetadataValue[] | MailboxDenied> {
  const path = mailbox?.path ?? null;
  const found = yield* ask("metadata.get", { accountId: accountOf(state), path, entries, depth });
  const values = new Map<string, Uint8Array | null>();
  if ("refused" in found) return found;
  for (const { entry, value } of found) values.set(entry, value);
  const use = attributeOf(mailbox?.role ?? null);
  const asked = entries.includes(SPECIAL_USE) || (depth !== 0 && entries.includes("/private"));
  if (use !== null && asked) values.set(SPECIAL_USE, latin1Bytes(use));
  if (depth === 0) return entries.map((entry) => ({ entry, value: values.get(entry) ?? null }));
  return [...values].map(([entry, value]) => ({ entry, value }));
}
