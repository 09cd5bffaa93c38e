/** What is pushed (RFC 8620 sections 7.1 and 7.2.2). */
import type { AccountId } from "../../contract/mod.ts";

/** Types of objects whose states are told. */
export type PushType =
  | "Mailbox"
  | "Email"
  | "EmailDelivery"
  | "Thread"
  | "EmailSubmission"
  | "Identity"
  | "Quota"
  | "SieveScript";
/** All of them. */
export const PUSH_TYPES: readonly PushType[] = [
  "Mailbox",
  "Email",
  // RFC 8621 section 1.5: changes when an email comes, and with nothing else.
  "EmailDelivery",
  "Thread",
  "EmailSubmission",
  "Identity",
  "Quota",
  "SieveScript",
];
/** Those that somebody hears of an account that another shares with him. */
export const SHARED_PUSH_TYPES: ReadonlySet<PushType> = new Set(["Mailbox", "Email", "EmailDelivery", "Thread"]);

/** States of types, by account. */
export type Changed = Readonly<Record<AccountId, Readonly<Record<string, string>>>>;

/** The object that tells of it. */
export interface StateChange {
  readonly "@type": "StateChange";
  readonly changed: Changed;
}

export function stateChange(changed: Changed): StateChange {
  return { "@type": "StateChange", changed };
}

/** Sent once to a URL that nobody has vouched for yet. */
export interface PushVerification {
  readonly "@type": "PushVerification";
  readonly pushSubscriptionId: string;
  readonly verificationCode: string;
}

export function pushVerification(pushSubscriptionId: string, verificationCode: string): PushVerification {
  return { "@type": "PushVerification", pushSubscriptionId, verificationCode };
}

/** The types of `types` that somebody wants; null: all. Names that are none never change. */
export function wantedTypes<T extends string>(types: Iterable<T>, wanted: readonly string[] | null): T[] {
  return wanted === null ? [...types] : [...types].filter((type) => wanted.includes(type));
}
