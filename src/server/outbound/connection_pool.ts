/**
 * Connections that wait for their next message. How long one waits, how many messages it carries and how old it grows
 * is the client machine's business (`smtp/client/options.ts`); here is how many wait at once, and who gets them.
 */
import type { OutgoingMail, TraceId } from "../../contract/mod.ts";
import type { AttemptResult } from "../../smtp/client/mod.ts";

/** A connection as far as the pool knows it. */
export interface Pooled {
  /** Connections of the same key are as good as each other. */
  readonly key: string;
  /** It is done with its messages and waits for the next. */
  readonly isIdle: boolean;
  /** It would take another message: it is idle, or the answer to its last message is on the way. */
  readonly asks: boolean;
  /** Resolves when it is over. */
  readonly ended: Promise<void>;
  /** Says QUIT as soon as it is done. */
  leave(): void;
  stop(): void;
  cut(): void;
  /** It has no message any more and takes none. */
  readonly isLeaving: boolean;
  /**
   * Sends another message, while it asks for one; `sent` is called when yet another may come behind it. Resolves when
   * every recipient's result is known. Never rejects.
   */
  send(mail: OutgoingMail, traceId: TraceId, sent: () => void): Promise<AttemptResult>;
}

/** After so long a server that did not bear commands behind a message is tried with them again. */
const CAREFUL_MS = 3600_000;
const MOST_CAREFUL = 1000;

export class ConnectionPool {
  readonly #mostAlike: number;
  readonly #most: number;
  /** The longest idle first. */
  readonly #idle = new Set<Pooled>();
  readonly #alike = new Map<string, Set<Pooled>>();
  readonly #open = new Set<Pooled>();
  /** Until when commands do not go ahead, by key; the eldest first. */
  readonly #careful = new Map<string, number>();
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

  opened(connection: Pooled): void {
    this.#open.add(connection);
  }

  closed(connection: Pooled): void {
    this.remove(connection);
    this.#open.delete(connection);
  }

  /** It asks for its next message. */
  put(connection: Pooled): void {
    if (this.#stopped) return connection.leave();
    const alike = this.#alike.get(connection.key) ?? new Set();
    this.#alike.set(connection.key, alike.add(connection));
    this.#idle.add(connection);
    const [eldest] = alike.size > this.#mostAlike ? alike : this.#idle.size > this.#most ? this.#idle : [];
    if (eldest === undefined) return;
    this.remove(eldest);
    eldest.leave();
  }

  /**
   * A connection of the key that asks for a message, which is the caller's from here on, or null. Of the idle ones the
   * one that was used last; else, where the caller may wait behind another's message, the one that answers next.
   */
  take(key: string, behind: boolean): Pooled | null {
    const alike = [...this.#alike.get(key) ?? []].filter(({ asks }) => asks);
    const connection = alike.findLast(({ isIdle }) => isIdle) ?? (behind ? alike[0] : undefined);
    if (connection === undefined) return null;
    this.remove(connection);
    return connection;
  }

  /** A message that went ahead over a connection of the key was never answered: for a while none does. */
  beCareful(key: string, now: number): void {
    this.#careful.delete(key);
    this.#careful.set(key, now + CAREFUL_MS);
    if (this.#careful.size <= MOST_CAREFUL) return;
    for (const eldest of this.#careful.keys()) return void this.#careful.delete(eldest);
  }

  /** Whether commands may go behind a message over a connection of the key. */
  mayGoAhead(key: string, now: number): boolean {
    return (this.#careful.get(key) ?? 0) <= now;
  }

  /** It asks no more. */
  remove(connection: Pooled): void {
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
