/**
 * The store as one operation sees it: what it wrote itself, over what the operations before it in the same commit wrote,
 * over what is known. What is not known is `Missing`: thrown through the operation, which is run again when it is there
 * (`engine/replay.ts`).
 */
import { Interruption, WouldWrite } from "../engine/replay.ts";
import { compareKeys, type Key, type Part, textOf } from "./keys.ts";
import { isWithin, type Range, type Scope, type Scopes } from "./scopes.ts";
import { weigh } from "./values.ts";

/** Numbers that are taken from the store in blocks. */
export type Blocked = "email" | "queue" | "blob";

/** What an operation waits for. */
export class Missing extends Interruption {
  /** Scopes whose generation is not known. */
  readonly scopes: Scope[] = [];
  readonly keys: Key[] = [];
  readonly ranges: Range[] = [];
  /** What never changes, or need not be of one moment with the rest. */
  readonly loose: (readonly Part[])[] = [];
  readonly looseLists: (readonly Part[])[] = [];
  numbers: Blocked | null = null;
}

/** The cache is of another generation than what was read before: the commit begins anew. */
export class Stale {}

export interface Change {
  readonly key: Key;
  /** Undefined: the key goes. */
  readonly value: unknown;
  readonly weight: number;
}

/** Changes by kind of row. */
export class Overlay {
  /** Generations of what was read or written. */
  readonly base = new Map<string, string | null>();
  readonly #kinds = new Map<string, Map<string, Change>>();
  /** Writes that nothing depends on. */
  readonly loose: { readonly key: readonly Part[]; readonly value?: unknown; readonly weight: number }[] = [];
  weight = 0;
  count = 0;

  of(key: Key): Change | undefined {
    return this.#kinds.get(`${key[0]} ${key[1]}`)?.get(textOf(key));
  }

  put(change: Change): void {
    const kind = `${change.key[0]} ${change.key[1]}`;
    let changes = this.#kinds.get(kind);
    if (!changes) this.#kinds.set(kind, changes = new Map());
    const text = textOf(change.key);
    const before = changes.get(text);
    if (!before) this.count++;
    this.weight += change.weight - (before?.weight ?? 0);
    changes.set(text, change);
  }

  kind(prefix: Key): Iterable<Change> {
    return this.#kinds.get(`${prefix[0]} ${prefix[1]}`)?.values() ?? [];
  }

  *changes(): Iterable<Change> {
    for (const changes of this.#kinds.values()) yield* changes.values();
  }

  get isEmpty(): boolean {
    return this.count === 0 && this.loose.length === 0;
  }
}

export class View {
  readonly #scopes: Scopes;
  readonly #group: Overlay | null;
  readonly #free: ReadonlyMap<Blocked, number[]>;
  own = new Overlay();
  /** What was loaded for this operation alone, by key. */
  readonly memo = new Map<string, unknown>();
  readonly #taken = new Map<Blocked, number[]>();
  readonly #cursor = new Map<Blocked, number>();

  /** `group` null: the operation only reads. */
  constructor(scopes: Scopes, group: Overlay | null, free: ReadonlyMap<Blocked, number[]>) {
    this.#scopes = scopes;
    this.#group = group;
    this.#free = free;
  }

  get isReadOnly(): boolean {
    return this.#group === null;
  }

  /** The operation begins anew. */
  restart(): void {
    this.own = new Overlay();
    this.#cursor.clear();
  }

  get<T>(key: Key): T | null {
    return this.getAll<T>([key])[0]!;
  }

  /** Many at once: what is missing is asked for together. */
  getAll<T>(keys: readonly Key[]): readonly (T | null)[] {
    const missing = new Missing();
    const values = keys.map((key) => {
      const change = this.own.of(key) ?? this.#group?.of(key);
      if (change) return (change.value ?? null) as T | null;
      const scope = this.#touch(key[0], missing);
      const entry = scope.entries.get(textOf(key));
      if (entry === undefined) missing.keys.push(key);
      return (entry?.value ?? null) as T | null;
    });
    if (missing.keys.length > 0) throw missing;
    return values;
  }

  /** What this operation has put there; undefined: nothing. */
  pending<T>(key: Key): T | null | undefined {
    const change = this.own.of(key);
    return change && (change.value ?? null) as T | null;
  }

  range<T>(
    prefix: Key,
    { start, end, limit = Infinity }: { start?: readonly Part[]; end?: readonly Part[]; limit?: number } = {},
  ): readonly { readonly key: Key; readonly value: T }[] {
    const missing = new Missing();
    const scope = this.#touch(prefix[0], missing);
    for (let ask = limit;; ask *= 2) {
      const range: Range = { prefix, ...(start && { start }), ...(end && { end }), limit: ask };
      const listed = scope.list(range);
      if (!listed) {
        missing.ranges.push(range);
        throw missing;
      }
      const found = new Map<string, Key>();
      for (const key of listed.keys) if (isWithin(key, range)) found.set(textOf(key), key);
      const last = listed.cut ? listed.keys[listed.keys.length - 1] : undefined;
      this.#merge(range, last, found);
      if (found.size < limit && listed.cut) continue;
      const keys = [...found.values()].sort(compareKeys).slice(0, limit);
      const values = this.getAll<T>(keys);
      return keys.map((key, i) => ({ key, value: values[i]! }));
    }
  }

  /** A range from its end is not to be had: what is behind the prefix, whole. */
  values<T>(prefix: Key): readonly T[] {
    return this.range<T>(prefix).map(({ value }) => value);
  }

  set(key: Key, value: unknown): void {
    this.#write({ key, value, weight: weigh(value) });
  }

  delete(key: Key): void {
    this.#write({ key, value: undefined, weight: 0 });
  }

  /** A write to a key that belongs to no scope. */
  append(key: readonly Part[], value?: unknown): void {
    if (this.isReadOnly) throw new WouldWrite();
    this.own.loose.push({ key, value, weight: weigh(value) });
  }

  /** What never changes. */
  loose<T>(keys: readonly (readonly Part[])[]): readonly (T | null)[] {
    const missing = new Missing();
    for (const key of keys) if (!this.memo.has(textOf(key))) missing.loose.push(key);
    if (missing.loose.length > 0) throw missing;
    return keys.map((key) => this.memo.get(textOf(key)) as T | null);
  }

  looseList<T>(prefix: readonly Part[]): readonly T[] {
    const found = this.memo.get(textOf(prefix)) as readonly T[] | undefined;
    if (found) return found;
    const missing = new Missing();
    missing.looseLists.push(prefix);
    throw missing;
  }

  /** A number that nobody has used: the same at the same place of every run. */
  number(sequence: Blocked): number {
    if (this.isReadOnly) throw new WouldWrite();
    let taken = this.#taken.get(sequence);
    if (!taken) this.#taken.set(sequence, taken = []);
    const at = this.#cursor.get(sequence) ?? 0;
    this.#cursor.set(sequence, at + 1);
    if (at < taken.length) return taken[at]!;
    const next = this.#free.get(sequence)?.shift();
    if (next === undefined) {
      const missing = new Missing();
      missing.numbers = sequence;
      throw missing;
    }
    taken.push(next);
    return next;
  }

  #write(change: Change): void {
    if (this.isReadOnly) throw new WouldWrite();
    this.#touch(change.key[0], new Missing());
    this.own.put(change);
  }

  #touch(name: string, missing: Missing): Scope {
    const scope = this.#scopes.of(name);
    if (scope.generation === undefined) {
      missing.scopes.push(scope);
      throw missing;
    }
    const base = this.#group?.base.get(name);
    if (base !== undefined && base !== scope.generation) throw new Stale();
    this.own.base.set(name, scope.generation);
    return scope;
  }

  /** What is in no commit yet, over what was found; nothing behind `last`, where there may be more in between. */
  #merge(range: Range, last: Key | undefined, found: Map<string, Key>): void {
    for (const overlay of [this.#group, this.own]) {
      for (const { key, value } of overlay?.kind(range.prefix) ?? []) {
        if (!isWithin(key, range) || (last && compareKeys(key, last) > 0)) continue;
        if (value === undefined) found.delete(textOf(key));
        else found.set(textOf(key), key);
      }
    }
  }
}
