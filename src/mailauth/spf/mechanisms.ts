/** The mechanisms that ask the DNS for hosts (RFC 7208 sections 5.3 to 5.7). */
import type { DnsRecord, Program } from "../../contract/mod.ts";
import { inNetwork, isWithin } from "./ip_address.ts";
import { askTerm, countTerm, type Halt, NAME_LIMIT, resolve, VOID_LIMIT } from "./lookups.ts";
import { isWithinDomain, spfName } from "./name.ts";
import type { Mechanism } from "./record.ts";
import { addressType, leadsBack, pointerNames } from "./reverse.ts";
import { type Check, targetOf } from "./target.ts";
import { tooManyExchanges, tooManyVoids } from "./words.ts";

/** Whether a mechanism matches, or the end of the check. */
export type Verdict = boolean | Halt;

type WithPrefixes = Extract<Mechanism, { prefix4: number }>;

/** Evaluates every mechanism but `include`, in the record of `domain`. */
export function* matches(
  check: Check,
  mechanism: Exclude<Mechanism, { kind: "include" }>,
  domain: string,
): Program<Verdict> {
  if (mechanism.kind === "all") return true;
  if (mechanism.kind === "ip") return inNetwork(check.address, mechanism.network, mechanism.prefix);
  const halt = countTerm(check.work);
  if (halt) return halt;
  const target = yield* targetOf(check, mechanism.domain, domain);
  if ("halt" in target) return target;
  // RFC 7208 section 4.8 leaves a malformed name open: nothing can be there, so nothing matches.
  if ("none" in target) return false;
  switch (mechanism.kind) {
    case "a":
      return yield* matchesA(check, target.name, mechanism);
    case "mx":
      return yield* matchesMx(check, target.name, mechanism);
    case "ptr":
      return yield* matchesPtr(check, target.name);
    default: {
      // RFC 7208 section 5.7: an A record, whatever the client's address is.
      const records = yield* askTerm(check.work, target.name, "A");
      return "halt" in records ? records : records.length > 0;
    }
  }
}

function* matchesA(check: Check, name: string, mechanism: WithPrefixes): Program<Verdict> {
  const records = yield* askTerm(check.work, name, addressType(check.address));
  return "halt" in records ? records : holds(check, records, mechanism);
}

/** RFC 7208 section 5.4: without MX records the name's own address is not asked for. */
function* matchesMx(check: Check, name: string, mechanism: WithPrefixes): Program<Verdict> {
  const records = yield* askTerm(check.work, name, "MX");
  if ("halt" in records) return records;
  const asked = new Set<string>();
  for (const [index, host] of exchangesOf(records).entries()) {
    if (index >= NAME_LIMIT) return { halt: "permerror", why: tooManyExchanges(name, NAME_LIMIT) };
    if (asked.has(host)) continue;
    asked.add(host);
    const answer = yield* resolve(check.work, host, addressType(check.address));
    if (answer.kind === "tempfail") return { halt: "temperror", why: answer.reason };
    if (answer.kind === "ok" && holds(check, answer.records, mechanism)) return true;
  }
  return false;
}

/**
 * Best first, and hosts of the same preference by name: the order of an answer changes, the result must not. A null MX
 * (RFC 7505) and what is no name are left out: nobody asks for them.
 */
function exchangesOf(records: readonly DnsRecord[]): string[] {
  return records.flatMap((record) => {
    const host = record.type === "MX" ? spfName(record.exchange) : null;
    return record.type === "MX" && host !== null ? [{ host, preference: record.preference }] : [];
  }).sort((a, b) => a.preference - b.preference || (a.host < b.host ? -1 : 1)).map(({ host }) => host);
}

/** Fails to match where the DNS fails, and skips names that cannot be asked for (RFC 7208 section 5.5). */
function* matchesPtr(check: Check, domain: string): Program<Verdict> {
  const { kind, names } = yield* pointerNames(check.work, check.address);
  if (kind === "void" && ++check.work.voids > VOID_LIMIT) return { halt: "permerror", why: tooManyVoids(VOID_LIMIT) };
  for (const name of names) {
    if (!isWithinDomain(name, domain)) continue;
    if ((yield* leadsBack(check.work, name, check.address)) === "yes") return true;
  }
  return false;
}

function holds(check: Check, records: readonly DnsRecord[], mechanism: WithPrefixes): boolean {
  const prefix = check.address.version === 4 ? mechanism.prefix4 : mechanism.prefix6;
  return records.some((record) =>
    (record.type === "A" || record.type === "AAAA") && isWithin(record.address, check.address, prefix)
  );
}
