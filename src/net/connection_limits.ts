/**
 * How many connections there may be at once: in all, from one address (a /64 with IPv6), and how many new ones from
 * one address within a minute. One object may stand behind several listeners.
 */
import { BlockList, isIP } from "node:net";
import { addressGroup } from "./transport_address.ts";

export interface ConnectionLimitOptions {
  /** At once, over all listeners that share the limits. */
  readonly total: number;
  /** At once from one address. */
  readonly perAddress: number;
  /** New ones from one address within a minute. */
  readonly perAddressPerMinute: number;
  /** Addresses and networks (CIDR) to which only `total` applies. */
  readonly trusted?: readonly string[];
  /** Whether an address is refused whatever it does; asked first. */
  readonly isBanned?: (address: string) => boolean;
}

export type Admission = "admitted" | "banned" | "total" | "perAddress" | "rate";

/** Addresses whose rate is remembered; when there are more, the ones unseen for longest are forgotten. */
const MAX_REMEMBERED = 50_000;

interface Bucket {
  tokens: number;
  at: number;
}

export class ConnectionLimits {
  readonly #options: ConnectionLimitOptions;
  readonly #trusted: BlockList;
  readonly #open = new Map<string, number>();
  readonly #buckets = new Map<string, Bucket>();
  #total = 0;

  constructor(options: ConnectionLimitOptions) {
    this.#options = options;
    this.#trusted = networks(options.trusted ?? []);
  }

  /** Connections now, for the metrics. */
  get total(): number {
    return this.#total;
  }

  /** Asks for one connection; when `admitted`, `release` must be called once for it. `now` in monotonic milliseconds. */
  admit(address: string, now: number): Admission {
    if (this.#options.isBanned?.(address)) return "banned";
    if (this.#total >= this.#options.total) return "total";
    if (!isIn(this.#trusted, address)) {
      const group = addressGroup(address);
      if (!this.#takeToken(group, now)) return "rate";
      const open = this.#open.get(group) ?? 0;
      if (open >= this.#options.perAddress) return "perAddress";
      this.#open.set(group, open + 1);
    }
    this.#total++;
    return "admitted";
  }

  release(address: string): void {
    this.#total--;
    if (isIn(this.#trusted, address)) return;
    const group = addressGroup(address);
    const open = (this.#open.get(group) ?? 1) - 1;
    if (open > 0) this.#open.set(group, open);
    else this.#open.delete(group);
  }

  /** A bucket that holds a minute's worth and fills evenly. */
  #takeToken(group: string, now: number): boolean {
    const limit = this.#options.perAddressPerMinute;
    const bucket = this.#buckets.get(group) ?? { tokens: limit, at: now };
    bucket.tokens = Math.min(limit, bucket.tokens + (now - bucket.at) * limit / 60_000);
    bucket.at = now;
    this.#buckets.delete(group);
    this.#buckets.set(group, bucket);
    if (this.#buckets.size > MAX_REMEMBERED) this.#buckets.delete(this.#buckets.keys().next().value!);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}

/** Addresses and networks in CIDR notation. Throws on anything else, naming it. */
export function networks(list: readonly string[]): BlockList {
  const block = new BlockList();
  for (const entry of list) {
    const [address = "", prefix] = entry.split("/", 2);
    const version = isIP(address);
    const bits = prefix === undefined ? (version === 4 ? 32 : 128) : Number(prefix);
    if (version === 0 || !Number.isInteger(bits) || bits < 0 || bits > (version === 4 ? 32 : 128)) {
      throw new Error(`${entry} is no address and no network`);
    }
    block.addSubnet(address, bits, version === 4 ? "ipv4" : "ipv6");
  }
  return block;
}

/** Whether an address (as `normaliseAddress` writes it) is in the list. */
export function isIn(block: BlockList, address: string): boolean {
  const version = isIP(address);
  return version !== 0 && block.check(address, version === 4 ? "ipv4" : "ipv6");
}
