/** Submissions as the store has them. */
import type { StoredObject, TraceId } from "../../contract/mod.ts";
import type { JsonObject } from "../json.ts";

/** As it is stored. */
export interface Submission {
  readonly identityId: string;
  readonly emailId: string;
  readonly threadId: string;
  readonly envelope: JsonObject;
  /** Milliseconds since 1970. */
  readonly sendAt: number;
  readonly traceId: TraceId;
  readonly isCanceled?: true;
  /** The message's own, by which reports name it. */
  readonly messageId?: string | null;
  /** Emails with reports on it, and recipients who have seen it. */
  readonly dsnBlobIds?: readonly string[];
  readonly mdnBlobIds?: readonly string[];
  readonly displayed?: readonly string[];
  /** As it was found the last time somebody looked. */
  readonly status?: SubmissionStatus;
}

/** The properties that change by themselves. */
export interface SubmissionStatus {
  readonly undoStatus: "pending" | "final" | "canceled";
  readonly deliveryStatus: JsonObject | null;
  /** Nothing of it changes any more. */
  readonly isEnded?: true;
}

export function readSubmission({ value }: StoredObject): Submission {
  return JSON.parse(value) as Submission;
}
