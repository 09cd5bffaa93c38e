/**
 * Push to URLs (RFC 8620 section 7.2): follows the accounts of whoever has a subscription, and brings each what has changed.
 *
 * Rules:
 * - What is stored of a subscription is read before each push: one that has ended, was destroyed, or whose password or
 *   token is no longer good hears nothing more, wherever that happened.
 * - Up to which state an account was told is written down now and then: after a restart or a crash what was missed is told,
 *   perhaps twice, never not at all.
 * - Of several servers on one store one tells.
 */
import type { AccountId, LogEvent, PushTerms } from "../../contract/mod.ts";
import { logEvent } from "../../contract/mod.ts";
import type { PushHub } from "../../http/jmap/push_hub.ts";
import { UserNews } from "../../http/jmap/user_news.ts";
import { type Changed, type PushSubscription, readSubscription } from "../../jmap/mod.ts";
import type { Storage } from "../../storage/storage.ts";
import type { VapidKey } from "../../web_push/mod.ts";
import type { Clock } from "../clock.ts";
import { every } from "../every.ts";
import type { JmapUsers } from "../jmap/users.ts";
import type { Metrics } from "../metrics.ts";
import { credentialState } from "./credentials.ts";
import { Outbox, type OutboxParts } from "./outbox.ts";
import { mergeNews, newsFor, type PushNews, writeNews } from "./push_news.ts";
import type { PushSender, Sent } from "./sender.ts";
import { SenderLease } from "./sender_lease.ts";
import { Waker } from "./waker.ts";

export interface WebPushParts {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: (event: LogEvent) => void;
  readonly metrics: Metrics;
  readonly hub: PushHub;
  readonly users: JmapUsers;
  readonly sender: PushSender;
  readonly key: () => Promise<VapidKey>;
  readonly limits: {
    /** Of one account. */
    readonly subscriptions: number;
    readonly lifetime: number;
    /** Pushes on their way at once. */
    readonly connections: number;
  };
  /** Other servers work on the same store. */
  readonly isShared: boolean;
}

/** How often it is looked for accounts that others gave a subscription, and written down what was told. */
const ROUND_MS = 2 * 60_000;
const TIDY_MS = 6 * 3_600_000;
/** A code that nobody has shown for so long was never read. */
const UNVERIFIED_MS = 24 * 3_600_000;
/** New subscriptions of one account in an hour: each is a request to a place that we do not know. */
const NEW_AN_HOUR = 60;
const HOUR_MS = 3_600_000;
const WAITING = 100_000;
/** Nothing is to be sent, or will be again. */
const DONE = { answer: { kind: "taken" }, left: null } as const;

interface Followed {
  readonly news: UserNews;
  /** What is written down. */
  told: string | null;
}

export class WebPush {
  readonly #parts: WebPushParts;
  readonly #outbox: Outbox<PushNews>;
  readonly #waker: Waker;
  readonly #lease: SenderLease;
  readonly #followed = new Map<AccountId, Followed>();
  readonly #stopped = new AbortController();
  readonly #made = { hour: 0, counts: new Map<AccountId, number>() };
  readonly #results;
  #isTelling = false;
  #tidied: number;
  #round: Promise<void> | null = null;
  #cancel = () => {};

  constructor(parts: WebPushParts) {
    this.#parts = parts;
    const { clock, limits: { connections }, metrics } = parts;
    this.#outbox = new Outbox<PushNews>({
      limits: {
        total: connections,
        perHost: Math.max(1, Math.ceil(connections / 4)),
        perAccount: Math.max(1, Math.ceil(connections / 16)),
        waiting: WAITING,
      },
      merge: mergeNews,
      send: ({ id, accountId, news }) => this.#send(accountId as AccountId, id, news),
      now: () => clock.monotonic(),
      random: Math.random,
      settled: () => this.#waker.changed(),
    });
    this.#waker = new Waker(clock, () => this.#outbox.next, () => this.#outbox.tick());
    this.#lease = new SenderLease(parts);
    this.#tidied = clock.monotonic() - TIDY_MS;
    this.#results = metrics.counter("palomar_push_total", "Pushes to URLs of JMAP clients, by result.", ["result"]);
    metrics.gaugeOf("palomar_push_waiting", "Push subscriptions with something to be told.", () => this.#outbox.size);
  }

  /** Begins to tell. */
  start(): void {
    this.#cancel = every(this.#parts.clock, ROUND_MS, () => void this.round());
    void this.round();
  }

  /** What is on its way is broken off, and told after the next start. */
  async stop(): Promise<void> {
    this.#cancel();
    this.#stopped.abort();
    this.#outbox.stop();
    this.#waker.stop();
    await this.#round;
    await this.#writeDown();
    for (const { news } of this.#followed.values()) news.stop();
    this.#followed.clear();
    await this.#lease.giveUp();
  }

  /** On which terms; `creating` are counted. */
  async terms(accountId: AccountId, creating: number): Promise<PushTerms> {
    const { clock, key, limits } = this.#parts;
    const hour = Math.floor(clock.wall() / HOUR_MS);
    if (this.#made.hour !== hour) {
      this.#made.hour = hour;
      this.#made.counts.clear();
    }
    const before = this.#made.counts.get(accountId) ?? 0;
    if (creating > 0) this.#made.counts.set(accountId, Math.min(NEW_AN_HOUR, before + creating));
    return {
      most: limits.subscriptions,
      allowed: NEW_AN_HOUR - before,
      lifetimeMs: limits.lifetime,
      applicationServerKey: (await key()).publicKey,
    };
  }

  /** Subscriptions of an account changed; those that are new are sent their codes at once. */
  async changed(accountId: AccountId, created: readonly string[]): Promise<void> {
    try {
      const all = await this.#subscriptions(accountId);
      for (const [id, one] of all) {
        if (created.includes(id) && !one.isVerified) this.#put(accountId, id, one, { kind: "verify" });
      }
      if (this.#isTelling) await this.#follow(accountId, all);
    } catch (error) {
      this.#warn("push.notFollowed", error);
    }
  }

  /** Looks for accounts that are to be followed, or no longer; or the one look that is under way. Never rejects. */
  round(): Promise<void> {
    return this.#round ??= this.#goRound().catch((error) => this.#warn("push.roundFailed", error))
      .finally(() => this.#round = null);
  }

  async #goRound(): Promise<void> {
    const { storage, clock } = this.#parts;
    this.#isTelling = await this.#lease.hold();
    if (!this.#isTelling) return this.#leaveAll();
    await this.#writeDown();
    const isTidying = clock.monotonic() - this.#tidied >= TIDY_MS;
    const owners = new Set(await storage.perform("object.owners", { kind: "push" }));
    for (const [accountId, { news }] of this.#followed) {
      if (owners.has(accountId)) continue;
      news.stop();
      this.#followed.delete(accountId);
    }
    for (const accountId of owners) {
      if (this.#stopped.signal.aborted) return;
      if (this.#followed.has(accountId) && !isTidying) continue;
      await this.#follow(accountId, await this.#subscriptions(accountId));
    }
    if (isTidying) this.#tidied = clock.monotonic();
  }

  #leaveAll(): void {
    for (const { news } of this.#followed.values()) news.stop();
    this.#followed.clear();
  }

  /** Those that hold; what has ended is removed, so that its URL and keys are kept by nobody. */
  async #subscriptions(accountId: AccountId): Promise<(readonly [id: string, one: PushSubscription])[]> {
    const { storage, clock } = this.#parts;
    const now = clock.wall();
    const { objects } = await storage.perform("object.list", { accountId, kind: "push", ids: null });
    const all = objects.map((object) => [object.objectId, readSubscription(object)] as const);
    const isOver = ({ expires, isVerified, made }: PushSubscription) =>
      expires <= now || (!isVerified && made + UNVERIFIED_MS <= now);
    const over = all.filter(([, one]) => isOver(one)).map(([id]) => id);
    if (over.length > 0) await this.#destroy(accountId, over);
    return all.filter(([id]) => !over.includes(id));
  }

  async #destroy(accountId: AccountId, ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#outbox.remove(id);
    await this.#parts.storage.perform("object.set", { accountId, kind: "push", destroy: ids });
  }

  async #follow(accountId: AccountId, all: readonly (readonly [string, PushSubscription])[]): Promise<void> {
    const verified = all.find(([, one]) => one.isVerified);
    const followed = this.#followed.get(accountId);
    if (!verified) {
      followed?.news.stop();
      this.#followed.delete(accountId);
      return;
    }
    if (followed) return;
    const login = { accountId, login: verified[1].login, scopes: null };
    const user = await this.#parts.users.find(login);
    if (!user || this.#followed.has(accountId) || this.#stopped.signal.aborted) return;
    const news = new UserNews({
      hub: this.#parts.hub,
      find: () => this.#parts.users.find(login, true),
      ended: () => {
        news.stop();
        this.#followed.delete(accountId);
      },
      tell: (changed) => void this.#tell(accountId, changed),
    }, null);
    const known: Followed = { news, told: await this.#lease.toldOf(accountId) };
    this.#followed.set(accountId, known);
    await news.start(user);
    if (known.told !== null) return await news.tellSince(known.told);
    // From here on nothing is forgotten.
    known.told = news.pushState;
    await this.#lease.writeTold(accountId, known.told);
  }

  async #tell(accountId: AccountId, changed: Changed): Promise<void> {
    try {
      const isDelivery = Object.values(changed).some((states) => "EmailDelivery" in states);
      for (const [id, one] of await this.#subscriptions(accountId)) {
        const news = one.isVerified ? newsFor({ kind: "changed", changed, isDelivery }, one) : null;
        if (news !== null) this.#put(accountId, id, one, news);
      }
    } catch (error) {
      this.#warn("push.notTold", error);
    }
  }

  #put(accountId: AccountId, id: string, { url }: PushSubscription, news: PushNews): void {
    if (!this.#outbox.add({ id, accountId, host: new URL(url).host, news })) this.#results.add(["dropped"]);
  }

  async #send(accountId: AccountId, id: string, news: PushNews): ReturnType<OutboxParts<PushNews>["send"]> {
    const { storage, clock, sender, key } = this.#parts;
    const { objects: [object] } = await storage.perform("object.list", { accountId, kind: "push", ids: [id] });
    if (!object) return null;
    const one = readSubscription(object);
    // A key that is no longer ours would sign nothing that the push service takes: the client sees the new one in its session.
    const isOver = one.expires <= clock.wall() || one.applicationServerKey !== (await key()).publicKey;
    const state = isOver ? "over" : await credentialState(storage, one, clock.wall());
    if (state === "over") {
      await this.#destroy(accountId, [id]);
      return null;
    }
    const wanted = one.isVerified === (news.kind === "changed") && state === "holds" ? newsFor(news, one) : null;
    if (wanted === null) return DONE;
    const { message, left } = writeNews(id, one, wanted);
    const sent = await sender.send(one, message, this.#stopped.signal);
    this.#note(accountId, id, one, sent);
    if (sent.answer.kind === "gone") await this.#destroy(accountId, [id]);
    // Section 7.2: a place that has not vouched for itself is asked once.
    if (news.kind === "verify" && sent.answer.kind === "later") return DONE;
    return { answer: sent.answer, left };
  }

  #note(accountId: AccountId, id: string, { url }: PushSubscription, { answer, detail, isRefused }: Sent): void {
    this.#results.add([isRefused ? "refused" : answer.kind]);
    const level = answer.kind === "taken" ? "debug" : isRefused ? "warn" : "info";
    const { host } = new URL(url); // the rest of it is the client's secret
    this.#parts.log(
      logEvent(level, "push.sent", { account: accountId, subscription: id, host, result: answer.kind, detail }),
    );
  }

  async #writeDown(): Promise<void> {
    for (const [accountId, followed] of this.#followed) {
      const { pushState } = followed.news;
      if (pushState === followed.told || this.#outbox.isBusyFor(accountId)) continue;
      try {
        await this.#lease.writeTold(accountId, pushState);
        followed.told = pushState;
      } catch (error) {
        return this.#warn("push.notWritten", error);
      }
    }
  }

  #warn(event: string, error: unknown): void {
    if (!this.#stopped.signal.aborted) this.#parts.log(logEvent("warn", event, { error: String(error) }));
  }
}
