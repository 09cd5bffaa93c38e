/**
 * Reports about TLS (RFC 8460): a domain hears each day how sessions with its hosts went, and which failed why.
 *
 * - `record.ts` reads who wants them, `count.ts` counts sessions, `write.ts` makes the report and names its message;
 *   `parse.ts` reads the reports of others.
 *
 * Rules: what is counted has a bound; nothing in a report comes from message or envelope but domains and hosts.
 */
export { lookupTlsReport, parseTlsReportRecord, type TlsReportRecord } from "./record.ts";
export {
  type TlsFailure,
  type TlsFailureType,
  type TlsPolicy,
  type TlsPolicyCount,
  TlsSessionCounter,
} from "./count.ts";
export { type ParsedTlsReport, parseTlsReport } from "./parse.ts";
export {
  TLS_REPORT_MEDIA_TYPE,
  type TlsReport,
  type TlsReportMessage,
  tlsReportMessage,
  writeTlsReport,
} from "./write.ts";
