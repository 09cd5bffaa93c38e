/** What is kept of reports, as whoever administers the domain wants to see it. */
import type {
  DmarcFailure,
  DmarcSource,
  DmarcSummary,
  ReporterSeen,
  TlsPolicyType,
  TlsSummary,
  TlsTrouble,
} from "../../http/report_desk.ts";
import type { DmarcRow, FailureRow } from "./dmarc_rows.ts";
import type { SeenReport, Stored } from "./stored_rows.ts";
import type { TlsRow } from "./tls_rows.ts";

/** Names of one kind that are shown of a row. */
const NAMES = 10;

/** Sources with most failures first: what a person looks for. */
export function dmarcSummary(stored: Stored<DmarcRow>, failed: Stored<FailureRow>): DmarcSummary {
  const sources = grouped(stored.rows, ({ source }) => source).map(sourceOf);
  const failures = grouped(failed.rows, ({ source, from, failure }) => [source, from, failure].join(" ")).map(
    failureOf,
  );
  return {
    messages: sum(stored.rows),
    passed: sum(stored.rows.filter(passes)),
    sources: sources.sort((a, b) => (b.messages - b.passed) - (a.messages - a.passed) || b.messages - a.messages),
    failures: failures.sort((a, b) => b.messages - a.messages),
    reporters: reportersOf([...stored.reports, ...failed.reports]),
  };
}

export function tlsSummary({ rows, reports }: Stored<TlsRow>): TlsSummary {
  const failing = rows.filter(({ failure }) => failure !== null);
  return {
    succeeded: sum(rows) - sum(failing),
    failed: sum(failing),
    policies: grouped(rows, ({ policy }) => policy).map((alike) => {
      const failed = sum(alike.filter(({ failure }) => failure !== null));
      return { policy: alike[0]!.policy, succeeded: sum(alike) - failed, failed };
    }),
    failures: grouped(failing, ({ failure, policy, host }) => [failure, policy, host].join(" "))
      .map(troubleOf).sort((a, b) => b.sessions - a.sessions),
    reporters: reportersOf(reports),
  };
}

function passes({ dkim, spf }: DmarcRow): boolean {
  return dkim || spf;
}

function sourceOf(alike: readonly DmarcRow[]): DmarcSource {
  const count = (which: (row: DmarcRow) => boolean) => sum(alike.filter(which));
  return {
    source: alike[0]!.source,
    messages: sum(alike),
    passed: count(passes),
    dkim: count(({ dkim }) => dkim),
    spf: count(({ spf }) => spf),
    quarantined: count(({ disposition }) => disposition === "quarantine"),
    rejected: count(({ disposition }) => disposition === "reject"),
    from: names(alike, ({ from }) => from),
    signedBy: names(alike, ({ signer }) => signer),
    envelopeFrom: names(alike, ({ envelope }) => envelope),
    reporters: names(alike, ({ reporter }) => reporter),
    ...seen(alike),
  };
}

function failureOf(alike: readonly FailureRow[]): DmarcFailure {
  const { source, from, failure } = alike[0]!;
  const { lastSeen } = seen(alike);
  return { source, from, failure, messages: sum(alike), reporters: names(alike, (row) => row.reporter), lastSeen };
}

function troubleOf(alike: readonly TlsRow[]): TlsTrouble {
  const { failure, policy, host } = alike[0]!;
  return {
    failure: failure ?? "unspecified",
    policy: policy satisfies TlsPolicyType,
    host,
    sessions: sum(alike),
    reporters: names(alike, ({ reporter }) => reporter),
    sendingIps: names(alike, ({ sendingIp }) => sendingIp),
    reasons: names(alike, ({ reason }) => reason),
    ...seen(alike),
  };
}

function reportersOf(reports: readonly SeenReport[]): ReporterSeen[] {
  return grouped(reports, ({ reporter }) => reporter).map((alike) => {
    const newest = alike.reduce((a, b) => b.day > a.day ? b : a);
    const { reporter, organization, day } = newest;
    return { reporter, organization, reports: alike.length, lastReport: day };
  }).sort((a, b) => b.reports - a.reports);
}

function grouped<R>(rows: readonly R[], keyOf: (row: R) => string): R[][] {
  const groups = new Map<string, R[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()];
}

function sum(rows: readonly { readonly count: number }[]): number {
  return Math.min(rows.reduce((sum, { count }) => sum + count, 0), Number.MAX_SAFE_INTEGER);
}

function names<R>(rows: readonly R[], nameOf: (row: R) => string | null): string[] {
  return [...new Set(rows.map(nameOf))].filter((name) => name !== null).slice(0, NAMES);
}

function seen(rows: readonly { readonly day: string }[]): { firstSeen: string; lastSeen: string } {
  const days = rows.map(({ day }) => day).sort();
  return { firstSeen: days[0] ?? "", lastSeen: days.at(-1) ?? "" };
}
