/**
 * Defence at the doors: what is counted of those who connect, and what is decided from it.
 *
 * Rules:
 * - State in, decision out: no clock, no socket, no waiting. Whoever asks brings the time and does what is decided.
 * - Every table has a bound, and keeps it whatever an attacker does; what goes first is what was untouched for longest.
 * - A decision carries its reason for the log and its words for whoever is refused.
 * - Who is trusted (loopback, proxies, named networks) is decided in one place, `exempt.ts`.
 */
export { AddressList, networkKey, parseNetwork } from "./address_list.ts";
export type { Network } from "./address_list.ts";
export { type Ban, type BanRules, Bans } from "./bans.ts";
export { BoundedMap } from "./bounded_map.ts";
export {
  askList,
  type CodeRange,
  type DnsList,
  judgeLists,
  type ListAnswer,
  listedName,
  type ListVerdict,
  parseCodes,
} from "./dns_lists.ts";
export { Exempt } from "./exempt.ts";
export { type AddedField, fieldsText, isFieldName } from "./field.ts";
export { Greylist, type GreylistRules, type Triplet } from "./greylist.ts";
export { HELO_FAULTS, type HeloFacts, type HeloFault, heloFault, heloWords } from "./helo.ts";
export { type Bringer, type LimitReached, type LimitRules, MailLimits, type Rates } from "./mail_limits.ts";
export * from "./milter/mod.ts";
export { probingDelay, type ProbingRules } from "./probing.ts";
export { type RateRefused, type RateRule, RateTable } from "./rate_table.ts";
export { type StrikeKind, type StrikeRules, Strikes } from "./strikes.ts";
