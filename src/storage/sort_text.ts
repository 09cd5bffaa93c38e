/** What SORT compares of an envelope (RFC 5256 section 2, RFC 5957), and what THREAD knows a message by. */
import type { SortKey } from "../contract/mod.ts";
import { baseSubject, collationKey, decodeWords, type Envelope, type EnvelopeAddress } from "../message/mod.ts";

/** Sort keys that are texts of the envelope. */
export const TEXT_KEYS = ["subject", "from", "to", "cc", "displayFrom", "displayTo"] as const satisfies SortKey[];
export type TextKey = typeof TEXT_KEYS[number];

export function isTextKey(key: SortKey): key is TextKey {
  return (TEXT_KEYS as readonly SortKey[]).includes(key);
}

/** To be compared by `compareKeys`. */
export function sortText(key: TextKey, envelope: Envelope): string {
  switch (key) {
    case "subject":
      return collationKey(baseSubject(envelope.subject ?? "").base);
    case "cc":
    case "from":
    case "to":
      return collationKey(mailboxOf(envelope[key]));
    case "displayFrom":
      return collationKey(displayOf(envelope.from));
    case "displayTo":
      return collationKey(displayOf(envelope.to));
  }
}

/** addr-mailbox of the first address; the start of a group is one too. */
function mailboxOf(addresses: readonly EnvelopeAddress[]): string {
  return decodeWords(addresses[0]?.mailbox ?? "");
}

/** RFC 5957 section 3: the display name of the first address, else its address. */
function displayOf(addresses: readonly EnvelopeAddress[]): string {
  const first = addresses[0];
  if (!first) return "";
  if (first.name) return decodeWords(first.name);
  return first.host === null ? first.mailbox ?? "" : `${first.mailbox}@${first.host}`;
}

/** A Message-ID without its brackets; null where there is none. */
export function bareId(messageId: string | null): string | null {
  const id = messageId === null ? "" : /<([^<>]+)>/.exec(messageId)?.[1]?.trim() ?? messageId.trim();
  return id === "" ? null : id;
}
