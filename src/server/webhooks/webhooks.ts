/** Webhooks, put together: what tells, what keeps, what sends, and what the API asks. */
import type { LogEvent } from "../../contract/mod.ts";
import type { WebhookDesk } from "../../http/webhook_desk.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Metrics } from "../metrics.ts";
import type { Clock } from "../clock.ts";
import type { Suppressions } from "../sending/suppressions.ts";
import type { OutwardRequest } from "../tls_policy/outward_request.ts";
import { VERSION } from "../version.ts";
import { Backlog } from "./backlog.ts";
import { webhookDesk } from "./desk.ts";
import { MailEvents } from "./events.ts";
import type { TellMail } from "./mail_news.ts";
import { WebhookSender } from "./sender.ts";
import { WebhookBook } from "./webhook_book.ts";

export interface WebhooksParts {
  readonly storage: Storage;
  readonly suppressions: Suppressions;
  readonly request: OutwardRequest;
  /** Whether URLs without TLS are taken. */
  readonly plain: boolean;
  readonly clock: Clock;
  readonly log: (event: LogEvent) => void;
  readonly metrics?: Metrics;
}

export interface Webhooks {
  /** Takes news of mail; returns at once. */
  readonly tell: TellMail;
  readonly desk: WebhookDesk;
  /** A message is about to be sent by HTTP. */
  sends(): void;
  /** Begins to send. */
  start(): void;
  /** What was told is in the store then; what waits, waits. */
  stop(): Promise<void>;
  /** When all that was told is sent, as far as it is due. */
  settled(): Promise<void>;
}

export function createWebhooks(parts: WebhooksParts): Webhooks {
  const { storage, suppressions, clock, log } = parts;
  const now = () => clock.wall();
  const book = new WebhookBook({ storage, now, plain: parts.plain });
  const backlog = new Backlog({ storage, now });
  const attempts = parts.metrics?.counter("palomar_webhook_attempts_total", "Events posted to webhooks, by outcome.", [
    "outcome",
  ]);
  const sender = new WebhookSender({
    ...parts,
    book,
    backlog,
    userAgent: `Palomar/${VERSION}`,
    count: (outcome) => attempts?.add([outcome]),
  });
  const added = () => sender.wake();
  const events = new MailEvents({ storage, book, backlog, suppressions, now, log, added });
  return {
    tell: (news) => events.tell(news),
    sends: () => events.sends(),
    desk: webhookDesk({ book, backlog, sender, now }),
    start() {
      events.start();
      sender.start();
    },
    async stop() {
      await events.settled();
      await sender.stop();
    },
    async settled() {
      await events.settled();
      await sender.settled();
    },
  };
}
