import type { Input } from "../contract/mod.ts";

/** Which sessions are logged in as whom, so that a changed password or a removed account ends them. */
export class LoggedIn {
  readonly #sessions = new Map<string, Set<(input: Input) => void>>();

  /** `address` is the account's own. The answer takes the session out again. */
  add(address: string, post: (input: Input) => void): () => void {
    const sessions = this.#sessions.get(address) ?? new Set();
    this.#sessions.set(address, sessions.add(post));
    return () => {
      sessions.delete(post);
      if (sessions.size === 0 && this.#sessions.get(address) === sessions) this.#sessions.delete(address);
    };
  }

  /** Asks all sessions of the account to say goodbye. */
  end(address: string): void {
    for (const post of [...this.#sessions.get(address) ?? []]) post({ type: "shutdown" });
  }
}
