import type { EnvelopeSender } from "../contract/mod.ts";
import type { Reported } from "./queue/mod.ts";

/** What a report is made of. */
export interface BounceRequest {
  /** Our name. */
  readonly hostname: string;
  /** Unguessable and unique: Message-ID and boundary are made from it. Letters, digits, `.`, `-`, `_`. */
  readonly id: string;
  readonly sender: EnvelopeSender;
  /** At least one, all of one message. */
  readonly reports: readonly Reported[];
  /** The message as it came: its header with the prefix, or all of it. */
  readonly original: {
    readonly bytes: Uint8Array;
    readonly whole: boolean;
    /** With angle brackets, or null. */
    readonly messageId: string | null;
    /** As text, or null. */
    readonly subject: string | null;
  };
  /** When this server took the message. */
  readonly arrivedAt: number;
  readonly now: number;
}
