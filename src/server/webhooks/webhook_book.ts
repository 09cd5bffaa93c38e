/** The webhooks: records of kind `webhook`. What is known of them is read anew every ten seconds: others change them too. */
import { randomBytes } from "node:crypto";
import type { WebhookRefused, WebhookSettings } from "../../http/webhook_desk.ts";
import type { Storage } from "../../storage/storage.ts";
import { makeSecret } from "./sign.ts";

/** As it is stored. */
export interface Webhook extends WebhookSettings {
  readonly id: string;
  readonly secret: string;
  readonly oldSecret: { readonly secret: string; readonly until: number } | null;
  readonly createdAt: number;
  readonly disabledBecause: string | null;
  readonly failingSince: number | null;
  readonly lastSuccessAt: number | null;
}

export interface WebhookBookParts {
  readonly storage: Pick<Storage, "perform">;
  readonly now: () => number;
  /** Whether a URL without TLS is taken. */
  readonly plain: boolean;
}

const KIND = "webhook";
const FRESH_MS = 10_000;
const MOST = 200;
const TRIES = 5;
/** How long two secrets sign. */
export const OVERLAP_MS = 24 * 3600_000;

export class WebhookBook {
  readonly #parts: WebhookBookParts;
  #known: Promise<readonly Webhook[]> | null = null;
  #readAt = -Infinity;

  constructor(parts: WebhookBookParts) {
    this.#parts = parts;
  }

  /** All of them, as they were at most ten seconds ago. */
  all(): Promise<readonly Webhook[]> {
    const now = this.#parts.now();
    if (this.#known && now - this.#readAt < FRESH_MS && now >= this.#readAt) return this.#known;
    this.#readAt = now;
    const reading = this.#read();
    this.#known = reading;
    reading.catch(() => this.forget());
    return reading;
  }

  /** Read anew at the next question. */
  forget(): void {
    this.#known = null;
  }

  async get(id: string): Promise<Webhook | null> {
    const found = await this.#record(id);
    return found && JSON.parse(found.value) as Webhook;
  }

  async add(settings: WebhookSettings): Promise<Webhook | WebhookRefused> {
    const wrong = this.#wrong(settings.url);
    if (wrong) return wrong;
    if ((await this.#read()).length >= MOST) return { refused: "tooMany", text: `There are ${MOST} webhooks already.` };
    const webhook: Webhook = {
      ...settings,
      id: newId(),
      secret: makeSecret(),
      oldSecret: null,
      createdAt: this.#parts.now(),
      disabledBecause: null,
      failingSince: null,
      lastSuccessAt: null,
    };
    await this.#put(webhook, null);
    return webhook;
  }

  /** Null: there is none. `update` may be asked more than once. */
  async change(id: string, update: (webhook: Webhook) => Webhook): Promise<Webhook | WebhookRefused | null> {
    for (let i = 0; i < TRIES; i++) {
      const found = await this.#record(id);
      if (!found) return null;
      const before = JSON.parse(found.value) as Webhook;
      const webhook = update(before);
      const wrong = webhook.url === before.url ? null : this.#wrong(webhook.url);
      if (wrong) return wrong;
      if (await this.#put(webhook, found.version)) return webhook;
    }
    return { refused: "invalid", text: "Others change this webhook at the same time; try again." };
  }

  async remove(id: string): Promise<boolean> {
    const removed = await this.#parts.storage.perform("record.remove", { kind: KIND, key: id });
    this.forget();
    return removed;
  }

  /** Secrets that sign now, the present one first. */
  secrets({ secret, oldSecret }: Webhook): readonly string[] {
    return oldSecret && oldSecret.until > this.#parts.now() ? [secret, oldSecret.secret] : [secret];
  }

  #wrong(text: string): WebhookRefused | null {
    const url = URL.canParse(text) ? new URL(text) : null;
    const isWeb = url && (url.protocol === "https:" || (this.#parts.plain && url.protocol === "http:"));
    if (!isWeb || url.username !== "" || url.password !== "") {
      const wanted = this.#parts.plain ? "https: or http:" : "https:";
      return { refused: "invalid", text: `url: should be a URL with ${wanted} and without a login` };
    }
    return null;
  }

  #record(id: string) {
    if (!/^[a-z0-9]{1,40}$/.test(id)) return Promise.resolve(null);
    return this.#parts.storage.perform("record.get", { kind: KIND, key: id, now: this.#parts.now() });
  }

  async #put(webhook: Webhook, ifVersion: number | null): Promise<boolean> {
    const value = JSON.stringify(webhook);
    const now = this.#parts.now();
    const answer = await this.#parts.storage.perform("record.put", {
      kind: KIND,
      key: webhook.id,
      value,
      now,
      ifVersion,
    });
    this.forget();
    return !("refused" in answer);
  }

  async #read(): Promise<readonly Webhook[]> {
    const { storage, now } = this.#parts;
    const found = await storage.perform("record.list", { kind: KIND, now: now(), limit: MOST });
    return found.map(({ value }) => JSON.parse(value) as Webhook);
  }
}

/** 80 bits, in letters and digits. */
export function newId(): string {
  return BigInt("0x" + randomBytes(10).toString("hex")).toString(36);
}
