/**
 * ManageSieve (RFC 5804): people's mail programs edit the Sieve scripts of their account.
 *
 * - `machine.ts` is the connection: commands in, what is out, deadlines.
 * - `commands.ts` is the table of commands; `scripts.ts` are those that ask the store.
 * - `authenticate.ts` is logging in; `capability.ts` what is offered.
 * - `wire/` is the grammar: commands with literals in, strings and responses out.
 *
 * Rules: a script that does not compile is never stored. Literals are bounded before somebody has logged in and behind
 * it; what is too long is counted off and never read as commands.
 */
export { manageSieveSession } from "./machine.ts";
export { MANAGESIEVE_LIMITS, type ManageSieveLimits, type ManageSieveOptions, type ManageSieveState } from "./state.ts";
export type { ReadBounds } from "./wire/reader.ts";
