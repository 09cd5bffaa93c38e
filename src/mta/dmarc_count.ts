/** What is counted of a checked message for the report to its author's domain (RFC 9990 section 3.1). */
import { ask, type Program } from "../contract/mod.ts";
import { type PolicyOverride, publishedPolicy, reportRow } from "../mailauth/mod.ts";
import { fieldDecoded, findField, type HeaderField } from "../message/header.ts";
import type { Authentication, Verdict } from "./authenticate.ts";
import type { AuthenticationPolicy } from "./policy.ts";

/** A checked message, as it is counted. */
export interface CountedMessage {
  readonly found: Authentication;
  readonly verdict: Verdict;
  readonly sourceIp: string;
  readonly reversePath: string;
  readonly fields: readonly HeaderField[];
  readonly now: number;
}

/** Signatures of one message that are told of: fewer than RFC 9990 allows, since rows wait in memory. */
const SIGNATURES_LIMIT = 10;
const DONE = { accept: "none", junk: "quarantine", refuse: "reject" } as const;

/** Counts it, where somebody wants to hear of it; whoever counts never fails. */
export function* countForReport(message: CountedMessage, policy: AuthenticationPolicy): Program<void> {
  const { found: { dmarc, spf, dkim }, verdict, reversePath, now } = message;
  const published = publishedPolicy(dmarc);
  if (published === null || dmarc.record === null || dmarc.record.rua.length === 0) return;
  if (isReport(message.fields) && dmarc.result === "pass") return;
  const done = DONE[verdict.kind];
  const { mailFrom } = spf;
  const row = reportRow(dmarc, {
    sourceIp: message.sourceIp,
    envelopeFrom: reversePath === "" ? null : reversePath.slice(reversePath.lastIndexOf("@") + 1),
    envelopeTo: null,
    spf: { method: "spf", result: mailFrom.result, domain: mailFrom.domain },
    dkim,
    ...(done === dmarc.disposition ? {} : { applied: { disposition: done, override: override(policy, done) } }),
  });
  if (row === null) return;
  const told = { ...row, dkimResults: row.dkimResults.slice(0, SIGNATURES_LIMIT) };
  yield* ask("dmarc.count", {
    domain: published.domain,
    policy: JSON.stringify(published),
    row: JSON.stringify(told),
    now,
  });
}

/** Two servers that report to each other would have something to report every day, though nobody writes. */
function isReport(fields: readonly HeaderField[]): boolean {
  if (findField(fields, "tls-report-domain")) return true;
  const subject = findField(fields, "subject");
  return subject !== undefined && /^\s*Report Domain:.*Report-ID:/i.test(fieldDecoded(subject));
}

/** Why something else was done than the domain asked for. */
function override(policy: AuthenticationPolicy, done: "none" | "quarantine" | "reject"): PolicyOverride {
  // Only forwarders that are believed make a message come through where failures do not (`judge`).
  if (done === "none" && policy.dmarc !== "mark") return { type: "trusted_forwarder", comment: "ARC" };
  return { type: "local_policy", comment: null };
}
