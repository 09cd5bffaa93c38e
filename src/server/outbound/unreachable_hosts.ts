/**
 * Hosts that would not talk a moment ago (RFC 5321 section 4.5.4.1: keep a list of them). They are tried last, so that a
 * domain whose first exchanger is down does not cost every message the time of finding that out. The same for a family of
 * addresses (IPv6, as a rule) to which this machine has no way.
 */
import { isIP } from "node:net";
import type { Host, Relay } from "../../mta/queue/mod.ts";

const REMEMBERED_MS = 5 * 60_000;
const MOST = 10_000;
const FAMILY_REMEMBERED_MS = 10 * 60_000;

export class UnreachableHosts {
  /** Until when, by address and port; the eldest first. */
  readonly #until = new Map<string, number>();

  /** By 4 and 6. */
  readonly #familyUntil = new Map<number, number>();

  failed({ address, port }: Host<Relay>, now: number): void {
    const key = `${address} ${port}`;
    this.#until.delete(key);
    this.#until.set(key, now + REMEMBERED_MS);
    if (this.#until.size <= MOST) return;
    for (const eldest of this.#until.keys()) return void this.#until.delete(eldest);
  }

  reached({ address, port }: Host<Relay>): void {
    this.#until.delete(`${address} ${port}`);
    this.#familyUntil.delete(isIP(address));
  }

  /** This machine has no way to any address of that family. */
  noNetwork({ address }: Host<Relay>, now: number): void {
    this.#familyUntil.set(isIP(address), now + FAMILY_REMEMBERED_MS);
  }

  /** The same hosts: in their order, but for those that failed lately, which come last. */
  ordered<H extends Host<Relay>>(hosts: readonly H[], now: number): readonly H[] {
    if (this.#until.size === 0 && this.#familyUntil.size === 0) return hosts;
    const failedLately = ({ address, port }: H) =>
      (this.#until.get(`${address} ${port}`) ?? 0) > now || (this.#familyUntil.get(isIP(address)) ?? 0) > now;
    return [...hosts.filter((host) => !failedLately(host)), ...hosts.filter(failedLately)];
  }
}
