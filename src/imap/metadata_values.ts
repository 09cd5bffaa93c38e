/** The annotations of one mailbox or the server, as GETMETADATA and LIST RETURN (METADATA (…)) ask for them. */
import { utf8Bytes } from "../base/bytes.ts";
import {
  ask,
  isEntryAsked,
  type Mailbox,
  type MailboxDenied,
  type MetadataDepth,
  type Program,
} from "../contract/mod.ts";
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
  depth: MetadataDepth,
): Program<readonly MetadataValue[] | MailboxDenied> {
  const path = mailbox?.path ?? null;
  const found = yield* ask("metadata.get", { accountId: accountOf(state), path, entries, depth });
  const values = new Map<string, Uint8Array | null>();
  if ("refused" in found) return found;
  for (const { entry, value } of found) values.set(entry, value);
  for (const [entry, value] of mailbox === null ? ofServer(state) : ofMailbox(mailbox)) {
    if (value !== null && isEntryAsked(entry, entries, depth)) values.set(entry, utf8Bytes(value));
  }
  if (depth === 0) return entries.map((entry) => ({ entry, value: values.get(entry) ?? null }));
  return [...values].map(([entry, value]) => ({ entry, value }));
}

type Fixed = readonly (readonly [entry: string, value: string | null])[];

/** RFC 5464 section 3.2.1.1: what the operator says. */
function ofServer({ options }: ImapState): Fixed {
  return [["/shared/admin", options.contact], ["/shared/comment", options.comment]];
}

function ofMailbox({ role }: Mailbox): Fixed {
  return [[SPECIAL_USE, attributeOf(role)]];
}
