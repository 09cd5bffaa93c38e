/** The TXT record at `_smtp._tls.<domain>` (RFC 8460 section 3): who wants to hear how TLS went. */
import { ask, type Program } from "../../contract/mod.ts";
import { parseReportUris, type ReportUri } from "../dmarc/report_uri.ts";

/** What the DNS says; `none` is also said of records that break the rules. */
export type TlsReportRecord =
  | { readonly kind: "record"; readonly rua: readonly ReportUri[] }
  | { readonly kind: "none" }
  | { readonly kind: "tempfail"; readonly reason: string };

const RECORD_LIMIT = 4096;

/** The addresses of one record, `mailto:` and `https:`; null where it is no TLSRPTv1 record or names none. */
export function parseTlsReportRecord(text: string): ReportUri[] | null {
  if (text.length > RECORD_LIMIT || !claimsTlsReport(text)) return null;
  let rua: ReportUri[] | null = null;
  for (const field of text.split(";").slice(1)) {
    const equals = field.indexOf("=");
    if (equals < 0 || field.slice(0, equals).trim() !== "rua") continue;
    if (rua !== null) return null;
    rua = parseReportUris(field.slice(equals + 1).trim())
      .filter(({ scheme, address }) => scheme === "https" || address !== null);
  }
  return rua === null || rua.length === 0 ? null : rua;
}

/** Asks for the record of a domain (A-labels). Section 3: of those that begin with the version there must be one. */
export function* lookupTlsReport(domain: string): Program<TlsReportRecord> {
  if (`_smtp._tls.${domain}`.length > 253) return { kind: "none" };
  const answer = yield* ask("dns.resolve", { name: `_smtp._tls.${domain}`, type: "TXT" });
  if (answer.kind === "tempfail") return answer;
  if (answer.kind !== "ok") return { kind: "none" };
  const claims = answer.records.flatMap((record) => (
    record.type === "TXT" && claimsTlsReport(record.text) ? [record.text] : []
  ));
  const rua = claims.length === 1 ? parseTlsReportRecord(claims[0]!) : null;
  return rua === null ? { kind: "none" } : { kind: "record", rua };
}

function claimsTlsReport(text: string): boolean {
  return /^v[ \t]*=[ \t]*TLSRPTv1[ \t]*;/.test(text);
}
