/**
 * What reports told, summed up: a setting for each domain and kind, bounded in rows, characters and age. When there is no
 * more room every reporter keeps as many rows as the others, so that nobody crowds out what the rest have told.
 */
import { z } from "zod";
import { REPORT_DAYS } from "../../http/report_desk.ts";
import type { Storage } from "../../storage/storage.ts";

export const DAY_MS = 86_400_000;
/** Of one domain and kind. `ofDay`: reports of one reporter about one day. */
export const STORED_LIMITS = { rows: 3000, characters: 1_500_000, reports: 2000, ofDay: 200 } as const;
const TRIES = 5;

/** What rows have in common. Two that differ in nothing but `count` become one. */
export interface SummedRow {
  /** `2026-01-31`, UTC. */
  readonly day: string;
  readonly reporter: string;
  readonly count: number;
}

const seenReport = z.strictObject({
  id: z.string(),
  day: z.string(),
  reporter: z.string(),
  organization: z.string(),
  count: z.number(),
});

/** A report that was read; by its id it is known when it comes again. `count` is 1. */
export type SeenReport = z.output<typeof seenReport>;

/** All that is kept. */
export interface Stored<R> {
  readonly reports: readonly SeenReport[];
  readonly rows: readonly R[];
}

/** What became of a report: `known` was added before, `old` is of a day that is not kept or not over. */
export type Added = "added" | "known" | "old" | "tooMany";

export class StoredRows<R extends SummedRow> {
  readonly #storage: Pick<Storage, "perform">;
  readonly #kind: string;
  readonly #schema: z.ZodType<Stored<R>>;

  constructor(storage: Pick<Storage, "perform">, kind: string, row: z.ZodType<R>) {
    this.#storage = storage;
    this.#kind = kind;
    this.#schema = z.strictObject({ reports: z.array(seenReport), rows: z.array(row) });
  }

  /** What is known of the last `days` days. */
  async list(domain: string, days: number, now: number): Promise<Stored<R>> {
    const { reports, rows } = this.#read(await this.#get(domain));
    const oldest = dayText(now - (days - 1) * DAY_MS);
    return { reports: reports.filter(({ day }) => day >= oldest), rows: rows.filter(({ day }) => day >= oldest) };
  }

  /** Adds the rows of a report, all of one day; rejects where the store fails. */
  async add(domain: string, report: SeenReport, rows: readonly R[], now: number): Promise<Added> {
    const oldest = dayText(now - (REPORT_DAYS - 1) * DAY_MS);
    if (report.day < oldest || report.day > dayText(now + DAY_MS)) return "old";
    for (let tries = 0; tries < TRIES; tries++) {
      const before = await this.#get(domain);
      const known = this.#read(before);
      if (known.reports.some(({ id, reporter }) => id === report.id && reporter === report.reporter)) return "known";
      const alike = known.reports.filter(({ day, reporter }) => day === report.day && reporter === report.reporter);
      if (alike.length >= STORED_LIMITS.ofDay) return "tooMany";
      const fresh = <T extends SummedRow>(all: readonly T[]) => all.filter(({ day }) => day >= oldest);
      const value: Stored<R> = {
        reports: fairShare(fresh([report, ...known.reports]), STORED_LIMITS.reports),
        rows: fairShare(fresh(summed([...known.rows, ...rows])), STORED_LIMITS.rows),
      };
      if (await this.#set(domain, before, JSON.stringify(value))) return "added";
    }
    throw new Error(`the reports about ${domain} change too often`);
  }

  async forget(domain: string): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const before = await this.#get(domain);
      if (before === null || await this.#set(domain, before, null)) return;
    }
  }

  /** What is damaged is left out: reports go on. */
  #read(text: string | null): Stored<R> {
    try {
      return this.#schema.parse(JSON.parse(text ?? ""));
    } catch {
      return { reports: [], rows: [] };
    }
  }

  #get(domain: string): Promise<string | null> {
    return this.#storage.perform("setting.get", { name: `reports.${this.#kind}.${domain}` });
  }

  async #set(domain: string, before: string | null, value: string | null): Promise<boolean> {
    const name = `reports.${this.#kind}.${domain}`;
    return (await this.#storage.perform("setting.change", { name, before, value })).changed;
  }
}

export function dayText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** Rows that differ in nothing but their count, as one. */
export function summed<R extends SummedRow>(rows: readonly R[]): R[] {
  const sums = new Map<string, R>();
  for (const row of rows) {
    const key = JSON.stringify(Object.entries({ ...row, count: 0 }).sort(([a], [b]) => a < b ? -1 : 1));
    const count = Math.min((sums.get(key)?.count ?? 0) + row.count, Number.MAX_SAFE_INTEGER);
    sums.set(key, { ...row, count });
  }
  return [...sums.values()];
}

/** At most so many rows: each reporter's newest and largest, one in turn of each reporter. */
function fairShare<R extends SummedRow>(rows: readonly R[], most: number): R[] {
  const ordered = [...rows].sort((a, b) => a.day === b.day ? b.count - a.count : a.day < b.day ? 1 : -1);
  const queues = new Map<string, R[]>();
  for (const row of ordered) {
    const queue = queues.get(row.reporter);
    if (queue) queue.push(row);
    else queues.set(row.reporter, [row]);
  }
  const kept: R[] = [];
  let characters = 0;
  for (let round = 0; queues.size > 0; round++) {
    for (const [reporter, queue] of queues) {
      const row = queue[round];
      if (row === undefined) {
        queues.delete(reporter);
        continue;
      }
      characters += JSON.stringify(row).length;
      if (kept.length >= most || characters > STORED_LIMITS.characters) return kept;
      kept.push(row);
    }
  }
  return kept;
}
