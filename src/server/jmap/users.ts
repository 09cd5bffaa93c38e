/** Who somebody is to JMAP, and whose mail is shared with him: believed for a moment, since each request asks. */
import type { AccountId, Login } from "../../contract/mod.ts";
import type { JmapUser } from "../../jmap/mod.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Clock } from "../clock.ts";

const BELIEVED_MS = 5_000;
const BELIEVED = 10_000;

export class JmapUsers {
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #known = new Map<AccountId, { readonly user: JmapUser; readonly until: number }>();

  constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  /** Null: he is gone, or disabled. `fresh`: asks the store in any case. */
  async find({ accountId, login }: Login, fresh = false): Promise<JmapUser | null> {
    const known = this.#known.get(accountId);
    if (!fresh && known && known.until > this.#clock.wall()) return known.user;
    const user = await userOf(this.#storage, accountId, login);
    this.#known.delete(accountId);
    if (!user) return null;
    this.#known.set(accountId, { user, until: this.#clock.wall() + BELIEVED_MS });
    const [oldest] = this.#known.keys();
    if (this.#known.size > BELIEVED && oldest) this.#known.delete(oldest);
    return user;
  }
}

/** His own account, and those of others that he may look into. */
async function userOf(storage: Storage, accountId: AccountId, address: string): Promise<JmapUser | null> {
  const own = await storage.perform("account.get", { address });
  if (own === null || own.accountId !== accountId || own.disabled) return null;
  const others = await storage.perform("acl.owners", { accountId });
  const shared = others.map(({ accountId, address, rights }) => ({
    accountId,
    name: address,
    isPersonal: false,
    isReadOnly: !/[swipkxte]/.test(rights),
  }));
  return {
    accountId,
    address,
    accounts: [{ accountId, name: address, isPersonal: true, isReadOnly: false }, ...shared],
  };
}
