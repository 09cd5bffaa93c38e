/**
 * The HTTP layer: health, metrics, the administration API, and the MTA-STS policies of our domains.
 *
 * Rules:
 * - Handlers map requests to ops of the store and answers to JSON; what is allowed is decided by the store.
 * - Every error is `application/problem+json` (RFC 9457) with a `code` for programs and a sentence for people, and never
 *   shows internals.
 * - A body is JSON by its content type, bounded in size and time before a handler sees it. Here there is no CORS
 *   and no cookie: a strange page in a browser can do nothing. Pages for people have one, and rules (`sign_in/mod.ts`);
 *   JMAP and OAuth look at none, so pages of anybody's may ask them.
 * - The same app serves the public listener (bearer token) and the control socket and command line (`trusted`).
 */
export { createHttpApp } from "./app.ts";
export type { BanDesk, BanRow } from "./ban_desk.ts";
export type { HttpClient } from "./client.ts";
export type * from "./deps.ts";
export type * from "./inbound_desk.ts";
export type * from "./send_desk.ts";
export type * from "./suppression_desk.ts";
export * from "./webhook_desk.ts";
export { type HttpListening, type HttpPlace, type HttpTls, serveHttp } from "./serve.ts";
