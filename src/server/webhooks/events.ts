/** Makes events of news of mail, one after the other behind the back of whoever told them. */
import { domainToAscii } from "../../base/address.ts";
import { lowerAscii } from "../../base/ascii.ts";
import { type BlobId, type LogEvent, logEvent, type QueueOutcome, type TraceId } from "../../contract/mod.ts";
import type { WebhookEvent } from "../../http/webhook_desk.ts";
import { looksRewritten } from "../../mda/mod.ts";
import { decodeWords, type EnvelopeAddress, type MessageIndex } from "../../message/mod.ts";
import type { Attempted } from "../../mta/queue/mod.ts";
import type { Storage } from "../../storage/storage.ts";
import { isHardBounce } from "../sending/hard_bounce.ts";
import { readSent, type SentRecord } from "../sending/sent_record.ts";
import type { Suppressions } from "../sending/suppressions.ts";
import type { Backlog } from "./backlog.ts";
import type { MailNews } from "./mail_news.ts";
import { readReturned, type Returned } from "./returned.ts";
import type { Webhook, WebhookBook } from "./webhook_book.ts";

export interface MailEventsParts {
  readonly storage: Storage;
  readonly book: WebhookBook;
  readonly backlog: Backlog;
  readonly suppressions: Suppressions;
  readonly now: () => number;
  readonly log: (event: LogEvent) => void;
  /** Something waits to be sent. */
  readonly added: () => void;
}

/** News that wait to be looked at. */
const MOST_NEWS = 20_000;
const FRESH_MS = 30_000;
/** Octets of a report that is read. */
const MOST_REPORT = 512 * 1024;
const MOST_HEADER = 500;
const MOST_PEOPLE = 50;

type Data = Readonly<Record<string, unknown>>;

export class MailEvents {
  readonly #parts: MailEventsParts;
  readonly #news: MailNews[] = [];
  #working: Promise<void> | null = null;
  #lost = 0;
  #ours: { readonly domains: ReadonlySet<string>; readonly at: number } | null = null;
  #anySent: { readonly is: boolean; readonly at: number } | null = null;

  constructor(parts: MailEventsParts) {
    this.#parts = parts;
  }

  /** Returns at once. */
  tell(news: MailNews): void {
    if (this.#news.length >= MOST_NEWS) {
      if (this.#lost++ === 0) this.#parts.log(logEvent("warn", "webhook.newsLost", { waiting: MOST_NEWS }));
      return;
    }
    this.#news.push(news);
    this.#working ??= this.#work().finally(() => this.#working = null);
  }

  /** Asks what mail would have to ask else. */
  start(): void {
    this.#hasSent().catch(() => {}); // asked again with the mail
  }

  /** A message is sent by HTTP: from now on it is asked for. */
  sends(): void {
    this.#anySent = { is: true, at: this.#parts.now() };
  }

  /** When everything that was told is in the store. */
  async settled(): Promise<void> {
    while (this.#working) await this.#working;
  }

  async #work(): Promise<void> {
    await Promise.resolve(); // whoever tells goes on first
    for (let news = this.#news.shift(); news; news = this.#news.shift()) {
      try {
        await this.#take(news);
      } catch (error) {
        this.#parts.log(logEvent("warn", "webhook.eventLost", { news: news.kind, error: String(error) }));
      }
    }
    this.#lost = 0;
  }

  async #take(news: MailNews): Promise<void> {
    switch (news.kind) {
      case "accepted":
        await this.#accepted(news);
        return;
      case "settled":
        for (const [i, outcome] of news.outcomes.entries()) await this.#settled(news.attempted[i]!, outcome);
        for (const { traceId, sender, blobId, deliveries } of news.notices) {
          const stored = deliveries.map(({ recipient, accountId }) => ({ recipient, accountId }));
          await this.#received(stored, { traceId, blobId, from: sender.reversePath });
        }
        return;
      case "suppressed": {
        const { sent } = news;
        for (const recipient of news.recipients) await this.#aboutSent("suppressed", sent, recipient, {});
        return;
      }
    }
  }

  async #accepted({ submitted, envelope, accepted, stored, size }: Extract<MailNews, { kind: "accepted" }>) {
    const { traceId, blobId } = accepted;
    const { reversePath: from } = envelope.sender;
    if (submitted && stored.length > 0 && from !== "") {
      const sent = await this.#sent(traceId);
      for (const recipient of new Set(stored.map((one) => one.recipient))) {
        const reply = "Delivered to the mailbox";
        await this.#outgoing("delivered", { traceId, blobId, from, recipient, sent }, { reply, attempts: 1 });
      }
    }
    await this.#received(stored, { traceId, blobId, from });
    if (!submitted && size <= MOST_REPORT && await this.#hasSent()) {
      const returned = await readReturned(blobId, this.#parts);
      for (const one of returned) await this.#returned(one);
    }
  }

  async #settled({ row, result, host }: Attempted, { outcome, reply, ...more }: QueueOutcome): Promise<void> {
    const { traceId, blobId, sender, recipient: { forwardPath: recipient }, report } = row;
    const { reversePath: from } = sender;
    if (report || from === "" || looksRewritten(from.slice(0, from.lastIndexOf("@")))) return;
    const sent = await this.#sent(traceId);
    if (!sent && !await this.#isOurs(from)) return; // somebody else's mail, which was forwarded
    const event = outcome === "failed" ? "bounced" : outcome === "deferred" ? "deferred" : "delivered";
    if (event === "bounced" && sent && result.kind === "permanent" && isHardBounce(result)) {
      await this.#suppress(sent, recipient, "bounced", reply);
    }
    await this.#outgoing(event, { traceId, blobId, from, recipient, sent }, {
      reply,
      host,
      attempts: row.attempts + 1,
      ...("dueAt" in more && { nextAttempt: new Date(more.dueAt).toISOString() }),
      ...(event === "bounced" && { permanent: result.kind === "permanent" }),
    });
  }

  /** A report of others about a message that was sent here. */
  async #returned({ sent, recipient, kind, detail, isHard }: Returned): Promise<void> {
    if (kind === "complained" || isHard) await this.#suppress(sent, recipient, kind, detail);
    await this.#aboutSent(kind, sent, recipient, { reply: detail, ...(kind === "bounced" && { permanent: isHard }) });
  }

  async #suppress(sent: SentRecord, address: string, reason: "bounced" | "complained", detail: string): Promise<void> {
    const domain = domainOf(sent.from);
    if (domain === "") return;
    await this.#parts.suppressions.add({ domain, address, reason, detail, id: sent.traceId });
  }

  #aboutSent(event: WebhookEvent, sent: SentRecord, recipient: string, data: Data): Promise<void> {
    return this.#outgoing(event, { traceId: sent.traceId, blobId: null, from: sent.from, recipient, sent }, data);
  }

  async #outgoing(
    event: WebhookEvent,
    about: {
      readonly traceId: TraceId;
      readonly blobId: BlobId | null;
      readonly from: string;
      readonly recipient: string;
      readonly sent: SentRecord | null;
    },
    data: Data,
  ): Promise<void> {
    const { traceId: id, blobId, from, recipient, sent } = about;
    const hooks = await this.#hooks(event, from, sent !== null);
    if (hooks.length === 0) return;
    const messageId = sent ? sent.messageId : idOf((await this.#index(blobId))?.envelope.messageId ?? null);
    const { tags, metadata } = sent ?? {};
    await this.#add(hooks, event, {
      id,
      messageId,
      from,
      recipient,
      ...data,
      send: sent && { tags, metadata, link: `/api/v1/send/${id}` },
    });
  }

  async #received(
    stored: readonly {
      readonly recipient: string;
      readonly accountId: string;
      readonly mailboxId?: string;
      readonly uid?: number;
    }[],
    { traceId: id, blobId, from }: { readonly traceId: TraceId; readonly blobId: BlobId; readonly from: string },
  ): Promise<void> {
    if (stored.length === 0 || !(await this.#parts.book.all()).some(hears("received"))) return;
    const index = await this.#index(blobId);
    const told = new Set<string>();
    for (const { recipient, accountId, mailboxId, uid } of stored) {
      if (told.has(accountId)) continue; // in several mailboxes of one account
      told.add(accountId);
      const { address: account } = await this.#parts.storage.perform("delivery.read", {
        accountId: accountId as never,
      });
      const hooks = await this.#hooks("received", account, true);
      if (hooks.length === 0) continue;
      const raw = mailboxId === undefined
        ? null
        : `/api/v1/accounts/${encodeURIComponent(account)}/mailboxes/${mailboxId}/messages/${uid}`;
      await this.#add(hooks, "received", {
        id,
        from,
        recipient,
        account,
        mailboxId: mailboxId ?? null,
        uid: uid ?? null,
        size: index?.size ?? null,
        headers: index && headersOf(index),
        raw,
      });
    }
  }

  async #add(hooks: readonly Webhook[], event: WebhookEvent, data: Data): Promise<void> {
    const { backlog, now, added, log } = this.#parts;
    const createdAt = now();
    const type = `message.${event}`;
    const payload = JSON.stringify({ type, timestamp: new Date(createdAt).toISOString(), data });
    const id = backlog.newId();
    const fresh = { id, type, createdAt, payload, attempts: 0, lastAt: null, status: null, error: null, tookMs: null };
    for (const { id: webhook } of hooks) {
      if (await backlog.add(webhook, fresh)) continue;
      const { dropped } = await backlog.counts(webhook);
      if (dropped % 1000 === 1) log(logEvent("warn", "webhook.full", { webhook, dropped }));
    }
    added();
  }

  /** Those that want this event. `whose`: the address it is about. */
  async #hooks(event: WebhookEvent, whose: string, isSend: boolean): Promise<readonly Webhook[]> {
    const all = (await this.#parts.book.all()).filter(hears(event));
    const address = lowerAscii(whose);
    const domain = domainOf(whose);
    return all.filter(({ domains, accounts, onlySends }) =>
      (isSend || !onlySends) && (domains.length === 0 || domains.includes(domain)) &&
      (accounts.length === 0 || accounts.includes(address))
    );
  }

  async #sent(traceId: TraceId): Promise<SentRecord | null> {
    if (!await this.#hasSent()) return null;
    return (await readSent(traceId, this.#parts.now(), this.#parts.storage))?.sent ?? null;
  }

  /** Whether anything was ever sent by HTTP: else nobody asks for it with each message. */
  async #hasSent(): Promise<boolean> {
    const now = this.#parts.now();
    const known = this.#anySent;
    if (known && (known.is || now - known.at < 1000)) return known.is;
    const found = await this.#parts.storage.perform("record.list", { kind: "send", now, limit: 1 });
    this.#anySent = { is: found.length > 0, at: now };
    return found.length > 0;
  }

  async #isOurs(address: string): Promise<boolean> {
    const now = this.#parts.now();
    if (!this.#ours || now - this.#ours.at > FRESH_MS) {
      const domains = await this.#parts.storage.perform("domain.list", {});
      this.#ours = { domains: new Set(domains.map(({ name }) => name)), at: now };
    }
    return this.#ours.domains.has(domainOf(address));
  }

  async #index(blobId: BlobId | null): Promise<MessageIndex | null> {
    return blobId === null ? null : await this.#parts.storage.perform("blob.index", { blobId });
  }
}

function hears(event: WebhookEvent): (webhook: Webhook) => boolean {
  return ({ enabled, events }) => enabled && events.includes(event);
}

/** What a person sees of a message in a list, in text. */
function headersOf({ envelope, references }: MessageIndex): Data {
  const { from, to, cc, replyTo, subject, date, messageId } = envelope;
  return {
    from: people(from),
    to: people(to),
    cc: people(cc),
    replyTo: people(replyTo),
    subject: subject === null ? null : decodeWords(subject).slice(0, MOST_HEADER),
    date,
    messageId: idOf(messageId),
    references: references.slice(0, MOST_PEOPLE),
  };
}

function people(list: readonly EnvelopeAddress[]) {
  return list.filter(({ host }) => host !== null).slice(0, MOST_PEOPLE).map(({ name, mailbox, host }) => ({
    name: name === null ? "" : decodeWords(name).slice(0, MOST_HEADER),
    email: `${mailbox}@${host}`.slice(0, MOST_HEADER),
  }));
}

function idOf(field: string | null): string | null {
  return field === null ? null : /<([^<>\s]{1,900})>/.exec(field)?.[1] ?? null;
}

function domainOf(address: string): string {
  const domain = lowerAscii(address.slice(address.lastIndexOf("@") + 1));
  return domainToAscii(domain) ?? domain;
}
