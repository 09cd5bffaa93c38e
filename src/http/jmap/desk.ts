/** What the HTTP layer asks of the server for JMAP. */
import type { Secret } from "../../base/secret.ts";
import type { AccountId, BlobId, Login, LoginRefused, Scope } from "../../contract/mod.ts";
import type { JmapLimits, JmapRequest, JmapResponse, JmapUser } from "../../jmap/mod.ts";
import type { PushHub } from "./push_hub.ts";
import type { StreamLimits } from "./open_streams.ts";

/** What a client shows: a password, or a token. */
export type Shown = { readonly login: string; readonly password: Secret } | { readonly token: Secret };

/** Who asks. */
export interface JmapAsker {
  readonly user: JmapUser;
  readonly credential: string;
  readonly sessionState: string;
  /** Where he is. */
  readonly address: string;
}

/** JMAP, apart from how it is carried. */
export interface JmapDesk {
  readonly limits: JmapLimits;
  /** Who somebody is; growing delays and bans are inside. `address` is where he is; `door` what for (`jmap`). */
  logIn(shown: Shown, address: string, door?: Scope): Promise<Login | LoginRefused>;
  /** With the accounts that are shared with him; null: he is gone. `fresh`: what was known a moment ago is not enough. */
  user(login: Login, fresh?: boolean): Promise<JmapUser | null>;
  /** A name of what somebody logged in with, which says nothing of it; the same as long as it holds. */
  credential(shown: Shown, login: Login): Promise<string>;
  /** Whether what somebody logged in with is good yet. */
  holds(login: Login, credential: string): Promise<boolean>;
  /** Milliseconds since 1970. */
  now(): number;
  /** Answers all calls of a request. */
  process(request: JmapRequest, asker: JmapAsker): Promise<JmapResponse>;
  /** Who wants to hear of commits. */
  readonly hub: PushHub;
  /** How many may wait for news on connections of their own. */
  readonly streams: StreamLimits;
  /** Calls once, when so many milliseconds have passed, unless the answer is called before. */
  later(ms: number, call: () => void): () => void;
  /** The public key by which push services know us (RFC 9749). */
  applicationServerKey(): Promise<string>;
  /** Keeps an uploaded blob for a time; answers until when, milliseconds since 1970. */
  keep(accountId: AccountId, blobId: BlobId): Promise<number>;
  /** What a blob id of JMAP stands for, for this user; null: nothing that he may read. */
  find(user: JmapUser, accountId: AccountId, blobId: string): Promise<JmapBlob | null>;
}

/** Octets of a blob as JMAP knows them: a stored body, an email with its prefix, or a part of either, decoded. */
export interface JmapBlob {
  /** Octets, where it is known before they are read. */
  readonly size: number | null;
  /** The media type that the message says it has, or null. */
  readonly type: string | null;
  /** Octets `[start, end)` in pieces; what has no size is read from its beginning. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}
