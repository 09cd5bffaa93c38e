/** What the store and the worker of its index say to each other. */
import type { SortCriterion } from "../../../contract/mod.ts";
import type { ThreadAlgorithm } from "../../../message/mod.ts";
import type { TextAnswer, TextQuery } from "../../text_queries.ts";
import type { Wanted } from "./order.ts";

/** What is asked, each with what is answered. */
export interface Questions {
  find: { readonly asked: { readonly account: number; readonly queries: readonly TextQuery[] }; answer: TextAnswer };
  /** UIDs in the order wanted. */
  sort: { readonly asked: Wanted & { readonly order: readonly SortCriterion[] }; answer: Uint32Array };
  /** As `flatThreads` makes them. */
  thread: { readonly asked: Wanted & { readonly algorithm: ThreadAlgorithm }; answer: Uint32Array };
  /** Answered when all mail is indexed. */
  settle: { readonly asked: Record<never, never>; answer: true };
}
export type Question = {
  [K in keyof Questions]: { readonly type: K; readonly id: number } & Questions[K]["asked"];
}[keyof Questions];

export type ToWorker =
  | Question
  | { readonly type: "open"; readonly dataDir: string; readonly keys: readonly Uint8Array[] }
  /** There is new mail. */
  | { readonly type: "wake" | "sweep" | "close" };

export type FromWorker =
  /** Null: the index cannot say. */
  | { readonly type: "answer"; readonly id: number; readonly answer: Questions[keyof Questions]["answer"] | null }
  /** Nothing was to do for a while: it may be closed. */
  | { readonly type: "idle" }
  | { readonly type: "closed" };
