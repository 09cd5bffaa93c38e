/** Writing an aggregate report: the XML of RFC 9990 section 3.1 and appendix A, and the names it is sent under. */
import { headerSafe } from "./plain_text.ts";
import {
  type AggregateReport,
  DKIM_RESULTS,
  type DkimRowResult,
  type PublishedPolicy,
  type ReportMetadata,
  type ReportRow,
  SPF_RESULTS,
  type SpfRowResult,
} from "./model.ts";

/**
 * The report as XML text, UTF-8, to be compressed by gzip. Words that the schema does not know become the nearest one
 * it has; what XML cannot hold becomes `?`.
 */
export function writeAggregateReport(report: AggregateReport): string {
  const parts = [
    '<?xml version="1.0" encoding="UTF-8"?>\n<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">\n',
    element("version", "1.0"),
    metadata(report.metadata),
    policy(report.policy),
  ];
  for (const row of report.rows) parts.push(record(row));
  parts.push("</feedback>\n");
  return parts.join("");
}

/** How a report is called when it is mailed (RFC 9990 section 3.5.2). */
export interface ReportNames {
  readonly fileName: string;
  readonly subject: string;
}

/** `receiver` is the domain of whoever reports. */
export function aggregateReportNames(report: AggregateReport, receiver: string): ReportNames {
  const { begin, end, reportId } = report.metadata;
  const unique = reportId.replace(/[^A-Za-z0-9]/g, "").slice(0, 60);
  const names = [receiver, report.policy.domain, String(begin), String(end), ...(unique === "" ? [] : [unique])];
  return {
    fileName: names.map((name) => name.replace(/[^A-Za-z0-9._-]/g, "_")).join("!") + ".xml.gz",
    subject: headerSafe(`Report Domain: ${report.policy.domain} Submitter: ${receiver} Report-ID: <${reportId}>`),
  };
}

function metadata(of: ReportMetadata): string {
  return group("report_metadata", [
    element("org_name", of.orgName),
    element("email", of.email),
    optional("extra_contact_info", of.extraContact),
    element("report_id", of.reportId),
    group("date_range", [element("begin", String(of.begin)), element("end", String(of.end))]),
    ...of.errors.map((error) => element("error", error)),
    optional("generator", of.generator),
  ]);
}

function policy(of: PublishedPolicy): string {
  return group("policy_published", [
    element("domain", of.domain),
    optional("discovery_method", of.discovery),
    element("p", of.p ?? "none"), // the schema has no way to say that it is missing, which means the same
    optional("sp", of.sp),
    optional("np", of.np),
    optional("fo", of.fo),
    optional("adkim", of.adkim),
    optional("aspf", of.aspf),
    optional("testing", of.testing === null ? null : of.testing ? "y" : "n"),
  ]);
}

function record(row: ReportRow): string {
  const evaluated = [
    element("disposition", row.disposition),
    element("dkim", row.dkim),
    element("spf", row.spf),
    ...row.reasons.map(reason),
  ];
  const identifiers = [
    element("header_from", row.headerFrom),
    optional("envelope_from", row.envelopeFrom),
    optional("envelope_to", row.envelopeTo),
  ];
  return group("record", [
    group("row", [
      element("source_ip", row.sourceIp),
      element("count", String(row.count)),
      group("policy_evaluated", evaluated),
    ]),
    group("identifiers", identifiers),
    group("auth_results", [...row.dkimResults.map(dkim), ...row.spfResults.slice(0, 1).map(spf)]),
  ]);
}

/** RFC 9990 has neither sampling nor `forwarded`: they are `other`, and a comment says what. */
function reason({ type, comment }: ReportRow["reasons"][number]): string {
  const old = type === "sampled_out" || type === "forwarded";
  return group("reason", [element("type", old ? "other" : type), optional("comment", comment ?? (old ? type : null))]);
}

function dkim({ domain, selector, result, humanResult }: DkimRowResult): string {
  return group("dkim", [
    element("domain", domain),
    element("selector", selector ?? ""),
    element("result", DKIM_RESULTS.has(result) ? result : "neutral"),
    optional("human_result", humanResult),
  ]);
}

function spf({ domain, result, humanResult }: SpfRowResult): string {
  return group("spf", [
    element("domain", domain),
    element("scope", "mfrom"),
    element("result", SPF_RESULTS.has(result) ? result : "neutral"),
    optional("human_result", humanResult),
  ]);
}

function group(name: string, children: readonly string[]): string {
  return `<${name}>\n${children.join("")}</${name}>\n`;
}

function optional(name: string, text: string | null): string {
  return text === null ? "" : element(name, text);
}

function element(name: string, text: string): string {
  return `<${name}>${escaped(text)}</${name}>\n`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

function escaped(text: string): string {
  // XML 1.0 section 2.2: what is left after this are the characters that a document may have.
  return text.toWellFormed()
    // deno-lint-ignore no-control-regex
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]/g, "?")
    .replace(/[&<>"']/g, (char) => ESCAPES[char]!);
}
