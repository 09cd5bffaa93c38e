/** Sends what waits: each event until its receiver says that it has it, or a day and a half is over. */
import type { LogEvent } from "../../contract/mod.ts";
import { logEvent } from "../../contract/mod.ts";
import type { WebhookResult } from "../../http/webhook_desk.ts";
import type { Clock } from "../clock.ts";
import { every } from "../every.ts";
import type { OutwardRequest } from "../tls_policy/outward_request.ts";
import type { Backlog, Claimed, Waiting } from "./backlog.ts";
import { signedHeaders } from "./sign.ts";
import type { Webhook, WebhookBook } from "./webhook_book.ts";

export interface WebhookSenderParts {
  readonly book: WebhookBook;
  readonly backlog: Backlog;
  readonly request: OutwardRequest;
  readonly clock: Clock;
  readonly log: (event: LogEvent) => void;
  readonly userAgent: string;
  /** Told of each attempt for the metrics. */
  readonly count: (outcome: "delivered" | "failed") => void;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Waits behind an attempt that failed. */
const WAITS = [5 * SECOND, 30 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 8 * HOUR, 12 * HOUR];
/** An event is given up. */
const GIVE_UP_MS = 36 * HOUR;
/** A receiver that took nothing for so long is disabled. */
const DEAD_MS = 5 * 24 * HOUR;
/** A receiver in trouble is left alone between two attempts. */
const FIRST_PAUSE_MS = 2 * SECOND;
const LONGEST_PAUSE_MS = 5 * MINUTE;
const ATTEMPT_MS = 15 * SECOND;
const LONGEST_RETRY_AFTER_MS = 12 * HOUR;
const GRACE_MS = 2 * SECOND;
const AT_ONCE = 4;
const LOOK_EVERY_MS = 5 * SECOND;
/** Where there is nobody to tell. */
const LOOK_EVERY_IDLE_MS = MINUTE;
const ANSWER_OCTETS = 1024;

interface Receiver {
  underWay: number;
  /** Attempts that failed since the last that did not. */
  failed: number;
  /** By the wall clock: nothing is tried before. */
  pausedUntil: number;
}

export class WebhookSender {
  readonly #parts: WebhookSenderParts;
  readonly #receivers = new Map<string, Receiver>();
  readonly #attempts = new Set<Promise<void>>();
  #looking: Promise<void> | null = null;
  #again = false;
  #isStopped = true;
  #cancel = () => {};
  readonly #cut = new AbortController();
  /** When to look again, by the monotonic clock: for a clock that is moved by hand. */
  #lookAt = 0;

  constructor(parts: WebhookSenderParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#isStopped = false;
    this.#cancel = this.#ticks();
    this.wake();
  }

  /** Looks now and then: what was put off becomes due, and other servers add. */
  #ticks(): () => void {
    const { clock } = this.#parts;
    if (!clock.alarm) return every(clock, LOOK_EVERY_MS, () => this.wake());
    return clock.alarm({
      next: () => this.#lookAt,
      tick: () => {
        this.#lookAt = clock.monotonic() + LOOK_EVERY_MS;
        this.wake();
      },
    });
  }

  /** What is under way has a moment to end, then it is made again after the next start; what waits, waits. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#looking;
    if (this.#attempts.size === 0) return;
    const timer = setTimeout(() => this.#cut.abort(), GRACE_MS);
    await Promise.all(this.#attempts);
    clearTimeout(timer);
  }

  /** Looks for what is due. */
  wake(): void {
    if (this.#isStopped) return;
    if (this.#looking) {
      this.#again = true;
      return;
    }
    this.#looking = this.#look().catch((error) => {
      this.#parts.log(logEvent("warn", "webhook.trouble", { error: String(error) }));
    }).finally(() => {
      this.#looking = null;
      if (this.#again) {
        this.#again = false;
        this.wake();
      }
    });
  }

  /** When nothing is being looked for and sent. */
  async settled(): Promise<void> {
    while (this.#looking || this.#attempts.size > 0) await Promise.all([this.#looking, ...this.#attempts]);
  }

  /** One attempt, now, that counts for nothing. */
  async attempt(
    webhook: Webhook,
    id: string,
    payload: string,
  ): Promise<WebhookResult & { retryAfterMs: number | null }> {
    const { book, request, clock, userAgent } = this.#parts;
    const began = performance.now();
    const took = () => Math.round(performance.now() - began);
    try {
      const response = await request(webhook.url, {
        method: "POST",
        headers: {
          ...signedHeaders(id, payload, book.secrets(webhook), clock.wall()),
          "content-type": "application/json",
          "user-agent": userAgent,
        },
        body: new TextEncoder().encode(payload),
        signal: AbortSignal.any([AbortSignal.timeout(ATTEMPT_MS), this.#cut.signal]),
      });
      const { status } = response;
      const ok = status >= 200 && status < 300;
      const said = ok ? "" : await beginning(response);
      await response.body?.cancel().catch(() => {});
      const error = ok
        ? null
        : status >= 300 && status < 400
        ? `HTTP ${status}, and redirects are not followed`
        : `HTTP ${status}${said === "" ? "" : `: ${said}`}`;
      return { ok, status, error, tookMs: took(), retryAfterMs: retryAfter(response, clock.wall()) };
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      return { ok: false, status: null, error: text.slice(0, 300), tookMs: took(), retryAfterMs: null };
    }
  }

  async #look(): Promise<void> {
    const { book, backlog, clock } = this.#parts;
    const all = await book.all();
    const wait = all.some(({ enabled }) => enabled) ? LOOK_EVERY_MS : LOOK_EVERY_IDLE_MS;
    this.#lookAt = clock.monotonic() + wait;
    for (const webhook of all) {
      if (this.#isStopped) return;
      if (!webhook.enabled) continue;
      const receiver = this.#receiver(webhook.id);
      // One in trouble is asked by one event at a time.
      const room = (receiver.failed > 0 ? 1 : AT_ONCE) - receiver.underWay;
      if (room <= 0 || receiver.pausedUntil > clock.wall()) continue;
      if ((await backlog.counts(webhook.id)).waiting === 0) continue;
      for (const claimed of await backlog.claim(webhook.id, room)) this.#begin(webhook, claimed, receiver);
    }
  }

  #receiver(id: string): Receiver {
    let receiver = this.#receivers.get(id);
    if (!receiver) this.#receivers.set(id, receiver = { underWay: 0, failed: 0, pausedUntil: 0 });
    return receiver;
  }

  #begin(webhook: Webhook, claimed: Claimed, receiver: Receiver): void {
    receiver.underWay++;
    const attempt = this.#send(webhook, claimed, receiver).catch((error) => {
      // The lease brings it back.
      this.#parts.log(logEvent("warn", "webhook.trouble", { webhook: webhook.id, error: String(error) }));
    }).finally(() => {
      receiver.underWay--;
      this.#attempts.delete(attempt);
      this.wake();
    });
    this.#attempts.add(attempt);
  }

  async #send(webhook: Webhook, claimed: Claimed, receiver: Receiver): Promise<void> {
    const { backlog, clock } = this.#parts;
    const { id, payload, attempts, createdAt } = claimed.event;
    const { ok, status, error, tookMs, retryAfterMs } = await this.attempt(webhook, id, payload);
    if (!ok && this.#cut.signal.aborted) return; // the lease brings it back
    this.#parts.count(ok ? "delivered" : "failed");
    const now = clock.wall();
    const event: Waiting = { ...claimed.event, attempts: attempts + 1, lastAt: now, status, error, tookMs };
    if (ok) {
      receiver.failed = 0;
      receiver.pausedUntil = 0;
      await backlog.end(webhook.id, claimed, event, "delivered");
      // Told once a minute: the record is not written for each event.
      if (webhook.failingSince !== null || now - (webhook.lastSuccessAt ?? 0) > MINUTE) {
        await this.#parts.book.change(webhook.id, (one) => ({ ...one, failingSince: null, lastSuccessAt: now }));
      }
      return;
    }
    receiver.failed++;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(20, receiver.failed - 1));
    receiver.pausedUntil = now + Math.max(pause, Math.min(retryAfterMs ?? 0, LONGEST_PAUSE_MS));
    const wait = Math.max(WAITS[Math.min(attempts, WAITS.length - 1)]!, retryAfterMs ?? 0);
    this.#parts.log(
      logEvent("info", "webhook.failed", { webhook: webhook.id, event: id, attempts: attempts + 1, error }),
    );
    if (now + wait > createdAt + GIVE_UP_MS) await backlog.end(webhook.id, claimed, event, "failed");
    else await backlog.putOff(webhook.id, claimed, event, now + wait);
    await this.#blame(webhook, status, now);
  }

  /** Whoever is gone, or took nothing for days, is not asked any more. */
  async #blame(webhook: Webhook, status: number | null, now: number): Promise<void> {
    const { book, log } = this.#parts;
    const since = webhook.failingSince ?? now;
    const because = status === 410
      ? "The receiver says that it is gone (410)."
      : now - since >= DEAD_MS
      ? `Nothing got through since ${new Date(since).toISOString()}.`
      : null;
    if (because === null && webhook.failingSince !== null) return;
    await book.change(webhook.id, (one) => ({
      ...one,
      failingSince: one.failingSince ?? now,
      ...(because !== null && one.enabled && { enabled: false, disabledBecause: because }),
    }));
    if (because !== null) {
      log(logEvent("warn", "webhook.disabled", { webhook: webhook.id, url: webhook.url, because }));
    }
  }
}

function retryAfter({ headers }: Response, now: number): number | null {
  const text = headers.get("retry-after");
  if (text === null || text.length > 40) return null;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, LONGEST_RETRY_AFTER_MS) : null;
}

/** The first words of an answer, on one line. */
async function beginning(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return "";
  let text = "";
  const decoder = new TextDecoder();
  while (text.length < ANSWER_OCTETS) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value.subarray(0, ANSWER_OCTETS), { stream: true });
  }
  await reader.cancel().catch(() => {});
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, " ").trim().slice(0, 200);
}
