/** Gets what operations miss, and says whether what is cached still holds. */
import type { Database, Found } from "./database.ts";
import { BLOCK, generationKey, type Key, type Part, textOf } from "./keys.ts";
import { finish, type Generation } from "./redo.ts";
import type { Entry, Range, Scope, Scopes } from "./scopes.ts";
import { joinParts, partKey, partsOf, weigh } from "./values.ts";
import type { Blocked, Missing, View } from "./view.ts";

interface Asked {
  readonly names: ReadonlySet<string>;
  readonly resolve: (versions: ReadonlyMap<string, string | null>) => void;
  readonly reject: (error: unknown) => void;
}

export class Loads {
  readonly #database: Database;
  readonly #scopes: Scopes;
  /** Numbers that were taken from the store and are free. */
  readonly free = new Map<Blocked, number[]>();
  #asked: Asked[] = [];

  constructor(database: Database, scopes: Scopes) {
    this.#database = database;
    this.#scopes = scopes;
  }

  async get(missing: Missing, view: View): Promise<void> {
    if (missing.scopes.length > 0) await this.learnGenerations(missing.scopes);
    if (missing.numbers !== null) await this.#takeNumbers(missing.numbers);
    await Promise.all([
      this.learnKeys(missing.keys),
      ...missing.ranges.map((range) => this.#learnRange(range)),
      this.#learnLoose(missing.loose, view),
      ...missing.looseLists.map((prefix) => this.#learnLooseList(prefix, view)),
    ]);
  }

  /** The versions of generation keys at this moment; asked for together by all that ask in the same turn. */
  versions(names: ReadonlySet<string>): Promise<ReadonlyMap<string, string | null>> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ names, resolve, reject });
      if (this.#asked.length > 1) return;
      queueMicrotask(() => {
        const asked = this.#asked;
        this.#asked = [];
        const all = [...new Set(asked.flatMap((one) => [...one.names]))];
        this.#database.getAll(all.map(generationKey)).then((found) => {
          const versions = new Map(all.map((name, i) => [name, found[i]!.versionstamp]));
          for (const one of asked) one.resolve(versions);
        }).catch((error) => asked.forEach((one) => one.reject(error)));
      });
    });
  }

  async learnGenerations(scopes: readonly Scope[]): Promise<void> {
    for (let open = [...scopes]; open.length > 0;) {
      const found = await this.#database.getAll(open.map(({ name }) => generationKey(name)));
      const undone = new Set<string>();
      open = open.filter((scope, i) => {
        const { value, versionstamp } = found[i]!;
        const generation = value as Generation | null;
        if (generation?.redo) undone.add(generation.commit);
        else scope.generation ??= versionstamp;
        return generation?.redo;
      });
      for (const commit of undone) await finish(this.#database, commit);
    }
  }

  /** What operations will ask for, as far as it is not known. */
  async ahead(keys: readonly Key[]): Promise<void> {
    if (keys.length === 0) return;
    const names = new Set(keys.map(([name]) => name));
    const unknown = [...names].map((name) => this.#scopes.of(name)).filter(({ generation }) =>
      generation === undefined
    );
    await this.learnGenerations(unknown);
    const missing = new Map(keys.map((key) => [textOf(key), key]));
    for (const [text, key] of missing) if (this.#scopes.of(key[0]).entries.has(text)) missing.delete(text);
    await this.learnKeys([...missing.values()]);
  }

  /** Keys of scopes whose generation is known. */
  async learnKeys(keys: readonly Key[]): Promise<void> {
    if (keys.length === 0) return;
    const learn = keys.map((key) => this.#learner(key[0]));
    const found = await this.#database.getAll(keys);
    const entries = await Promise.all(found.map((one, i) => this.#entryOf(keys[i]!, one)));
    entries.forEach((entry, i) => learn[i]!((scope) => scope.learn(keys[i]!, entry)));
  }

  async #learnRange(range: Range): Promise<void> {
    const { prefix, start, end, limit } = range;
    const learn = this.#learner(prefix[0]);
    const selector: Deno.KvListSelector = start && end
      ? { start: [...prefix, ...start], end: [...prefix, ...end] }
      : start
      ? { prefix: [...prefix], start: [...prefix, ...start] }
      : end
      ? { prefix: [...prefix], end: [...prefix, ...end] }
      : { prefix: [...prefix] };
    const found = await this.#database.list(selector, limit);
    const keys = found.map(({ key }) => key as unknown as Key);
    const entries = await Promise.all(found.map((one, i) => this.#entryOf(keys[i]!, one)));
    learn((scope) => {
      keys.forEach((key, i) => scope.learn(key, entries[i]!));
      scope.learnList({ range, keys, cut: found.length === limit });
    });
  }

  async #learnLoose(keys: readonly (readonly Part[])[], view: View): Promise<void> {
    if (keys.length === 0) return;
    const found = await this.#database.getAll(keys);
    const entries = await Promise.all(found.map((one, i) => this.#entryOf(keys[i]!, one)));
    entries.forEach((entry, i) => view.memo.set(textOf(keys[i]!), entry?.value ?? null));
  }

  async #learnLooseList(prefix: readonly Part[], view: View): Promise<void> {
    const found = await this.#database.list({ prefix: [...prefix] }, Infinity);
    const entries = await Promise.all(found.map((one) => this.#entryOf(one.key as Part[], one)));
    view.memo.set(textOf(prefix), entries.map((entry) => entry?.value));
  }

  /** What comes late, when the scope is of another generation by then, is not learned. */
  #learner(name: string): (teach: (scope: Scope) => void) => void {
    const scope = this.#scopes.of(name);
    const { generation } = scope;
    return (teach) => {
      if (generation !== undefined && scope.generation === generation && this.#scopes.of(name) === scope) teach(scope);
    };
  }

  async #entryOf(key: readonly Part[], { value, versionstamp }: Found): Promise<Entry | null> {
    if (versionstamp === null) return null;
    const parts = partsOf(value);
    if (parts === 0) return { key: key as Key, value, weight: weigh(value), parts };
    const found = await this.#database.getAll(Array.from({ length: parts }, (_, part) => partKey(key, part)));
    // Another process is just replacing it: the generation will tell.
    if (found.some((one) => one.value === null)) return null;
    const whole = joinParts(found.map((one) => one.value as Uint8Array));
    return { key: key as Key, value: whole, weight: weigh(whole), parts };
  }

  /** A block of numbers, in a commit of its own: what is not used of it is lost. */
  async #takeNumbers(sequence: Blocked): Promise<void> {
    let free = this.free.get(sequence);
    if (!free) this.free.set(sequence, free = []);
    if (free.length > 0) return;
    for (;;) {
      const [entry] = await this.#database.getAll([["n", sequence]]);
      const last = (entry!.value ?? 0) as number;
      const end = (Math.floor((last + 1) / BLOCK) + 1) * BLOCK;
      const check = { key: ["n", sequence], versionstamp: entry!.versionstamp };
      const written = await this.#database.commit([check], [{ key: ["n", sequence], value: end - 1, weight: 50 }]);
      if (written === null) continue;
      for (let number = last + 1; number < end; number++) free.push(number);
      if (free.length > 0) return;
    }
  }
}
