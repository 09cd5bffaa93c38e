/** Webhooks as the API shows them. Times in milliseconds since 1970. */

/** What a webhook may hear of. */
export const WEBHOOK_EVENTS = ["delivered", "deferred", "bounced", "complained", "received", "suppressed"] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** What whoever keeps a webhook decides. */
export interface WebhookSettings {
  readonly url: string;
  readonly events: readonly WebhookEvent[];
  /** Only of these domains: of the sender, or for `received` of the recipient; none: of all. */
  readonly domains: readonly string[];
  /** Only of these addresses; none: of all. */
  readonly accounts: readonly string[];
  /** What left or was delivered is told only where it came by `POST /send`. */
  readonly onlySends: boolean;
  readonly description: string;
  readonly enabled: boolean;
}

export interface WebhookState extends WebhookSettings {
  readonly id: string;
  readonly createdAt: number;
  /** Why it was disabled, where the server did it. */
  readonly disabledBecause: string | null;
  /** No event has got through since; null: the last one did. */
  readonly failingSince: number | null;
  readonly lastSuccessAt: number | null;
  /** Events that wait, and how many had no room since the server started. */
  readonly waiting: number;
  readonly dropped: number;
  /** Until then the secret before the present one signs too. */
  readonly oldSecretUntil: number | null;
}

/** An event on its way, or at its end. */
export interface WebhookDelivery {
  /** The header `webhook-id`: the same at each attempt. */
  readonly id: string;
  readonly type: string;
  readonly state: "waiting" | "delivered" | "failed";
  readonly createdAt: number;
  readonly attempts: number;
  /** Of the last attempt. */
  readonly lastAt: number | null;
  readonly status: number | null;
  /** Why it failed, in words. */
  readonly error: string | null;
  readonly tookMs: number | null;
  readonly nextAttempt: number | null;
  readonly payload: unknown;
}

/** What an attempt came to. */
export interface WebhookResult {
  readonly ok: boolean;
  readonly status: number | null;
  readonly error: string | null;
  readonly tookMs: number;
}

/** Why a webhook is not taken. */
export type WebhookRefused = { readonly refused: "invalid" | "tooMany"; readonly text: string };

export interface WebhookDesk {
  list(): Promise<readonly WebhookState[]>;
  get(id: string): Promise<WebhookState | null>;
  /** The secret is shown here and never again. */
  add(settings: WebhookSettings): Promise<{ readonly webhook: WebhookState; readonly secret: string } | WebhookRefused>;
  /** Changes what is given. Null: there is none. */
  change(id: string, change: Partial<WebhookSettings>): Promise<WebhookState | WebhookRefused | null>;
  remove(id: string): Promise<boolean>;
  /** A new secret; the old one signs beside it for a day. */
  rotate(id: string): Promise<{ readonly webhook: WebhookState; readonly secret: string } | null>;
  /** What waits, then what is done, the latest first. Null: there is no such webhook. */
  deliveries(id: string, limit: number): Promise<readonly WebhookDelivery[] | null>;
  /** Sends an event again, under its id. False: there is none. */
  redeliver(id: string, deliveryId: string): Promise<boolean>;
  /** Sends an event that means nothing, now. */
  test(id: string): Promise<WebhookResult | null>;
}
