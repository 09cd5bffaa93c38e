/**
 * What happens at other nodes. Each node notifies the others of what it committed (a hint, lost where a connection is);
 * behind it, accounts that are looked at are asked now and then for their modseq. Sent after the commit, not with it:
 * PostgreSQL lets only one transaction at a time commit that notifies.
 */
import { randomBytes } from "node:crypto";
import type { AccountId } from "../../contract/mod.ts";
import { rowOf } from "../engine/ids.ts";
import { TouchedSet, type Watchers } from "../engine/watchers.ts";
import { StorageError } from "../storage.ts";
import { LOCK_NODE_SQL } from "./schema.ts";
import type { Connection, Step } from "./wire/connection.ts";

const CHANNEL = "palomar_news";
/** PostgreSQL takes payloads of less than 8000 octets. */
const PAYLOAD = 7000;
const POLL_MS = 5000;
const RETRY_MS = 500;

/** Node, accounts (`[account, mailboxes, list, annotations]`), whether the queue changed. */
type Payload = readonly [node: string, accounts: readonly Told[], queue: boolean];
type Told = readonly [
  account: number,
  mailboxes: readonly number[],
  list: boolean,
  entries: readonly (readonly [number | null, string])[],
];

/** Connects; who is told what is heard, and when the connection ends. */
export type Listen = (onNotification: (payload: string) => void, onClose: () => void) => Promise<Connection>;

export class News {
  readonly #node = randomBytes(6).toString("hex");
  readonly #watchers: Watchers;
  readonly #open: Listen;
  readonly #watched = new Map<number, { watchers: number; modseq: number | null }>();
  #connection: Connection | null = null;
  #queueWatchers = 0;
  #outbox: Told[] = [];
  #queueChanged = false;
  #busy: Promise<void> | null = null;
  #pollTimer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(watchers: Watchers, open: Listen) {
    this.#watchers = watchers;
    this.#open = open;
  }

  /** Begins to listen. */
  async start(): Promise<void> {
    await this.#connect().catch((error) => {
      this.#closed = true;
      clearTimeout(this.#pollTimer);
      throw error;
    });
    this.#schedule(POLL_MS);
  }

  watch(accountId: AccountId): () => void {
    const account = rowOf("a", accountId);
    const entry = this.#watched.get(account) ?? { watchers: 0, modseq: null };
    entry.watchers++;
    this.#watched.set(account, entry);
    return () => {
      if (--entry.watchers === 0) this.#watched.delete(account);
    };
  }

  watchQueue(): () => void {
    this.#queueWatchers++;
    return () => void this.#queueWatchers--;
  }

  /** Tells other nodes, soon. */
  send(touched: TouchedSet): void {
    for (const [accountId, describe] of touched.entries()) {
      const { mailboxIds, mailboxList, annotations } = describe();
      const entries = annotations.map(({ mailboxId, entry }) =>
        [mailboxId === null ? null : rowOf("m", mailboxId), entry] as const
      );
      const mailboxes = Array.from(mailboxIds, (id) => rowOf("m", id));
      this.#outbox.push([rowOf("a", accountId), mailboxes, mailboxList, entries]);
    }
    if (touched.queue) this.#queueChanged = true;
    this.#flush();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#pollTimer);
    await this.#busy?.catch(() => {});
    this.#connection?.close();
  }

  async #connect(): Promise<void> {
    const connection = await this.#open((payload) => this.#hear(payload), () => this.#lost());
    if (this.#closed) return connection.close();
    const [, joined] = await connection.exchange([
      { sql: `listen ${CHANNEL}`, values: [] },
      { sql: LOCK_NODE_SQL, values: [] },
    ]);
    if (joined!.rows[0]![0] !== true) {
      connection.close();
      throw new StorageError(
        "unavailable",
        "a backup is being restored into the database: start again when it is done",
      );
    }
    this.#connection = connection;
  }

  #lost(): void {
    this.#connection = null;
    if (!this.#closed) this.#schedule(RETRY_MS);
  }

  #schedule(ms: number): void {
    clearTimeout(this.#pollTimer);
    if (this.#closed) return;
    this.#pollTimer = setTimeout(() => {
      this.#poll().then(() => POLL_MS, () => RETRY_MS).then((next) => this.#schedule(next));
    }, ms);
    Deno.unrefTimer(this.#pollTimer as unknown as number);
  }

  /** One exchange at a time goes over the connection. */
  async #exchange(steps: readonly Step[]): Promise<readonly { readonly rows: readonly (readonly unknown[])[] }[]> {
    while (this.#busy) await this.#busy.catch(() => {});
    const connection = this.#connection;
    if (!connection) throw new Error("not connected");
    const answer = connection.exchange(steps);
    const busy = answer.then(() => {}, () => {}).then(() => {
      if (this.#busy === busy) this.#busy = null;
    });
    this.#busy = busy;
    return await answer;
  }

  #flush(): void {
    if (this.#busy || (this.#outbox.length === 0 && !this.#queueChanged)) return;
    const payloads = this.#payloads();
    if (!this.#connection) return; // others poll
    const sql = "select pg_notify(?t, v) from unnest(?T) as v";
    this.#exchange([{ sql, values: [CHANNEL, payloads] }]).then(() => this.#flush(), () => {});
  }

  #payloads(): string[] {
    const payloads: string[] = [];
    let accounts: Told[] = [];
    let size = 0;
    const flush = () => {
      const payload: Payload = [this.#node, accounts, this.#queueChanged];
      payloads.push(JSON.stringify(payload));
      this.#queueChanged = false;
      accounts = [];
      size = 0;
    };
    for (const told of this.#outbox.splice(0)) {
      const length = JSON.stringify(told).length * 3;
      // What is too long to be told is told as "look at everything".
      const short: Told = length > PAYLOAD ? [told[0], [], true, []] : told;
      if (size + length > PAYLOAD && accounts.length > 0) flush();
      accounts.push(short);
      size += Math.min(length, 100 + JSON.stringify(short).length * 3);
    }
    flush();
    return payloads;
  }

  #hear(text: string): void {
    try {
      const [node, accounts, queue] = JSON.parse(text) as Payload;
      if (node === this.#node) return;
      const touched = new TouchedSet();
      for (const [account, mailboxes, list, entries] of accounts) {
        if (!this.#watched.has(account)) continue;
        for (const mailbox of mailboxes) touched.touch(account, mailbox);
        if (list) touched.touch(account, null);
        for (const [mailbox, entry] of entries) touched.annotate(account, mailbox, entry);
      }
      touched.queue = queue;
      this.#watchers.tell(touched);
    } catch {
      // Another program may use the channel: what it says is nothing to us.
    }
  }

  async #poll(): Promise<void> {
    const fresh = !this.#connection;
    if (fresh) await this.#connect();
    const ids = [...this.#watched.keys()];
    const touched = new TouchedSet();
    touched.queue = this.#queueWatchers > 0;
    if (ids.length > 0) {
      const sql = "select a.id, a.modseq, m.id, m.modseq from accounts a join mailboxes m on m.account = a.id " +
        "where a.id = any (?I)";
      const [answer] = await this.#exchange([{ sql, values: [ids] }]);
      const before = new Map(Array.from(this.#watched, ([id, { modseq }]) => [id, modseq]));
      for (const [account, modseq, mailbox, changed] of answer!.rows as readonly [number, number, number, number][]) {
        const known = before.get(account);
        const entry = this.#watched.get(account);
        if (!entry || known === undefined) continue;
        entry.modseq = modseq;
        if (known === modseq || (known === null && !fresh)) continue;
        touched.touch(account, null);
        if (known === null || changed > known) touched.touch(account, mailbox);
      }
    }
    this.#watchers.tell(touched);
    this.#flush();
  }
}
