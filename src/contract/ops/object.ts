import type { AccountId, Modseq } from "../ids.ts";

/**
 * What an account has besides mail: whom it writes as, what it sent, who is told of news, its scripts, and marks of
 * reports (their value is the id of the email) that nobody has read yet.
 */
export type ObjectKind = "identity" | "submission" | "push" | "sieve" | "report";

/** An object of an account. What is in it is its reader's business. */
export interface StoredObject {
  readonly objectId: string;
  /** JSON. */
  readonly value: string;
  readonly created: Modseq;
  readonly changed: Modseq;
}

/** Questions about objects of accounts. */
export interface ObjectOps {
  /** Ascending by age; `ids` null: all. */
  "object.list": {
    args: { accountId: AccountId; kind: ObjectKind; ids: readonly string[] | null };
    answer: { state: Modseq; objects: readonly StoredObject[] };
  };
  /** Adds, changes and removes in one transaction. An id that is not there is passed over (null). */
  "object.set": {
    args: {
      accountId: AccountId;
      kind: ObjectKind;
      /** Refused as a whole where the account's state is another. */
      ifState?: Modseq | null;
      create?: readonly string[];
      update?: readonly { readonly objectId: string; readonly value: string }[];
      destroy?: readonly string[];
    };
    answer:
      | {
        oldState: Modseq;
        newState: Modseq;
        created: readonly (string | null)[];
        updated: readonly boolean[];
        destroyed: readonly boolean[];
      }
      | { refused: "stateMismatch" };
  };
  /** What happened since a modseq. */
  "object.changes": {
    args: { accountId: AccountId; kind: ObjectKind; since: Modseq };
    answer:
      | {
        state: Modseq;
        created: readonly string[];
        updated: readonly string[];
        destroyed: readonly string[];
        /** When each changed last. */
        at: Readonly<Record<string, Modseq>>;
      }
      | { refused: "tooOld" };
  };
  /** The accounts that have one of a kind. */
  "object.owners": { args: { kind: ObjectKind }; answer: readonly AccountId[] };
}
