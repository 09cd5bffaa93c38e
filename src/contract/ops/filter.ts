import type { AccountId } from "../ids.ts";

/** Questions to whoever runs filters that are written in TypeScript. */
export interface FilterOps {
  /**
   * Runs a filter over one message, somewhere where it can do nothing else, for a time and with memory that are
   * bounded. `input` is the JSON of its arguments; null: it is only read, which says whether it can run. What comes back
   * is a stranger's. `failed` is one clause for the owner: it is no filter, it threw, it took too much.
   */
  "filter.run": {
    args: {
      /** Whose filter it is; null: the server's. Nothing of one account meets anything of another. */
      readonly accountId: AccountId | null;
      readonly source: string;
      readonly input: string | null;
    };
    answer: { readonly said: string } | { readonly failed: string };
  };
}
