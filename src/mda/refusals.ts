/** The words for recipients that cannot be delivered to (RFC 5321 section 4.2, RFC 3463). */
import type { Refusal } from "../contract/mod.ts";
import type { Route, RouteProblem, Routing } from "./route.ts";

/** RFC 3463 X.2.2. Temporary: mailboxes are tidied, and the sender's server comes back. */
export const OVER_QUOTA: Refusal = { code: 452, enhanced: "4.2.2", text: "The recipient's mailbox is full" };

/** The message alone is larger than the whole mailbox may be: waiting does not help. */
export const LARGER_THAN_QUOTA: Refusal = {
  code: 552,
  enhanced: "5.2.2",
  text: "The message is larger than the recipient's mailbox may be",
};

export const NOT_OURS: Refusal = {
  code: 550,
  enhanced: "5.7.1",
  text: "Relaying denied: the recipient's domain is not served here",
};

/** What may not go on to another server, by the words of whoever judged it. */
export function notForwarded(why: string): Refusal {
  return {
    code: 550,
    enhanced: "5.7.1",
    text: `This address forwards its mail, which this message may not be: ${why}`,
  };
}

/** RFC 3463 X.3.4, at MAIL or behind the body. */
export const TOO_LARGE: Refusal = {
  code: 552,
  enhanced: "5.3.4",
  text: "The message is larger than this server takes",
};

/** RFC 5321 section 6.3: more Received fields than an honest message has. */
export const TOO_MANY_HOPS: Refusal = {
  code: 554,
  enhanced: "5.4.6",
  text: "The message has passed too many servers: this is a mail loop",
};

export const HEADER_TOO_LARGE: Refusal = { code: 554, enhanced: "5.6.0", text: "The message's header is too large" };

/** No space for the message itself: ours to mend. */
export const SYSTEM_FULL: Refusal = {
  code: 452,
  enhanced: "4.3.1",
  text: "This server has no space left, try again later",
};

const PROBLEMS: Readonly<Record<RouteProblem["kind"], Refusal>> = {
  unknown: { code: 550, enhanced: "5.1.1", text: "No such mailbox here" },
  disabled: { code: 550, enhanced: "5.2.1", text: "This mailbox is disabled" },
  loop: { code: 550, enhanced: "5.4.6", text: "This address is forwarded in a circle" },
  tooMany: { code: 550, enhanced: "5.3.5", text: "This address leads to too many others" },
  notOurs: { code: 550, enhanced: "5.1.1", text: "No such mailbox here: this return address was not made here" },
  expired: { code: 550, enhanced: "5.1.1", text: "This return address of a forwarded message has expired" },
  notReport: {
    code: 550,
    enhanced: "5.7.1",
    text: "This return address takes only reports about a forwarded message, from the null sender",
  },
  invalid: { code: 550, enhanced: "5.1.3", text: "This is not an address that mail can be sent to" },
  // RFC 5321 section 4.5.1 wants a postmaster; until somebody has been set up there is nobody to read it.
  noPostmaster: { code: 450, enhanced: "4.2.1", text: "This server has no postmaster yet, try again later" },
};

const WORST_FIRST = [
  "tooMany",
  "noPostmaster",
  "loop",
  "disabled",
  "notReport",
  "expired",
  "notOurs",
  "unknown",
] as const;

/** Why a recipient without any route is refused: the worst problem that a person can mend comes first. */
export function routingRefusal(routing: Routing): Refusal {
  const kinds = new Set(routing.problems.map((problem) => problem.kind));
  for (const kind of WORST_FIRST) {
    if (kinds.has(kind)) return PROBLEMS[kind];
  }
  return PROBLEMS.invalid;
}

/** What stands in the way of storing `size` octets for an account, or null. The transaction checks again. */
export function quotaRefusal(route: Extract<Route, { kind: "account" }>, size: number): Refusal | null {
  const { quota, usage } = route;
  if (quota.bytes !== null && size > quota.bytes) return LARGER_THAN_QUOTA;
  if (quota.bytes !== null && usage.bytes + size > quota.bytes) return OVER_QUOTA;
  // A mailbox that is filled to the last octet has no room for a message of unknown size either.
  if (quota.bytes !== null && usage.bytes >= quota.bytes) return OVER_QUOTA;
  if (quota.messages !== null && usage.messages >= quota.messages) return OVER_QUOTA;
  return null;
}
