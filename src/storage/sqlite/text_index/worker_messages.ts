/** What the store and the worker of its index say to each other. */
import type { TextAnswer, TextQuery } from "../../text_queries.ts";

export type ToWorker =
  | { readonly type: "open"; readonly dataDir: string }
  /** There is new mail. */
  | { readonly type: "wake" }
  | { readonly type: "sweep" }
  | { readonly type: "find"; readonly id: number; readonly account: number; readonly queries: readonly TextQuery[] }
  /** Answered when all mail is indexed. */
  | { readonly type: "settle"; readonly id: number }
  | { readonly type: "close" };

export type FromWorker =
  | { readonly type: "answer"; readonly id: number; readonly answer: TextAnswer | null }
  | { readonly type: "closed" };
