/** Who waits for news on a connection of its own: so many of an account, of a client's address, and in all. */

/** How many at most. */
export interface StreamLimits {
  readonly total: number;
  readonly perAccount: number;
  readonly perAddress: number;
}

/** Ends a connection from our side; `isStopping`: because the server does. */
export type End = (isStopping: boolean) => void;

export class OpenStreams {
  readonly #accounts = new Map<string, Set<End>>();
  readonly #addresses = new Map<string, number>();
  readonly #limits: StreamLimits;
  #count = 0;
  #isOver = false;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  /** `account` is the address of whoever is logged in, `address` where he is ("" is not known). Null: there are too many. */
  add(account: string, address: string, end: End): (() => void) | null {
    if (this.#isOver) return null;
    const { total, perAccount, perAddress } = this.#limits;
    const own = this.#accounts.get(account) ?? new Set();
    const here = this.#addresses.get(address) ?? 0;
    if (own.size >= perAccount || this.#count >= total || (address !== "" && here >= perAddress)) return null;
    this.#accounts.set(account, own.add(end));
    this.#addresses.set(address, here + 1);
    this.#count++;
    return () => {
      if (!own.delete(end)) return;
      this.#count--;
      if (own.size === 0 && this.#accounts.get(account) === own) this.#accounts.delete(account);
      const left = this.#addresses.get(address)! - 1;
      if (left > 0) this.#addresses.set(address, left);
      else this.#addresses.delete(address);
    };
  }

  /** The server stops. Nobody else may come. */
  endAll(): void {
    this.#isOver = true;
    for (const account of [...this.#accounts.keys()]) this.end(account, true);
  }

  /** The password changed, or the account is gone: whoever listens must log in again. */
  end(account: string, isStopping = false): void {
    for (const end of [...this.#accounts.get(account) ?? []]) end(isStopping);
  }
}
