/** What is told when something about mail is decided and in the store. Whoever tells does not wait. */
import type { AcceptArgs, AnswerOf, Args, MailEnvelope, QueueOutcome } from "../../contract/mod.ts";
import type { Attempted } from "../../mta/queue/mod.ts";
import type { SentRecord } from "../sending/sent_record.ts";

export type Stored = Extract<AnswerOf<"mail.accept">, { readonly stored: unknown }>["stored"];

export type MailNews =
  | {
    readonly kind: "accepted";
    /** By somebody who may send from here, and not from outside. */
    readonly submitted: boolean;
    readonly envelope: MailEnvelope;
    readonly accepted: AcceptArgs;
    readonly stored: Stored;
    readonly size: number;
  }
  /** An attempt of the queue; `notices` are the deliveries here that came of it. */
  | {
    readonly kind: "settled";
    readonly attempted: readonly Attempted[];
    readonly outcomes: readonly QueueOutcome[];
    readonly notices: readonly AcceptArgs[];
  }
  /** Not sent to these, since they are on the list. */
  | { readonly kind: "suppressed"; readonly sent: SentRecord; readonly recipients: readonly string[] };

export type TellMail = (news: MailNews) => void;

export type Received = Args<"message.receive">;
