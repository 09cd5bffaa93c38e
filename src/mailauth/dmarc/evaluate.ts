/** DMARC for one message (RFC 9989 section 5.3, RFC 7489 section 6.6). */
import type { Program } from "../../contract/mod.ts";
import type { HeaderField } from "../../message/header.ts";
import type { MethodResult } from "../method_result.ts";
import { align } from "./alignment.ts";
import { authorOf } from "./author.ts";
import { discoverPolicy } from "./discovery.ts";
import { RecordLookup } from "./lookup.ts";
import type { DkimFact, DmarcResult, OrganizationMethod, SpfFact } from "./model.ts";
import { compareStrictness, dispositionOf, policyFor, policyTags } from "./policy.ts";
import type { DmarcPolicy } from "./record.ts";
import { sentenceOf } from "./sentence.ts";

/** What is known of a message. */
export interface DmarcFacts {
  /** The fields of its header, all of them. */
  readonly fields: readonly HeaderField[];
  readonly spf: SpfFact | null;
  readonly dkim: readonly DkimFact[];
}

/** What a site may choose. */
export interface DmarcOptions {
  readonly organization: OrganizationMethod;
  /** What is done with a message whose From names no author that could be checked. */
  readonly malformedFrom: DmarcPolicy;
  /** 0 to 99, from whoever has randomness, to obey `pct` of RFC 7489; null ignores it, as RFC 9989 does. */
  readonly sample: number | null;
}

/** RFC 9989, and no delivery for messages without an author. */
export const DMARC_OPTIONS: DmarcOptions = { organization: "treewalk", malformedFrom: "reject", sample: null };

/**
 * Evaluates a message. With several author domains (RFC 9989 section 5.3.1 leaves it open, RFC 7489 section 6.6.1 asks
 * for the strictest) each is evaluated: the message passes only if all do, and else has the strictest disposition.
 * A From that names nobody, or can be read in two ways, fails with `malformedFrom`.
 *
 * @see RFC 9989 section 5.3
 */
export function* evaluateDmarc(facts: DmarcFacts, options: DmarcOptions = DMARC_OPTIONS): Program<DmarcResult> {
  const author = authorOf(facts.fields);
  if (author.kind === "unusable") {
    const failed = blank(null, options, "fail", author.reason);
    return finish({ ...failed, disposition: options.malformedFrom });
  }
  const lookup = new RecordLookup();
  let worst: DmarcResult | null = null;
  for (const domain of author.domains) {
    const result = yield* evaluateDomain(domain, facts, options, lookup);
    if (worst === null || compareResults(result, worst) > 0) worst = result;
  }
  return worst!;
}

/** The result as an Authentication-Results field has it (RFC 9989 section 9.1). */
export function dmarcMethodResult(result: DmarcResult): MethodResult {
  const { record, policy } = result;
  const evaluated = record === null || policy === null ? null : dispositionOf(policy, record, null).disposition;
  const properties: MethodResult["properties"] = [
    ...(result.domain === null ? [] : [{ ptype: "header" as const, property: "from", value: result.domain }]),
    ...(evaluated === null ? [] : [{ ptype: "policy" as const, property: "dmarc", value: evaluated }]),
  ];
  const reason = result.result === "pass" || result.result === "none" ? null : result.sentence;
  return { method: "dmarc", result: result.result, reason, properties };
}

function* evaluateDomain(
  domain: string,
  facts: DmarcFacts,
  options: DmarcOptions,
  lookup: RecordLookup,
): Program<DmarcResult> {
  const found = yield* discoverPolicy(domain, options.organization, lookup);
  const { applies } = found;
  const known = { ...blank(domain, options, "none", "noRecord"), organizationalDomain: found.organization };
  if (applies === null) {
    return finish(found.failed === null ? known : { ...known, result: "temperror", reason: "dnsFailed" });
  }
  const { record } = applies;
  const published = { ...known, policyDomain: applies.domain, record };
  const tags = policyTags(record);
  if (tags === null) return finish({ ...published, result: "permerror", reason: "unusableRecord" });
  const { policy, unknown } = yield* policyFor(domain, applies.domain, tags);
  const alignment = yield* align(domain, found, record, facts, options.organization, lookup);
  const aligned = {
    ...published,
    policy,
    spfAligned: alignment.spf,
    dkimAligned: alignment.dkim.length > 0,
    alignedDkim: alignment.dkim,
  };
  if (aligned.spfAligned || aligned.dkimAligned) return finish({ ...aligned, result: "pass", reason: "aligned" });
  // What may align after all, or may have another policy, has not failed.
  if (unknown || alignment.unknown !== null) return finish({ ...aligned, result: "temperror", reason: "dnsFailed" });
  const decided = dispositionOf(policy, record, options.sample);
  return finish({ ...aligned, ...decided, result: "fail", reason: "notAligned" });
}

function blank(
  domain: string | null,
  { organization }: DmarcOptions,
  result: DmarcResult["result"],
  reason: DmarcResult["reason"],
): Omit<DmarcResult, "sentence"> {
  return {
    result,
    disposition: "none",
    reason,
    domain,
    organizationalDomain: null,
    policyDomain: null,
    record: null,
    policy: null,
    organization,
    spfAligned: false,
    dkimAligned: false,
    alignedDkim: [],
    overrides: [],
  };
}

function finish(result: Omit<DmarcResult, "sentence">): DmarcResult {
  return { ...result, sentence: sentenceOf(result) };
}

const RANK: Readonly<Record<DmarcResult["result"], number>> = { pass: 0, none: 1, permerror: 2, fail: 3, temperror: 4 };

/** Positive where `a` is worse. A failure that nothing is done about is less than one that may yet become worse. */
function compareResults(a: DmarcResult, b: DmarcResult): number {
  return compareStrictness(a.disposition, b.disposition) || RANK[a.result] - RANK[b.result];
}
