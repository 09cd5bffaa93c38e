/** Messages by `POST /send`, as the API shows them to whoever keeps them. */
import type { AccountId, EnvelopeRecipient, EnvelopeSender, Login, Refusal } from "../contract/mod.ts";

/** Who sends. */
export type SendActor =
  /** Whoever administers the server: as anybody. */
  | { readonly kind: "server" }
  /** Whoever administers domains: as anybody of them. */
  | { readonly kind: "domain"; readonly domains: readonly string[]; readonly accountId: AccountId }
  /** An account: as its own addresses, within its limits. `address` is where the request came from. */
  | { readonly kind: "account"; readonly login: Login; readonly address: string };

/** A person in a header field. */
export interface DescribedMailbox {
  readonly name: string;
  /** `local@domain`; A-labels. */
  readonly email: string;
}

export interface DescribedAttachment {
  readonly name: string | null;
  /** With parameters, perhaps. */
  readonly type: string;
  readonly octets: Uint8Array;
  /** Without `<` and `>`. With HTML it stands beside that, which shows it as `cid:…`. */
  readonly contentId: string | null;
}

/** A message that is not written yet. */
export interface DescribedMessage {
  readonly from: DescribedMailbox;
  readonly to: readonly DescribedMailbox[];
  readonly cc: readonly DescribedMailbox[];
  /** Recipients that nobody sees. */
  readonly bcc: readonly DescribedMailbox[];
  readonly replyTo: readonly DescribedMailbox[];
  readonly subject: string;
  readonly text: string | null;
  readonly html: string | null;
  readonly attachments: readonly DescribedAttachment[];
  /** Message-IDs without `<` and `>`. */
  readonly inReplyTo: readonly string[];
  readonly references: readonly string[];
  /** Further fields: names that are none of the above, values on one line. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** A request to send. */
export interface SendRequest {
  readonly actor: SendActor;
  readonly message:
    | { readonly described: DescribedMessage }
    /** As it is; its lines may end as they like. */
    | { readonly octets: AsyncIterable<Uint8Array> | null };
  readonly sender: Pick<EnvelopeSender, "reversePath" | "ret" | "envid" | "priority" | "verp">;
  readonly recipients: readonly EnvelopeRecipient[];
  /** Milliseconds since 1970; null: now. */
  readonly sendAt: number | null;
  /** A copy goes into the Sent mailbox of the account that it is from. */
  readonly saveToSent: boolean;
  /** Also to addresses that are on the list of those to leave alone. */
  readonly evenSuppressed: boolean;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** The request again is the same message: `key` of the sender's choosing, `request` tells requests apart. */
  readonly idempotency: { readonly key: string; readonly request: Uint8Array } | null;
}

/** What became of a message for one recipient. */
export interface SentRecipient {
  readonly address: string;
  readonly state:
    /** Its time has not come. */
    | "scheduled"
    /** It waits for its first attempt, or is under way. */
    | "queued"
    /** An attempt failed; there will be another. */
    | "deferred"
    /** A mailbox here has it, or the server of the recipient took it. */
    | "delivered"
    | "bounced"
    | "complained"
    | "suppressed"
    | "canceled";
  /** For a person: the last words about it. */
  readonly detail: string | null;
  /** When that was, milliseconds since 1970. */
  readonly at: number | null;
  readonly queueId: string | null;
  readonly attempts: number;
  readonly nextAttempt: number | null;
}

/** A message that was sent, and what is known of it. */
export interface SentMessage {
  /** Also its trace id: `/messages/{id}` tells the whole story. */
  readonly id: string;
  /** Without `<` and `>`; null: its own cannot be read. */
  readonly messageId: string | null;
  readonly from: string;
  readonly createdAt: number;
  readonly sendAt: number | null;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly recipients: readonly SentRecipient[];
}

/** Why nothing was sent. */
export type NotSent =
  /** The words of SMTP; `recipients`: who is refused, by their place in the request. */
  | {
    readonly refused: Refusal;
    readonly recipients?: readonly { readonly index: number; readonly refusal: Refusal }[];
  }
  /** The key was used for another request. */
  | { readonly conflict: "otherRequest" }
  /** A request with the key is under way. */
  | { readonly conflict: "underWay" }
  /** Nobody is left: all are on the list. */
  | { readonly suppressed: readonly string[] }
  | { readonly tooLate: true }
  /** There is no account with a Sent mailbox for this sender. */
  | { readonly noSent: true };

/** Takes messages and knows what became of them. */
export interface SendDesk {
  /** When it answers `sent`, the message is on disk. `replayed`: it was before, under the same key. */
  send(request: SendRequest): Promise<{ readonly sent: SentMessage; readonly replayed: boolean } | NotSent>;
  /** Null: there is none of this id, or it is somebody else's. */
  get(id: string, actor: SendActor): Promise<SentMessage | null>;
  /** Takes back what waits for its time. False: nothing does. */
  cancel(id: string, actor: SendActor): Promise<boolean | null>;
}
