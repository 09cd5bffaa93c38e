/**
 * What other processes do with the same store. Each says now and then that it is there. While there are others, each
 * commit also sets one key, which `Deno.Kv.watch` tells of where it can; behind that, generations of what is looked at are
 * asked for once a second, since a local Deno KV tells only its own process.
 */
import type { AccountId } from "../../contract/mod.ts";
import { rowOf } from "../engine/ids.ts";
import { TouchedSet, type Watchers } from "../engine/watchers.ts";
import type { Database } from "./database.ts";
import { ofAccount, type Part, QUEUE } from "./keys.ts";
import type { Loads } from "./loads.ts";
import type { Reads } from "./reads.ts";
import type { Mutation } from "./values.ts";

const NODE = "node";
const NEWS: readonly Part[] = ["news"];
const POLL_MS = 1000;
const LOOK_MS = 5000;
const ALIVE_MS = 60_000;

export class News {
  readonly #id = crypto.randomUUID();
  readonly #database: Database;
  readonly #loads: Loads;
  readonly #watchers: Watchers;
  readonly #reads: Reads;
  /** How often each account is watched, and the modseqs of its mailboxes as they were told. */
  readonly #watched = new Map<number, { watchers: number; modseqs: Map<number, number> | null }>();
  readonly #versions = new Map<string, string | null>();
  #queueWatchers = 0;
  #others = false;
  #commits = 0;
  #said = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #polling: Promise<void> | null = null;
  #stream: ReadableStreamDefaultReader<unknown> | null = null;
  #closed = false;

  constructor(database: Database, loads: Loads, watchers: Watchers, reads: Reads) {
    this.#database = database;
    this.#loads = loads;
    this.#watchers = watchers;
    this.#reads = reads;
  }

  async start(): Promise<void> {
    await this.#look();
    this.#schedule();
  }

  watch(accountId: AccountId): () => void {
    const account = rowOf("a", accountId);
    const entry = this.#watched.get(account) ?? { watchers: 0, modseqs: null };
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

  /** What a commit writes for others. */
  mutations(): readonly Mutation[] {
    return this.#others ? [{ key: NEWS, value: `${this.#id} ${++this.#commits}`, weight: 120 }] : [];
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#polling?.catch(() => {});
    await this.#stream?.cancel().catch(() => {});
    await this.#database.write([{ key: [NODE, this.#id], weight: 100 }]).catch(() => {});
  }

  #schedule(): void {
    if (this.#closed) return;
    let looked = Date.now();
    this.#timer = setInterval(() => {
      if (this.#polling) return;
      const now = Date.now();
      const mayLook = now - looked >= LOOK_MS || now < looked;
      if (mayLook) looked = now;
      this.#run(async () => {
        if (mayLook) await this.#look();
        if (this.#others) await this.poll();
      });
    }, POLL_MS);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  #run(work: () => Promise<void>): void {
    this.#polling ??= work().catch(() => {}).finally(() => this.#polling = null); // at the next second
  }

  /** Who else is there? */
  async #look(): Promise<void> {
    const now = Date.now();
    if (now - this.#said >= ALIVE_MS || now < this.#said) {
      this.#said = now;
      await this.#database.write([{ key: [NODE, this.#id], value: now, weight: 100 }]);
    }
    const nodes = await this.#database.list({ prefix: [NODE] }, 100);
    const others = nodes.some(({ key, value }) => key[1] !== this.#id && now - (value as number) < 3 * ALIVE_MS);
    if (others && !this.#others) {
      this.#others = true;
      this.#listen();
    } else this.#others = others;
  }

  #listen(): void {
    if (this.#stream || this.#closed) return;
    const stream = this.#stream = this.#database.kv.watch([NEWS as Part[]]).getReader();
    const next = async (): Promise<void> => {
      for (;;) {
        const { done, value } = await stream.read();
        if (done || this.#closed) return;
        const said = (value as [{ value: unknown }])[0].value;
        if (typeof said === "string" && !said.startsWith(this.#id)) this.#run(() => this.poll());
      }
    };
    next().catch(() => {}).finally(() => this.#stream = null);
  }

  /** Looks at what is watched, and tells of what is newer than it was. */
  async poll(): Promise<void> {
    const names = new Set<string>([...this.#watched.keys()].map(ofAccount));
    if (this.#queueWatchers > 0) names.add(QUEUE);
    if (names.size === 0) return;
    const versions = await this.#loads.versions(names);
    const touched = new TouchedSet();
    const changed = new Set(
      [...versions].filter(([name, version]) => this.#versions.get(name) !== version).map(([n]) => n),
    );
    for (const [name, version] of versions) this.#versions.set(name, version);
    touched.queue = changed.has(QUEUE);
    for (const [account, entry] of this.#watched) {
      if (entry.modseqs !== null && !changed.has(ofAccount(account))) continue;
      const rows = await this.#reads.perform((tables) => [...tables.mailboxes(account)]);
      const before = entry.modseqs;
      entry.modseqs = new Map(rows.map(({ id, modseq }) => [id, modseq]));
      for (const { id, modseq } of rows) if (before?.get(id) !== modseq) touched.touch(account, id);
      touched.touch(account, null);
    }
    this.#watchers.tell(touched);
  }
}
