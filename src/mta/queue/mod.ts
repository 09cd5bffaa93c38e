/**
 * The queue: what becomes of a message for one recipient that is not delivered in the transaction that took it.
 *
 * One row a recipient. Its states, and every transition as the one operation (one transaction) that makes it:
 *
 * | from | by | to | when |
 * |---|---|---|---|
 * | (nothing) | `mail.accept`, or a notice of `queue.settle` | ready | the message is on disk and its sender was told so; due at once, or when its submitter asked for (RFC 4865) |
 * | (nothing) | `mail.accept`, for a delivery or alias whose sender asked to hear of success | ready, only to report | its fate is decided in the same transaction; the report is accepted when the row is settled as delivered |
 * | ready, due | `queue.claim` | leased | a worker takes it, with all rows of the message that go the same way |
 * | leased | `queue.renew` | leased | the attempt takes long |
 * | leased | `queue.putBack` | ready | nothing was tried: it is not its turn yet, or the worker stops |
 * | leased | lease over | leased | the worker died; whoever claims next has it |
 * | leased | (SQLite: the store is opened) | ready | its folder has one owner at a time, and that one died |
 * | leased | `queue.settle`, deferred | ready | a temporary failure: due again at a later time |
 * | leased | `queue.settle`, delivered, relayed or failed | gone | reports to the sender are accepted in the same transaction |
 * | any | `queue.change` to a priority | the same | a person says so; it takes turns with others from now on |
 * | ready, held | `queue.reroute` | the same; ready is due | a person chose another way for it (`way.ts`) |
 * | ready | `queue.change` hold / retry / remove | held / ready, due / gone | a person says so; retry also the worker, for what it put back for too long |
 * | held | `queue.change` release / remove | ready / gone | a person says so |
 * | any | `queue.putRight` | the same, sooner | the clock was ahead and was put right |
 * | leased | `queue.change` remove | gone | a person says so; the attempt's outcome is ignored |
 *
 * Rows wait in classes: urgent, normal, bulk, and again, which is what was put off twice or more and is not urgent. A
 * row changes its class in `queue.settle` (deferred) and `queue.change` (to a priority), in the same transaction.
 *
 * What a person does to all rows, or all of a domain, goes in pages, each a transaction with its lines in the journal.
 *
 * What a crash does:
 * - *between two pages of what a person does*: the first ones are changed. The same again changes the rest.
 * - *ready, held*: nothing. The row is on disk with its message.
 * - *leased, waiting for its turn*: nothing was tried; the lease ends and the row is claimed again.
 * - *leased, before the final dot*: nothing was delivered; the lease ends and the row is tried again.
 * - *leased, after the final dot, before `queue.settle`*: the other server may have the message; it is sent again.
 *   RFC 5321 section 6.1 knows no better, and a message twice is better than none.
 * - *leased, over a connection that carried other messages*: the same, for this message alone. The others are settled
 *   or will be by their own attempts. Where the connection ends before the final dot without a crash, the attempt goes on
 *   over a fresh one at once; after the dot it does not. Commands of the next message may be out by then, never the
 *   message itself: that one goes over a fresh connection.
 * - *in `queue.settle`*: all of it or none. So a bounce is never sent twice for one outcome, and a row never goes
 *   without its bounce. A report of a delivery here waits as a row of its own, born with the delivery: it is neither
 *   lost nor made twice.
 *
 * The files: `route.ts` finds the hosts of a domain, `way.ts` reads the way a person chose; `retry.ts` says when next, `wait_reason.ts` why, `destination.ts` how
 * many may go there at once, `shares.ts` who gets the next places; `settle.ts` turns what an attempt came to into outcomes, reports and sentences;
 * `deliver_local.ts` and `route_notice.ts` route what stays here and what goes back. The bounce itself is `../bounce.ts`.
 * Driving it is the server's.
 *
 * Rules: a failure is temporary unless proven permanent; a row is never tried past its expiry; reports go to the
 * reverse-path, never for a null one (RFC 5321 section 4.5.5); what NOTIFY says is done (RFC 3461).
 */
export * from "./addresses.ts";
export * from "./deliver_local.ts";
export * from "./destination.ts";
export * from "./retry.ts";
export * from "./route.ts";
export * from "./route_notice.ts";
export * from "./settle.ts";
export * from "./shares.ts";
export * from "./wait_reason.ts";
export * from "./way.ts";
