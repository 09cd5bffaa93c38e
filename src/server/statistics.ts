/**
 * What happened hour by hour: counted in memory, added to the store each minute, so that it outlives the process. Each
 * server has records of its own; who asks gets their sum.
 */
import type { StatisticsDesk, StatisticsPeriod } from "../http/statistics_desk.ts";
import type { Storage } from "../storage/storage.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";

const HOUR_MS = 3_600_000;
const KEPT_MS = 400 * 24 * HOUR_MS;
/** Reasons of one hour; what is beyond is `other`. */
const MOST_REASONS = 30;
const TOP = 10;
const PAGE = 500;
const TRIES = 5;

/** Which metric counts what, where its first label is one of these. */
const COUNTED: Readonly<Record<string, { readonly name: string; readonly label?: string }[]>> = {
  palomar_messages_accepted_total: [{ name: "received" }],
  palomar_messages_submitted_total: [{ name: "submitted" }],
  palomar_messages_refused_total: [{ name: "refused" }],
  palomar_smtp_refused_total: [{ name: "commandsRefused" }],
  palomar_logins_total: [{ name: "logins" }],
  palomar_logins_refused_total: [{ name: "loginsRefused" }],
  palomar_queue_outcomes_total: [
    { name: "sent", label: "delivered" },
    { name: "bounced", label: "failed" },
    { name: "deferred", label: "deferred" },
  ],
};

interface Counts {
  readonly counts: Record<string, number>;
  readonly reasons: Record<string, number>;
}

export interface StatisticsParts {
  readonly storage: Pick<Storage, "perform">;
  readonly now: () => number;
  /** Of this server. */
  readonly hostname: string;
  readonly failed: (error: unknown) => void;
}

export class Statistics implements StatisticsDesk {
  readonly #parts: StatisticsParts;
  #waiting = new Map<string, Counts>();
  #flushing: Promise<void> = Promise.resolve();

  constructor(parts: StatisticsParts) {
    this.#parts = parts;
  }

  /** Counts what the metrics count. */
  watch(metrics: Metrics): void {
    metrics.watch((metric, labels, by) => {
      const found = COUNTED[metric]?.find(({ label }) => label === undefined || label === labels[0]);
      if (found) add(this.#hour().counts, found.name, by);
    });
  }

  /** A logger whose refusals are counted by their reasons. */
  over(logger: Logger): Logger {
    return {
      log: (level, event, fields = {}) => {
        logger.log(level, event, fields);
        const reason = reasonOf(event, fields);
        if (reason === null) return;
        const { reasons } = this.#hour();
        const known = reason in reasons || Object.keys(reasons).length < MOST_REASONS;
        add(reasons, known ? reason : "other", 1);
      },
      flush: () => logger.flush(),
    };
  }

  /** Adds what was counted to the store; what cannot be added now is added the next time. Never rejects. */
  flush(): Promise<void> {
    return this.#flushing = this.#flushing.then(() => this.#store());
  }

  async read(by: "hour" | "day", since: number, until: number): Promise<readonly StatisticsPeriod[]> {
    await this.flush();
    const { storage, now } = this.#parts;
    const periods = new Map<string, Counts>();
    for (let after = hourOf(since);;) {
      const page = await storage.perform("record.list", { kind: "statistics", now: now(), after, limit: PAGE });
      for (const { key, value } of page) {
        after = key;
        if (key.slice(0, 13) >= hourOf(until)) break;
        const period = by === "hour" ? `${key.slice(0, 13)}:00:00.000Z` : `${key.slice(0, 10)}T00:00:00.000Z`;
        const sum = periods.get(period) ?? { counts: {}, reasons: {} };
        periods.set(period, sum);
        addAll(sum, JSON.parse(value) as Counts);
      }
      if (page.length < PAGE || after.slice(0, 13) >= hourOf(until)) break;
    }
    return [...periods].sort(([a], [b]) => a < b ? -1 : 1).map(([from, sum]) => printed(from, sum));
  }

  #hour(): Counts {
    const hour = hourOf(this.#parts.now());
    const found = this.#waiting.get(hour) ?? { counts: {}, reasons: {} };
    this.#waiting.set(hour, found);
    return found;
  }

  async #store(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    for (const [hour, counts] of waiting) {
      try {
        await this.#addTo(`${hour}/${this.#parts.hostname}`.slice(0, 200), counts);
      } catch (error) {
        // Counted again with what came meanwhile.
        const now = this.#waiting.get(hour) ?? { counts: {}, reasons: {} };
        this.#waiting.set(hour, now);
        addAll(now, counts);
        this.#parts.failed(error);
      }
    }
  }

  async #addTo(key: string, counts: Counts): Promise<void> {
    const { storage, now: clock } = this.#parts;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const now = clock();
      const before = await storage.perform("record.get", { kind: "statistics", key, now });
      const sum: Counts = before ? JSON.parse(before.value) as Counts : { counts: {}, reasons: {} };
      addAll(sum, counts);
      const args = { kind: "statistics", key, value: JSON.stringify(sum), now, expiresAt: now + KEPT_MS } as const;
      const done = await storage.perform("record.put", { ...args, ifVersion: before?.version ?? null });
      if (!("refused" in done)) return;
    }
    throw new Error("others count under the name of this server");
  }
}

/** `2026-01-31T12`. */
function hourOf(at: number): string {
  return new Date(Math.min(Math.max(at, 0), 253_402_300_799_999)).toISOString().slice(0, 13);
}

function add(counts: Record<string, number>, name: string, by: number): void {
  counts[name] = (counts[name] ?? 0) + by;
}

function addAll(sum: Counts, more: Counts): void {
  for (const [name, by] of Object.entries(more.counts)) add(sum.counts, name, by);
  for (const [name, by] of Object.entries(more.reasons)) add(sum.reasons, name, by);
}

/** What was refused and by which code: `RCPT 550 5.1.1`. */
function reasonOf(event: string, fields: Readonly<Record<string, unknown>>): string | null {
  const { command, code, reason, enhanced } = fields;
  if (event === "smtp.refused") return `${command} ${code} ${String(reason).split(" ")[0]}`.slice(0, 40);
  return event === "message.refused" ? `message ${code} ${enhanced}`.slice(0, 40) : null;
}

function printed(from: string, { counts, reasons }: Counts): StatisticsPeriod {
  const count = (name: string): number => counts[name] ?? 0;
  const top = Object.entries(reasons).sort(([, a], [, b]) => b - a).slice(0, TOP);
  return {
    from,
    received: count("received"),
    submitted: count("submitted"),
    refused: count("refused"),
    commandsRefused: count("commandsRefused"),
    sent: count("sent"),
    bounced: count("bounced"),
    deferred: count("deferred"),
    logins: count("logins"),
    loginsRefused: count("loginsRefused"),
    refusals: top.map(([reason, times]) => ({ reason, times })),
  };
}
