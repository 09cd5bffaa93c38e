/**
 * What this process knows of the store. A scope is cached as of one generation: what was read of it since that version
 * of its generation key is right as long as the key still has it, which is looked at before an answer is given and
 * checked by every commit. So nothing here needs to be true: what is not leads to another try.
 */
import { compareKeys, type Key, type Part, startsWith, textOf } from "./keys.ts";

/** What a key has. */
export interface Entry {
  readonly key: Key;
  readonly value: unknown;
  readonly weight: number;
  /** Further keys that its value takes up. */
  readonly parts: number;
}

/** A question for keys behind a prefix, in their order. */
export interface Range {
  readonly prefix: Key;
  /** What follows the prefix in the first key that is wanted. */
  readonly start?: readonly Part[];
  /** What follows the prefix in the first key beyond. */
  readonly end?: readonly Part[];
  readonly limit: number;
}

/** Keys that were found; `cut`: there may be more. */
export interface Listed {
  readonly range: Range;
  keys: Key[];
  readonly cut: boolean;
}

export class Scope {
  readonly name: string;
  /** The version of its generation key; undefined: not known. */
  generation: string | null | undefined;
  weight = 0;
  usedAt = 0;
  /** `null`: it is known that there is none. */
  readonly entries = new Map<string, Entry | null>();
  readonly #lists = new Map<string, Map<string, Listed>>();

  constructor(name: string) {
    this.name = name;
  }

  learn(key: Key, entry: Entry | null): void {
    const text = textOf(key);
    this.weight += (entry?.weight ?? 0) + 50 + text.length - (this.entries.get(text)?.weight ?? 0);
    this.entries.set(text, entry);
  }

  list(range: Range): Listed | undefined {
    const lists = this.#lists.get(textOf(range.prefix));
    return lists?.get(ALL) ?? lists?.get(queryOf(range));
  }

  learnList(listed: Listed): void {
    const prefix = textOf(listed.range.prefix);
    let lists = this.#lists.get(prefix);
    if (!lists) this.#lists.set(prefix, lists = new Map());
    lists.set(queryOf(listed.range), listed);
    this.weight += 50 + listed.keys.length * 20;
  }

  /** A commit of this process changed the key. */
  apply(key: Key, entry: Entry | null): void {
    this.learn(key, entry);
    for (let length = 2; length < key.length; length++) {
      const lists = this.#lists.get(textOf(key.slice(0, length)));
      if (!lists) continue;
      const whole = lists.get(ALL);
      lists.clear();
      if (!whole) continue;
      lists.set(ALL, whole);
      patch(whole.keys, key, entry !== null);
    }
  }
}

const ALL = "";

function queryOf({ start, end, limit }: Range): string {
  return !start && !end && limit === Infinity ? ALL : JSON.stringify([start ?? null, end ?? null, limit]);
}

function patch(keys: Key[], key: Key, there: boolean): void {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keys[middle]!, key) < 0) low = middle + 1;
    else high = middle;
  }
  const found = low < keys.length && compareKeys(keys[low]!, key) === 0;
  if (there && !found) keys.splice(low, 0, key);
  if (!there && found) keys.splice(low, 1);
}

/** Whether a key is what a range asks for, its limit aside. */
export function isWithin(key: Key, { prefix, start, end }: Range): boolean {
  if (!startsWith(key, prefix)) return false;
  const rest = key.slice(prefix.length);
  return (!start || compareKeys(rest, start) >= 0) && (!end || compareKeys(rest, end) < 0);
}

/** Octets in memory, roughly, beyond which what was not used lately is forgotten. */
const ROOM = 48 * 1024 * 1024;
const LATELY_MS = 2000;

export class Scopes {
  readonly #scopes = new Map<string, Scope>();

  of(name: string): Scope {
    let scope = this.#scopes.get(name);
    if (!scope) this.#scopes.set(name, scope = new Scope(name));
    return scope;
  }

  drop(name: string): void {
    this.#scopes.delete(name);
  }

  dropAll(): void {
    this.#scopes.clear();
  }

  /** Forgets what makes too much and was not used lately: the oldest first. */
  trim(now: number): void {
    let sum = 0;
    for (const { weight } of this.#scopes.values()) sum += weight;
    if (sum <= ROOM) return;
    for (const scope of [...this.#scopes.values()].sort((a, b) => a.usedAt - b.usedAt)) {
      if (sum <= ROOM / 2 || now - scope.usedAt < LATELY_MS) return;
      sum -= scope.weight;
      this.drop(scope.name);
    }
  }
}
