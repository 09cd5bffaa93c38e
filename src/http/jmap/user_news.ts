/**
 * News for one user: of his own account and of those that others share with him, as these come and go. It knows the state
 * of all of them, which is one text (`pushState` of RFC 8887, the id of an event of RFC 8620 section 7.3): whoever comes
 * back with it hears what he missed.
 */
import type { AccountId } from "../../contract/mod.ts";
import {
  type Changed,
  type JmapUser,
  PUSH_TYPES,
  type PushType,
  SHARED_PUSH_TYPES,
  wantedTypes,
} from "../../jmap/mod.ts";
import type { AccountNews, PushHub } from "./push_hub.ts";

/** Told what changed; `made`: what others of the same state hear too is made once, by its kind. */
export type Tell = (changed: Changed, pushState: string, made: <T>(kind: string, make: () => T) => T) => void;

export interface UserNewsParts {
  readonly hub: PushHub;
  /** The user as he is now; null: he is gone. */
  readonly find: () => Promise<JmapUser | null>;
  readonly tell: Tell;
  /** He is gone: nothing more will come. */
  readonly ended: () => void;
}

/** States that are longer were not said by us. */
const LONGEST_STATE = 20_000;

export class UserNews {
  readonly #parts: UserNewsParts;
  readonly #accounts = new Map<AccountId, { state: number; readonly isOwn: boolean; readonly stop: () => void }>();
  /** Null: all. */
  #wanted: readonly string[] | null;
  #isStopped = false;
  #before = "";

  constructor(parts: UserNewsParts, wanted: readonly string[] | null) {
    this.#parts = parts;
    this.#wanted = wanted;
  }

  /** All accounts with their states, short. */
  get pushState(): string {
    return Array.from(this.#accounts, ([accountId, { state }]) => `${accountId}=${state}`).join(",");
  }

  /** What was known before the news that are being told. */
  get before(): string {
    return this.#before;
  }

  set wanted(wanted: readonly string[] | null) {
    this.#wanted = wanted;
  }

  /** Begins to listen. Rejects where the store is in trouble. */
  async start(user: JmapUser): Promise<void> {
    await this.#follow(user);
  }

  /** Tells what changed since a state that `pushState` gave once; what is none is passed over. */
  async tellSince(pushState: string): Promise<void> {
    this.#before = pushState;
    const known = readStates(pushState);
    const changed: Record<AccountId, Record<string, string>> = {};
    for (const [accountId, account] of this.#accounts) {
      const since = known?.get(accountId);
      if (since === undefined || since === account.state) continue;
      const { types } = await this.#parts.hub.since(accountId, since);
      const states = this.#states(types, account.state, account.isOwn);
      if (states) changed[accountId] = states;
    }
    if (Object.keys(changed).length > 0 && !this.#isStopped) {
      this.#parts.tell(changed, this.pushState, (_, make) => make());
    }
  }

  stop(): void {
    this.#isStopped = true;
    for (const { stop } of this.#accounts.values()) stop();
    this.#accounts.clear();
  }

  /** Answers the accounts that are new. */
  async #follow({ accounts }: JmapUser): Promise<readonly AccountId[]> {
    const { hub } = this.#parts;
    const added: AccountId[] = [];
    const wanted = new Set(accounts.map(({ accountId }) => accountId));
    for (const [accountId, { stop }] of this.#accounts) {
      if (wanted.has(accountId)) continue;
      stop();
      this.#accounts.delete(accountId);
    }
    for (const { accountId, isPersonal } of accounts) {
      if (this.#accounts.has(accountId)) continue;
      const stop = hub.listen(accountId, (news) => this.#heard(news, isPersonal));
      this.#accounts.set(accountId, { state: 0, isOwn: isPersonal, stop });
      const state = await hub.state(accountId);
      const account = this.#accounts.get(accountId);
      if (account) account.state ||= state;
      added.push(accountId);
    }
    return added;
  }

  #heard(news: AccountNews, isOwn: boolean): void {
    const account = this.#accounts.get(news.accountId);
    if (!account || this.#isStopped) return;
    this.#before = this.pushState;
    account.state = news.state;
    if (news.isAboutLists && isOwn) void this.#lookAgain();
    const states = this.#states(news.types, news.state, isOwn);
    if (!states) return;
    const pushState = this.pushState;
    const key = `${pushState} ${Object.keys(states).join()}`;
    this.#parts.tell({ [news.accountId]: states }, pushState, (kind, make) => news.once(`${kind} ${key}`, make));
  }

  #states(types: ReadonlySet<PushType>, state: number, isOwn: boolean): Record<string, string> | null {
    const known = PUSH_TYPES.filter((type) => types.has(type) && (isOwn || SHARED_PUSH_TYPES.has(type)));
    const told = wantedTypes(known, this.#wanted);
    return told.length === 0 ? null : Object.fromEntries(told.map((type) => [type, String(state)]));
  }

  /** Somebody shared something with him, or no longer does. A store in trouble leaves it as it is. */
  async #lookAgain(): Promise<void> {
    try {
      const user = await this.#parts.find();
      if (this.#isStopped) return;
      if (user === null) return this.#parts.ended();
      // All that is shared with him anew is news.
      for (const accountId of await this.#follow(user)) {
        const account = this.#accounts.get(accountId);
        const states = account && this.#states(new Set(PUSH_TYPES), account.state, account.isOwn);
        if (states && !this.#isStopped) this.#parts.tell({ [accountId]: states }, this.pushState, (_, make) => make());
      }
    } catch {
      // At the next change.
    }
  }
}

function readStates(text: string): ReadonlyMap<AccountId, number> | null {
  if (text.length > LONGEST_STATE || !/^[0-9a-z]+=\d{1,16}(,[0-9a-z]+=\d{1,16})*$/i.test(text)) return null;
  return new Map(
    text.split(",").map((one) => {
      const [accountId, state] = one.split("=") as [AccountId, string];
      return [accountId, Number(state)];
    }),
  );
}
