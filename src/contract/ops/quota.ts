import type { AccountId, MailboxId } from "../ids.ts";
import type { Quota, Usage } from "./directory.ts";

/** What one quota root (RFC 9208 section 3.1) counts and allows: there is one an account. */
export interface QuotaState {
  /** The address of the account whose room it is. */
  readonly address: string;
  readonly quota: Quota;
  readonly usage: Usage;
}

/** Questions about room. */
export interface QuotaOps {
  /** The quota that holds for a mailbox, there or not (RFC 9208 section 4.1.2); `path` null: the account's own. */
  "quota.get": { args: { accountId: AccountId; path: string | null }; answer: QuotaState };
  /** Accounts that use so many percent of a limit, or more. */
  "quota.near": { args: { percent: number }; answer: readonly (QuotaState & { readonly accountId: AccountId })[] };
  /** Octets that expunging the mailbox would free: emails that are in another mailbox too stay. */
  "mailbox.deletedStorage": { args: { accountId: AccountId; mailboxId: MailboxId }; answer: number };
}
