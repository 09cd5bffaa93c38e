/** Reading the reports of others (RFC 8460 section 4.4): JSON of strangers, of which only what is known is taken. */
import type { TlsFailure, TlsFailureType, TlsPolicyCount } from "./count.ts";

/** A report that was read. `domain` is that of its first policy. */
export interface ParsedTlsReport {
  readonly organization: string;
  readonly contact: string;
  readonly reportId: string;
  readonly domain: string;
  /** Milliseconds since 1970. */
  readonly begin: number;
  readonly end: number;
  readonly policies: readonly TlsPolicyCount[];
}

const TEXT_LIMIT = 16 * 1024 * 1024;
const POLICIES_LIMIT = 1000;
const DETAILS_LIMIT = 10_000;
const STRINGS_LIMIT = 1000;
const STRING_LIMIT = 4096;

/** The report in a JSON text (already decompressed: whoever does that bounds it); null where it is none. */
export function parseTlsReport(text: string): ParsedTlsReport | null {
  if (text.length > TEXT_LIMIT) return null;
  let whole: unknown;
  try {
    whole = JSON.parse(text.startsWith("\ufeff") ? text.slice(1) : text);
  } catch {
    return null;
  }
  const range = member(whole, "date-range");
  const begin = Date.parse(textOf(range, "start-datetime") ?? "");
  const end = Date.parse(textOf(range, "end-datetime") ?? "");
  const policies = listOf(whole, "policies", POLICIES_LIMIT).map(policyCount).filter((policy) => policy !== null);
  const domain = policies[0]?.policy.domain;
  if (Number.isNaN(begin) || Number.isNaN(end) || domain === undefined) return null;
  return {
    organization: textOf(whole, "organization-name") ?? "",
    contact: textOf(whole, "contact-info") ?? "",
    reportId: textOf(whole, "report-id") ?? "",
    domain,
    begin,
    end,
    policies,
  };
}

function policyCount(of: unknown): TlsPolicyCount | null {
  const policy = member(of, "policy");
  const summary = member(of, "summary");
  const type = textOf(policy, "policy-type");
  const domain = textOf(policy, "policy-domain");
  if (domain === null || (type !== "tlsa" && type !== "sts" && type !== "no-policy-found")) return null;
  return {
    policy: { type, strings: textsOf(policy, "policy-string"), domain, mxHosts: textsOf(policy, "mx-host") },
    succeeded: countOf(summary, "total-successful-session-count"),
    failed: countOf(summary, "total-failure-session-count"),
    details: listOf(of, "failure-details", DETAILS_LIMIT).map(detail).filter((detail) => detail !== null),
  };
}

const TYPES: ReadonlySet<string> = new Set<TlsFailureType>([
  "starttls-not-supported",
  "certificate-host-mismatch",
  "certificate-expired",
  "certificate-not-trusted",
  "validation-failure",
  "tlsa-invalid",
  "dnssec-invalid",
  "dane-required",
  "sts-policy-fetch-error",
  "sts-policy-invalid",
  "sts-webpki-invalid",
]);

/** Section 4.3.4: a type that is not known here is a failure all the same. */
function detail(of: unknown): { failure: TlsFailure; count: number } | null {
  const type = textOf(of, "result-type");
  if (type === null) return null;
  const failure: TlsFailure = {
    type: TYPES.has(type) ? type as TlsFailureType : "validation-failure",
    sendingIp: textOf(of, "sending-mta-ip"),
    receivingHost: textOf(of, "receiving-mx-hostname"),
    receivingHelo: textOf(of, "receiving-mx-helo"),
    receivingIp: textOf(of, "receiving-ip"),
    reasonCode: textOf(of, "failure-reason-code"),
  };
  return { failure, count: countOf(of, "failed-session-count") };
}

/** An own member, whatever its name is. */
function member(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null && Object.hasOwn(of, name)
    ? (of as Record<string, unknown>)[name]
    : null;
}

function textOf(of: unknown, name: string): string | null {
  const value = member(of, name);
  return typeof value === "string" ? value.slice(0, STRING_LIMIT) : null;
}

/** Some write one string where a list belongs. */
function textsOf(of: unknown, name: string): string[] {
  const value = member(of, name);
  const list = typeof value === "string" ? [value] : Array.isArray(value) ? value.slice(0, STRINGS_LIMIT) : [];
  return list.filter((text) => typeof text === "string").map((text: string) => text.slice(0, STRING_LIMIT));
}

function listOf(of: unknown, name: string, limit: number): unknown[] {
  const value = member(of, name);
  return Array.isArray(value) ? value.slice(0, limit) : [];
}

function countOf(of: unknown, name: string): number {
  const value = member(of, name);
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
