/** What the HTTP layer asks of the server for JMAP. */
import type { Secret } from "../../base/secret.ts";
import type { AccountId, BlobId, Login, LoginRefused, Scope } from "../../contract/mod.ts";
import type { JmapLimits, JmapRequest, JmapResponse, JmapUser } from "../../jmap/mod.ts";

import type { PushParts } from "./push_hub.ts";

/** What a client shows: a password, or a token. */
export type Shown = { readonly login: string; readonly password: Secret } | { readonly token: Secret };

/** JMAP, apart from how it is carried. */
export interface JmapDesk {
  readonly limits: JmapLimits;
  /** Who somebody is; growing delays and bans are inside. `address` is where he is; `door` what for (`jmap`). */
  logIn(shown: Shown, address: string, door?: Scope): Promise<Login | LoginRefused>;
  /** With the accounts that are shared with him; null: he is gone. */
  user(login: Login): Promise<JmapUser | null>;
  /** Answers all calls of a request. `address` is where the user is. */
  process(request: JmapRequest, user: JmapUser, sessionState: string, address: string): Promise<JmapResponse>;
  /** Who wants to hear of commits, and what state an account is in. */
  readonly push: PushParts;
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
