/**
 * News of mail for whoever wants to be told: events, signed and posted to URLs (Standard Webhooks).
 *
 * - `mail_news.ts` is what the ways of mail tell, `tell_accepted.ts` how acceptance does; `events.ts` makes events of it,
 *   `returned.ts` reads reports about messages that were sent by HTTP.
 * - `webhook_book.ts` keeps the webhooks, `backlog.ts` what waits for them and what was told, `sign.ts` signs,
 *   `sender.ts` sends; `desk.ts` is what the API asks.
 *
 * Rules: mail never waits for an event and never fails with one. What waits survives a restart. A stranger's URL is asked
 * at addresses of the public Internet only. Why: [adr/0041](../../adr/0041-mail-by-http.md).
 */
export { createWebhooks, type Webhooks, type WebhooksParts } from "./webhooks.ts";
export type { MailNews, TellMail } from "./mail_news.ts";
