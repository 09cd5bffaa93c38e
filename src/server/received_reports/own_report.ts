/** What we report of our own domains is summed up with what others do, without a way through the mail. */
import { type AggregateReport, writeAggregateReport } from "../../mailauth/mod.ts";
import type { Storage } from "../../storage/storage.ts";
import { foldAggregate } from "./dmarc_rows.ts";
import { ownDomainOf, type ReportBook } from "./report_book.ts";

/** Rejects where the store fails; a report about nobody of ours is passed over. */
export async function addOwnReport(
  report: AggregateReport,
  reporter: string,
  book: ReportBook,
  storage: Pick<Storage, "perform">,
): Promise<void> {
  const own = await ownDomainOf(report.policy.domain, storage);
  const fold = await foldAggregate(writeAggregateReport(report));
  if (own !== null && !("malformed" in fold)) await book.addDmarc(own, fold, reporter);
}
