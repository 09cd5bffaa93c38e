/**
 * How TLS sessions went, by day and recipient domain, until they are reported. Kept in the store as the reports that they
 * would make, so that a restart forgets little. Bounded in domains and in octets.
 */
import { type LogEvent, logEvent } from "../../contract/mod.ts";
import {
  parseTlsReport,
  type TlsFailure,
  type TlsPolicy,
  type TlsPolicyCount,
  TlsSessionCounter,
  writeTlsReport,
} from "../../mailauth/tls_report/mod.ts";
import type { Storage } from "../../storage/storage.ts";

export const DAY_MS = 86_400_000;

/** Domains of one day, and days that wait for their reports. */
const MOST_DOMAINS = 1000;
const MOST_DAYS = 3;
/** Octets in the store; what is more is forgotten by a restart. */
const MOST_OCTETS = 4 * 1024 * 1024;
const SETTING = "tls-reports";

/** What is to be reported to one domain about one day. */
export interface DomainCounts {
  readonly domain: string;
  /** Milliseconds since 1970, UTC. */
  readonly begin: number;
  readonly policies: readonly TlsPolicyCount[];
}

export class SessionCounts {
  readonly #storage: Storage;
  readonly #now: () => number;
  readonly #log: (event: LogEvent) => void;
  /** By the day's beginning, then by domain. */
  readonly #days = new Map<number, Map<string, TlsSessionCounter>>();
  /** What of ours is in the store. */
  #stored: string | null = null;
  #changed = false;

  constructor(storage: Storage, now: () => number, log: (event: LogEvent) => void) {
    this.#storage = storage;
    this.#now = now;
    this.#log = log;
  }

  count(policy: TlsPolicy, failure: TlsFailure | null): void {
    const counter = this.#counter(dayOf(this.#now()), policy.domain);
    if (failure === null) counter?.success(policy);
    else counter?.failure(policy, failure);
    this.#changed = true;
  }

  /** Days that are over, whose reports wait. */
  finished(): number[] {
    const today = dayOf(this.#now());
    return [...this.#days.keys()].filter((day) => day < today).sort((a, b) => a - b);
  }

  /** Takes one domain out of a day; null: there is none left, and the day is done. */
  take(day: number): DomainCounts | null {
    const [first] = this.#days.get(day) ?? [];
    this.#changed = true;
    if (first === undefined) {
      this.#days.delete(day);
      return null;
    }
    const [domain, counter] = first;
    this.#days.get(day)!.delete(domain);
    return { domain, begin: day, policies: counter.counts() };
  }

  /** Reads what was left when the process ended, and takes it over. */
  async load(): Promise<void> {
    const text = await this.#storage.perform("setting.get", { name: SETTING });
    if (text === null) return;
    // Another process of the same store may be quicker: then it is its.
    const taken = await this.#storage.perform("setting.change", { name: SETTING, before: text, value: null });
    if (!taken.changed) return;
    this.#changed = true;
    for (const report of listOf(text)) {
      const read = typeof report === "string" ? parseTlsReport(report) : null;
      if (read === null) continue;
      const day = this.#day(dayOf(read.begin));
      if (day.size < MOST_DOMAINS) day.set(read.domain, new TlsSessionCounter(read.policies));
    }
  }

  /** Writes what has changed. Rejects where the store fails. */
  async save(): Promise<void> {
    if (!this.#changed) return;
    this.#changed = false;
    const reports: string[] = [];
    for (const [day, domains] of this.#days) {
      for (const [domain, counter] of domains) {
        const head = { organization: "", contact: "", reportId: "", domain, begin: day, end: day + DAY_MS - 1000 };
        reports.push(writeTlsReport({ ...head, policies: counter.counts() }));
      }
    }
    const text = JSON.stringify(reports);
    if (text.length > MOST_OCTETS) {
      this.#log(logEvent("warn", "tls.report.notStored", { octets: text.length }));
      return;
    }
    const value = reports.length === 0 ? null : text;
    const change = { name: SETTING, before: this.#stored, value };
    if ((await this.#storage.perform("setting.change", change)).changed) this.#stored = value;
  }

  #counter(day: number, domain: string): TlsSessionCounter | null {
    const domains = this.#day(day);
    const known = domains.get(domain);
    if (known || domains.size >= MOST_DOMAINS) return known ?? null;
    const fresh = new TlsSessionCounter();
    domains.set(domain, fresh);
    return fresh;
  }

  #day(day: number): Map<string, TlsSessionCounter> {
    const domains = this.#days.get(day) ?? new Map<string, TlsSessionCounter>();
    this.#days.set(day, domains);
    for (const eldest of [...this.#days.keys()].sort((a, b) => a - b).slice(0, -MOST_DAYS)) this.#days.delete(eldest);
    return domains;
  }
}

/** When the day of a time began, UTC (RFC 8460 section 4.1). */
export function dayOf(time: number): number {
  return Math.floor(time / DAY_MS) * DAY_MS;
}

function listOf(text: string): unknown[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.slice(0, MOST_DOMAINS * MOST_DAYS) : [];
  } catch {
    return [];
  }
}
