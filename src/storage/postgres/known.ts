/**
 * What a transaction knows. Rows that an operation changes are its own copies until it has ended, because it may be run
 * several times (`replay.ts`); then they are the transaction's, which writes them once.
 */
import type { AccountRow, AliasRow, DomainRow, MailboxRow, QueueRecord, Sequence } from "../engine/tables.ts";
import { BLOCK } from "./schema.ts";

/** Mailboxes of an account by their numbers. */
export type Mailboxes = Map<number, MailboxRow>;

/** Sequences: those of the engine, and of blobs. */
export type Numbered = Sequence | "blob";

/** How long what was removed is kept, and by which clock. */
export interface Keeping {
  readonly undeleteMs: number;
  readonly wall: () => number;
}

/** For what only reads. */
const NOTHING_KEPT: Keeping = { undeleteMs: 0, wall: () => 0 };

/** Shared by the operations of one transaction. `null`: it is known that there is none. */
export class Known {
  readonly domains = new Map<string, DomainRow | null | undefined>();
  readonly aliases = new Map<string, AliasRow | null | undefined>();
  readonly settings = new Map<string, string | null | undefined>();
  readonly accounts = new Map<number, AccountRow | null | undefined>();
  readonly addresses = new Map<string, number | null | undefined>();
  readonly mailboxes = new Map<number, Mailboxes | undefined>();
  /** By account and key. */
  readonly threads = new Map<string, number | null | undefined>();
  /** Numbers of stored blobs by their ids. */
  readonly blobs = new Map<string, number | null | undefined>();
  readonly queue = new Map<number, QueueRecord | null | undefined>();
  readonly dirtyAccounts = new Set<number>();
  readonly dirtyMailboxes = new Map<number, number>();
  /** Numbers that were taken from sequences: for this transaction, or in blocks for all of this process. */
  readonly numbers = new Map<Numbered, number[]>();
  readonly blocks: Map<Numbered, number[]>;
  /** Accounts that the transaction has locked: always in ascending order, else two would wait for each other. */
  readonly locked = new Set<number>();
  highestLocked = 0;
  /** Lines of the journal: their order. */
  journalled = 0;

  readonly keeping: Keeping;
  /** The time of the transaction. */
  readonly now: number;

  constructor(blocks: Map<Numbered, number[]>, keeping: Keeping = NOTHING_KEPT) {
    this.blocks = blocks;
    this.keeping = keeping;
    this.now = keeping.wall();
  }

  /** Numbers of a sequence that nobody has used. */
  free(sequence: Numbered): number[] {
    const all = isBlocked(sequence) ? this.blocks : this.numbers;
    let free = all.get(sequence);
    if (!free) all.set(sequence, free = []);
    return free;
  }

  lock(account: number): void {
    this.locked.add(account);
    if (account > this.highestLocked) this.highestLocked = account;
  }
}

/** Sequences that give a block of numbers at a time. */
export function isBlocked(sequence: Numbered): boolean {
  return sequence === "email" || sequence === "queue" || sequence === "blob";
}

/** The numbers that `nextval` stands for. */
export function numbersOf(sequence: Numbered, first: number): number[] {
  return isBlocked(sequence) ? Array.from({ length: BLOCK }, (_, i) => first + i) : [first];
}

/** Thrown where an account must be locked behind a later one: the transaction is begun anew with all of them. */
export class LockedLate {
  readonly accounts: ReadonlySet<number>;

  constructor(accounts: ReadonlySet<number>) {
    this.accounts = accounts;
  }
}

/** A map of the transaction's as one operation sees it: what it puts there is its own until `keep`. */
export class Layer<K, V> {
  readonly #below: Map<K, V | undefined>;
  readonly #own = new Map<K, V | undefined>();
  readonly #copy: (value: V) => V;

  constructor(below: Map<K, V | undefined>, copy: (value: V) => V = (value) => value) {
    this.#below = below;
    this.#copy = copy;
  }

  /** Undefined: not known. */
  get(key: K): V | undefined {
    const own = this.#own.get(key);
    if (own !== undefined || this.#own.has(key)) return own;
    const below = this.#below.get(key);
    if (below === undefined) return undefined;
    const copy = below === null ? below : this.#copy(below);
    this.#own.set(key, copy);
    return copy;
  }

  set(key: K, value: V | undefined): void {
    this.#own.set(key, value);
  }

  restart(): void {
    this.#own.clear();
  }

  keep(): void {
    for (const [key, value] of this.#own) this.#below.set(key, value);
    this.#own.clear();
  }
}
