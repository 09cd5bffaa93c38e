/** How TLS sessions went, by day and recipient domain, until they are reported (`day_counts.ts`). */
import { z } from "zod";
import {
  type TlsFailure,
  type TlsPolicy,
  type TlsPolicyCount,
  TlsSessionCounter,
} from "../../mailauth/tls_report/mod.ts";
import { DAY_MS, DayCounts, type DayCountsParts, type DayEntry, type DayKind } from "../day_counts.ts";

/** What is to be reported to one domain about one day. */
export interface DomainSessions extends DayEntry {
  readonly counter: TlsSessionCounter;
}

export class SessionCounts extends DayCounts<DomainSessions> {
  readonly #delay: number;

  /** `delay`: how long after the day this server reports, milliseconds. */
  constructor(parts: DayCountsParts, delay: number) {
    super(parts, KIND);
    this.#delay = delay;
  }

  /** Counts a session, null for one that went well; never fails. `now` in milliseconds since 1970. */
  count(policy: TlsPolicy, failure: TlsFailure | null, now: number): void {
    const { domain } = policy;
    const day = Math.floor(now / DAY_MS);
    const notBefore = (day + 1) * DAY_MS + this.#delay;
    const counted = this.waiting(domain, day, () => ({
      domain,
      day,
      tries: 0,
      notBefore,
      counter: new TlsSessionCounter(),
    }));
    if (failure === null) counted?.counter.success(policy);
    else counted?.counter.failure(policy, failure);
  }
}

const text = z.string().nullable();
const policies = z.array(z.strictObject({
  policy: z.strictObject({
    type: z.enum(["tlsa", "sts", "no-policy-found"]),
    strings: z.array(z.string()),
    domain: z.string(),
    mxHosts: z.array(z.string()),
  }),
  succeeded: z.int().min(0),
  failed: z.int().min(0),
  details: z.array(z.strictObject({
    failure: z.strictObject({
      type: z.string(),
      sendingIp: text,
      receivingHost: text,
      receivingHelo: text,
      receivingIp: text,
      reasonCode: text,
    }),
    count: z.int().min(1),
  })),
}));
const stored = z.strictObject({ domain: z.string(), tries: z.int().min(0), notBefore: z.number(), policies });

const KIND: DayKind<DomainSessions> = {
  prefix: "tls",
  print({ domain, tries, notBefore, counter }) {
    return JSON.stringify({ domain, tries, notBefore, policies: counter.counts() });
  },
  read(value, day) {
    const { data } = stored.safeParse(value);
    if (data === undefined) return null;
    const { policies, ...rest } = data;
    return { ...rest, day, counter: new TlsSessionCounter(policies as readonly TlsPolicyCount[]) };
  },
  size: ({ counter }) => JSON.stringify(counter.counts()).length,
  /** Without room the numbers go on, and no more kinds of failure are told apart. */
  merge(known, fresh, room) {
    const before = known?.counter.counts() ?? [];
    const sum = new TlsSessionCounter([...before, ...fresh.counter.counts()]);
    const grown = JSON.stringify(sum.counts()).length - (known === null ? 0 : KIND.size(known));
    if (grown <= room) return { ...known ?? fresh, counter: sum };
    const policies = new Set(before.map(({ policy }) => JSON.stringify(policy)));
    const plain = fresh.counter.counts()
      .filter(({ policy }) => known === null || policies.has(JSON.stringify(policy)))
      .map((one) => ({ ...one, details: [] }));
    const counter = new TlsSessionCounter([...before, ...plain]);
    return known === null && JSON.stringify(counter.counts()).length > room ? null : { ...known ?? fresh, counter };
  },
};
