/** Who is never limited and never banned: a defence that locks out its own people, or its proxy, is an attack. */
import { AddressList, networkKey } from "./address_list.ts";
import { BoundedMap } from "./bounded_map.ts";

/** Loopback: never banned, whatever the configuration says. */
const LOOPBACK = ["127.0.0.0/8", "::1"];
/** How long a login makes its address safe, milliseconds. */
const SAFE_MS = 7 * 24 * 3_600_000;
const MOST_SAFE = 10_000;

/** Decides from addresses, and remembers logins. */
export class Exempt {
  readonly #trusted: AddressList;
  readonly #never: AddressList;
  /** By whom: where they logged in last. */
  readonly #last = new BoundedMap<string>(MOST_SAFE);
  /** By network: when somebody logged in from there. */
  readonly #safe = new BoundedMap<number>(MOST_SAFE);

  constructor(trusted: readonly string[], proxies: readonly string[]) {
    this.#trusted = new AddressList([...trusted, ...proxies]);
    this.#never = new AddressList([...LOOPBACK, ...trusted, ...proxies]);
  }

  /** No limit, list or check applies. A UNIX socket is ours. */
  isTrusted(address: string): boolean {
    return address === "local" || this.#trusted.has(address);
  }

  /** No ban holds, not even one by hand: a proxy speaks for everybody behind it. */
  isNeverBanned(address: string): boolean {
    return address === "local" || this.#never.has(address);
  }

  /** No rule may ban it: somebody was let in from there last. `now` in wall clock milliseconds. */
  isSafe(address: string, now: number): boolean {
    if (this.isNeverBanned(address)) return true;
    const at = this.#safe.get(home(address));
    return at !== undefined && now - at < SAFE_MS;
  }

  /** A login of `who` went well. The address before is not safe any more. */
  loggedIn(who: string, address: string, now: number): void {
    const network = home(address);
    const before = this.#last.get(who);
    if (before !== undefined && before !== network && !this.#isLastOf(before, who)) this.#safe.delete(before);
    this.#last.set(who, network);
    this.#safe.set(network, now);
  }

  /** Whether a network is the last one of somebody else too. */
  #isLastOf(network: string, butFor: string): boolean {
    for (const [who, at] of this.#last.entries()) if (at === network && who !== butFor) return true;
    return false;
  }
}

/** What counts as one place: an IPv4 address, a /64 of IPv6. */
export function home(address: string): string {
  return networkKey(address, 32, 64);
}
