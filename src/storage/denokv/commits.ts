/**
 * Group commit: operations that wait at the same time are one commit, because each costs a sync of the disk. They run over
 * what is known; the commit checks that it still holds, and where another process was faster they run again.
 */
import { setImmediate } from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";
import { toEnd } from "../engine/replay.ts";
import { TouchedSet } from "../engine/watchers.ts";
import { StorageError } from "../storage.ts";
import { COMMIT_WEIGHT, type Database, MUTATIONS } from "./database.ts";
import { infrastructure } from "./failure.ts";
import { generationKey, type Key, textOf } from "./keys.ts";
import type { Loads } from "./loads.ts";
import type { KvTables } from "./mail_tables.ts";
import { commitLarge, type Generation } from "./redo.ts";
import type { Scopes } from "./scopes.ts";
import { type Mutation, mutationsOf, PIECE } from "./values.ts";
import { type Change, type Missing, Overlay, Stale, View } from "./view.ts";

const GROUP = 256;
/** Room for the generations of scopes beside what is written. */
const GROUP_MUTATIONS = MUTATIONS - 150;
const GROUP_WEIGHT = COMMIT_WEIGHT - 50_000;
/** How often a commit is tried that comes into the way of others. */
const ATTEMPTS = 40;

/** An operation that waits for its commit. */
export interface Waiting {
  readonly run: (tables: KvTables) => unknown;
  /** What it will ask for. */
  readonly hints: readonly Key[];
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface CommitParts {
  readonly database: Database;
  readonly scopes: Scopes;
  readonly loads: Loads;
  readonly tables: (view: View) => KvTables;
  /** Told of each commit, before those that waited for it are answered; answers what it wants written with it. */
  readonly tell: (touched: TouchedSet) => void;
  readonly news: () => readonly Mutation[];
}

/** What becomes of a group: answers and errors, which count only when the commit stands. */
interface Group {
  readonly overlay: Overlay;
  readonly touched: TouchedSet;
  readonly outcomes: (() => void)[];
}

export class Commits {
  readonly #parts: CommitParts;
  readonly #node = crypto.randomUUID().slice(0, 8);
  #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;
  #commits = 0;

  constructor(parts: CommitParts) {
    this.#parts = parts;
  }

  add(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#running ??= this.#drain();
  }

  perform<R>(run: (tables: KvTables) => R, hints: readonly Key[] = []): Promise<R> {
    return new Promise((resolve, reject) => {
      this.add({ run, hints, resolve: resolve as (value: unknown) => void, reject });
    });
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** Resolves when the commit that is under way has ended. */
  settled(): Promise<void> {
    return this.#under ?? Promise.resolve();
  }

  #under: Promise<void> | null = null;

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Who was answered speaks first, and what they ask next is in the next group.
      await new Promise<void>((next) => void setImmediate(next));
      await (this.#under = this.#commit());
      this.#under = null;
      this.#parts.scopes.trim(Date.now());
    }
    this.#running = null;
  }

  async #commit(): Promise<void> {
    let taken: readonly Waiting[] = [];
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (attempt > 4) await sleep(Math.random() * Math.min(200, 2 ** (attempt - 3)));
        const group = { overlay: new Overlay(), touched: new TouchedSet(), outcomes: [] };
        try {
          taken = await this.#gather(group);
        } catch (error) {
          if (error instanceof Stale) continue;
          throw error;
        }
        if (!await this.#write(group)) continue;
        this.#waiting.splice(0, taken.length);
        this.#parts.tell(group.touched);
        for (const settle of group.outcomes as (() => void)[]) settle();
        return;
      }
      throw new StorageError("unavailable", "others write to the same mail all the time: try again later");
    } catch (error) {
      const broken = infrastructure(error);
      for (const { reject } of this.#waiting.splice(0, Math.max(1, taken.length))) reject(broken);
    }
  }

  /** Runs operations from the head of those that wait, as many as one commit takes. */
  async #gather(group: Group): Promise<readonly Waiting[]> {
    const { loads, scopes } = this.#parts;
    const { overlay, touched, outcomes } = group;
    await loads.ahead(this.#waiting.slice(0, GROUP).flatMap(({ hints }) => hints));
    let count = 0;
    while (count < Math.min(this.#waiting.length, GROUP)) {
      const waiting = this.#waiting[count]!;
      const view = new View(scopes, overlay, loads.free);
      const tables = this.#parts.tables(view);
      try {
        const value = await toEnd(() => {
          tables.restart();
          const answer = waiting.run(tables);
          tables.keep();
          return answer;
        }, (missing) => loads.get(missing as Missing, view));
        const { own } = view;
        const isFull = overlay.count + own.count + own.loose.length > GROUP_MUTATIONS ||
          overlay.weight + own.weight > GROUP_WEIGHT;
        if (isFull && count > 0) break;
        for (const [name, generation] of own.base) overlay.base.set(name, generation);
        for (const change of own.changes()) overlay.put(change);
        for (const write of own.loose) {
          overlay.loose.push(write);
          overlay.weight += write.weight;
        }
        for (const touch of tables.touches) touch(touched);
        outcomes.push(() => waiting.resolve(value));
      } catch (error) {
        if (error instanceof Stale) throw error;
        for (const [name, generation] of view.own.base) overlay.base.set(name, generation);
        outcomes.push(() => waiting.reject(infrastructure(error)));
      }
      count++;
    }
    return this.#waiting.slice(0, count);
  }

  /** False: what was known holds no more, and is forgotten. */
  async #write({ overlay }: Group): Promise<boolean> {
    const { database, scopes } = this.#parts;
    const base = [...overlay.base];
    if (overlay.isEmpty) return await this.#stillHolds(overlay.base);
    const commit = `${Date.now().toString(36)}.${this.#node}.${++this.#commits}`;
    const written = new Set<string>();
    const mutations: Mutation[] = [];
    const parts = new Map<Change, number>();
    for (const change of overlay.changes()) {
      const { key, value, weight } = change;
      written.add(key[0]);
      const before = scopes.of(key[0]).entries.get(textOf(key))?.parts ?? 0;
      const made = mutationsOf(key, value, weight, before);
      if (weight > PIECE) parts.set(change, made.filter((one) => one.value !== undefined).length - 1);
      mutations.push(...made);
    }
    for (const { key, value, weight } of overlay.loose) {
      mutations.push(...mutationsOf(key as never, value, weight, 0));
    }
    mutations.push(...this.#parts.news());
    const checks = base.map(([name, versionstamp]) => ({ key: generationKey(name), versionstamp }));
    const weight = mutations.reduce((sum, one) => sum + one.weight, 0);
    const isLarge = mutations.length + written.size > MUTATIONS || weight + 100 * written.size > COMMIT_WEIGHT;
    const generation: Generation = { commit, redo: false };
    let version: string | null;
    try {
      version = isLarge ? await commitLarge(database, commit, checks, [...written], mutations) : await database.commit(
        checks,
        [
          ...Array.from(written, (name) => ({ key: generationKey(name), value: generation, weight: 100 })),
          ...mutations,
        ],
      );
    } catch (error) {
      for (const [name] of base) scopes.drop(name);
      if (written.size === 0 || !await this.#wasWritten([...written][0]!, commit)) throw error;
      return true;
    }
    if (version === null) {
      await this.#stillHolds(overlay.base);
      return false;
    }
    if (isLarge) { for (const name of written) scopes.drop(name); }
    else this.#learn(overlay, written, parts, version);
    return true;
  }

  /** The answer to a commit was lost: what has its name tells. */
  async #wasWritten(scope: string, commit: string): Promise<boolean> {
    const [entry] = await this.#parts.database.getAll([generationKey(scope)]);
    return (entry!.value as Generation | null)?.commit === commit;
  }

  async #stillHolds(base: ReadonlyMap<string, string | null>): Promise<boolean> {
    const { loads, scopes } = this.#parts;
    const versions = await loads.versions(new Set(base.keys()));
    let holds = true;
    for (const [name, version] of base) {
      if (versions.get(name) === version) continue;
      holds = false;
      scopes.drop(name);
    }
    return holds;
  }

  #learn(overlay: Overlay, written: ReadonlySet<string>, parts: ReadonlyMap<Change, number>, version: string): void {
    const { scopes } = this.#parts;
    const right = new Set<string>();
    for (const name of written) {
      const scope = scopes.of(name);
      // It may have been read anew meanwhile, even after the commit.
      if (scope.generation === overlay.base.get(name) || scope.generation === version) right.add(name);
      else scopes.drop(name);
    }
    const now = Date.now();
    for (const change of overlay.changes()) {
      const { key, value, weight } = change;
      if (!right.has(key[0])) continue;
      const entry = value === undefined ? null : { key, value, weight, parts: parts.get(change) ?? 0 };
      scopes.of(key[0]).apply(key, entry);
    }
    for (const name of right) {
      scopes.of(name).generation = version;
      scopes.of(name).usedAt = now;
    }
  }
}
