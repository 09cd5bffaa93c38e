import type { DmarcSource, DmarcSummary } from "../../http/report_desk.ts";
import { segment } from "../admin.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { DAYS_OPTION, daysQuery } from "../report_rows.ts";
import { printable, table } from "../table.ts";

export const dmarcShow: Command = {
  words: ["dmarc", "show"],
  operands: "DOMAIN",
  least: 1,
  most: 1,
  summary: "Show who sends in a domain's name, by the reports of others",
  about:
    "A line is an address that sent mail with the domain in From. DKIM and SPF count what they showed to be the\n" +
    "domain's own; what has neither fails DMARC: it is forged, forwarded, or sent by a service that still needs\n" +
    "DKIM keys or a place in the SPF record. SENT BY are the domains that did sign or send it.",
  examples: [
    "palomar dmarc show example.org",
    "palomar dmarc show example.org --failing --days 7",
    "palomar dmarc show example.org --json",
  ],
  options: [{ name: "failing", help: "only addresses with mail that failed" }, DAYS_OPTION, JSON_OPTION],
  async run({ operands: [name = ""], options, admin, io }) {
    const path = `/domains/${segment(name)}/dmarc${daysQuery(options.get("days"))}`;
    const whole = await (await admin()).request("GET", path) as DmarcSummary & { days: number };
    const sources = whole.sources.filter((one) => !options.has("failing") || one.passed < one.messages);
    if (options.has("json")) return io.out(JSON.stringify({ ...whole, sources }, null, 2) + "\n");
    if (whole.reporters.length === 0) {
      return io.err(
        `Nobody has reported in ${whole.days} days. Does the DNS ask for it? palomar domain dns ${
          printable(name)
        } --check\n`,
      );
    }
    if (sources.length > 0) io.out(table(HEADER, sources.map(lineOf)));
    for (const { messages, failure, from, source, reporters, lastSeen } of whole.failures) {
      io.out(
        printable(
          `${messages} message(s) of ${from ?? "the domain"} from ${
            source ?? "an unknown address"
          } failed ${failure}, ` +
            `says ${reporters.join(", ")} (${lastSeen})`,
        ) + "\n",
      );
    }
    io.err(
      `${whole.messages} messages in ${whole.days} days, ${whole.messages - whole.passed} of them failed; by ` +
        `${printable(whole.reporters.map(({ reporter, reports }) => `${reporter} (${reports})`).join(", "))}\n`,
    );
  },
};

const HEADER = ["SOURCE", "MESSAGES", "DKIM", "SPF", "FAILED", "REFUSED", "LAST SEEN", "SENT BY", "SAYS"];

function lineOf(one: DmarcSource): string[] {
  const by = [...new Set([...one.signedBy, ...one.envelopeFrom])];
  return [
    one.source,
    ...[one.messages, one.dkim, one.spf, one.messages - one.passed, one.quarantined + one.rejected].map(String),
    one.lastSeen,
    by.slice(0, 3).join(" ") || "-",
    one.reporters.slice(0, 3).join(" "),
  ];
}
