/**
 * Growing delays against guessing passwords (CWE-307), per remote address (a /64 with IPv6) and per account.
 *
 * An address that fails waits longer each time and is turned away in the end. An account under attack from many
 * addresses slows everybody down a little and locks nobody out; an address from which its owner logged in before does
 * not even wait. Failures are forgotten with time, and no attacker can make the tables grow beyond their bounds.
 */
import { lowerAscii } from "../base/ascii.ts";
import { addressGroup } from "./transport_address.ts";

export interface LoginDelayOptions {
  /** After this many failures of an address the delays begin. */
  readonly freeFailures?: number;
  /** The first delay; each further failure doubles it. Milliseconds. */
  readonly firstDelayMs?: number;
  readonly longestDelayMs?: number;
  /** The longest delay that an account's failures alone can cause. */
  readonly longestAccountDelayMs?: number;
  /** From this many failures on an address is turned away. */
  readonly tooManyFailures?: number;
  /** Within this time half of the failures are forgotten. */
  readonly halfLifeMs?: number;
  /** The most addresses, accounts and known pairs to remember, each. */
  readonly remember?: number;
}

export type LoginVerdict = { readonly delayMs: number } | { readonly tooMany: true };

export interface LoginDelay {
  /** What an attempt has to wait before its password is looked at. `now` in monotonic milliseconds. */
  before(address: string, login: string, now: number): LoginVerdict;
  failed(address: string, login: string, now: number): void;
  succeeded(address: string, login: string, now: number): void;
  /** Rows held, for tests and metrics. */
  readonly size: number;
}

export function createLoginDelay(options: LoginDelayOptions = {}): LoginDelay {
  const {
    freeFailures = 3,
    firstDelayMs = 500,
    longestDelayMs = 15_000,
    longestAccountDelayMs = 3_000,
    tooManyFailures = 20,
    halfLifeMs = 15 * 60_000,
    remember = 50_000,
  } = options;
  const addresses = new FadingCounts(remember, halfLifeMs);
  const accounts = new FadingCounts(remember, halfLifeMs);
  /** Address and account of logins that went well, oldest first. */
  const known = new Map<string, true>();

  const delay = (failures: number, longest: number): number =>
    failures < freeFailures ? 0 : Math.min(longest, firstDelayMs * 2 ** Math.floor(failures - freeFailures));

  return {
    get size() {
      return addresses.size + accounts.size + known.size;
    },
    before(address, login, now) {
      const group = addressGroup(address);
      const account = accountKey(login);
      if (known.has(pairKey(group, account))) {
        // The owner's own address. A program there that keeps trying an old password is slowed, never turned away.
        return { delayMs: delay(addresses.get(group, now) / 2, longestAccountDelayMs) };
      }
      const failures = addresses.get(group, now);
      if (failures >= tooManyFailures) return { tooMany: true };
      // An account's failures count a tenth: an attack from many addresses is slowed, and a typing error is not.
      const byAccount = delay(accounts.get(account, now) / 10, longestAccountDelayMs);
      return { delayMs: Math.max(delay(failures, longestDelayMs), byAccount) };
    },
    failed(address, login, now) {
      addresses.add(addressGroup(address), now);
      accounts.add(accountKey(login), now);
    },
    succeeded(address, login, _now) {
      const group = addressGroup(address);
      // The account's failures stay: others made them. The address's go: whoever has one password may guess others,
      // so they go by half only.
      addresses.halve(group);
      const pair = pairKey(group, accountKey(login));
      known.delete(pair);
      known.set(pair, true);
      if (known.size > remember) known.delete(known.keys().next().value!);
    },
  };
}

/** The longest part of a login that tells accounts apart here: the rest of a hostile one is not worth memory. */
const LOGIN_KEPT = 320;

function accountKey(login: string): string {
  return lowerAscii(login.slice(0, LOGIN_KEPT));
}

function pairKey(group: string, account: string): string {
  return `${group} ${account}`;
}

/** Counts that halve with time, of at most so many keys: the one untouched for longest goes first. */
class FadingCounts {
  readonly #counts = new Map<string, { count: number; at: number }>();
  readonly #most: number;
  readonly #halfLifeMs: number;

  constructor(most: number, halfLifeMs: number) {
    this.#most = most;
    this.#halfLifeMs = halfLifeMs;
  }

  get size(): number {
    return this.#counts.size;
  }

  get(key: string, now: number): number {
    const row = this.#counts.get(key);
    return row === undefined ? 0 : row.count * 2 ** (-(now - row.at) / this.#halfLifeMs);
  }

  add(key: string, now: number): void {
    const count = this.get(key, now) + 1;
    this.#counts.delete(key);
    this.#counts.set(key, { count, at: now });
    if (this.#counts.size > this.#most) this.#counts.delete(this.#counts.keys().next().value!);
  }

  halve(key: string): void {
    const row = this.#counts.get(key);
    if (row === undefined) return;
    row.count /= 2;
    if (row.count < 0.5) this.#counts.delete(key);
  }
}
