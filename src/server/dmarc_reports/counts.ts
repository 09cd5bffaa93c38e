/** Rows of aggregate reports, counted until their day is over (`day_counts.ts`). What does not fit is left out. */
import { z } from "zod";
import type { Args } from "../../contract/mod.ts";
import {
  DAY_LIMITS,
  DAY_MS,
  DayCounts,
  type DayCountsParts,
  type DayEntry,
  type DayKind,
  share,
} from "../day_counts.ts";

/** What there is to tell one domain of one day. Texts are JSON. */
export interface CountedDomain extends DayEntry {
  policy: string;
  /** Rows without their count, to their counts. */
  readonly rows: Map<string, number>;
  /** Messages that are not in `rows`. */
  leftOut: number;
  /** Addresses that have it already. */
  readonly done: readonly string[];
}

export const COUNT_LIMITS = {
  ...DAY_LIMITS,
  /** Rows of one domain. */
  rows: 1000,
  /** Characters of one row, or a policy; of what waits in memory. */
  row: 8192,
  memory: 1_000_000,
} as const;
/** Reports begin to leave so long after the day, and are spread over the time after that. */
const FIRST_MS = 15 * 60_000;
const SPREAD_MS = 3 * 3600_000;

export class DmarcCounts extends DayCounts<CountedDomain> {
  /** Since the last time that it was stored. */
  #characters = 0;

  constructor(parts: DayCountsParts) {
    super(parts, KIND);
  }

  /** Counts a message; never fails. */
  count({ domain, policy, row, now }: Args<"dmarc.count">): void {
    if (policy.length > COUNT_LIMITS.row) return;
    const day = Math.floor(now / DAY_MS);
    const known = this.waiting(domain, day, () => begin(domain, day, policy));
    if (known === null) return;
    known.policy = policy;
    const before = known.rows.get(row);
    const fits = this.#characters + row.length <= COUNT_LIMITS.memory && known.rows.size < COUNT_LIMITS.rows &&
      row.length <= COUNT_LIMITS.row;
    if (before === undefined && !fits) known.leftOut++;
    else {
      known.rows.set(row, (before ?? 0) + 1);
      if (before === undefined) this.#characters += row.length;
    }
  }

  override async save(): Promise<void> {
    this.#characters = 0;
    await super.save();
  }
}

function begin(domain: string, day: number, policy: string): CountedDomain {
  const notBefore = (day + 1) * DAY_MS + FIRST_MS + Math.floor(share(`${domain} ${day}`) * SPREAD_MS);
  return { domain, day, policy, rows: new Map(), leftOut: 0, tries: 0, notBefore, done: [] };
}

const stored = z.strictObject({
  domain: z.string(),
  policy: z.string(),
  rows: z.array(z.tuple([z.string(), z.int().min(1)])),
  leftOut: z.int().min(0),
  tries: z.int().min(0),
  notBefore: z.number(),
  done: z.array(z.string()),
});

const KIND: DayKind<CountedDomain> = {
  prefix: "dmarc",
  print({ domain, policy, rows, leftOut, tries, notBefore, done }) {
    return JSON.stringify({ domain, policy, rows: [...rows], leftOut, tries, notBefore, done });
  },
  read(value, day) {
    const { data } = stored.safeParse(value);
    return data === undefined ? null : { ...data, day, rows: new Map(data.rows) };
  },
  size({ policy, rows }) {
    let sum = policy.length;
    for (const row of rows.keys()) sum += row.length;
    return sum;
  },
  /** The newer policy counts. */
  merge(known, { domain, day, policy, leftOut, rows }, room) {
    if (known === null && policy.length > room) return null;
    const sum = known ?? begin(domain, day, policy);
    let left = room - (known === null ? policy.length : 0);
    sum.policy = policy;
    sum.leftOut += leftOut;
    for (const [row, count] of rows) {
      const there = sum.rows.get(row);
      if (there !== undefined) sum.rows.set(row, there + count);
      else if (sum.rows.size >= COUNT_LIMITS.rows || row.length > left) sum.leftOut += count;
      else {
        sum.rows.set(row, count);
        left -= row.length;
      }
    }
    return sum;
  },
};
