/** Which server on a store tells, and up to which state each account was told: records of the store. */
import { randomUUID } from "node:crypto";
import type { AccountId } from "../../contract/mod.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Clock } from "../clock.ts";

const KIND = "push";
const KEY = "sender";
/** Longer than the time between two rounds: whoever does not renew it is gone. */
const LEASE_MS = 5 * 60_000;

export class SenderLease {
  readonly #parts: { readonly storage: Storage; readonly clock: Clock; readonly isShared: boolean };
  readonly #own = JSON.stringify(randomUUID());

  constructor(parts: { readonly storage: Storage; readonly clock: Clock; readonly isShared: boolean }) {
    this.#parts = parts;
  }

  /** Whether this server tells, from now until the next round. */
  async hold(): Promise<boolean> {
    const { storage, clock, isShared } = this.#parts;
    if (!isShared) return true;
    const now = clock.wall();
    const held = await storage.perform("record.get", { kind: KIND, key: KEY, now });
    if (held !== null && held.value !== this.#own) return false;
    const record = { kind: KIND, key: KEY, value: this.#own, now, expiresAt: now + LEASE_MS } as const;
    return !("refused" in await storage.perform("record.put", { ...record, ifVersion: held?.version ?? null }));
  }

  /** Another server may tell at once. Never rejects: it ends by itself. */
  async giveUp(): Promise<void> {
    const { storage, clock, isShared } = this.#parts;
    if (!isShared) return;
    try {
      const held = await storage.perform("record.get", { kind: KIND, key: KEY, now: clock.wall() });
      if (held?.value === this.#own) {
        await storage.perform("record.remove", { kind: KIND, key: KEY, ifVersion: held.version });
      }
    } catch {
      // After its time.
    }
  }

  /** What was written last (`UserNews.pushState`); null: nothing. */
  async toldOf(accountId: AccountId): Promise<string | null> {
    const { storage, clock } = this.#parts;
    const found = await storage.perform("record.get", { kind: KIND, key: `told/${accountId}`, now: clock.wall() });
    return found && JSON.parse(found.value) as string;
  }

  async writeTold(accountId: AccountId, pushState: string): Promise<void> {
    const { storage, clock } = this.#parts;
    const [key, value] = [`told/${accountId}`, JSON.stringify(pushState)];
    await storage.perform("record.put", { kind: KIND, key, value, now: clock.wall(), accountId });
  }
}
