/** What a content filter is: asked when a message is there as a whole, before anybody takes responsibility for it. */
import type { AddedField, FieldPlace } from "../../abuse/mod.ts";
import type { OctetRange } from "../../base/octet_ranges.ts";
import type { MailEnvelope, Peer, Refusal } from "../../contract/mod.ts";

/** A message as a filter sees it. */
export interface FilterMessage {
  readonly envelope: MailEnvelope;
  /** The session: address, protocol, TLS, HELO name, and who is logged in. */
  readonly peer: Peer;
  /** What is against the client: `listed:NAME`, `helo:FAULT`, `reverseDns`, `earlyTalker` … */
  readonly signals: readonly string[];
  readonly traceId: string;
  /** Octets. */
  readonly size: number;
  /** Where the body begins. */
  readonly bodyStart: number;
  /** What filters before this one have added, top first; and the fields of the message that they removed. */
  readonly fields: readonly AddedField[];
  readonly removed: readonly OctetRange[];
  /** Octets `[start, end)` of the message as it was received. Good until the verdict. */
  read(start: number, end: number): Promise<Uint8Array>;
}

/** What a filter changes. Fields are added on top of the message; a filter's words never make lines of their own. */
export interface FieldChanges {
  readonly fields?: readonly AddedField[];
  /** Fields that go: octets of whole fields of the message, or places in `FilterMessage.fields`. */
  readonly remove?: readonly FieldPlace[];
}

/** What a filter says. */
export type FilterVerdict =
  | ({ readonly action: "accept" } & FieldChanges)
  /** Into Junk of whoever receives it; submitted mail goes out as it is. `reason` is for the journal. */
  | ({ readonly action: "quarantine"; readonly reason?: string } & FieldChanges)
  /** For good; the client hears `refusal`, which has a code of 500 to 599. */
  | { readonly action: "reject"; readonly refusal?: Refusal }
  /** Not now; a code of 400 to 499. */
  | { readonly action: "tempfail"; readonly refusal?: Refusal }
  /** The client hears yes, and nobody gets it. The journal says so. */
  | { readonly action: "discard" };

/** Something that decides about content. */
export interface ContentFilter {
  /** For the log and the journal. */
  readonly name: string;
  /** What a failure or a timeout comes to; default `tempfail`, so that nothing passes unseen. */
  readonly onFailure?: "accept" | "tempfail";
  /** How long it may take, milliseconds; default a minute. */
  readonly timeoutMs?: number;
  /** Decides. `signal` says that nobody waits any more. */
  check(message: FilterMessage, signal: AbortSignal): Promise<FilterVerdict>;
}
