/** Reading aggregate reports, of RFC 9990 and RFC 7489, as receivers really write them. */
import { lowerAscii, parseDigits } from "../../../base/ascii.ts";
import type { PolicyOverride } from "../model.ts";
import type { DmarcPolicy } from "../record.ts";
import type {
  AggregateReport,
  DkimRowResult,
  PublishedPolicy,
  ReportMetadata,
  ReportRow,
  SpfRowResult,
} from "./model.ts";
import { type MalformedXml, xmlChildren, type XmlElement } from "./xml.ts";

/** A report that was read; `skipped` rows could not be. */
export interface ParsedReport extends AggregateReport {
  readonly skipped: number;
}

/** What is wrong with a document as a whole. */
export type MalformedReport = MalformedXml | { readonly malformed: "feedback" | "metadata" | "policy" | "rows" };

/** Rows of a report that is read as a whole, and results of one row. */
const ROWS_LIMIT = 100_000;
const RESULTS_LIMIT = 100;

/** A piece of a report, in the order of the document; null is a row that makes no sense. */
export type AggregatePart =
  | { readonly metadata: ReportMetadata }
  | { readonly policy: PublishedPolicy }
  | { readonly row: ReportRow | null };

/**
 * Reads the XML of a report piece by piece, for whoever does not want all of it in memory, or to be kept from other work
 * until its end. Answers with what is wrong, or null. What was given before a fault was found is worth nothing.
 */
export function* aggregateParts(xml: string): Generator<AggregatePart, MalformedReport | null, void> {
  const found = { metadata: false, policy: false };
  const children = xmlChildren(xml);
  let step = children.next();
  for (; !step.done; step = children.next()) {
    const { name } = step.value;
    if (name === "record") yield { row: rowOf(step.value) };
    else if (name === "report_metadata" && !found.metadata) {
      const metadata = metadataOf(step.value);
      found.metadata = metadata !== null;
      if (metadata !== null) yield { metadata };
    } else if (name === "policy_published" && !found.policy) {
      const policy = policyOf(step.value);
      found.policy = policy !== null;
      if (policy !== null) yield { policy };
    }
  }
  if ("malformed" in step.value) return step.value;
  if (step.value.root !== "feedback") return { malformed: "feedback" };
  if (!found.metadata) return { malformed: "metadata" };
  return found.policy ? null : { malformed: "policy" };
}

/**
 * Reads the XML of a report (already decompressed: whoever does that bounds it). Rows that make no sense are counted
 * and left out; what is not known of a policy is null.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseAggregateReport } from "../../../../mod.ts";
 * const read = parseAggregateReport(`<feedback>
 *   <report_metadata><date_range><begin>1</begin><end>2</end></date_range></report_metadata>
 *   <policy_published><domain>example.org</domain></policy_published>
 * </feedback>`);
 * assert(!("malformed" in read));
 * assert.equal(read.policy.domain, "example.org");
 * ```
 */
export function parseAggregateReport(xml: string): ParsedReport | MalformedReport {
  let metadata: ReportMetadata | null = null;
  let policy: PublishedPolicy | null = null;
  const rows: ReportRow[] = [];
  let skipped = 0;
  const parts = aggregateParts(xml);
  let step = parts.next();
  for (; !step.done; step = parts.next()) {
    const part = step.value;
    if ("metadata" in part) metadata = part.metadata;
    else if ("policy" in part) policy = part.policy;
    else if (part.row === null) skipped++;
    else rows.push(part.row);
    if (rows.length + skipped > ROWS_LIMIT) return { malformed: "rows" };
  }
  return step.value ?? { metadata: metadata!, policy: policy!, rows, skipped };
}

function metadataOf(of: XmlElement): ReportMetadata | null {
  const range = child(of, "date_range");
  const begin = range && parseDigits(textOf(range, "begin") ?? "");
  const end = range && parseDigits(textOf(range, "end") ?? "");
  if (begin === null || end === null) return null;
  return {
    orgName: textOf(of, "org_name") ?? "",
    email: textOf(of, "email") ?? "",
    extraContact: textOf(of, "extra_contact_info"),
    reportId: textOf(of, "report_id") ?? "",
    begin,
    end,
    errors: children(of, "error").map((error) => error.text.trim()),
    generator: textOf(of, "generator"),
  };
}

function policyOf(of: XmlElement): PublishedPolicy | null {
  const domain = domainOf(of, "domain");
  if (domain === null) return null;
  const testing = wordOf(of, "testing");
  const discovery = wordOf(of, "discovery_method");
  return {
    domain,
    p: policyWord(wordOf(of, "p")),
    sp: policyWord(wordOf(of, "sp")),
    np: policyWord(wordOf(of, "np")),
    adkim: modeWord(wordOf(of, "adkim")),
    aspf: modeWord(wordOf(of, "aspf")),
    fo: textOf(of, "fo"),
    testing: testing === "y" ? true : testing === "n" ? false : null,
    discovery: discovery === "treewalk" || discovery === "psl" ? discovery : null,
    pct: parseDigits(textOf(of, "pct") ?? "", 100),
  };
}

function rowOf(of: XmlElement): ReportRow | null {
  const row = child(of, "row");
  const evaluated = row && child(row, "policy_evaluated");
  const identifiers = child(of, "identifiers") ?? child(of, "identities"); // the name in early drafts
  if (row === null || evaluated === null || identifiers === null) return null;
  const sourceIp = textOf(row, "source_ip") ?? "";
  const count = parseDigits(textOf(row, "count") ?? "");
  const headerFrom = domainOf(identifiers, "header_from");
  if (!/^[0-9a-fA-F:.]{2,45}$/.test(sourceIp) || count === null || headerFrom === null) return null;
  const results = child(of, "auth_results");
  const disposition = wordOf(evaluated, "disposition");
  return {
    sourceIp,
    count,
    disposition: disposition === "pass" ? "pass" : policyWord(disposition) ?? "none",
    dkim: wordOf(evaluated, "dkim") === "pass" ? "pass" : "fail",
    spf: wordOf(evaluated, "spf") === "pass" ? "pass" : "fail",
    reasons: children(evaluated, "reason").map(reasonOf),
    headerFrom,
    envelopeFrom: domainOf(identifiers, "envelope_from"),
    envelopeTo: domainOf(identifiers, "envelope_to"),
    dkimResults: results === null ? [] : children(results, "dkim").map(dkimOf),
    spfResults: results === null ? [] : children(results, "spf").map(spfOf),
  };
}

const OVERRIDES: ReadonlySet<string> = new Set<PolicyOverride["type"]>(
  ["local_policy", "mailing_list", "other", "policy_test_mode", "trusted_forwarder", "forwarded", "sampled_out"],
);

function reasonOf(of: XmlElement): PolicyOverride {
  const type = wordOf(of, "type") ?? "";
  return { type: OVERRIDES.has(type) ? type as PolicyOverride["type"] : "other", comment: textOf(of, "comment") };
}

function dkimOf(of: XmlElement): DkimRowResult {
  return {
    domain: domainOf(of, "domain") ?? "",
    selector: textOf(of, "selector"),
    result: wordOf(of, "result") ?? "none",
    humanResult: textOf(of, "human_result"),
  };
}

function spfOf(of: XmlElement): SpfRowResult {
  const scope = wordOf(of, "scope");
  return {
    domain: domainOf(of, "domain") ?? "",
    scope: scope === "mfrom" || scope === "helo" ? scope : null,
    result: wordOf(of, "result") ?? "none",
    humanResult: textOf(of, "human_result"),
  };
}

function child(of: XmlElement, name: string): XmlElement | null {
  return of.children.find((child) => child.name === name) ?? null;
}

function children(of: XmlElement, name: string): readonly XmlElement[] {
  return of.children.filter((child) => child.name === name).slice(0, RESULTS_LIMIT);
}

/** Null for what is missing or empty. */
function textOf(of: XmlElement, name: string): string | null {
  return child(of, name)?.text.trim() || null;
}

function wordOf(of: XmlElement, name: string): string | null {
  const text = textOf(of, name);
  return text === null ? null : lowerAscii(text);
}

function domainOf(of: XmlElement, name: string): string | null {
  const text = wordOf(of, name);
  return text === null || text.length > 255 || /[\s<>"'&]/.test(text) ? null : text;
}

function policyWord(word: string | null): DmarcPolicy | null {
  return word === "none" || word === "quarantine" || word === "reject" ? word : null;
}

function modeWord(word: string | null): "r" | "s" | null {
  return word === "r" || word === "s" ? word : null;
}
