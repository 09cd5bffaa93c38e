/**
 * Connections that wait for their next message. How long one waits, how many messages it carries and how old it grows
 * is the client machine's business (`smtp/client/options.ts`); here is how many wait at once, and who gets them.
 */
import type { Connection } from "./connection.ts";

export class ConnectionPool {
  readonly #mostAlike: number;
  readonly #most: number;
  /** The longest idle first. */
  readonly #idle = new Set<Connection>();
  readonly #alike = new Map<string, Set<Connection>>();
  readonly #open = new Set<Connection>();
  #stopped = false;

  /**
   * How many may wait, of one key and in all. As many as may be busy: between two messages every connection waits for
   * a moment, and whoever is sent away then is missed in the next.
   */
  constructor(mostAlike: number, most: number) {
    this.#mostAlike = mostAlike;
    this.#most = most;
  }

  /** How many connections there are, busy or idle. */
  get open(): number {
    return this.#open.size;
  }

  /** How many of them wait. */
  get idle(): number {
    return this.#idle.size;
  }

  opened(connection: Connection): void {
    this.#open.add(connection);
  }

  closed(connection: Connection): void {
    this.remove(connection);
    this.#open.delete(connection);
  }

  /** It has become idle. */
  put(connection: Connection): void {
    if (this.#stopped) return connection.leave();
    const alike = this.#alike.get(connection.key) ?? new Set();
    this.#alike.set(connection.key, alike.add(connection));
    this.#idle.add(connection);
    const [eldest] = alike.size > this.#mostAlike ? alike : this.#idle.size > this.#most ? this.#idle : [];
    if (eldest === undefined) return;
    this.remove(eldest);
    eldest.leave();
  }

  /** An idle connection of the key, which is the caller's from here on, or null. The one that was used last. */
  take(key: string): Connection | null {
    const alike = [...this.#alike.get(key) ?? []];
    for (const connection of alike.reverse()) {
      this.remove(connection);
      if (connection.isIdle) return connection;
    }
    return null;
  }

  /** It is not idle any more. */
  remove(connection: Connection): void {
    if (!this.#idle.delete(connection)) return;
    const alike = this.#alike.get(connection.key);
    alike?.delete(connection);
    if (alike?.size === 0) this.#alike.delete(connection.key);
  }

  /** Nothing is kept any more. Resolves when every connection has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const connection of [...this.#open]) connection.stop();
    await Promise.all([...this.#open].map((connection) => connection.ended));
  }
}
