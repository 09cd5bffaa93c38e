/** What is known from reports of others, by domain of ours: one store of rows for each kind of report. */
import type { DmarcSummary, ReportDesk, TlsSummary } from "../../http/report_desk.ts";
import type { FailureReport, ParsedTlsReport } from "../../mailauth/mod.ts";
import { canonical } from "../../mailauth/dmarc/author.ts";
import type { Storage } from "../../storage/storage.ts";
import { type DmarcFold, type DmarcRow, dmarcRow, failureKind, type FailureRow, failureRow } from "./dmarc_rows.ts";
import { type Added, dayText, type SeenReport, StoredRows } from "./stored_rows.ts";
import { tlsKinds, type TlsRow, tlsRow } from "./tls_rows.ts";
import { dmarcSummary, tlsSummary } from "./views.ts";

export class ReportBook implements ReportDesk {
  readonly #now: () => number;
  readonly #dmarc: StoredRows<DmarcRow>;
  readonly #failures: StoredRows<FailureRow>;
  readonly #tls: StoredRows<TlsRow>;

  constructor(storage: Pick<Storage, "perform">, now: () => number) {
    this.#now = now;
    this.#dmarc = new StoredRows(storage, "dmarc", dmarcRow);
    this.#failures = new StoredRows(storage, "failures", failureRow);
    this.#tls = new StoredRows(storage, "tls", tlsRow);
  }

  async dmarc(domain: string, days: number): Promise<DmarcSummary> {
    const now = this.#now();
    return dmarcSummary(await this.#dmarc.list(domain, days, now), await this.#failures.list(domain, days, now));
  }

  async tls(domain: string, days: number): Promise<TlsSummary> {
    return tlsSummary(await this.#tls.list(domain, days, this.#now()));
  }

  async forget(domain: string): Promise<void> {
    for (const kind of [this.#dmarc, this.#failures, this.#tls]) await kind.forget(domain);
  }

  /** Whatever policy the report is about, its day is that of its beginning. `domain` is ours. */
  addDmarc(domain: string, { metadata, policy, rows }: DmarcFold, reporter: string): Promise<Added> {
    const day = dayText(Math.min(metadata.begin, 1e11) * 1000);
    const seen = seenOf(day, reporter, metadata.orgName, `${metadata.reportId} ${metadata.begin} ${policy.domain}`);
    return this.#dmarc.add(domain, seen, rows.map((row) => ({ day, reporter, ...row })), this.#now());
  }

  addTls(domain: string, report: ParsedTlsReport, reporter: string): Promise<Added> {
    const day = dayText(report.begin);
    const policies = report.policies.filter(({ policy }) => isBelow(canonical(policy.domain) ?? "", domain));
    const rows = policies.flatMap(tlsKinds).map((row) => ({ day, reporter, ...row }));
    const seen = seenOf(day, reporter, report.organization, `${report.reportId} ${report.begin}`);
    return this.#tls.add(domain, seen, rows, this.#now());
  }

  /** `id` is the message's: these reports have none of their own. */
  addFailure(domain: string, report: FailureReport, reporter: string, id: string): Promise<Added> {
    const day = dayText(this.#now());
    const row: FailureRow = { day, reporter, ...failureKind(report) };
    return this.#failures.add(domain, seenOf(day, reporter, report.agent ?? "", id), [row], this.#now());
  }
}

/** Whether a name is the domain or one below it; both in A-labels. */
function isBelow(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}

/** The domain of ours that a name is, or is below of. */
export async function ownDomainOf(name: string, storage: Pick<Storage, "perform">): Promise<string | null> {
  let own: string | null = null;
  const ascii = canonical(name);
  if (ascii === null) return null;
  for (const domain of await storage.perform("domain.list", {})) {
    if (isBelow(ascii, domain.name) && domain.name.length > (own ?? "").length) own = domain.name;
  }
  return own;
}

function seenOf(day: string, reporter: string, organization: string, id: string): SeenReport {
  return { day, reporter, organization: organization.slice(0, 100), id: id.slice(0, 300), count: 1 };
}
