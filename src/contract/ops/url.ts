import type { AccountId, MailboxId } from "../ids.ts";

/**
 * Questions about URLs that authorize (RFC 4467). The keys of mailboxes never leave the store; `rump` is the URL up to
 * its mechanism, latin1.
 */
export interface UrlOps {
  /** A token that vouches for the rump; makes the mailbox's key where there is none. Only for one's own mailboxes. */
  "url.sign": { args: { accountId: AccountId; path: string; rump: string }; answer: { token: string } | null };
  /** Whether a token vouches for the rump. Null for whatever reason: no such account, mailbox, key or token. */
  "url.verify": {
    args: { owner: string; path: string; rump: string; token: string };
    answer: { accountId: AccountId; mailboxId: MailboxId } | null;
  };
  /** Forgets the key of a mailbox (`path` null: of all), so that no token made with it holds any more. */
  "url.resetKeys": { args: { accountId: AccountId; path: string | null }; answer: { done: boolean } };
}
