/** What SORT and THREAD want to know of an email besides its row, made once. */
import type { Envelope } from "../../../message/model.ts";
import { bareId, sortText, TEXT_KEYS } from "../../sort_text.ts";

/** Message-ID, References, and the subject as it is. */
export type ThreadKeys = readonly [messageId: string | null, references: readonly string[], subject: string];

export interface OrderKeys {
  /** In the order of `TEXT_KEYS`; to be compared by `compareKeys`. */
  readonly texts: readonly string[];
  readonly thread: ThreadKeys;
}

export function orderKeysOf(envelope: Envelope, references: readonly string[]): OrderKeys {
  return {
    texts: TEXT_KEYS.map((key) => sortText(key, envelope)),
    thread: [bareId(envelope.messageId), references, envelope.subject ?? ""],
  };
}
