/** Who wants to hear of commits. */
import type { AccountId, AnnotationTouched, MailboxId } from "../../contract/mod.ts";
import type { Touched } from "../storage.ts";
import { accountIdOf, mailboxIdOf } from "./ids.ts";

interface TouchedAccount {
  readonly mailboxes: Set<number>;
  list: boolean;
  readonly annotations: AnnotationTouched[];
}

/** What a transaction touched, gathered until its commit. */
export class TouchedSet {
  readonly #accounts = new Map<number, TouchedAccount>();
  queue = false;

  touch(account: number, mailbox: number | null): void {
    const entry = this.#of(account);
    if (mailbox === null) entry.list = true;
    else entry.mailboxes.add(mailbox);
  }

  /** An annotation of the mailbox was set or removed; null: of the server. */
  annotate(account: number, mailbox: number | null, entry: string): void {
    const mailboxId = mailbox === null ? null : mailboxIdOf(mailbox);
    this.#of(account).annotations.push({ mailboxId, entry });
  }

  #of(account: number): TouchedAccount {
    let entry = this.#accounts.get(account);
    if (!entry) this.#accounts.set(account, entry = { mailboxes: new Set(), list: false, annotations: [] });
    return entry;
  }

  *entries(): Generator<[AccountId, () => Touched]> {
    for (const [account, { mailboxes, list, annotations }] of this.#accounts) {
      const mailboxIds = (): Set<MailboxId> => new Set(Array.from(mailboxes, mailboxIdOf));
      yield [accountIdOf(account), () => ({ mailboxIds: mailboxIds(), mailboxList: list, annotations })];
    }
  }

  clear(): void {
    this.#accounts.clear();
    this.queue = false;
  }
}

/** The listeners of a store. A listener that throws is its own misfortune: the commit stands and the others hear. */
export class Watchers {
  readonly #accounts = new Map<AccountId, Set<(touched: Touched) => void>>();
  readonly #queue = new Set<() => void>();

  watch(accountId: AccountId, listener: (touched: Touched) => void): () => void {
    let listeners = this.#accounts.get(accountId);
    if (!listeners) this.#accounts.set(accountId, listeners = new Set());
    // A function of its own, so that one listener may watch twice.
    const own = (touched: Touched) => listener(touched);
    listeners.add(own);
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.#accounts.get(accountId) === listeners) this.#accounts.delete(accountId);
    };
  }

  watchQueue(listener: () => void): () => void {
    const own = () => listener();
    this.#queue.add(own);
    return () => void this.#queue.delete(own);
  }

  tell(touched: TouchedSet): void {
    if (this.#accounts.size > 0) {
      for (const [accountId, describe] of touched.entries()) {
        const listeners = this.#accounts.get(accountId);
        if (!listeners) continue;
        const news = describe();
        for (const listener of [...listeners]) quietly(() => listener(news));
      }
    }
    if (touched.queue) { for (const listener of [...this.#queue]) quietly(listener); }
  }
}

function quietly(call: () => void): void {
  try {
    call();
  } catch {
    // Told is told: what a listener does with it is not the store's.
  }
}
