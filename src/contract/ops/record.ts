import type { AccountId } from "../ids.ts";

/** What a record is about; a kind belongs to one part of the server, which alone knows what is in its records. */
export type RecordKind =
  | "audit"
  // Scripts of the server and of its domains.
  | "script"
  // What happened, hour by hour.
  | "statistics"
  // What accounts may administer.
  | "role"
  // Which server tells JMAP clients by URLs, and up to where it has.
  | "push"
  // What was sent by HTTP, the keys of such requests, and the addresses that are left alone.
  | "send"
  | "sendKey"
  | "suppressed"
  // Who is told of events, and what waits to be told, or was.
  | "webhook"
  | "webhookWaiting"
  | "webhookDone"
  // Who brings mail by HTTP, and what they brought.
  | "inboundSource"
  | "inboundSeen"
  // OAuth: clients, what they are given, and what was agreed to.
  | "oauth.access"
  | "oauth.client"
  | "oauth.code"
  | "oauth.consent"
  | "oauth.device"
  | "oauth.grant"
  | "oauth.refresh"
  | "oauth.userCode"
  // People in browsers: sessions, steps on the way, second factors.
  | "web.challenge"
  | "web.passkey"
  | "web.second"
  | "web.session"
  | "web.totp";

/** A small document of the server or of one account, by its kind and key. */
export interface StoredRecord {
  readonly key: string;
  /** JSON. */
  readonly value: string;
  /** Another after every change. */
  readonly version: number;
  /** Whose it is: it goes with the account. Null: the server's. */
  readonly accountId: AccountId | null;
  /** Milliseconds since 1970 from which it is not there any more, or null: never. */
  readonly expiresAt: number | null;
}

/**
 * Questions about records: what is neither mail nor belongs to one mailbox, is read by its key, and of which there may be
 * many. A key has 1 to 200 printable characters of ASCII, a value at most 1 Mi characters: others
 * are refused as `invalid`. What has expired is not there.
 */
export interface RecordOps {
  "record.get": { args: { kind: RecordKind; key: string; now: number }; answer: StoredRecord | null };
  /** By key. `after` is not among them; `prefix` begins the keys of all. */
  "record.list": {
    args: {
      kind: RecordKind;
      now: number;
      /** Only what is this account's. */
      accountId?: AccountId;
      prefix?: string;
      after?: string;
      descending?: boolean;
      limit: number;
    };
    answer: readonly StoredRecord[];
  };
  /**
   * Adds it or changes it, owner and expiry included. `ifVersion` null: only where there is none; a number: only where
   * that is still its version. An account that is gone owns nothing: refused too.
   */
  "record.put": {
    args: {
      kind: RecordKind;
      key: string;
      value: string;
      now: number;
      accountId?: AccountId | null;
      expiresAt?: number | null;
      ifVersion?: number | null;
    };
    answer: StoredRecord | { refused: "changed" | "noAccount" | "invalid" };
  };
  /** Reads and removes: what is good for one time is had by one. */
  "record.take": { args: { kind: RecordKind; key: string; now: number }; answer: StoredRecord | null };
  /** Whether it was there (with that version). */
  "record.remove": { args: { kind: RecordKind; key: string; ifVersion?: number }; answer: boolean };
  /** Forgets what has expired, `limit` at most; answers how many. */
  "record.prune": { args: { now: number; limit: number }; answer: number };
}
