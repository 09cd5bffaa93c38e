import type { AccountId } from "../ids.ts";

/** On which terms somebody may have news sent to a URL. */
export interface PushTerms {
  /** Subscriptions that an account may have. */
  readonly most: number;
  /** How many new ones may be made now: each has us ask a place that we do not know. */
  readonly allowed: number;
  /** Milliseconds that one lasts at most. */
  readonly lifetimeMs: number;
  /** By which key we sign what we send (RFC 8292): its public half. */
  readonly applicationServerKey: string;
}

/** Questions about push subscriptions. */
export interface PushOps {
  /** `creating`: as many are about to be made, and are counted. */
  "push.terms": { args: { accountId: AccountId; creating: number }; answer: PushTerms };
}
