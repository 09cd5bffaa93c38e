/**
 * Sending out: works the queue as long as the server runs.
 *
 * One loop claims due jobs and hands each to `outbound/work_job.ts`, which finds the next hop, sends, settles and
 * reports. The loop waits for whichever comes first: the store says that rows became due, the time of the next row,
 * an attempt that ends and makes room, `wake`.
 *
 * Rules:
 * - At most `connections` attempts at once, and to one destination as many as it deserves (`outbound/destinations.ts`).
 *   Some jobs of a destination that has no room wait here, the rest is put back until about its turn, so that a slow
 *   one does not hold up the others.
 * - Classes of mail take turns (`mta/queue/shares.ts`), and none holds all places.
 * - Where all places are taken and something is due, the next that is free is for what is due.
 * - Jobs of one message that lead to the same hosts are one (`outbound/same_way.ts`).
 * - A lease is renewed as long as its attempt runs; whoever lost it stops.
 * - Stopping is bounded: what had not begun to send is due again at once, the rest has the grace.
 * - Nothing here rejects or throws past the loop: an error is logged, and the lease brings the job back.
 */
import { randomUUID } from "node:crypto";
import { type LogEvent, logEvent, type QueueClass, type QueueShare } from "../contract/mod.ts";
import { sharesOf } from "../mta/queue/mod.ts";
import type { Counter } from "./metrics.ts";
import { type Attempt, type Claimed, Place } from "./outbound/attempt.ts";
import { type Admission, Destinations, type Turn } from "./outbound/destinations.ts";
import { targetLimits } from "./outbound/hand_over.ts";
import { type OutboundOptions, partsOf } from "./outbound/make_parts.ts";
import { destinationOf, type OutboundParts, ownLimits } from "./outbound/parts.ts";
import { LEASE_MS, Leases, RENEW_MS } from "./outbound/leases.ts";
import { byMessage, joined } from "./outbound/same_way.ts";
import { within } from "./outbound/waiting.ts";
import { workJob } from "./outbound/work_job.ts";

export type { OutboundOptions };

/** The worker. One a process; several processes may work one queue, because claims are leases. */
export interface Outbound {
  start(): void;
  /** Ends attempts politely, after `graceMs` for good; what they had not sent is due again at once. Never rejects. */
  stop(graceMs: number): Promise<void>;
  /** True: nothing is claimed until it is called with false. Begins as the policy says. */
  hold(on: boolean): void;
  /** Looks at the queue now: somebody knows that rows became due. */
  wake(): void;
  /** The same, because a person said so: destinations that were left alone are tried too. */
  retry(): void;
}

/** A domain begins with so many connections at once (`outbound.connectionsPerDomain` is the most). */
const START_CONNECTIONS = 5;
const LONGEST_ALONE_MS = 3600_000;
/** The longest sleep: a wall clock may be set, another process may fill the queue. */
const LONGEST_SLEEP_MS = 60_000;
const SOON_MS = 1_000;
/** Jobs of a claim that is for more than there is room for: to have some of several destinations in hand. */
const MOST_JOBS = 50;
/** The pause after the store failed. */
const TROUBLE_MS = 5_000;
/** What settling may take after everything was cut. */
const SETTLE_MS = 2_000;

export function createOutbound(options: OutboundOptions): Outbound {
  return new Worker(options);
}

class Worker implements Outbound {
  readonly #options: OutboundOptions;
  readonly #parts: OutboundParts;
  readonly #leases: Leases;
  readonly #name = `worker ${randomUUID()}`;
  #claims = 0;
  readonly #outcomes: Counter | undefined;
  readonly #attempts = new Map<Attempt, Promise<void>>();
  /** Jobs of one message whose ways are being looked up. */
  readonly #joining = new Set<Promise<void>>();
  readonly #joiningJobs = new Set<Claimed>();
  /** Turns that are being taken: their places are not free any more. */
  #taking = 0;
  /** Jobs claimed so far: whose turn it is goes by it. */
  #turn = 0;
  /** All places are taken, and something is due. */
  #starved = false;
  /** How many to claim to get behind those that have no place to go to. */
  #dig = 0;
  readonly #destinations: Destinations;
  #held: boolean;
  #stopped = false;
  #loop: Promise<void> | null = null;
  #unwatch: (() => void) | null = null;
  /** Somebody called since the loop last looked. */
  #called = false;
  #callLoop: (() => void) | null = null;
  /** When to look again, by the monotonic clock: for a clock that is moved by hand. */
  #lookAt = Infinity;
  #unhook: (() => void)[] = [];

  constructor(options: OutboundOptions) {
    this.#options = options;
    this.#parts = partsOf(options);
    this.#leases = new Leases(this.#parts);
    this.#held = options.policy.hold;
    const { connections: all, connectionsPerDomain: most, retry } = options.policy;
    const remote = { start: START_CONNECTIONS, most, first: 2 * retry.first, longest: LONGEST_ALONE_MS };
    const local = { ...remote, start: all, most: all };
    const own = new Map([
      ...ownLimits(options.policy),
      ...options.delivery ? targetLimits(options.delivery) : [],
    ]);
    this.#destinations = new Destinations((key) => {
      if (key === null) return local;
      const limit = own.get(key);
      return limit === undefined ? remote : { ...remote, most: limit };
    });
    const { connections } = this.#parts;
    options.metrics?.gaugeOf("palomar_outbound_connections", "Connections to other servers.", () => connections.open);
    options.metrics?.gaugeOf("palomar_queue_attempts", "Jobs of the queue under way now.", () => this.#attempts.size);
    options.metrics?.gaugeOf(
      "palomar_outbound_suspended",
      "Destinations that are left alone for a while.",
      () => this.#destinations.suspended(options.clock.wall()),
    );
    this.#outcomes = options.metrics?.counter("palomar_queue_outcomes_total", "Recipients settled, by outcome.", [
      "outcome",
    ]);
  }

  start(): void {
    if (this.#loop !== null || this.#stopped) return;
    this.#unwatch = this.#options.storage.watchQueue(() => this.wake());
    this.#hookClock();
    this.#parts.reporter?.start();
    this.#loop = this.#run();
  }

  hold(on: boolean): void {
    this.#held = on;
    if (on) void this.#giveBack(this.#destinations.drain());
    this.wake();
  }

  retry(): void {
    this.#destinations.forgive();
    this.wake();
  }

  wake(): void {
    this.#called = true;
    this.#callLoop?.();
  }

  async stop(graceMs: number): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#unwatch?.();
    this.wake();
    for (const attempt of this.#attempts.keys()) attempt.stop.abort();
    await within(graceMs, this.#allEnded());
    for (const attempt of this.#attempts.keys()) attempt.cut.abort();
    await within(SETTLE_MS, this.#allEnded());
    await within(SETTLE_MS, this.#parts.connections.stop());
    await within(SETTLE_MS, Promise.all([this.#parts.tls.settled(), this.#parts.reporter?.stop()]));
    for (const unhook of this.#unhook.splice(0)) unhook();
  }

  #hookClock(): void {
    const { clock } = this.#options;
    const { deadlines } = this.#parts;
    const tick = (): void => {
      this.#lookAt = Infinity;
      this.wake();
    };
    const own = clock.alarm?.({ next: () => this.#lookAt, tick });
    const sessions = clock.alarm?.({ next: () => deadlines.next, tick: () => deadlines.tick() });
    for (const unhook of [own, sessions]) if (unhook) this.#unhook.push(unhook);
  }

  async #allEnded(): Promise<void> {
    await this.#loop; // a claim may have been under way
    await Promise.all(this.#joining);
    await this.#giveBack(this.#destinations.drain());
    await Promise.all(this.#attempts.values());
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#called = false;
      let sleep = Infinity;
      try {
        if (!this.#held && this.#room() > 0) {
          sleep = await this.#look();
          if (sleep > 0) await this.#resume();
        } else if (!this.#held && !this.#starved) this.#starved = await this.#wait() <= 0;
      } catch (error) {
        this.#log("warn", "queue.trouble", { error: String(error) });
        sleep = TROUBLE_MS;
      }
      if (sleep > 0) await this.#sleep(sleep);
    }
  }

  #room(): number {
    let places = 0;
    for (const { place } of this.#attempts.keys()) if (place.isOwn) places++;
    return this.#options.policy.connections - places - this.#joiningJobs.size - this.#taking;
  }

  /** How long nothing will be due. */
  async #wait(): Promise<number> {
    const next = await this.#options.storage.perform("queue.next", {});
    return next === null ? Infinity : next - this.#options.clock.wall();
  }

  #shares(limit: number): readonly QueueShare[] {
    const busy: Partial<Record<QueueClass, number>> = {};
    for (const { job } of [...this.#attempts.keys(), ...this.#joiningJobs]) {
      busy[job.class] = (busy[job.class] ?? 0) + 1;
    }
    return sharesOf({ all: this.#options.policy.connections, busy, limit, turn: this.#turn });
  }

  /** Claims and begins what there is room for; answers how long nothing will be due. */
  async #look(): Promise<number> {
    const { storage, clock } = this.#options;
    // A claim is a write, and most calls are for rows that are due later.
    const wait = await this.#wait();
    if (wait > 0) return wait;
    const owner = `${this.#name} ${++this.#claims}`;
    // Some are kept in hand, so that destinations take turns and not those rows that were due first.
    const ahead = Math.max(0, this.#options.policy.connections - this.#destinations.inHand);
    const limit = Math.max(this.#room(), this.#dig, Math.min(MOST_JOBS, this.#room() + ahead));
    const claim = { owner, now: clock.wall(), leaseMs: LEASE_MS, limit, shares: this.#shares(limit) };
    const jobs = await storage.perform("queue.claim", claim);
    this.#turn += jobs.length;
    const before = this.#room();
    const claimed = jobs.map((job) => ({ job, owner, key: destinationOf(job, this.#options.policy) }));
    const single: Claimed[] = [];
    for (const alike of byMessage(claimed)) {
      if (alike.length === 1) single.push(alike[0]!);
      else this.#join(alike);
    }
    await this.#admit(single);
    this.#dig = this.#room() < before || jobs.length === 0 ? 0 : Math.min(MOST_JOBS, 4 * limit);
    // Another worker was quicker; without room the next attempt that ends calls; else there may be more.
    if (jobs.length === 0) return SOON_MS;
    return this.#room() <= 0 ? Infinity : 0;
  }

  /** Behind the loop's back: a name server may be slow. */
  #join(alike: readonly Claimed[]): void {
    for (const claimed of alike) this.#joiningJobs.add(claimed);
    const joining = joined(alike, this.#parts).then((claimed) => {
      for (const one of alike) this.#joiningJobs.delete(one);
      return this.#admit(claimed);
    }).finally(() => {
      this.#joining.delete(joining);
      this.wake();
    });
    this.#joining.add(joining);
  }

  async #admit(all: readonly Claimed[]): Promise<void> {
    const { clock } = this.#options;
    const back: { claimed: Claimed; ms: number }[] = [];
    for (const claimed of all) {
      if (this.#stopped || this.#held) {
        back.push({ claimed, ms: 0 });
        continue;
      }
      const admission = this.#destinations.admit(claimed, clock.wall(), this.#room() > 0);
      if (admission.kind === "park") back.push({ claimed, ms: admission.ms });
      else if (admission.kind !== "wait") this.#begin(claimed, admission, new Place(true));
    }
    if (back.length > 0) await this.#leases.putBack(back);
  }

  #giveBack(given: readonly Claimed[]): Promise<void> {
    return this.#leases.putBack(given.map((claimed) => ({ claimed, ms: 0 })));
  }

  #begin(claimed: Claimed, admission: Extract<Admission, { kind: "begin" | "suspend" }>, place: Place): void {
    const { clock } = this.#options;
    const attempt: Attempt = {
      ...claimed,
      stop: new AbortController(),
      cut: new AbortController(),
      goodbyes: new Set(),
      suspended: admission.kind === "suspend" ? admission : null,
      place,
      sent: () => void this.#follow(claimed.key),
      learn: (experience) => this.#destinations.learn(claimed.key, experience, clock.wall()),
    };
    if (this.#stopped) attempt.stop.abort();
    this.#attempts.set(attempt, this.#work(attempt));
  }

  /** A message is out: another may begin behind it. */
  async #follow(key: string | null): Promise<void> {
    if (this.#stopped || this.#held || this.#starved) return;
    const turn = this.#destinations.follow(key, this.#options.clock.wall());
    if (turn) await this.#take(turn);
  }

  async #work(attempt: Attempt): Promise<void> {
    const { job } = attempt;
    const began = this.#options.clock.monotonic();
    const renewing = setInterval(() => void this.#renew(attempt), RENEW_MS);
    try {
      const { outcomes } = await workJob(attempt, this.#parts);
      for (const { outcome } of outcomes) this.#outcomes?.add([outcome]);
    } catch (error) {
      this.#log("warn", "queue.settle.lost", { traceId: job.traceId, error: String(error) });
    } finally {
      clearInterval(renewing);
    }
    // The peer's goodbye is waited for, but nobody waits for it: the result is written already.
    await Promise.all(attempt.goodbyes);
    this.#attempts.delete(attempt);
    const took = this.#options.clock.monotonic() - began;
    if (attempt.suspended === null) await this.#goOn(attempt.key, took, attempt.place);
    this.wake();
  }

  /** The place of an attempt that ended goes to whose turn it is; `tookMs` null: there was none. */
  async #goOn(key: string | null, tookMs: number | null, place: Place): Promise<void> {
    const turns = this.#destinations.ended(key, tookMs, this.#options.clock.wall(), place, () => this.#given());
    await Promise.all(turns.map((turn) => this.#take(turn)));
    await this.#recall(key);
  }

  /** Nothing more is due that could use what is free: those that wait have it. */
  async #resume(): Promise<void> {
    const turns = this.#destinations.resume(this.#options.clock.wall(), this.#room());
    await Promise.all(turns.map((turn) => this.#take(turn)));
  }

  /** Begins whose turn it is, or passes the turn on. */
  async #take({ claimed, admission, place }: Turn): Promise<void> {
    const willing = !this.#stopped && !this.#held;
    if (place.isOwn) this.#taking++;
    const ours = willing && await this.#leases.isOurs(claimed);
    if (place.isOwn) this.#taking--;
    if (ours) return this.#begin(claimed, admission, place);
    if (!willing) await this.#giveBack([claimed]);
    if (admission.kind === "begin") await this.#goOn(claimed.key, null, place);
  }

  /** Free places for those that wait here: the first is for what is due elsewhere. */
  #given(): number {
    const room = this.#room();
    if (!this.#starved || room <= 0) return room;
    this.#starved = false;
    return room - 1;
  }

  async #recall(key: string | null): Promise<void> {
    const ids = this.#stopped || this.#held ? [] : this.#destinations.recall(key, this.#options.clock.wall());
    if (ids.length > 0) await this.#leases.recall(ids);
  }

  async #renew(attempt: Attempt): Promise<void> {
    if (await this.#leases.renew(attempt) === 0) attempt.cut.abort();
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#called || this.#stopped) return;
    const called = Promise.withResolvers<void>();
    this.#callLoop = called.resolve;
    const { clock } = this.#options;
    let timer: ReturnType<typeof setTimeout> | undefined;
    if (clock.alarm) this.#lookAt = clock.monotonic() + ms;
    else timer = setTimeout(called.resolve, Math.min(ms, LONGEST_SLEEP_MS));
    await called.promise;
    clearTimeout(timer);
    this.#callLoop = null;
  }

  #log(level: LogEvent["level"], event: string, fields: LogEvent["fields"]): void {
    this.#parts.log(logEvent(level, event, fields));
  }
}
