/** What a look through a store tells. */
import type { AccountId, BlobId, EmailId } from "../../contract/mod.ts";

/** The parts of a look, in their order. */
export const PARTS = ["database", "directory", "mailboxes", "members", "emails", "queue", "blobs", "texts"] as const;
/** A part of a look through a store. */
export type VerifyPart = typeof PARTS[number];

/** What makes it right again, where it can be made from what is there. */
export type Repair =
  /** Counters of an account and its mailboxes, and emails that no mailbox has. */
  | { readonly repair: "account"; readonly accountId: AccountId; readonly orphan?: EmailId }
  /** The index of a message, from the message. */
  | { readonly repair: "blob"; readonly blobId: BlobId }
  /** Rows that belong to nothing, sequences, blobs that nothing refers to. */
  | { readonly repair: "rows" }
  /** The index of texts: it is made anew. */
  | { readonly repair: "texts" };

/** Something that is not as it should be. */
export interface Finding {
  readonly part: VerifyPart;
  /** What it is about, for a person: `alice@example.org/INBOX`, `segment 3`, a blob's id. */
  readonly where: string;
  readonly problem: string;
  /** What to do about it. */
  readonly advice: string;
  /** Null: nothing here can make it right. */
  readonly repair: Repair | null;
}

/** How a look goes on: how far it is, and what it finds. */
export type VerifyEvent =
  /** `total` is a guess while the store changes. */
  | { readonly type: "progress"; readonly part: VerifyPart; readonly done: number; readonly total: number }
  | { readonly type: "finding"; readonly finding: Finding };

export const REPAIR_ADVICE = "palomar verify --repair makes it right";
export const RESTORE_ADVICE =
  "bring it back from a backup: palomar restore BACKUP --account … (palomar restore --help)";

/** A part's findings. */
export class Report {
  readonly #part: VerifyPart;

  constructor(part: VerifyPart) {
    this.#part = part;
  }

  /** Something that a repair makes right. */
  derivable(where: string, problem: string, repair: Repair): VerifyEvent {
    return this.#finding(where, problem, REPAIR_ADVICE, repair);
  }

  /** Something that is lost, or that a person must look at. */
  lost(where: string, problem: string, advice: string = RESTORE_ADVICE): VerifyEvent {
    return this.#finding(where, problem, advice, null);
  }

  progress(done: number, total: number): VerifyEvent {
    return { type: "progress", part: this.#part, done: Math.min(done, total), total };
  }

  #finding(where: string, problem: string, advice: string, repair: Repair | null): VerifyEvent {
    return { type: "finding", finding: { part: this.#part, where, problem, advice, repair } };
  }
}
