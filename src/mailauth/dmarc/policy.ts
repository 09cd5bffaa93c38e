/** Which policy a record asks for (RFC 9989 sections 4.7 and 4.10.1; `pct` of RFC 7489 section 6.6.4). */
import type { Program } from "../../contract/mod.ts";
import { domainExists } from "./lookup.ts";
import type { PolicyOverride } from "./model.ts";
import type { DmarcPolicy, DmarcRecord } from "./record.ts";

const MILDER: Readonly<Record<DmarcPolicy, DmarcPolicy>> = { none: "none", quarantine: "none", reject: "quarantine" };
const ORDER: readonly DmarcPolicy[] = ["none", "quarantine", "reject"];

/** Positive where `a` is stricter than `b`. */
export function compareStrictness(a: DmarcPolicy, b: DmarcPolicy): number {
  return ORDER.indexOf(a) - ORDER.indexOf(b);
}

/** The policy tags that count; null where the record asks for nothing at all. */
export function policyTags(
  record: DmarcRecord,
): { readonly p: DmarcPolicy; readonly sp: DmarcPolicy | null; readonly np: DmarcPolicy | null } | null {
  const { p, sp, np } = record;
  if (p !== null && !record.invalidPolicy) return { p, sp, np };
  // RFC 9989 section 4.10.1: a broken policy is `none` for who asks for reports, and nothing for who does not.
  return record.rua.length > 0 ? { p: "none", sp: null, np: null } : null;
}

/**
 * The policy for `author` of a record found at `policyDomain`. `unknown` where it is not known whether the author's
 * domain exists and the answer matters: then the policy is the milder one.
 */
export function* policyFor(
  author: string,
  policyDomain: string,
  tags: NonNullable<ReturnType<typeof policyTags>>,
): Program<{ readonly policy: DmarcPolicy; readonly unknown: boolean }> {
  if (author === policyDomain) return { policy: tags.p, unknown: false };
  const existing = tags.sp ?? tags.p;
  const missing = tags.np ?? existing;
  if (existing === missing) return { policy: existing, unknown: false };
  const exists = yield* domainExists(author);
  if (exists !== null) return { policy: exists ? existing : missing, unknown: false };
  return { policy: compareStrictness(existing, missing) < 0 ? existing : missing, unknown: true };
}

/**
 * What is done with a message that failed. `sample` is a number from 0 to 99 by which `pct` chooses, or null to leave
 * `pct` alone, as RFC 9989 (appendix A.6) does; where a record has `t=y`, that decides.
 */
export function dispositionOf(
  policy: DmarcPolicy,
  record: DmarcRecord,
  sample: number | null,
): { readonly disposition: DmarcPolicy; readonly overrides: readonly PolicyOverride[] } {
  const sampledOut = !record.t && sample !== null && sample >= record.pct;
  if (policy === "none" || !(record.t || sampledOut)) return { disposition: policy, overrides: [] };
  const type = record.t ? "policy_test_mode" : "sampled_out";
  return { disposition: MILDER[policy], overrides: [{ type, comment: null }] };
}
