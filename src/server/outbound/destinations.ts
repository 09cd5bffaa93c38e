/**
 * Who may go now. A destination is a relay, or a domain: it has so many connections at once as it deserves
 * (`mta/queue/destination.ts`), and senders take turns for them. What is claimed beyond that waits here, and beyond that
 * goes back to the queue until about its turn, so that neither a slow destination holds up others nor a large mailing
 * anybody's single message. A destination that is left alone makes no connection at all: its jobs are told so.
 *
 * All destinations together have the worker's places, and take turns for those that become free.
 *
 * The cost of a job does not depend on how many wait: what is put back comes again one by one, at the pace at which it
 * can go, and is called back where the pace turns out to be faster.
 */
import type { QueueId } from "../../contract/mod.ts";
import {
  allowed,
  type Destination,
  type DestinationPolicy,
  newDestination,
  reached,
  unreached,
} from "../../mta/queue/mod.ts";
import { type Claimed, type Experience, Place } from "./attempt.ts";
import { FairQueue } from "./fair_queue.ts";

/** `begin` now; `wait` here; put it back for so many milliseconds; or nobody is to try before `until`. */
export type Admission =
  | { readonly kind: "begin" }
  | { readonly kind: "wait" }
  | { readonly kind: "park"; readonly ms: number }
  | { readonly kind: "suspend"; readonly until: number; readonly why: string };

/** A job whose turn it is. */
export interface Turn {
  readonly claimed: Claimed;
  readonly admission: Extract<Admission, { kind: "begin" | "suspend" }>;
  readonly place: Place;
}

interface Lane {
  readonly health: Destination;
  busy: number;
  /** Those that began behind another's message and have no place of their own, in the order in which they get one. */
  readonly early: Set<Place>;
  readonly waiting: FairQueue<Claimed>;
  /** How long an attempt took lately, milliseconds: a moving average. */
  usualMs: number;
  /** What was put back is due again one by one; the last of them at this time. */
  parkedUntil: number;
  /** Rows that were put back, in the order in which they are due, from `parkedFrom` on. */
  parked: { readonly queueId: QueueId; readonly dueAt: number }[];
  parkedFrom: number;
  /** When some were called back last. */
  recalledAt: number;
}

/** Beside each attempt with a place: one whose message is out while that is being settled, and one behind it. */
const EARLY = 2;
/** Of one destination, and of one sender to it: whoever has few waiting finds room where others have many. */
const MOST_WAITING = 1000;
const MOST_OF_ALL = 200;
const SURE_OF_ONE = 20;
/** A lease should not run out by waiting. */
const LONGEST_WAIT_MS = 60_000;
const FIRST_GUESS_MS = 100;
const SHORTEST_PARK_MS = 500;
const LONGEST_PARK_MS = 3600_000;
/** Rows of a destination that can be called back; those beyond come at their times. */
const MOST_PARKED = 50_000;
/** The same, of all destinations. */
const MOST_PARKED_OF_ALL = 100_000;
/** Jobs that wait here for all destinations. */
const MOST_IN_HAND = 2_000;
/** Called back at a time. */
const RECALLED = 200;
const RECALL_EVERY_MS = 500;
/** Destinations in trouble that are remembered. */
const MOST_LANES = 10_000;

export class Destinations {
  readonly #policy: (key: string | null) => DestinationPolicy;
  readonly #lanes = new Map<string | null, Lane>();
  /** Those that wait although they may have more connections. Whose turn it is comes first. */
  readonly #hungry = new Set<string | null>();
  #inHand = 0;
  #parked = 0;

  constructor(policy: (key: string | null) => DestinationPolicy) {
    this.#policy = policy;
  }

  /** How many are left alone at `now`. */
  suspended(now: number): number {
    let count = 0;
    for (const { health } of this.#lanes.values()) if (health.deadUntil > now) count++;
    return count;
  }

  /** Jobs that wait here. */
  get inHand(): number {
    return this.#inHand;
  }

  /** How many connections the destination may have now. */
  allowed(key: string | null, now: number): number {
    const lane = this.#lanes.get(key);
    return lane ? allowed(lane.health, now) : Math.floor(newDestination(this.#policy(key)).limit);
  }

  /**
   * Asked once for every claimed job. `begin` takes a place, where there is `room` and nobody waits for it before. All
   * times are the wall clock's, as the queue's are.
   */
  admit(claimed: Claimed, now: number, room = true): Admission {
    const { key } = claimed;
    const lane = this.#lanes.get(key) ?? this.#newLane(key);
    const { health, waiting } = lane;
    if (health.deadUntil > now) return { kind: "suspend", until: health.deadUntil, why: health.why };
    const more = lane.busy < allowed(health, now);
    if (more && room && waiting.size === 0) {
      lane.busy++;
      return { kind: "begin" };
    }
    const each = lane.usualMs / (Math.max(1, Math.floor(health.limit)) + lane.early.size);
    const ms = (waiting.size + 1) * each;
    // One line for what a sender's mailings are, another for all else of it.
    const sender = `${claimed.job.class} ${claimed.job.sender.reversePath}`;
    const seat = waiting.size < MOST_OF_ALL || (waiting.size < MOST_WAITING && waiting.of(sender) < SURE_OF_ONE);
    if (seat && this.#inHand < MOST_IN_HAND && ms < LONGEST_WAIT_MS) {
      waiting.push(sender, claimed);
      this.#inHand++;
      if (more) this.#hungry.add(key);
      return { kind: "wait" };
    }
    return { kind: "park", ms: this.#park(lane, claimed, now + ms, each, now) };
  }

  /** Rows that wait for a time although there is room for them now, or will be in a moment: to be made due. */
  recall(key: string | null, now: number): readonly QueueId[] {
    const lane = this.#lanes.get(key);
    if (!lane || lane.health.deadUntil > now) return [];
    const free = lane.waiting.size === 0 && lane.busy < allowed(lane.health, now);
    // Behind each that is under way another one goes, if there is one.
    const few = lane.waiting.size < lane.busy && now >= lane.recalledAt + RECALL_EVERY_MS;
    if (!free && !few) return [];
    this.#parked -= passDue(lane, now);
    if (lane.parkedFrom < lane.parked.length) lane.recalledAt = now;
    const called = lane.parked.slice(lane.parkedFrom, lane.parkedFrom + RECALLED);
    lane.parkedFrom += called.length;
    this.#parked -= called.length;
    if (lane.parkedFrom === lane.parked.length) lane.parkedUntil = 0;
    return called.map(({ queueId }) => queueId);
  }

  /** What an attempt showed. Answers until when the destination is left alone, 0 where it is not. */
  learn(key: string | null, experience: Experience, now: number): number {
    const health = this.#lanes.get(key)?.health;
    if (!health || experience === null) return 0;
    const policy = this.#policy(key);
    if (experience.reached) reached(health, policy);
    else unreached(health, policy, { now, why: experience.why, seed: `${key} ${now}` });
    return health.deadUntil;
  }

  /** A message is out and its answer on the way: who may send its commands behind it, without a place of its own. */
  follow(key: string | null, now: number): Turn | null {
    const lane = this.#lanes.get(key);
    if (!lane || lane.health.deadUntil > now || lane.early.size >= EARLY * lane.busy) return null;
    const claimed = lane.waiting.shift();
    if (claimed === null) return null;
    this.#inHand--;
    const place = new Place(false);
    lane.early.add(place);
    return { claimed, admission: { kind: "begin" }, place };
  }

  /**
   * An attempt ended after `tookMs`, or (null) was not made after all. Whose turn it is now, for at most as many places
   * as are free then (`room`): these are taken.
   */
  ended(key: string | null, tookMs: number | null, now: number, place?: Place, room = () => Infinity): readonly Turn[] {
    const lane = this.#lanes.get(key);
    if (!lane) return [];
    if (!place || !lane.early.delete(place)) passOn(lane);
    if (tookMs !== null) lane.usualMs += (tookMs - lane.usualMs) / 4;
    if (lane.waiting.size > 0) this.#hungry.add(key);
    const dead = lane.health.deadUntil > now;
    const turns = dead ? this.#turns(lane, now, 0) : [];
    this.#forgetIdle(key, lane, now);
    return [...turns, ...this.resume(now, room())];
  }

  /** Turns of those that wait, for at most so many places. */
  resume(now: number, room = Infinity): readonly Turn[] {
    const turns: Turn[] = [];
    // What is still hungry goes to the end, and is met again.
    for (const key of this.#hungry) {
      if (turns.length >= room) break;
      this.#hungry.delete(key);
      const lane = this.#lanes.get(key);
      if (!lane) continue;
      turns.push(...this.#turns(lane, now, 1));
      if (lane.waiting.size > 0 && lane.busy < allowed(lane.health, now)) this.#hungry.add(key);
    }
    return turns;
  }

  #forgetIdle(key: string | null, lane: Lane, now: number): void {
    const idle = lane.busy <= 0 && lane.waiting.size === 0 && lane.parkedUntil <= now;
    if (idle && lane.health.failures === 0) this.#forget(key, lane);
  }

  #forget(key: string | null, lane: Lane): void {
    this.#parked -= lane.parked.length - lane.parkedFrom;
    this.#lanes.delete(key);
  }

  /** Takes out all that wait. */
  drain(): readonly Claimed[] {
    this.#inHand = 0;
    this.#hungry.clear();
    return [...this.#lanes.values()].flatMap((lane) => lane.waiting.drain());
  }

  /** A person says: try. Nobody is left alone any more. */
  forgive(): void {
    for (const { health } of this.#lanes.values()) health.deadUntil = 0;
  }

  #turns(lane: Lane, now: number, room: number): readonly Turn[] {
    const { health, waiting } = lane;
    if (health.deadUntil > now) {
      this.#inHand -= waiting.size;
      const admission = { kind: "suspend", until: health.deadUntil, why: health.why } as const;
      return waiting.drain().map((claimed) => ({ claimed, admission, place: new Place(true) }));
    }
    const turns: Turn[] = [];
    const most = allowed(health, now);
    for (; lane.busy < most && waiting.size > 0 && turns.length < room; lane.busy++) {
      this.#inHand--;
      turns.push({ claimed: waiting.shift()!, admission: { kind: "begin" }, place: new Place(true) });
    }
    return turns;
  }

  #newLane(key: string | null): Lane {
    if (this.#lanes.size >= MOST_LANES) this.#forgetOne();
    const health = newDestination(this.#policy(key));
    const waiting = new FairQueue<Claimed>();
    const lane: Lane = {
      health,
      busy: 0,
      early: new Set(),
      waiting,
      usualMs: FIRST_GUESS_MS,
      parkedUntil: 0,
      parked: [],
      parkedFrom: 0,
      recalledAt: 0,
    };
    this.#lanes.set(key, lane);
    return lane;
  }

  /** The eldest that nobody waits for. */
  #forgetOne(): void {
    for (const [key, lane] of this.#lanes) {
      if (lane.busy > 0 || lane.waiting.size > 0) continue;
      return this.#forget(key, lane);
    }
  }

  /** For how long a job is put back: behind those that were put back before it, `each` milliseconds apart. */
  #park(lane: Lane, { job }: Claimed, earliest: number, each: number, now: number): number {
    lane.parkedUntil = Math.min(now + LONGEST_PARK_MS, Math.max(lane.parkedUntil, earliest) + each);
    const dueAt = Math.round(Math.max(now + SHORTEST_PARK_MS, lane.parkedUntil));
    this.#parked -= passDue(lane, now);
    const room = Math.min(MOST_PARKED - (lane.parked.length - lane.parkedFrom), MOST_PARKED_OF_ALL - this.#parked);
    for (const { queueId } of job.recipients.slice(0, Math.max(0, room))) {
      lane.parked.push({ queueId, dueAt });
      this.#parked++;
    }
    return dueAt - now;
  }
}

/** A place goes to the first that began without one, else it is free. */
function passOn(lane: Lane): void {
  for (const place of lane.early) {
    lane.early.delete(place);
    return place.give();
  }
  lane.busy--;
}

/** Those whose time has come are claimed again without a call. Answers how many. */
function passDue(lane: Lane, now: number): number {
  const from = lane.parkedFrom;
  while (lane.parkedFrom < lane.parked.length && lane.parked[lane.parkedFrom]!.dueAt <= now) lane.parkedFrom++;
  const passed = lane.parkedFrom - from;
  if (lane.parkedFrom < 1000 || lane.parkedFrom * 2 < lane.parked.length) return passed;
  lane.parked = lane.parked.slice(lane.parkedFrom);
  lane.parkedFrom = 0;
  return passed;
}
