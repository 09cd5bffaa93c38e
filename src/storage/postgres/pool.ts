/** A bounded number of connections. One that is lost is not replaced before it is wanted. */
import { StorageError } from "../storage.ts";
import type { Connection } from "./wire/connection.ts";

/** How long somebody waits for a connection before the store says that it cannot. */
const WAIT_MS = 30_000;

interface Waiter {
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: unknown) => void;
}

export class Pool {
  readonly #open: () => Promise<Connection>;
  readonly #max: number;
  readonly #idle: Connection[] = [];
  readonly #waiting = new Set<Waiter>();
  #count = 0;
  #closed = false;
  #emptied: (() => void) | null = null;

  constructor(max: number, open: () => Promise<Connection>) {
    this.#max = max;
    this.#open = open;
  }

  /** Takes a connection that somebody opened. */
  adopt(connection: Connection): void {
    this.#count++;
    this.#idle.push(connection);
  }

  /** Works with a connection that nobody else has. Left in a transaction, it is rolled back. */
  async use<R>(work: (connection: Connection) => Promise<R>): Promise<R> {
    const connection = await this.#take();
    try {
      return await work(connection);
    } finally {
      await this.#giveBack(connection);
    }
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#waiting) reject(new StorageError("unavailable", "the store is closed"));
    this.#waiting.clear();
    for (const connection of this.#idle.splice(0)) this.#drop(connection);
    if (this.#count > 0) await new Promise<void>((resolve) => this.#emptied = resolve);
  }

  async #take(): Promise<Connection> {
    if (this.#closed) throw new StorageError("unavailable", "the store is closed");
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      if (idle.isOpen) return idle;
      this.#count--;
    }
    if (this.#count < this.#max) return await this.#connect();
    return await new Promise<Connection>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(waiter);
        reject(new StorageError("unavailable", `all ${this.#max} connections to PostgreSQL are busy`));
      }, WAIT_MS);
      const waiter: Waiter = {
        resolve: (connection) => {
          clearTimeout(timer);
          resolve(connection);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.#waiting.add(waiter);
    });
  }

  async #connect(): Promise<Connection> {
    this.#count++;
    try {
      return await this.#open();
    } catch (error) {
      this.#count--;
      this.#next();
      throw error;
    }
  }

  async #giveBack(connection: Connection): Promise<void> {
    if (connection.isOpen && connection.isInTransaction) {
      await connection.exchange([{ sql: "rollback", values: [] }]).catch((error) => connection.destroy(error as Error));
    }
    if (!connection.isOpen || this.#closed) {
      this.#drop(connection);
      return this.#next();
    }
    const [waiter] = this.#waiting;
    if (!waiter) return void this.#idle.push(connection);
    this.#waiting.delete(waiter);
    waiter.resolve(connection);
  }

  /** There is room for one more: whoever waits first gets it. */
  #next(): void {
    const [waiter] = this.#waiting;
    if (!waiter || this.#closed) return;
    this.#waiting.delete(waiter);
    this.#connect().then(waiter.resolve, waiter.reject);
  }

  #drop(connection: Connection): void {
    connection.close();
    this.#count--;
    if (this.#count === 0) this.#emptied?.();
  }
}
