/** What the driver tells a machine. */
import type { AnswerOf, Op } from "./ops.ts";
import type { MailboxChanges } from "./ops/mailbox.ts";
import type { SessionInfo, TlsInfo } from "./session.ts";

/** The answer to a `Call`, typed by its op. */
export type Answer = {
  [K in Op]: { readonly type: "answer"; readonly id: number; readonly op: K; readonly value: AnswerOf<K> };
}[Op];

/** All that a machine can be told. */
export type Input =
  | { readonly type: "opened"; readonly session: SessionInfo }
  /** The chunk is borrowed: copy what is kept past the step. The test runner overwrites it afterwards. */
  | { readonly type: "bytes"; readonly chunk: Uint8Array }
  | Answer
  /** Infrastructure failed: the store is down, the disk is full, a lookup broke. `text` is for the log only. */
  | {
    readonly type: "failed";
    readonly id: number;
    readonly op: Op;
    readonly reason: FailureReason;
    readonly text: string;
  }
  /** News of the watched mailbox that nobody asked for. */
  | { readonly type: "changes"; readonly changes: MailboxChanges }
  /** Something happened in mailboxes that are listened to: `mailbox.heard` tells what. */
  | { readonly type: "heard" }
  | { readonly type: "tlsStarted"; readonly tls: TlsInfo }
  /** The time of `Machine.deadline` has come. */
  | { readonly type: "deadline" }
  /** The server is shutting down: say goodbye at the next good moment and close. `banned`: the peer is, so at once. */
  | { readonly type: "shutdown"; readonly why?: "banned" }
  /** The peer is gone. Nothing that is sent from here on arrives. */
  | { readonly type: "closed" };

/** `full`: no space. `unavailable`: try again later. `bug`: our fault, logged in full. */
export type FailureReason = "full" | "unavailable" | "bug";
