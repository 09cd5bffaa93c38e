import type { WebhookDesk, WebhookRefused, WebhookState } from "../../http/webhook_desk.ts";
import type { Backlog } from "./backlog.ts";
import type { WebhookSender } from "./sender.ts";
import { makeSecret } from "./sign.ts";
import { OVERLAP_MS, type Webhook, type WebhookBook } from "./webhook_book.ts";

/** What the API asks of webhooks. */
export function webhookDesk(
  { book, backlog, sender, now }: {
    readonly book: WebhookBook;
    readonly backlog: Backlog;
    readonly sender: WebhookSender;
    readonly now: () => number;
  },
): WebhookDesk {
  const state = async ({ secret: _, oldSecret, ...shown }: Webhook): Promise<WebhookState> => ({
    ...shown,
    ...await backlog.counts(shown.id),
    oldSecretUntil: oldSecret && oldSecret.until > now() ? oldSecret.until : null,
  });
  const known = (changed: Webhook | WebhookRefused | null) => changed === null || "refused" in changed ? null : changed;
  return {
    list: async () => await Promise.all((await book.all()).map(state)),
    async get(id) {
      const webhook = await book.get(id);
      return webhook && await state(webhook);
    },
    async add(settings) {
      const webhook = await book.add(settings);
      return "refused" in webhook ? webhook : { webhook: await state(webhook), secret: webhook.secret };
    },
    async change(id, change) {
      const changed = await book.change(id, (one) => ({
        ...one,
        ...change,
        // Whoever enables it knows why it was off.
        ...(change.enabled === true && { disabledBecause: null, failingSince: null }),
      }));
      if (changed === null || "refused" in changed) return changed;
      sender.wake();
      return await state(changed);
    },
    async remove(id) {
      const removed = await book.remove(id);
      if (removed) await backlog.forget(id);
      return removed;
    },
    async rotate(id) {
      const changed = known(
        await book.change(id, (one) => ({
          ...one,
          secret: makeSecret(),
          oldSecret: { secret: one.secret, until: now() + OVERLAP_MS },
        })),
      );
      return changed && { webhook: await state(changed), secret: changed.secret };
    },
    async deliveries(id, limit) {
      return await book.get(id) && await backlog.shown(id, limit);
    },
    async redeliver(id, deliveryId) {
      const done = await book.get(id) !== null && await backlog.redeliver(id, deliveryId);
      if (done) sender.wake();
      return done;
    },
    async test(id) {
      const webhook = await book.get(id);
      if (!webhook) return null;
      const payload = JSON.stringify({
        type: "webhook.test",
        timestamp: new Date(now()).toISOString(),
        data: { webhook: id },
      });
      const { retryAfterMs: _, ...result } = await sender.attempt(webhook, backlog.newId(), payload);
      return result;
    },
  };
}
