import type { AccountId, BlobId, MailboxId, QueueId, TraceId, Uid } from "../ids.ts";
import type { Remembered } from "./delivery.ts";
import type { MailboxRole } from "./mailbox.ts";
import type { Refusal, SessionInfo } from "../session.ts";
import type { Login } from "./auth.ts";

/** RFC 3461 NOTIFY. An empty list is NEVER; null is not given. */
export type Notify = readonly ("success" | "failure" | "delay")[] | null;

/** MAIL's part of the envelope. `reversePath` is `""` for the null sender, else `local@domain`. */
export interface EnvelopeSender {
  readonly reversePath: string;
  /** SIZE as declared, octets (RFC 1870). */
  readonly size: number | null;
  readonly body: "7bit" | "8bitmime" | "binarymime";
  readonly smtputf8: boolean;
  readonly requireTls: boolean;
  /** RFC 3461 */
  readonly ret: "full" | "headers" | null;
  readonly envid: string | null;
  /** RFC 4865: not to be sent before, milliseconds from the submission or since 1970. */
  readonly hold?: { readonly for: number } | { readonly until: number };
  /** Each recipient elsewhere gets a sender of its own, which names it (VERP): `local+user=host@domain`. */
  readonly verp?: true;
  /** How soon it should go where not all can go at once. Left out: nobody said. */
  readonly priority?: QueuePriority;
}

/** RCPT's part. `forwardPath` is `local@domain` (or `postmaster`, RFC 5321 section 4.1.1.3). */
export interface EnvelopeRecipient {
  readonly forwardPath: string;
  readonly notify: Notify;
  /** ORCPT as `addr-type;xtext-decoded`, or null. */
  readonly orcpt: string | null;
}

/** RFC 5321 section 2.3.1: sender and recipients, apart from the message. */
export interface MailEnvelope {
  readonly sender: EnvelopeSender;
  readonly recipients: readonly EnvelopeRecipient[];
}

/** Who speaks, as policy needs it. */
export interface Peer {
  readonly session: SessionInfo;
  /** HELO/EHLO/LHLO argument as the client sent it. */
  readonly helo: string;
  /** ESMTP, ESMTPS, ESMTPSA, LMTP … (RFC 3848), for Received. */
  readonly via: string;
  readonly login: Login | null;
  /** It administers this server, and may submit as whoever it likes. No client of a mail protocol ever does. */
  readonly trusted?: boolean;
}

/** One decision on a message's way, with its reason. `palomar why` prints them. */
export interface JournalEntry {
  readonly at: number;
  /** `accepted`, `delivered`, `queued`, `attempt`, `deferred`, `bounced`, `refused`, `removed` … */
  readonly event: string;
  readonly recipient: string | null;
  /** One sentence for a person. */
  readonly detail: string;
}

/** A message into one mailbox. */
export interface Delivery {
  readonly accountId: AccountId;
  /** The envelope's recipient this is for. */
  readonly recipient: string;
  /**
   * Path, else role, else INBOX. A path that leads nowhere is INBOX (mail is never lost for a name); in the mailboxes of
   * others it needs the right `p` or `i` (RFC 4314). `create` makes what is not there, with this use.
   */
  readonly target:
    | { readonly path: string; readonly create?: { readonly role: MailboxRole | null } }
    | { readonly role: MailboxRole };
  readonly flags: readonly string[];
  readonly prefix: Uint8Array;
  /** The prefix of what waits for room, where a filter has added to it: it will add it again. */
  readonly plainPrefix?: Uint8Array;
  readonly internalDate: number;
  /** Another body than the message's: what a filter made of it, or a copy of an answer. */
  readonly blobId?: BlobId;
  /** Left out, without a word, where there is no room. */
  readonly optional?: true;
  /**
   * The envelope's recipients that it serves, as they were written. The transaction queues a report for each that asked
   * for one of success (RFC 3461 section 5.2.4), and what must wait keeps what they asked for. Left out: nothing is asked.
   */
  readonly serves?: readonly EnvelopeRecipient[];
}

/** A fate that is decided, and is still to be reported: in a mailbox, or passed on to the targets of an alias. */
export type DecidedFate = "delivered" | "expanded";

/** A message to one recipient that is not delivered in this transaction. */
export interface QueueEntry {
  readonly recipient: EnvelopeRecipient;
  /** The envelope sender of this recipient alone: forwarded mail has one of ours. Left out: the message's. */
  readonly sender?: EnvelopeSender;
  /** Another body than the message's. */
  readonly blobId?: BlobId;
  /**
   * Only where the deliveries to this account find room: else its filter runs again when they do, and says it anew.
   */
  readonly after?: AccountId;
  /** Whose filter or settings want it. */
  readonly accountId?: AccountId;
  /** Domain that decides the next hop, lower case A-labels; null: deliver here again (an account that was full). */
  readonly domain: string | null;
  /** Where an account's mail goes besides the store (`mda/target_way.ts`); `domain` is null then. */
  readonly route?: string;
  /** Header fields to put before the blob. */
  readonly prefix: Uint8Array;
  readonly dueAt: number;
  readonly expiresAt: number;
  /** Nothing is sent or delivered any more: the sender is told this, and the row goes. `domain` is null then. */
  readonly report?: DecidedFate;
  /** Left out: normal. */
  readonly priority?: QueuePriority;
}

/** Who goes first where not all can go at once. None waits for ever: each has a share of the places. */
export type QueuePriority = "urgent" | "normal" | "bulk";

/** Rows that take turns with each other: those of one priority, and those that were put off more than once. */
export type QueueClass = QueuePriority | "again";

/** A step of a claim: at most so many jobs of this class. */
export interface QueueShare {
  readonly class: QueueClass;
  readonly most: number;
}

/** What a person does with rows of the queue; a priority is given to them. */
export type QueueChange = "retry" | "hold" | "release" | "remove" | QueuePriority;

/** Rows of the queue that something is done with: these, or all (`null`) a page at a time. */
export interface QueueChoice {
  readonly ids: readonly QueueId[] | null;
  /** Only those for this domain. */
  readonly domain?: string;
  /** Where `ids` is null: only rows beyond this one, and so many of them at most (500 where it is left out). */
  readonly after?: QueueId | null;
  readonly limit?: number;
  readonly now: number;
  /** Who does it, in words: then the journal of each message tells it. */
  readonly by?: string;
}

/** What was done with a page. `next`: go on beyond this row; null: that was all. */
export interface QueuePage {
  readonly changed: number;
  readonly next: QueueId | null;
}

/** `leased` rows are being worked on; `held` ones wait for a person. */
export type QueueState = "ready" | "leased" | "held";

/** One recipient that waits. */
export interface QueueRow {
  readonly queueId: QueueId;
  readonly traceId: TraceId;
  readonly recipient: EnvelopeRecipient;
  readonly domain: string | null;
  readonly state: QueueState;
  readonly priority: QueuePriority;
  readonly attempts: number;
  readonly queuedAt: number;
  readonly dueAt: number;
  readonly expiresAt: number;
  /** Last reply or error, for people. */
  readonly lastReply: string | null;
  /** The way a person chose, as `mta/queue/way.ts` writes it; null: the configuration and DNS decide. */
  readonly route: string | null;
  readonly report?: DecidedFate;
  readonly sender: EnvelopeSender;
  readonly blobId: BlobId;
  readonly size: number;
}

/** Recipients of one message with the same domain and chosen way, claimed together under one lease. */
export interface QueueJob {
  readonly traceId: TraceId;
  readonly domain: string | null;
  readonly route: string | null;
  /** Of its first row. */
  readonly class: QueueClass;
  readonly sender: EnvelopeSender;
  readonly blobId: BlobId;
  /** Octets of the blob. */
  readonly size: number;
  readonly prefix: Uint8Array;
  readonly recipients: readonly QueueRow[];
  readonly leaseUntil: number;
}

/**
 * Why a report was not read: there is none in the message, it cannot be unpacked or understood, it is about others, no
 * record asks for it at these addresses, or too many are being read.
 */
export type ReportProblem = "none" | "damaged" | "others" | "notAsked" | "busy";

/** What an attempt came to for one row. */
export type QueueOutcome =
  | { readonly queueId: QueueId; readonly outcome: "delivered" | "failed" | "relayed"; readonly reply: string }
  | { readonly queueId: QueueId; readonly outcome: "deferred"; readonly reply: string; readonly dueAt: number };

/** A message to be taken responsibility for. */
export interface AcceptArgs {
  readonly traceId: TraceId;
  readonly sender: EnvelopeSender;
  readonly blobId: BlobId;
  readonly deliveries: readonly Delivery[];
  readonly queued: readonly QueueEntry[];
  readonly journal: readonly JournalEntry[];
  /** Keys for `delivery.seen`, kept where the deliveries to their account find room. */
  readonly remember?: readonly Remembered[];
  readonly now: number;
  /**
   * What happens where an account has no room: `refuse` writes nothing at all; `skip` leaves that delivery out and
   * names it; `defer` puts it in the queue for this account.
   */
  readonly overQuota: "refuse" | "skip" | "defer";
}

/** Questions about mail on its way. */
export interface TransportOps {
  /**
   * May this client be greeted? Asked before the greeting, which waits for the answer. `early`: what happens to those
   * who talk before it, or send more behind EHLO before its reply.
   */
  "client.verify": {
    args: { session: SessionInfo };
    answer: { ok: true; early: "refuse" | "allow" } | { refused: Refusal };
  };
  /** May this sender begin here? Asked at MAIL. */
  "sender.verify": { args: { peer: Peer; sender: EnvelopeSender }; answer: { ok: true } | { refused: Refusal } };
  /** May this recipient be written to from here? Asked at RCPT. */
  "rcpt.verify": {
    args: { peer: Peer; sender: EnvelopeSender; recipient: EnvelopeRecipient };
    answer: { ok: true } | { refused: Refusal };
  };
  /**
   * Takes a sealed message: decides, routes, delivers, queues, in one transaction. When it answers `accepted`, the
   * message is on disk. `recipients` has one entry a recipient (LMTP, RFC 2033 section 4.2): null is delivered.
   */
  "message.receive": {
    args: {
      peer: Peer;
      envelope: MailEnvelope;
      blobId: BlobId;
      size: number;
      traceId: TraceId;
      /** What content filters add: fields to put before the message, and that it goes to Junk. */
      fields?: string;
      junk?: boolean;
      /** Fields of the message that they removed: octets, ascending. It is checked with them, and kept without. */
      cut?: readonly { readonly start: number; readonly end: number }[];
    };
    answer: { accepted: TraceId; recipients: readonly (Refusal | null)[] } | { refused: Refusal };
  };
  /**
   * DKIM signatures of a message as it will leave: `prefix`, then the sealed blob. The first of `domains` that has keys
   * signs. The answer is fields to put before the prefix, CRLF behind each; or why there are none.
   */
  "message.sign": {
    args: { domains: readonly string[]; blobId: BlobId; size: number; prefix: Uint8Array; now: number };
    answer: { fields: string; domain: string } | {
      unsigned: "noKeys" | "noFrom" | "severalFrom" | "headerTooLarge";
    };
  };
  /**
   * The next set of an ARC chain (RFC 8617) of a message that is passed on, by the first of `domains` that has keys:
   * what was found of it when it came (as an Authentication-Results field has it behind its colon), and what its chain
   * was worth then. The answer is fields to put before the prefix, or why there are none.
   */
  "message.seal": {
    args: {
      domains: readonly string[];
      blobId: BlobId;
      size: number;
      prefix: Uint8Array;
      now: number;
      authenticationResults: string;
      chain: "none" | "pass" | "fail";
    };
    answer: { fields: string } | {
      unsealed: "noKeys" | "sealedAsFailed" | "tooManySets" | "noFrom" | "headerTooLarge";
    };
  };
  /**
   * A message of a domain that wants reports (DMARC) was checked. `policy` and `row` are JSON, the same for messages
   * that are alike.
   */
  "dmarc.count": { args: { domain: string; policy: string; row: string; now: number }; answer: true };
  /**
   * A message of a domain that wants to hear of single ones failed. The texts are what it is told: see
   * `mailauth/dmarc/report/failure.ts`. Whoever sends them asks the domain's record where to.
   */
  "dmarc.failed": { args: { domain: string; feedback: string; header: string; now: number }; answer: true };
  /**
   * Reads the reports about domains of ours in a sealed message and adds them to what is known. `author` is the domain
   * that the message was shown to be from; `about` the domain that it says it reports on, or null. Answers what was read,
   * a sentence each; those that were known already are read too. Otherwise why nothing was.
   */
  "report.receive": {
    args: { blobId: BlobId; recipients: readonly string[]; author: string; about: string | null };
    answer: { read: readonly string[] } | { unread: ReportProblem };
  };
  /** The one transaction of acceptance (DESIGN section 3). */
  "mail.accept": {
    args: AcceptArgs;
    answer:
      | {
        stored: readonly { recipient: string; accountId: AccountId; mailboxId: MailboxId; uid: Uid }[];
        overQuota: readonly string[];
      }
      | { refused: "overQuota"; recipients: readonly string[] };
  };

  /**
   * Leases due jobs to `owner`: ready and due, or leased and past the lease. `shares` says of which classes, step by
   * step; left out: as many as there are, the most urgent first.
   */
  "queue.claim": {
    args: { owner: string; now: number; leaseMs: number; limit: number; shares?: readonly QueueShare[] };
    answer: readonly QueueJob[];
  };
  /** Lengthens the lease of a long attempt; false: it was lost, stop. */
  "queue.renew": { args: { owner: string; queueIds: readonly QueueId[]; leaseUntil: number }; answer: boolean };
  /**
   * Gives back what was not tried: ready again, due at its time, no attempt counted. Rows that `owner` no longer holds
   * are passed over.
   */
  "queue.putBack": {
    args: { owner: string; rows: readonly { readonly queueId: QueueId; readonly dueAt: number }[] };
    answer: { changed: number };
  };
  /**
   * Ends an attempt in one transaction: delivered and failed rows go, deferred ones wait; `notices` (bounces, local
   * deliveries) are accepted with it. Outcomes of rows that `owner` no longer holds are ignored.
   */
  "queue.settle": {
    args: {
      owner: string;
      outcomes: readonly QueueOutcome[];
      notices: readonly AcceptArgs[];
      journal: readonly JournalEntry[];
      traceId: TraceId;
      now: number;
    };
    answer: { settled: number };
  };
  /** When the next row becomes due or the next lease ends, or null. */
  "queue.next": { args: Record<never, never>; answer: number | null };
  "queue.list": {
    args: { after: QueueId | null; limit: number; state?: QueueState; domain?: string; traceId?: TraceId };
    answer: readonly QueueRow[];
  };
  "queue.get": { args: { queueId: QueueId }; answer: QueueRow | null };
  /** How many rows are in each state. Costs the same however many there are. */
  "queue.count": { args: Record<never, never>; answer: Readonly<Record<QueueState, number>> };
  /** `retry` makes due now; `hold` and `release`; `remove` takes out without a bounce; or gives a priority. */
  "queue.change": { args: QueueChoice & { readonly change: QueueChange }; answer: QueuePage };

  /**
   * Gives rows another way (null: the usual one again) and makes those that are ready due. What is under way, and what
   * is delivered here, is left alone.
   */
  "queue.reroute": { args: QueueChoice & { readonly route: string | null }; answer: QueuePage };

  /**
   * After a clock that had gone ahead was put right: what was queued in the time that is still to come is as if it had
   * been queued now, what waits after an attempt for longer than `longestMs` is due, and no lease lasts beyond `leaseMs`.
   * In pages, as `queue.change`.
   */
  "queue.putRight": {
    args: { now: number; longestMs: number; leaseMs: number; after?: QueueId | null; limit?: number };
    answer: QueuePage;
  };

  "journal.add": { args: { traceId: TraceId; entries: readonly JournalEntry[] }; answer: true };
  "journal.read": { args: { traceId: TraceId }; answer: readonly JournalEntry[] };

  /** Wall clock, milliseconds since 1970: for dates in messages, never for timers. */
  "clock.now": { args: Record<never, never>; answer: number };
}
