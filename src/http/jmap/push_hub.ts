/**
 * News of accounts for those who wait: one watch of the store an account however many wait, and one look at what has
 * changed for all of them. What was said is forgotten; whoever was away says what he knew.
 */
import type { AccountId } from "../../contract/mod.ts";
import type { PushType } from "../../jmap/mod.ts";
import type { Touched } from "../../storage/storage.ts";

/** What may have changed: mail, or anything else. */
export interface ChangeHint {
  readonly mail: boolean;
  readonly list: boolean;
}

/** The state an account is in, and what has changed since an earlier one. */
export interface AccountChange {
  readonly state: number;
  readonly types: ReadonlySet<PushType>;
}

/** What a hub asks the server. */
export interface PushParts {
  watch(accountId: AccountId, listener: (touched: Touched) => void): () => void;
  /** `since` null: it is not known. */
  changed(accountId: AccountId, since: number | null, hint: ChangeHint): Promise<AccountChange>;
}

/** News of one account. */
export class AccountNews {
  readonly accountId: AccountId;
  readonly state: number;
  readonly types: ReadonlySet<PushType>;
  /** What is shared with others, or by them, may have changed too. */
  readonly isAboutLists: boolean;
  readonly #made = new Map<string, unknown>();

  constructor(accountId: AccountId, { state, types }: AccountChange, isAboutLists: boolean) {
    this.accountId = accountId;
    this.state = state;
    this.types = types;
    this.isAboutLists = isAboutLists;
  }

  /** What is the same for all who hear the same is made once. */
  once<T>(key: string, make: () => T): T {
    if (!this.#made.has(key)) this.#made.set(key, make());
    return this.#made.get(key) as T;
  }
}

/** Told of news of an account. */
export type PushListener = (news: AccountNews) => void;

interface Watched {
  readonly listeners: Set<PushListener>;
  readonly stop: () => void;
  mail: boolean;
  list: boolean;
  /** What was told last; null: not known yet. */
  state: number | null;
  timer: ReturnType<typeof setTimeout> | null;
  isTelling: boolean;
}

/** Commits that come close together are one piece of news. */
const GATHER_MS = 25;
const ALL: ChangeHint = { mail: true, list: true };

export class PushHub {
  readonly #parts: PushParts;
  readonly #accounts = new Map<AccountId, Watched>();

  constructor(parts: PushParts) {
    this.#parts = parts;
  }

  /** Listens from now on; the answer ends it. */
  listen(accountId: AccountId, listener: PushListener): () => void {
    const own = this.#accounts.get(accountId) ?? this.#watch(accountId);
    const mine: PushListener = (news) => listener(news);
    own.listeners.add(mine);
    return () => {
      own.listeners.delete(mine);
      if (own.listeners.size > 0 || this.#accounts.get(accountId) !== own) return;
      this.#accounts.delete(accountId);
      if (own.timer !== null) clearTimeout(own.timer);
      own.stop();
    };
  }

  /** The state of an account that is listened to: what comes later is told. */
  async state(accountId: AccountId): Promise<number> {
    const watched = this.#accounts.get(accountId);
    if (watched && watched.state !== null) return watched.state;
    const { state } = await this.#parts.changed(accountId, null, { mail: false, list: false });
    const known = this.#accounts.get(accountId);
    if (!known) return state;
    // What was touched meanwhile is told with its types: from the older state on.
    return known.state ??= state;
  }

  /** What has changed since a state that somebody knew. */
  async since(accountId: AccountId, state: number): Promise<AccountNews> {
    return new AccountNews(accountId, await this.#parts.changed(accountId, state, ALL), false);
  }

  #watch(accountId: AccountId): Watched {
    const stop = this.#parts.watch(accountId, (touched) => this.#touched(accountId, touched));
    const watched: Watched = {
      listeners: new Set(),
      stop,
      mail: false,
      list: false,
      state: null,
      timer: null,
      isTelling: false,
    };
    this.#accounts.set(accountId, watched);
    return watched;
  }

  #touched(accountId: AccountId, { mailboxIds, mailboxList }: Touched): void {
    const watched = this.#accounts.get(accountId);
    if (!watched) return;
    watched.mail ||= mailboxIds.size > 0;
    watched.list ||= mailboxList;
    if ((watched.mail || watched.list) && !watched.isTelling) this.#tellSoon(accountId, watched);
  }

  #tellSoon(accountId: AccountId, watched: Watched): void {
    watched.timer ??= setTimeout(() => void this.#tell(accountId, watched), GATHER_MS);
  }

  async #tell(accountId: AccountId, watched: Watched): Promise<void> {
    watched.timer = null;
    watched.isTelling = true;
    const { mail, list, state: before } = watched;
    watched.mail = watched.list = false;
    // A store in trouble tells nothing; the next commit will, and all of it: the state before stands.
    const change = await this.#parts.changed(accountId, before, { mail, list }).catch(() => null);
    watched.isTelling = false;
    if (this.#accounts.get(accountId) !== watched) return;
    if (change === null) watched.mail = watched.list = true;
    else {
      watched.state = change.state;
      const news = new AccountNews(accountId, change, list);
      if (change.types.size > 0 || list) { for (const listener of [...watched.listeners]) listener(news); }
      if (watched.mail || watched.list) this.#tellSoon(accountId, watched);
    }
  }
}
