import type { Secret } from "../../base/secret.ts";

/** Questions of forwarding: what makes rewritten senders ours (SRS), and what they stand for. */
export interface ForwardingOps {
  /**
   * The keys of rewritten senders, the newest first: that one signs. The first is made at first need; a new one comes
   * every month, and the old ones hold as long as a report about what they signed may be under way.
   */
  "forwarding.keys": { args: { now: number }; answer: readonly Secret<Uint8Array>[] };
  /** Keeps a sender that is too long to be rewritten, under the key that stands in its place, until `until`. */
  "forwarding.remember": { args: { key: string; address: string; now: number; until: number }; answer: true };
  /** The sender that stands behind a key, or null: never kept, or not any more. */
  "forwarding.recall": { args: { key: string; now: number }; answer: string | null };
}
