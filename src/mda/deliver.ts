import { utf8Bytes } from "../base/bytes.ts";
import type { Delivery, Program } from "../contract/mod.ts";
import type { Route } from "./route.ts";
import { deliveredToField, returnPathField } from "./trace.ts";

/** What one delivery needs to know of its message. */
export interface DeliverFacts {
  readonly reversePath: string;
  /** Fields that every copy bears: Received and what submission adds, whole lines. */
  readonly fields: string;
  readonly now: number;
  /** It goes to Junk instead of INBOX, with the keyword that clients know it by. */
  readonly junk: boolean;
}

/**
 * Where a message goes for one account. Without a filter: INBOX, whatever the subaddress detail says, because a
 * sender must not choose a mailbox by name.
 */
// deno-lint-ignore require-yield -- the account's Sieve script is read from the store here
export function* deliverTo(
  route: Extract<Route, { kind: "account" }>,
  facts: DeliverFacts,
): Program<readonly Delivery[]> {
  const prefix = utf8Bytes(returnPathField(facts.reversePath) + deliveredToField(route.address) + facts.fields);
  const inbox: Delivery = {
    accountId: route.accountId,
    recipient: route.address,
    target: { role: facts.junk ? "junk" : "inbox" },
    flags: facts.junk ? ["$Junk"] : [],
    prefix,
    internalDate: facts.now,
  };
  // The one place of the account's Sieve script: it turns `inbox` (implicit keep, RFC 5228 section 2.10.2) into what
  // it files, flags, redirects or discards.
  return [inbox];
}
