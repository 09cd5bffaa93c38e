/**
 * Aggregate reports of DMARC (RFC 9990, before it RFC 7489 section 7 and appendix C).
 *
 * - `rows.ts` counts messages, `write.ts` makes the XML and its names, `destination.ts` asks who may have it.
 * - `parse.ts` reads the reports of others over `xml.ts`; `model.ts` is the shape of both.
 * - `failure.ts` says which single messages are told of, and how (RFC 9991, RFC 6591); `failure_parse.ts` reads that.
 *
 * Rules: text in, text out; whoever compresses, mails or stores is elsewhere. A report from outside is hostile: it
 * declares no entities, and everything in it has a bound.
 */
export {
  type AggregateReport,
  type DkimRowResult,
  type PublishedPolicy,
  publishedPolicy,
  type ReportMetadata,
  type ReportRow,
  type SpfRowResult,
} from "./model.ts";
export { countRow, type ReportedMessage, reportRow, rowKey } from "./rows.ts";
export { aggregateReportNames, type ReportNames, writeAggregateReport } from "./write.ts";
export {
  type AggregatePart,
  aggregateParts,
  type MalformedReport,
  parseAggregateReport,
  type ParsedReport,
} from "./parse.ts";
export { type FailureReport, parseFailureReport } from "./failure_parse.ts";
export { type FailedMessage, type FailureTexts, failureTexts, failureWanted } from "./failure.ts";
export { type MalformedXml } from "./xml.ts";
export { type ReportDestinations, reportDestinations } from "./destination.ts";
