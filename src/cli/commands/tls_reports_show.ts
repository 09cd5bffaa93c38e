import type { TlsSummary } from "../../http/report_desk.ts";
import { segment } from "../admin.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { DAYS_OPTION, daysQuery } from "../report_rows.ts";
import { printable, table } from "../table.ts";

const POLICIES = { "tlsa": "DANE", "sts": "MTA-STS", "no-policy-found": "none" } as const;

export const tlsReportsShow: Command = {
  words: ["tls-reports", "show"],
  operands: "DOMAIN",
  least: 1,
  most: 1,
  summary: "Show which servers could not speak TLS with a domain's hosts, and why",
  examples: ["palomar tls-reports show example.org", "palomar tls-reports show example.org --days 7 --json"],
  options: [DAYS_OPTION, JSON_OPTION],
  async run({ operands: [name = ""], options, admin, io }) {
    const path = `/domains/${segment(name)}/tls-reports${daysQuery(options.get("days"))}`;
    const whole = await (await admin()).request("GET", path) as TlsSummary & { days: number };
    if (options.has("json")) return io.out(JSON.stringify(whole, null, 2) + "\n");
    if (whole.reporters.length === 0) {
      return io.err(
        `Nobody has reported in ${whole.days} days. Does the DNS ask for it? palomar domain dns ${
          printable(name)
        } --check\n`,
      );
    }
    if (whole.failures.length > 0) {
      io.out(table(
        ["FAILURE", "POLICY", "HOST", "SESSIONS", "LAST SEEN", "SENDERS", "FROM", "REASONS"],
        whole.failures.map((one) => [
          one.failure,
          POLICIES[one.policy],
          one.host ?? "-",
          String(one.sessions),
          one.lastSeen,
          one.reporters.slice(0, 3).join(" "),
          one.sendingIps.slice(0, 3).join(" ") || "-",
          one.reasons.slice(0, 3).join(" ") || "-",
        ]),
      ));
    }
    io.err(
      `${whole.succeeded} sessions went well in ${whole.days} days, ${whole.failed} failed; by ` +
        `${printable(whole.reporters.map(({ reporter, reports }) => `${reporter} (${reports})`).join(", "))}\n`,
    );
  },
};
