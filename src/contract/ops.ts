/**
 * Every question a core may ask, with its arguments and its answer: the one table that types the contract, the
 * storage interface, the test world and the recorded traces. A domain refusal is an answer; an infrastructure
 * failure is the input `failed`.
 */
import type { BlobId } from "./ids.ts";
import type { AclOps } from "./ops/acl.ts";
import type { ArchiveOps } from "./ops/archive.ts";
import type { AuthOps } from "./ops/auth.ts";
import type { DeliveryOps } from "./ops/delivery.ts";
import type { DirectoryOps } from "./ops/directory.ts";
import type { DnsOps } from "./ops/dns.ts";
import type { EmailOps } from "./ops/email.ts";
import type { ViewOps } from "./ops/email_columns.ts";
import type { EmailObjectOps } from "./ops/email_object.ts";
import type { FilterOps } from "./ops/filter.ts";
import type { ForwardingOps } from "./ops/forwarding.ts";
import type { MailboxOps } from "./ops/mailbox.ts";
import type { MailboxObjectOps } from "./ops/mailbox_object.ts";
import type { MetadataOps } from "./ops/metadata.ts";
import type { ObjectOps } from "./ops/object.ts";
import type { PushOps } from "./ops/push.ts";
import type { QuotaOps } from "./ops/quota.ts";
import type { RelayOps } from "./ops/relay.ts";
import type { RemovedOps } from "./ops/removed.ts";
import type { RecordOps } from "./ops/record.ts";
import type { SieveCheckOps, SieveOps } from "./ops/sieve.ts";
import type { StoreOps } from "./ops/store.ts";
import type { TokenOps } from "./ops/token.ts";
import type { TransportOps } from "./ops/transport.ts";
import type { UrlOps } from "./ops/url.ts";

/** Octets of a body that is put together: a range of a stored or sealed body, or octets as they are. */
export type BodyPart =
  | {
    readonly blobId: BlobId;
    readonly start: number;
    readonly end: number;
    /** Written in lines of base64 (RFC 2045 section 6.8). */
    readonly base64?: boolean;
    /** Decoded from this encoding; of what comes out the octets `[from, to)`. */
    readonly decode?: { readonly encoding: "base64" | "quoted-printable"; readonly from: number; readonly to: number };
  }
  | { readonly octets: Uint8Array };

/** Bodies on their way in. A sink is a number of the session's own choosing; its first `bodyChunk` opens it. */
export interface BodyOps {
  /**
   * Ends a body: its hash is its id, its MIME index is known, nothing is durable yet. Errors of earlier chunks
   * surface here. The sealed body stays until `bodyAbort` of the same sink.
   */
  "body.seal": { args: { sink: number }; answer: { blobId: BlobId; size: number } | { refused: "full" } };
  /**
   * A new sealed body with the octets of `blobId` but without the ranges of `cut` (ascending, apart): how a Bcc field
   * leaves a submitted message. It stays until the session ends.
   */
  "body.rewrite": {
    args: { blobId: BlobId; cut: readonly { start: number; end: number }[] };
    answer: { blobId: BlobId; size: number } | { refused: "full" };
  };
  /** A new sealed body of these parts. It stays until the next message is handled. */
  "body.make": {
    args: { parts: readonly BodyPart[] };
    answer: { blobId: BlobId; size: number } | { refused: "full" };
  };
  /** A new sealed body of these parts, one behind the other, in a fresh sink: it stays until `bodyAbort` of that. */
  "body.compose": {
    args: { sink: number; parts: readonly BodyPart[] };
    answer: { blobId: BlobId; size: number } | { refused: "full" };
  };
}

/** The tables of what is stored; a few of their questions are answered by the session's world instead. */
export interface StoredOps
  extends
    AclOps,
    ArchiveOps,
    DeliveryOps,
    DirectoryOps,
    EmailObjectOps,
    EmailOps,
    ForwardingOps,
    MailboxObjectOps,
    MailboxOps,
    MetadataOps,
    ObjectOps,
    QuotaOps,
    RemovedOps,
    SieveOps,
    RecordOps,
    StoreOps,
    TokenOps,
    TransportOps,
    UrlOps {}

/** The whole table. */
export interface Ops
  extends AuthOps, BodyOps, DnsOps, FilterOps, PushOps, RelayOps, SieveCheckOps, StoredOps, ViewOps {}

/** The name of a question. */
export type Op = keyof Ops;
/** What a question is asked with. */
export type Args<K extends Op> = Ops[K]["args"];
/** What a question is answered with. */
export type AnswerOf<K extends Op> = Ops[K]["answer"];

/** The questions that a store answers. */
export type StorageOp = Exclude<
  keyof StoredOps,
  | "mailbox.watch"
  | "mailbox.unwatch"
  | "mailbox.listen"
  | "mailbox.heard"
  | "client.verify"
  | "sender.verify"
  | "rcpt.verify"
  | "message.receive"
  | "message.sign"
  | "message.seal"
  | "dmarc.count"
  | "dmarc.failed"
  | "report.receive"
  | "clock.now"
>;
