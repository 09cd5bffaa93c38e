import type { TlsSummary } from "../../http/report_desk.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { DAYS_OPTION, daysQuery, lastReport, summaries } from "../report_rows.ts";
import { table } from "../table.ts";

export const tlsReportsList: Command = {
  words: ["tls-reports", "list"],
  operands: "[DOMAIN]",
  least: 0,
  most: 1,
  summary: "List our domains with what others report of TLS with their hosts",
  about: "Others report where a domain has the record at _smtp._tls that `palomar domain dns` prints.",
  examples: ["palomar tls-reports list", "palomar tls-reports list --days 7 --json"],
  options: [DAYS_OPTION, JSON_OPTION],
  async run({ operands: [only], options, admin, io }) {
    const query = daysQuery(options.get("days"));
    const found = await summaries<TlsSummary & { domain: string }>(await admin(), only, "tls-reports", query);
    const rows = found.map(({ domain, succeeded, failed, reporters }) => (
      { domain, succeeded, failed, reporters: reporters.length, lastReport: lastReport(reporters) }
    ));
    if (options.has("json")) return io.out(JSON.stringify(rows, null, 2) + "\n");
    if (rows.length === 0) return io.err("There are no domains.\n");
    io.out(table(
      ["DOMAIN", "SUCCEEDED", "FAILED", "REPORTERS", "LAST REPORT ON"],
      rows.map((row) => Object.values(row).map(String)),
    ));
  },
};
