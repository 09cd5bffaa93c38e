/** From an aggregate report, and from a failure report, to the rows that are kept of it. */
import { setImmediate } from "node:timers";
import { z } from "zod";
import { aggregateParts, type FailureReport, type MalformedReport, type ReportRow } from "../../mailauth/mod.ts";
import type { PublishedPolicy, ReportMetadata } from "../../mailauth/mod.ts";
import { summed } from "./stored_rows.ts";

const count = z.number().int().min(0);

/** Messages of one source that were alike. */
export const dmarcRow = z.strictObject({
  day: z.string(),
  reporter: z.string(),
  source: z.string(),
  from: z.string(),
  signer: z.string().nullable(),
  envelope: z.string().nullable(),
  dkim: z.boolean(),
  spf: z.boolean(),
  disposition: z.enum(["none", "pass", "quarantine", "reject"]),
  count,
});
export type DmarcRow = z.output<typeof dmarcRow>;

/** Single messages. */
export const failureRow = z.strictObject({
  day: z.string(),
  reporter: z.string(),
  source: z.string().nullable(),
  from: z.string().nullable(),
  failure: z.string(),
  delivery: z.string().nullable(),
  count,
});
export type FailureRow = z.output<typeof failureRow>;

/** A report without its rows, and what they come to. */
export interface DmarcFold {
  readonly metadata: ReportMetadata;
  readonly policy: PublishedPolicy;
  readonly rows: readonly Omit<DmarcRow, "day" | "reporter">[];
  readonly skipped: number;
}

/** Kinds of rows that are told apart while a report is read, and that are kept of it; the rest is one row a verdict. */
export const FOLD_LIMITS = { kinds: 20_000, rows: 500 } as const;
/** Others wait for a few milliseconds at most. */
const PARTS_A_TURN = 100;

type Kind = DmarcFold["rows"][number];

/** Reads the XML, giving way to others now and then; what it holds in memory does not grow with the number of rows. */
export async function foldAggregate(xml: string): Promise<DmarcFold | MalformedReport> {
  let metadata: ReportMetadata | null = null;
  let policy: PublishedPolicy | null = null;
  const kinds = new Map<string, Kind>();
  let skipped = 0;
  const parts = aggregateParts(xml);
  let step = parts.next();
  for (let turn = 1; !step.done; step = parts.next(), turn++) {
    const part = step.value;
    if ("metadata" in part) metadata = part.metadata;
    else if ("policy" in part) policy = part.policy;
    else if (part.row === null) skipped++;
    else add(kinds, kindOf(part.row));
    if (turn % PARTS_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  if (step.value !== null) return step.value;
  return { metadata: metadata!, policy: policy!, rows: largest([...kinds.values()]), skipped };
}

function kindOf(row: ReportRow): Kind {
  const passed = row.dkimResults.filter(({ result, domain }) => result === "pass" && domain !== "");
  // An aligned signature is the more telling one.
  const signer = passed.find(({ domain }) => sameEnd(domain, row.headerFrom)) ?? passed[0];
  const mailFrom = row.spfResults.find(({ scope }) => scope !== "helo")?.domain || row.envelopeFrom;
  return {
    source: row.sourceIp.toLowerCase(),
    from: row.headerFrom,
    signer: signer?.domain ?? null,
    envelope: mailFrom ?? null,
    dkim: row.dkim === "pass",
    spf: row.spf === "pass",
    disposition: row.disposition,
    count: row.count,
  };
}

function sameEnd(a: string, b: string): boolean {
  return a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`);
}

function add(kinds: Map<string, Kind>, kind: Kind): void {
  const key = keyOf(kind);
  const known = kinds.get(key);
  if (known !== undefined) kinds.set(key, plus(known, kind.count));
  else if (kinds.size < FOLD_LIMITS.kinds) kinds.set(key, kind);
  else {
    const rest = without(kind);
    kinds.set(keyOf(rest), plus(kinds.get(keyOf(rest)) ?? { ...rest, count: 0 }, kind.count));
  }
}

function keyOf({ source, from, signer, envelope, dkim, spf, disposition }: Kind): string {
  return [source, from, signer ?? "", envelope ?? "", dkim, spf, disposition].join(" ");
}

function plus(kind: Kind, count: number): Kind {
  return { ...kind, count: Math.min(kind.count + count, Number.MAX_SAFE_INTEGER) };
}

/** What did not fit: only how it ended. */
function without(kind: Kind): Kind {
  return { ...kind, source: "others", from: "others", signer: null, envelope: null };
}

function largest(kinds: Kind[]): Kind[] {
  kinds.sort((a, b) => b.count - a.count);
  const day = { day: "", reporter: "" };
  const rest = summed(kinds.slice(FOLD_LIMITS.rows).map((kind) => ({ ...day, ...without(kind) })));
  return [...kinds.slice(0, FOLD_LIMITS.rows), ...rest.map(({ day: _, reporter: __, ...kind }) => kind)];
}

/** The one row of a failure report. */
export function failureKind(report: FailureReport): Omit<FailureRow, "day" | "reporter"> {
  const { sourceIp, domain, failure, delivery, incidents } = report;
  return { source: sourceIp, from: domain, failure, delivery, count: incidents };
}
