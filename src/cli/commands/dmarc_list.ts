import type { DmarcSummary } from "../../http/report_desk.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { DAYS_OPTION, daysQuery, lastReport, summaries } from "../report_rows.ts";
import { table } from "../table.ts";

export const dmarcList: Command = {
  words: ["dmarc", "list"],
  operands: "[DOMAIN]",
  least: 0,
  most: 1,
  summary: "List our domains with what others report of mail in their names",
  about:
    "Others report where a domain's DMARC record has the rua that `palomar domain dns` prints. FAILED is mail that\n" +
    "neither DKIM nor SPF showed to be the domain's: `palomar dmarc show DOMAIN` says from where it came.",
  examples: ["palomar dmarc list", "palomar dmarc list --days 7 --json"],
  options: [DAYS_OPTION, JSON_OPTION],
  async run({ operands: [only], options, admin, io }) {
    const query = daysQuery(options.get("days"));
    const found = await summaries<DmarcSummary & { domain: string }>(await admin(), only, "dmarc", query);
    const rows = found.map(({ domain, messages, passed, sources, reporters }) => {
      const failed = messages - passed;
      return { domain, messages, passed, failed, sources: sources.length, lastReport: lastReport(reporters) };
    });
    if (options.has("json")) return io.out(JSON.stringify(rows, null, 2) + "\n");
    if (rows.length === 0) return io.err("There are no domains.\n");
    io.out(table(
      ["DOMAIN", "MESSAGES", "PASSED", "FAILED", "SOURCES", "LAST REPORT ON"],
      rows.map((row) => Object.values(row).map(String)),
    ));
  },
};
