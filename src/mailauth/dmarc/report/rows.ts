/** From messages to the rows of a report: like ones are counted, and there is an end to how many differ. */
import { canonical } from "../author.ts";
import type { DkimFact, DmarcResult, PolicyOverride, SpfFact } from "../model.ts";
import type { DmarcPolicy } from "../record.ts";
import type { ReportRow } from "./model.ts";

/** What a report says of a message beside its result. */
export interface ReportedMessage {
  /** IPv4 or IPv6, as text. */
  readonly sourceIp: string;
  /** Domain of MAIL FROM; null for the null sender. */
  readonly envelopeFrom: string | null;
  /** Domain of a recipient; null to keep that to oneself. */
  readonly envelopeTo: string | null;
  readonly spf: SpfFact | null;
  readonly dkim: readonly DkimFact[];
  /** What was really done, with the reason, where it is not what the result advises. */
  readonly applied?: { readonly disposition: DmarcPolicy; readonly override: PolicyOverride };
}

/** Signatures of one message that are told of (RFC 9990 section 3.1.3). */
const SIGNATURES_LIMIT = 100;

/** The row for one message; null where there is no domain to report to. */
export function reportRow(result: DmarcResult, message: ReportedMessage): ReportRow | null {
  if (result.domain === null || result.record === null) return null;
  const { applied } = message;
  return {
    sourceIp: message.sourceIp,
    count: 1,
    // RFC 9990 section 3.1.1.9: `pass` is for what a stricter policy than `none` let pass.
    disposition: applied?.disposition ??
      (result.result === "pass" && result.policy !== "none" ? "pass" : result.disposition),
    dkim: result.dkimAligned ? "pass" : "fail",
    spf: result.spfAligned ? "pass" : "fail",
    reasons: applied === undefined ? result.overrides : [...result.overrides, applied.override],
    headerFrom: result.domain,
    envelopeFrom: message.envelopeFrom,
    envelopeTo: message.envelopeTo,
    dkimResults: byInterest(result, message.dkim).slice(0, SIGNATURES_LIMIT).map(({ domain, selector, result }) => (
      { domain, selector, result, humanResult: null }
    )),
    spfResults: message.spf === null
      ? []
      : [{ domain: message.spf.domain, scope: "mfrom", result: message.spf.result, humanResult: null }],
  };
}

/** RFC 9990 section 3.1.3: aligned ones first, of these the exact domain; then what passed, then the rest. */
function byInterest(result: DmarcResult, dkim: readonly DkimFact[]): DkimFact[] {
  const aligned = new Set(result.alignedDkim);
  const rank = (fact: DkimFact) => {
    if (aligned.has(fact)) return canonical(fact.domain) === result.domain ? 0 : 1;
    return fact.result === "pass" ? 2 : 3;
  };
  return [...dkim].sort((a, b) => rank(a) - rank(b));
}

/** Equal for rows that differ in nothing but their count. */
export function rowKey(row: ReportRow): string {
  return JSON.stringify({ ...row, count: 0 });
}

/**
 * Counts a row into `rows`, which are kept by their key. False where it is new and `limit` rows are there already: then
 * the report tells less, but never more than fits.
 */
export function countRow(rows: Map<string, ReportRow>, row: ReportRow, limit: number): boolean {
  const key = rowKey(row);
  const known = rows.get(key);
  if (known === undefined && rows.size >= limit) return false;
  rows.set(key, known === undefined ? row : { ...known, count: known.count + row.count });
  return true;
}
