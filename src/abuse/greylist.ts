/**
 * Greylisting (RFC 6647): the first attempt of a network, sender and recipient's domain that nobody has seen is put
 * off; a mail server comes back, a program that only pushes does not. What is remembered is in memory and bounded:
 * after a restart strangers are put off once more, and a flood can only make others wait again.
 */
import { lowerAscii } from "../base/ascii.ts";
import { BoundedMap } from "./bounded_map.ts";

/** Times in milliseconds. */
export interface GreylistRules {
  /** How long the first attempt is too early. */
  readonly delay: number;
  /** Until when it must have come back. */
  readonly within: number;
  /** How long a network that came back is let in at once, from its last message on. */
  readonly keep: number;
}

/** What makes an attempt the same as another. */
export interface Triplet {
  /** The network, not the address: large senders come back from another host. */
  readonly network: string;
  readonly sender: string;
  readonly recipientDomain: string;
}

const MOST = 20_000;

/** Who came, and who came back. */
export class Greylist {
  readonly #rules: GreylistRules;
  /** Triplets that wait: when they came first. */
  readonly #waiting: BoundedMap<number>;
  /** Networks that came back: when they came last. */
  readonly #seen: BoundedMap<number>;

  constructor(rules: GreylistRules, most: number = MOST) {
    this.#rules = rules;
    this.#waiting = new BoundedMap(most);
    this.#seen = new BoundedMap(most);
  }

  get size(): number {
    return this.#waiting.size + this.#seen.size;
  }

  /** Whether a network has come back before; then it is remembered anew. */
  knows(network: string, now: number): boolean {
    const at = this.#seen.get(network);
    if (at === undefined || now - at > this.#rules.keep) return false;
    this.#seen.set(network, now);
    return true;
  }

  /** How long the attempt has to wait, milliseconds; 0: it came back in time, and its network is known from now on. */
  wait({ network, sender, recipientDomain }: Triplet, now: number): number {
    const key = `${network} ${lowerAscii(recipientDomain)} ${lowerAscii(sender)}`;
    const { delay, within } = this.#rules;
    const first = this.#waiting.get(key);
    if (first === undefined || now - first > within) {
      this.#waiting.set(key, now);
      return delay;
    }
    if (now - first < delay) return delay - (now - first);
    this.#waiting.delete(key);
    this.#seen.set(network, now);
    return 0;
  }
}
