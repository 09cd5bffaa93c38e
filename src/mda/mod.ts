/**
 * The message delivery agent: from an envelope's recipients to mailboxes and to the queue.
 *
 * - `route.ts` resolves one recipient into accounts and remote addresses: aliases are expanded with a loop check.
 * - `plan.ts` does so for a whole envelope, each account and each remote address once, and says what to write.
 * - `forward.ts` is what goes on to other servers: senders of ours in place of others', and the way back.
 * - `priority.ts` tells mailings from other mail.
 * - `deliver.ts` decides for one account where the message goes, by the account's filter.
 * - `filter/` runs the scripts of an account (Sieve) and turns what they say into deliveries, letters and rows of the
 *   queue: `targets.ts` is the table of what each action does.
 * - `target_way.ts` is what a row of the queue says that hands a message to a program, a Maildir, an mbox or a service.
 * - `trace.ts` writes the trace fields (RFC 5321 section 4.4) that go before the received octets.
 * - `refusals.ts` is the words for recipients that cannot be delivered to.
 *
 * Rules: everything here is a program or a pure function. Nothing is written by this folder: `mta/` and `msa/` hand
 * the plan to `mail.accept`, which is the one transaction. Received octets are never changed; what delivery adds is a
 * prefix. A temporary failure of the store (`OpFailed`) passes through, and the sender is told to come back.
 */
export * from "./deliver.ts";
export * from "./filter/answerable.ts";
export * from "./filter/event.ts";
export * from "./filter/policy.ts";
export { accountScript, around } from "./filter/scripts.ts";
export * from "./filter/stored.ts";
export * from "./filter/try_message.ts";
export { typedStep } from "./filter/typed.ts";
export * from "./forward.ts";
export * from "./plan.ts";
export * from "./priority.ts";
export * from "./refusals.ts";
export * from "./route.ts";
export * from "./stored_header.ts";
export * from "./target_way.ts";
export * from "./trace.ts";
