/**
 * Events that wait for their webhook, and those that are done. Waiting: records of kind `webhookWaiting`, whose keys
 * begin with the webhook and the time they are due, so that what is due is the beginning of a list. Putting off is
 * adding it under the later time, then removing the earlier: a crash between sends it twice, under one id.
 */
import type { StoredRecord } from "../../contract/mod.ts";
import type { WebhookDelivery } from "../../http/webhook_desk.ts";
import type { Storage } from "../../storage/storage.ts";
import { newId } from "./webhook_book.ts";

/** An event for one webhook. Times in milliseconds since 1970. */
export interface Waiting {
  readonly id: string;
  readonly type: string;
  readonly createdAt: number;
  /** JSON, as it is sent and signed. */
  readonly payload: string;
  readonly attempts: number;
  readonly lastAt: number | null;
  readonly status: number | null;
  readonly error: string | null;
  readonly tookMs: number | null;
  /** A server sends it now; until then no other does. */
  readonly leasedUntil?: number;
}

/** One that is claimed. */
export interface Claimed {
  readonly event: Waiting;
  readonly record: StoredRecord;
}

interface Done extends Waiting {
  readonly state: "delivered" | "failed";
}

export interface BacklogParts {
  readonly storage: Pick<Storage, "perform">;
  readonly now: () => number;
}

const WAITING = "webhookWaiting";
const DONE = "webhookDone";
/** Events of one webhook that wait at most, and of which the results are kept. */
export const MOST_WAITING = 10_000;
const MOST_DONE = 200;
/** Done ones are forgotten. */
const DONE_MS = 7 * 86_400_000;
/** Waiting ones go in any case: nobody sends for a webhook that stays disabled. */
const WAITING_MS = 7 * 86_400_000;
const LEASE_MS = 60_000;
const COUNTED_MS = 60_000;
const NONE_MS = 5_000;
const PAGE = 1000;

export class Backlog {
  readonly #storage: BacklogParts["storage"];
  readonly #now: () => number;
  /** How many wait, by webhook, and when they were counted: other servers add and send, too. */
  readonly #counts = new Map<string, { readonly at: number; readonly counted: Promise<{ waiting: number }> }>();
  readonly #dropped = new Map<string, number>();
  readonly #done = new Map<string, number>();

  constructor({ storage, now }: BacklogParts) {
    this.#storage = storage;
    this.#now = now;
  }

  /** An id for an event: later ones are greater. */
  newId(): string {
    return this.#now().toString(36).padStart(9, "0") + newId();
  }

  /** False: too many wait. */
  async add(hook: string, event: Waiting, dueAt = event.createdAt): Promise<boolean> {
    const counts = await this.#counted(hook);
    if (counts.waiting >= MOST_WAITING) {
      this.#dropped.set(hook, this.#droppedOf(hook) + 1);
      return false;
    }
    counts.waiting++;
    await this.#put(hook, event, dueAt);
    return true;
  }

  async counts(hook: string): Promise<{ readonly waiting: number; readonly dropped: number }> {
    const { waiting } = await this.#counted(hook);
    return { waiting, dropped: this.#droppedOf(hook) };
  }

  /** None is counted again soon, so that what others added is found; else the count of a moment ago is good enough. */
  async #counted(hook: string): Promise<{ waiting: number }> {
    const known = this.#counts.get(hook);
    const age = known ? this.#now() - known.at : Infinity;
    if (known && age >= 0 && age < COUNTED_MS) {
      const counts = await known.counted;
      if (counts.waiting > 0 || age < NONE_MS) return counts;
    }
    const counted = this.#count(hook);
    const fresh = { at: this.#now(), counted };
    this.#counts.set(hook, fresh);
    counted.catch(() => this.#counts.delete(hook));
    return await counted;
  }

  #droppedOf(hook: string): number {
    return this.#dropped.get(hook) ?? 0;
  }

  /** Claims what is due, the earliest first. */
  async claim(hook: string, limit: number): Promise<readonly Claimed[]> {
    const now = this.#now();
    const claimed: Claimed[] = [];
    for (const record of await this.#list(WAITING, { prefix: `${hook}/`, limit: 2 * limit + 10 })) {
      if (claimed.length === limit || dueOf(record.key) > now) break;
      const event = JSON.parse(record.value) as Waiting;
      if ((event.leasedUntil ?? 0) > now) continue;
      const { key, version: ifVersion, expiresAt } = record;
      const value = JSON.stringify({ ...event, leasedUntil: now + LEASE_MS });
      const taken = await this.#storage.perform("record.put", { kind: WAITING, key, value, now, expiresAt, ifVersion });
      if (!("refused" in taken)) claimed.push({ event, record: taken });
    }
    return claimed;
  }

  async putOff(hook: string, { record }: Claimed, event: Waiting, dueAt: number): Promise<void> {
    await this.#put(hook, event, dueAt);
    await this.#storage.perform("record.remove", { kind: WAITING, key: record.key });
  }

  async end(hook: string, { record }: Claimed, event: Waiting, state: Done["state"]): Promise<void> {
    const now = this.#now();
    const done: Done = { ...event, state };
    await this.#storage.perform("record.put", {
      kind: DONE,
      key: `${hook}/${event.id}`,
      value: JSON.stringify(done),
      now,
      expiresAt: now + DONE_MS,
    });
    await this.#storage.perform("record.remove", { kind: WAITING, key: record.key });
    const counts = await this.#counted(hook);
    counts.waiting = Math.max(0, counts.waiting - 1);
    await this.#tidy(hook);
  }

  /** What waits, the next first, then what is done, the latest first. */
  async shown(hook: string, limit: number): Promise<readonly WebhookDelivery[]> {
    const waiting = await this.#list(WAITING, { prefix: `${hook}/`, limit });
    const done = await this.#list(DONE, { prefix: `${hook}/`, limit, descending: true });
    return [
      ...waiting.map((one) => print(JSON.parse(one.value) as Waiting, "waiting", dueOf(one.key))),
      ...done.map(({ value }) => JSON.parse(value) as Done).map((one) => print(one, one.state, null)),
    ].slice(0, limit);
  }

  async redeliver(hook: string, id: string): Promise<boolean> {
    if (!/^[a-z0-9]{1,60}$/.test(id)) return false;
    const now = this.#now();
    const found = await this.#storage.perform("record.take", { kind: DONE, key: `${hook}/${id}`, now });
    if (!found) return false;
    const { state: _, ...event } = JSON.parse(found.value) as Done;
    // Its day and a half begins anew.
    return await this.add(hook, { ...event, createdAt: now, attempts: 0 }, now);
  }

  /** The webhook is gone. */
  async forget(hook: string): Promise<void> {
    for (const kind of [WAITING, DONE] as const) {
      for (let page = PAGE; page === PAGE;) {
        const found = await this.#list(kind, { prefix: `${hook}/`, limit: PAGE });
        for (const { key } of found) await this.#storage.perform("record.remove", { kind, key });
        page = found.length;
      }
    }
    this.#counts.delete(hook);
    this.#dropped.delete(hook);
    this.#done.delete(hook);
  }

  #list(
    kind: typeof WAITING | typeof DONE,
    args: { readonly prefix: string; readonly limit: number; readonly after?: string; readonly descending?: boolean },
  ): Promise<readonly StoredRecord[]> {
    return this.#storage.perform("record.list", { kind, now: this.#now(), ...args });
  }

  async #put(hook: string, event: Waiting, dueAt: number): Promise<void> {
    const key = `${hook}/${String(Math.floor(dueAt)).padStart(14, "0")}.${event.id}`;
    const { leasedUntil: _, ...kept } = event;
    const now = this.#now();
    const expiresAt = event.createdAt + WAITING_MS;
    await this.#storage.perform("record.put", { kind: WAITING, key, value: JSON.stringify(kept), now, expiresAt });
  }

  async #count(hook: string): Promise<{ waiting: number }> {
    let waiting = 0;
    for (let after = ""; waiting <= MOST_WAITING;) {
      const page = await this.#list(WAITING, { prefix: `${hook}/`, limit: PAGE, ...(after === "" ? {} : { after }) });
      waiting += page.length;
      if (page.length < PAGE) break;
      after = page.at(-1)!.key;
    }
    return { waiting };
  }

  /** Of those that are done, the oldest go; looked at now and then. */
  async #tidy(hook: string): Promise<void> {
    const since = (this.#done.get(hook) ?? MOST_DONE) + 1;
    this.#done.set(hook, since >= MOST_DONE / 4 ? 0 : since);
    if (since < MOST_DONE / 4) return;
    const found = await this.#list(DONE, { prefix: `${hook}/`, limit: PAGE, descending: true });
    for (const { key } of found.slice(MOST_DONE)) await this.#storage.perform("record.remove", { kind: DONE, key });
  }
}

function dueOf(key: string): number {
  return Number(key.slice(key.indexOf("/") + 1, key.indexOf(".")));
}

function print(one: Waiting, state: WebhookDelivery["state"], nextAttempt: number | null): WebhookDelivery {
  const { id, type, createdAt, attempts, lastAt, status, error, tookMs, payload } = one;
  const value: unknown = JSON.parse(payload);
  return { id, type, state, createdAt, attempts, lastAt, status, error, tookMs, nextAttempt, payload: value };
}
