/** How much mail one account, one client address and one network may bring. */
import type { Refusal } from "../contract/mod.ts";
import { networkKey } from "./address_list.ts";
import { type RateRefused, type RateRule, RateTable } from "./rate_table.ts";

/** How much within which time; null: no limit. */
export interface Rates {
  readonly messagesPerHour: number | null;
  readonly messagesPerDay: number | null;
  readonly recipientsPerHour: number | null;
  readonly recipientsPerDay: number | null;
}

/** Limits by whose mail it is. */
export interface LimitRules {
  /** Of those who log in. */
  readonly account: Rates;
  /** Of strangers: one address, and the network around it. */
  readonly address: Rates;
  readonly network: Rates;
  /** Bits of what counts as one network. */
  readonly networkPrefix: { readonly ipv4: number; readonly ipv6: number };
}

/** Who brings mail. */
export type Bringer = { readonly account: string } | { readonly address: string };

/** A limit that is reached: the reply, and the reason for the log. */
export interface LimitReached {
  readonly refusal: Refusal;
  /** `rate.account.messages`, `rate.network.recipients` … */
  readonly reason: string;
}

type Scope = "account" | "address" | "network";

const HOUR = 3_600_000;

/** Counts messages and recipients. */
export class MailLimits {
  readonly #prefix: LimitRules["networkPrefix"];
  readonly #tables: Readonly<Record<Scope, Readonly<Record<"messages" | "recipients", RateTable>>>>;

  constructor(rules: LimitRules, remember?: number) {
    const tables = (rates: Rates) => ({
      messages: new RateTable(rulesOf(rates.messagesPerHour, rates.messagesPerDay), remember),
      recipients: new RateTable(rulesOf(rates.recipientsPerHour, rates.recipientsPerDay), remember),
    });
    this.#prefix = rules.networkPrefix;
    this.#tables = {
      account: tables(rules.account),
      address: tables(rules.address),
      network: tables(rules.network),
    };
  }

  /** Whether one more is allowed; nothing is counted. `now` in milliseconds that never jump. */
  check(what: "messages" | "recipients", who: Bringer, now: number): LimitReached | null {
    for (const [scope, key] of this.#keys(who)) {
      const refused = this.#tables[scope][what].check(key, 1, now);
      if (refused) return reached(what, scope, key, refused);
    }
    return null;
  }

  /** One more was accepted. */
  add(what: "messages" | "recipients", who: Bringer, now: number): void {
    for (const [scope, key] of this.#keys(who)) this.#tables[scope][what].add(key, 1, now);
  }

  #keys(who: Bringer): readonly (readonly [Scope, string])[] {
    if ("account" in who) return [["account", who.account]];
    const { ipv4, ipv6 } = this.#prefix;
    return [["address", who.address], ["network", networkKey(who.address, ipv4, ipv6)]];
  }
}

function rulesOf(perHour: number | null, perDay: number | null): RateRule[] {
  const rules: RateRule[] = [];
  if (perHour !== null) rules.push({ most: perHour, windowMs: HOUR });
  if (perDay !== null) rules.push({ most: perDay, windowMs: 24 * HOUR });
  return rules;
}

/** RFC 5321 section 4.3.2: 451 belongs to MAIL, 450 to RCPT. RFC 3463 X.7.1: a matter of policy. */
function reached(
  what: "messages" | "recipients",
  scope: Scope,
  key: string,
  { rule, retryMs }: RateRefused,
): LimitReached {
  const window = rule.windowMs === HOUR ? "an hour" : "a day";
  const text = `${key} may send ${rule.most} ${what === "messages" ? "messages" : "copies"} within ${window} here; ` +
    `try again in ${waitText(retryMs)}`;
  const code = what === "messages" ? 451 : 450;
  return { refusal: { code, enhanced: "4.7.1", text }, reason: `rate.${scope}.${what}` };
}

/** A time as a person says it, never too short. */
export function waitText(ms: number): string {
  const minutes = Math.max(1, Math.ceil(ms / 60_000));
  if (minutes < 120) return minutes === 1 ? "1 minute" : `${minutes} minutes`;
  return `${Math.ceil(minutes / 60)} hours`;
}
