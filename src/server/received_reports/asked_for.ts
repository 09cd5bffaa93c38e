/** Whether a domain's own records ask for reports at an address: what they name besides the addresses that we offer. */
import { formatAddress } from "../../base/address.ts";
import { lowerAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/mod.ts";
import { lookupTlsReport, type ReportUri } from "../../mailauth/mod.ts";
import { RecordLookup } from "../../mailauth/dmarc/lookup.ts";

/** `domain` is where the record is; what the DNS does not answer now is not asked for now. */
export function* asksFor(
  kind: "dmarc" | "tls" | "failure",
  domain: string,
  recipients: readonly string[],
): Program<boolean> {
  const wanted = new Set(recipients.map(lowerAscii));
  return (yield* named(kind, domain)).some(({ address }) =>
    address !== null && wanted.has(lowerAscii(formatAddress(address)))
  );
}

function* named(kind: "dmarc" | "tls" | "failure", domain: string): Program<readonly ReportUri[]> {
  if (kind === "tls") {
    const found = yield* lookupTlsReport(domain);
    return found.kind === "record" ? found.rua : [];
  }
  const found = yield* new RecordLookup().record(domain);
  if (found.kind !== "record") return [];
  return kind === "dmarc" ? found.record.rua : found.record.ruf;
}
