/**
 * Reports on single messages that failed (RFC 9991), to domains that ask for them. A few an hour: what is too many is
 * counted, and told with the next one (RFC 5965 section 3.2 `Incidents`). They wait in memory only; a restart forgets
 * them, and none is tried twice.
 */
import { randomUUID } from "node:crypto";
import { formatAddress } from "../../base/address.ts";
import { latin1Bytes, utf8Bytes } from "../../base/bytes.ts";
import { type Args, logEvent } from "../../contract/mod.ts";
import { type OrganizationMethod, reportDestinations } from "../../mailauth/mod.ts";
import { RecordLookup } from "../../mailauth/dmarc/lookup.ts";
import { buildMessage, formatDate } from "../../message/mod.ts";
import { mailReport, type MailReportParts, type ReporterNames, reporterOf, withParents } from "./mail_report.ts";
import type { Reporter } from "./report_message.ts";

export interface FailureParts extends MailReportParts, ReporterNames {
  readonly method: OrganizationMethod;
  readonly ownDomains: boolean;
}

type Failed = Args<"dmarc.failed">;

/** Reports an hour, to one domain and to all; domains that are counted, reports that wait, mailboxes of one `ruf`. */
export const FAILURE_LIMITS = { domainHour: 10, hour: 100, domains: 1000, waiting: 50, addresses: 2 } as const;
const HOUR_MS = 3600_000;

export class FailureReports {
  readonly #parts: () => FailureParts;
  /** Of this hour: what was told of each domain, and what was not. */
  #domains = new Map<string, { told: number; untold: number }>();
  #hour = 0;
  #told = 0;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: () => FailureParts) {
    this.#parts = parts;
  }

  /** Never fails, and nobody waits for it. */
  take(failed: Failed): void {
    if (this.#stopped) return;
    const incidents = this.#count(failed);
    if (incidents === null || this.#waiting >= FAILURE_LIMITS.waiting) return;
    this.#waiting++;
    this.#last = this.#last.then(() => this.#send(failed, incidents))
      .catch((error) => this.#log("warn", "dmarcFailure.failed", { domain: failed.domain, error: String(error) }))
      .finally(() => this.#waiting--);
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    return this.#last;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#last;
  }

  /** How many messages the next report stands for; null: it is too early for one. */
  #count({ domain, now }: Failed): number | null {
    const hour = Math.floor(now / HOUR_MS);
    if (hour !== this.#hour) {
      // What was untold in the last hour goes on; the rest is forgotten.
      this.#domains = new Map(
        [...this.#domains].filter(([, { untold }]) => untold > 0).map(([name, { untold }]) => [
          name,
          { told: 0, untold },
        ]),
      );
      this.#hour = hour;
      this.#told = 0;
    }
    const known = this.#domains.get(domain) ?? { told: 0, untold: 0 };
    if (!this.#domains.has(domain)) {
      if (this.#domains.size >= FAILURE_LIMITS.domains) return null;
      this.#domains.set(domain, known);
    }
    known.untold++;
    if (known.told >= FAILURE_LIMITS.domainHour || this.#told >= FAILURE_LIMITS.hour) return null;
    known.told++;
    this.#told++;
    const incidents = known.untold;
    known.untold = 0;
    return incidents;
  }

  async #send(failed: Failed, incidents: number): Promise<void> {
    const parts = this.#parts();
    const { domain } = failed;
    const drop = (why: string) => this.#log("info", "dmarcFailure.dropped", { domain, why });
    const own = (await parts.storage.perform("domain.list", {})).map(({ name }) => name);
    if (!parts.ownDomains && withParents(domain).some((name) => own.includes(name))) return drop("a domain of ours");
    const answer = await parts.run(new RecordLookup().record(domain));
    if (answer.kind !== "record") return drop("its record is gone");
    const { accepted } = await parts.run(reportDestinations(answer.record, domain, parts.method, "ruf"));
    if (accepted.length === 0) return drop("nobody may have it");
    const reporter = reporterOf(parts, own);
    for (const { address } of accepted.slice(0, FAILURE_LIMITS.addresses)) {
      const to = formatAddress(address!);
      const id = randomUUID().replaceAll("-", "");
      const bytes = failureMessage(failed, incidents, reporter, to, id, parts.now());
      const about = `DMARC failure report to <${to}> about ${domain}.`;
      const sent = await mailReport({ id, from: reporter.from, to, bytes, about }, parts);
      if ("refused" in sent) drop(sent.refused.text);
      else this.#log("info", "dmarcFailure.sent", { domain, to, ...sent, incidents });
    }
  }

  #log(level: "info" | "warn", event: string, fields: Record<string, string | number>): void {
    this.#parts().log(logEvent(level, event, fields));
  }
}

/** RFC 6591 section 3, RFC 6522. */
function failureMessage(
  { domain, feedback, header, now: at }: Failed,
  incidents: number,
  { from, organization }: Reporter,
  to: string,
  id: string,
  now: number,
): Uint8Array {
  const submitter = from.slice(from.lastIndexOf("@") + 1);
  const text = `This is a DMARC failure report on ${incidents === 1 ? "a message" : `${incidents} messages`} in the ` +
    `name of ${domain}\nthat ${submitter} received on ${formatDate(at)}. Names and local parts are left out.\n`;
  return buildMessage({
    headers: [
      ["From", `"${organization.replace(/["\\]/g, "")}" <${from}>`],
      ["To", to],
      ["Subject", `DMARC failure of ${domain}`],
      ["Date", formatDate(now)],
      ["Message-ID", `<${id}@${submitter}>`],
      ["Auto-Submitted", "auto-generated"],
    ],
    body: {
      type: "multipart/report; report-type=feedback-report",
      parts: [
        { type: "text/plain", text },
        { type: "message/feedback-report", bytes: utf8Bytes(`${feedback}Incidents: ${incidents}\r\n`) },
        { type: "text/rfc822-headers", bytes: latin1Bytes(header) },
      ],
    },
  }, id);
}
