/**
 * Who may go now. A destination is a relay, or a domain: it has so many connections at once as it deserves
 * (`mta/queue/destination.ts`), and senders take turns for them. What is claimed beyond that waits here, and beyond that
 * goes back to the queue until about its turn, so that neither a slow destination holds up others nor a large mailing
 * anybody's single message. A destination that is left alone makes no connection at all: its jobs are told so.
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
/** Called back at a time. */
const RECALLED = 200;
const RECALL_EVERY_MS = 500;
/** Destinations in trouble that are remembered. */
const MOST_LANES = 10_000;

export class Destinations {
  readonly #policy: (key: string | null) => DestinationPolicy;
  readonly #lanes = new Map<string | null, Lane>();

  constructor(policy: (key: string | null) => DestinationPolicy) {
    this.#policy = policy;
  }

  /** How many are left alone at `now`. */
  suspended(now: number): number {
    let count = 0;
    for (const { health } of this.#lanes.values()) if (health.deadUntil > now) count++;
    return count;
  }

  /** How many connections the destination may have now. */
  allowed(key: string | null, now: number): number {
    const lane = this.#lanes.get(key);
    return lane ? allowed(lane.health, now) : Math.floor(newDestination(this.#policy(key)).limit);
  }

  /** Asked once for every claimed job. `begin` takes a place. All times are the wall clock's, as the queue's are. */
  admit(claimed: Claimed, now: number): Admission {
    const { key } = claimed;
    const lane = this.#lanes.get(key) ?? this.#newLane(key);
    const { health, waiting } = lane;
    if (health.deadUntil > now) return { kind: "suspend", until: health.deadUntil, why: health.why };
    if (lane.busy < allowed(health, now)) {
      lane.busy++;
      return { kind: "begin" };
    }
    const each = lane.usualMs / (Math.max(1, Math.floor(health.limit)) + lane.early.size);
    const ms = (waiting.size + 1) * each;
    const sender = claimed.job.sender.reversePath;
    const room = waiting.size < MOST_OF_ALL || (waiting.size < MOST_WAITING && waiting.of(sender) < SURE_OF_ONE);
    if (room && ms < LONGEST_WAIT_MS) {
      waiting.push(sender, claimed);
      return { kind: "wait" };
    }
    return { kind: "park", ms: park(lane, claimed, now + ms, each, now) };
  }

  /** Rows that wait for a time although there is room for them now, or will be in a moment: to be made due. */
  recall(key: string | null, now: number): readonly QueueId[] {
    const lane = this.#lanes.get(key);
    if (!lane || lane.health.deadUntil > now) return [];
    const free = lane.waiting.size === 0 && lane.busy < allowed(lane.health, now);
    // Behind each that is under way another one goes, if there is one.
    const few = lane.waiting.size < lane.busy && now >= lane.recalledAt + RECALL_EVERY_MS;
    if (!free && !few) return [];
    passDue(lane, now);
    if (lane.parkedFrom < lane.parked.length) lane.recalledAt = now;
    const called = lane.parked.slice(lane.parkedFrom, lane.parkedFrom + RECALLED);
    lane.parkedFrom += called.length;
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
    const place = new Place(false);
    lane.early.add(place);
    return { claimed, admission: { kind: "begin" }, place };
  }

  /** An attempt ended after `tookMs`, or (null) was not made after all. Whose turn it is now: their places are taken. */
  ended(key: string | null, tookMs: number | null, now: number, place?: Place): readonly Turn[] {
    const lane = this.#lanes.get(key);
    if (!lane) return [];
    if (!place || !lane.early.delete(place)) passOn(lane);
    if (tookMs !== null) lane.usualMs += (tookMs - lane.usualMs) / 4;
    const turns = this.#turns(lane, now);
    const idle = lane.busy <= 0 && lane.waiting.size === 0 && lane.parkedUntil <= now;
    if (idle && lane.health.failures === 0) this.#lanes.delete(key);
    return turns;
  }

  /** Takes out all that wait. */
  drain(): readonly Claimed[] {
    return [...this.#lanes.values()].flatMap((lane) => lane.waiting.drain());
  }

  /** A person says: try. Nobody is left alone any more. */
  forgive(): void {
    for (const { health } of this.#lanes.values()) health.deadUntil = 0;
  }

  #turns(lane: Lane, now: number): readonly Turn[] {
    const { health, waiting } = lane;
    if (health.deadUntil > now) {
      const admission = { kind: "suspend", until: health.deadUntil, why: health.why } as const;
      return waiting.drain().map((claimed) => ({ claimed, admission, place: new Place(true) }));
    }
    const turns: Turn[] = [];
    for (const most = allowed(health, now); lane.busy < most && waiting.size > 0; lane.busy++) {
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
      this.#lanes.delete(key);
      return;
    }
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

/** For how long a job is put back: behind those that were put back before it, `each` milliseconds apart. */
function park(lane: Lane, { job }: Claimed, earliest: number, each: number, now: number): number {
  lane.parkedUntil = Math.min(now + LONGEST_PARK_MS, Math.max(lane.parkedUntil, earliest) + each);
  const dueAt = Math.round(Math.max(now + SHORTEST_PARK_MS, lane.parkedUntil));
  passDue(lane, now);
  if (lane.parked.length - lane.parkedFrom < MOST_PARKED) {
    for (const { queueId } of job.recipients) lane.parked.push({ queueId, dueAt });
  }
  return dueAt - now;
}

/** Those whose time has come are claimed again without a call. */
function passDue(lane: Lane, now: number): void {
  while (lane.parkedFrom < lane.parked.length && lane.parked[lane.parkedFrom]!.dueAt <= now) lane.parkedFrom++;
  if (lane.parkedFrom < 1000 || lane.parkedFrom * 2 < lane.parked.length) return;
  lane.parked = lane.parked.slice(lane.parkedFrom);
  lane.parkedFrom = 0;
}
