/**
 * Networks that are refused at the door for a time: by a rule, longer each time, or by hand. What has ended is
 * forgotten, and rules cannot make the table grow beyond its bound.
 */
import { clientAddress } from "../mailauth/spf/ip_address.ts";
import { masked, networkText, parseNetwork } from "./address_list.ts";
import { BoundedMap } from "./bounded_map.ts";

/** One ban. Times are wall clock, milliseconds since 1970. */
export interface Ban {
  /** An address or a network, in one spelling. */
  readonly network: string;
  /** For people. */
  readonly reason: string;
  readonly by: "rule" | "operator";
  readonly since: number;
  /** Null: until somebody lifts it. */
  readonly until: number | null;
  /** Which ban of this network it is, as far as is remembered. */
  readonly times: number;
}

/** How long rules ban: the first time, and at most; each further time doubles. Milliseconds. */
export interface BanRules {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** How long an ended ban counts for the length of the next, besides its own length. */
const REPEAT_MS = 7 * 24 * 3_600_000;
/** Bans, by rules and by hand each. */
const MOST = 10_000;
const LONGEST_REASON = 200;

/** All bans there are. */
export class Bans {
  readonly #rules: BanRules;
  readonly #most: number;
  readonly #bans = { rule: new Map<string, Ban>(), operator: new Map<string, Ban>() };
  /** Ended and lifted ones, for their repetition. */
  readonly #past: BoundedMap<{ times: number; at: number }>;
  /** Lengths of prefixes that are in use, by version: a look-up is one try for each. */
  readonly #prefixes = { 4: new Map<number, number>(), 6: new Map<number, number>() };

  constructor(rules: BanRules, most: number = MOST) {
    this.#rules = rules;
    this.#most = most;
    this.#past = new BoundedMap(most);
  }

  get size(): number {
    return this.#bans.rule.size + this.#bans.operator.size;
  }

  /** The ban that holds for an address, or null. */
  find(address: string, now: number): Ban | null {
    if (this.size === 0) return null;
    const parsed = clientAddress(address);
    if (parsed === null) return null;
    for (const prefix of this.#prefixes[parsed.version].keys()) {
      const ban = this.#get(networkText({ address: masked(parsed, prefix), prefix }));
      if (ban && !this.#ended(ban, now)) return ban;
    }
    return null;
  }

  /** A rule bans a network; a ban that is there stays as it is. Null: `network` is none. */
  byRule(network: string, reason: string, now: number): Ban | null {
    const key = keyOf(network);
    if (key === null) return null;
    const there = this.#get(key);
    if (there && !this.#ended(there, now)) return there;
    const past = this.#past.get(key);
    const times = (past !== undefined && now - past.at < REPEAT_MS ? past.times : 0) + 1;
    const length = Math.min(this.#rules.longestMs, this.#rules.firstMs * 2 ** Math.min(30, times - 1));
    if (this.#bans.rule.size >= this.#most) this.#drop([...this.#bans.rule.values()].reduce(sooner));
    return this.#put({ network: key, reason: cut(reason), by: "rule", since: now, until: now + length, times });
  }

  /** By hand, in place of what was there. `forMs` null: until it is lifted. */
  byHand(network: string, reason: string, forMs: number | null, now: number): Ban | { refused: "invalid" | "full" } {
    const key = keyOf(network);
    if (key === null) return { refused: "invalid" };
    if (!this.#bans.operator.has(key) && this.#bans.operator.size >= this.#most) return { refused: "full" };
    const before = this.#get(key);
    if (before) this.#drop(before);
    const until = forMs === null ? null : now + forMs;
    return this.#put({ network: key, reason: cut(reason), by: "operator", since: now, until, times: 1 });
  }

  /** Lifts the ban of exactly this network, and forgets that there was one. False: there is none. */
  lift(network: string): boolean {
    const key = keyOf(network);
    const ban = key === null ? null : this.#get(key);
    if (!ban) return false;
    this.#drop(ban);
    this.#past.delete(ban.network);
    return true;
  }

  /** What holds now; by hand first. */
  list(now: number): readonly Ban[] {
    return [...this.#bans.operator.values(), ...this.#bans.rule.values()].filter((ban) => !this.#ended(ban, now));
  }

  /** Takes in what was stored: rows that are none, or have ended, are left out. */
  restore(rows: readonly unknown[], now: number): void {
    for (const row of rows) {
      const ban = readBan(row);
      if (ban === null || (ban.until !== null && ban.until <= now)) continue;
      if (!this.#get(ban.network) && this.#bans[ban.by].size < this.#most) this.#put(ban);
    }
  }

  #get(key: string): Ban | null {
    return this.#bans.operator.get(key) ?? this.#bans.rule.get(key) ?? null;
  }

  #put(ban: Ban): Ban {
    this.#bans[ban.by].set(ban.network, ban);
    this.#count(ban.network, 1);
    return ban;
  }

  #ended(ban: Ban, now: number): boolean {
    if (ban.until === null || now < ban.until) return false;
    this.#drop(ban);
    return true;
  }

  #drop(ban: Ban): void {
    if (!this.#bans[ban.by].delete(ban.network)) return;
    this.#count(ban.network, -1);
    if (ban.by === "rule") this.#past.set(ban.network, { times: ban.times, at: ban.until ?? ban.since });
  }

  #count(network: string, by: number): void {
    const { address, prefix } = parseNetwork(network)!;
    const prefixes = this.#prefixes[address.version];
    const count = (prefixes.get(prefix) ?? 0) + by;
    if (count > 0) prefixes.set(prefix, count);
    else prefixes.delete(prefix);
  }
}

function keyOf(text: string): string | null {
  const network = parseNetwork(text);
  return network === null ? null : networkText(network);
}

function sooner(a: Ban, b: Ban): Ban {
  return (b.until ?? Infinity) < (a.until ?? Infinity) ? b : a;
}

function cut(reason: string): string {
  return reason.slice(0, LONGEST_REASON);
}

function readBan(row: unknown): Ban | null {
  if (typeof row !== "object" || row === null) return null;
  const { network, reason, by, since, until, times } = row as Record<string, unknown>;
  const key = typeof network === "string" ? keyOf(network) : null;
  if (key === null || typeof reason !== "string" || (by !== "rule" && by !== "operator")) return null;
  if (!Number.isFinite(since) || !(until === null || Number.isFinite(until)) || !Number.isInteger(times)) return null;
  return { network: key, reason: cut(reason), by, since, until, times } as Ban;
}
