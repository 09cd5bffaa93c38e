import type { AccountId, EmailId } from "../ids.ts";

/** Questions about the store itself, asked by whoever keeps it. */
export interface StoreOps {
  /**
   * Counts anew what an account and its mailboxes count, and makes right what does not agree; `orphans` are emails that
   * no mailbox has, and go into the mailbox Recovered. Says what it corrected: in a sound store nothing. Takes as long
   * as the account is large.
   */
  "store.recount": {
    args: { accountId: AccountId; orphans?: readonly EmailId[] };
    answer: { corrected: readonly string[] };
  };
}
