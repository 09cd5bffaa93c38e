/** Writing a report: the JSON of RFC 8460 section 4.4, and the message or request that carries it (section 5). */
import type { TlsPolicyCount } from "./count.ts";

/** A report about one recipient domain. */
export interface TlsReport {
  readonly organization: string;
  /** A mailbox. */
  readonly contact: string;
  readonly reportId: string;
  /** The domain that mail was for. */
  readonly domain: string;
  /** Milliseconds since 1970: a whole day, UTC. */
  readonly begin: number;
  readonly end: number;
  readonly policies: readonly TlsPolicyCount[];
}

/** The report as JSON text, UTF-8; to be compressed by gzip where that is wanted. */
export function writeTlsReport(report: TlsReport): string {
  return JSON.stringify({
    "organization-name": report.organization,
    "date-range": { "start-datetime": dateTime(report.begin), "end-datetime": dateTime(report.end) },
    "contact-info": report.contact,
    "report-id": report.reportId,
    "policies": report.policies.map(({ policy, succeeded, failed, details }) => ({
      "policy": {
        "policy-type": policy.type,
        "policy-string": policy.strings,
        "policy-domain": policy.domain,
        ...(policy.mxHosts.length === 0 ? {} : { "mx-host": policy.mxHosts }),
      },
      "summary": { "total-successful-session-count": succeeded, "total-failure-session-count": failed },
      ...(details.length === 0 ? {} : { "failure-details": details.map(detail) }),
    })),
  });
}

/** The parts of a mailed report. */
export interface TlsReportMessage {
  /** Fields beside From, To, Date and Message-ID; text of one line each. */
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  /** Of the whole: `multipart/report` of these two parts in this order. */
  readonly contentType: string;
  readonly text: { readonly contentType: string; readonly body: string };
  readonly report: { readonly contentType: string; readonly fileName: string };
}

/**
 * What a report is called when it is mailed (RFC 8460 section 5.3). `submitter` is the domain of whoever reports. The
 * message must be signed with DKIM by that domain, and must not fail for want of TLS (section 5.1, 3).
 */
export function tlsReportMessage(report: TlsReport, submitter: string): TlsReportMessage {
  const { domain, reportId, begin, end } = report;
  const seconds = (time: number) => String(Math.floor(time / 1000));
  const unique = fileSafe(reportId.split("@", 1)[0]!).slice(0, 60);
  const fileName = [fileSafe(submitter), fileSafe(domain), seconds(begin), seconds(end), unique].join("!") + ".json.gz";
  return {
    fields: [
      { name: "Subject", value: oneLine(`Report Domain: ${domain} Submitter: ${submitter} Report-ID: <${reportId}>`) },
      { name: "TLS-Report-Domain", value: oneLine(domain) },
      { name: "TLS-Report-Submitter", value: oneLine(submitter) },
      { name: "Auto-Submitted", value: "auto-generated" },
      { name: "TLS-Required", value: "No" }, // RFC 8689 section 3: a report about failing TLS must come through
    ],
    contentType: 'multipart/report; report-type="tlsrpt"',
    text: {
      contentType: "text/plain; charset=utf-8",
      body: `This is an aggregate TLS report from ${oneLine(submitter)} about mail for ${oneLine(domain)}.\r\n`,
    },
    report: { contentType: "application/tlsrpt+gzip", fileName },
  };
}

/** Of a report that is sent by POST (section 5.4): the type of its compressed octets. */
export const TLS_REPORT_MEDIA_TYPE = "application/tlsrpt+gzip";

function detail({ failure, count }: TlsPolicyCount["details"][number]): Record<string, string | number> {
  const out: Record<string, string | number> = { "result-type": failure.type };
  const optional = (name: string, value: string | null) => {
    if (value !== null) out[name] = value;
  };
  optional("sending-mta-ip", failure.sendingIp);
  optional("receiving-mx-hostname", failure.receivingHost);
  optional("receiving-mx-helo", failure.receivingHelo);
  optional("receiving-ip", failure.receivingIp);
  out["failed-session-count"] = count;
  optional("failure-reason-code", failure.reasonCode);
  return out;
}

/** RFC 3339 in UTC, whole seconds. */
function dateTime(time: number): string {
  return new Date(time).toISOString().slice(0, 19) + "Z";
}

function fileSafe(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]/g, "_");
}

function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\0-\x1f\x7f-\x9f]/g, "?");
}
