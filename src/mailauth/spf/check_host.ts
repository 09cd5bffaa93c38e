/** The function that RFC 7208 section 4 describes: records, `include` and `redirect`. */
import { isAscii } from "../../base/ascii.ts";
import type { Program } from "../../contract/mod.ts";
import { explain } from "./explanation.ts";
import { addressText, clientAddress, type IpAddress } from "./ip_address.ts";
import { countTerm, newWork, resolve } from "./lookups.ts";
import type { MacroString } from "./macro_syntax.ts";
import { matches } from "./mechanisms.ts";
import { spfName } from "./name.ts";
import { type Directive, isSpfRecord, parseSpfRecord, type SpfRecord } from "./record.ts";
import type { SpfMatch, SpfQuery, SpfResult, SpfResultName } from "./result.ts";
import { type Check, targetOf } from "./target.ts";
import {
  brokenRecord,
  includedNothing,
  loops,
  malformedTarget,
  matchedBecause,
  noAddress,
  noDomain,
  noRecord,
  nothingMatched,
  recordTooLong,
  severalRecords,
} from "./words.ts";

/** What one record says; `explanation` is the exp of the record that the mechanism stands in. */
interface Outcome {
  readonly result: SpfResultName;
  readonly why: string;
  readonly matched: SpfMatch | null;
  readonly explanation: MacroString | null;
}

/** Octets. RFC 7208 section 3.4 asks for 450 in all; who publishes more than 16 KiB wants to keep us busy. */
const RECORD_LIMIT = 16_384;

const MEANING = { "+": "pass", "-": "fail", "~": "softfail", "?": "neutral" } as const;

/**
 * Whether the host at `address` may send for `domain`. Asks `dns.resolve` at most 111 times, and 23 times for an
 * explanation; no further after 20 seconds.
 *
 * @see RFC 7208 section 4
 */
export function* checkHost(query: SpfQuery): Program<SpfResult> {
  const address = clientAddress(query.address);
  const domain = spfName(query.domain);
  const check = newCheck(query, address ?? { version: 4, words: [0, 0] });
  let outcome: Outcome;
  if (!address) outcome = ended("none", noAddress(query.address));
  // RFC 7208 section 4.3: a malformed domain is "none", without a question.
  else if (domain === null) outcome = ended("none", noDomain(query.domain));
  else outcome = yield* evaluate(check, domain, []);
  const { terms, voids, questions } = check.work;
  const explanation = outcome.result === "fail" && outcome.explanation && outcome.matched
    ? yield* explain(check, outcome.explanation, outcome.matched.domain)
    : null;
  return {
    result: outcome.result,
    domain: domain ?? query.domain,
    matched: outcome.matched,
    explanation,
    why: outcome.matched
      ? matchedBecause(outcome.result, addressText(check.address), domain ?? query.domain, outcome.matched)
      : outcome.why,
    lookups: { terms, voids, questions },
    usesLocalPart: check.usesLocalPart,
  };
}

function newCheck(query: SpfQuery, address: IpAddress): Check {
  const at = query.sender.lastIndexOf("@");
  const local = at > 0 ? query.sender.slice(0, at) : "postmaster";
  const domain = query.sender.slice(at + 1) || query.domain;
  return {
    address,
    // RFC 7208 section 4.3: U-labels become A-labels; ASCII stays as the sender wrote it.
    sender: `${local}@${isAscii(domain) ? domain : spfName(domain) ?? domain}`,
    helo: query.helo,
    receiver: query.receiver ?? "unknown",
    work: newWork(),
    usesLocalPart: false,
  };
}

/** `path` is the domains whose records are under evaluation. */
function* evaluate(check: Check, domain: string, path: readonly string[]): Program<Outcome> {
  // The same record for the same client does the same again, until the limit of lookups ends it.
  if (path.includes(domain)) return ended("permerror", loops(domain));
  const record = yield* fetchRecord(check, domain);
  if ("result" in record) return record;
  const here = [...path, domain];
  for (const directive of record.directives) {
    const verdict = yield* evaluateDirective(check, directive, domain, here);
    if (verdict === true) {
      const result = MEANING[directive.qualifier];
      return { result, why: "", matched: { term: directive.text, domain }, explanation: record.explanation };
    }
    if (verdict !== false) return ended(verdict.halt, verdict.why);
  }
  if (record.redirect) return yield* redirect(check, record.redirect, domain, here);
  // RFC 7208 section 4.7
  return ended("neutral", nothingMatched(addressText(check.address), domain));
}

/** RFC 7208 sections 4.4 and 4.5. */
function* fetchRecord(check: Check, domain: string): Program<SpfRecord | Outcome> {
  const answer = yield* resolve(check.work, domain, "TXT");
  if (answer.kind === "tempfail") return ended("temperror", answer.reason);
  const texts = answer.kind === "ok" ? answer.records.flatMap((item) => item.type === "TXT" ? [item.text] : []) : [];
  const found = texts.filter(isSpfRecord);
  if (found.length === 0) return ended("none", noRecord(domain));
  if (found.length > 1) return ended("permerror", severalRecords(domain, found.length));
  if (found[0]!.length > RECORD_LIMIT) return ended("permerror", recordTooLong(domain));
  const record = parseSpfRecord(found[0]!);
  return "wrong" in record ? ended("permerror", brokenRecord(domain, record)) : record;
}

function* evaluateDirective(check: Check, directive: Directive, domain: string, path: readonly string[]) {
  const { mechanism, text } = directive;
  if (mechanism.kind !== "include") return yield* matches(check, mechanism, domain);
  return yield* include(check, mechanism.domain, text, domain, path);
}

/** RFC 7208 section 5.2: only a pass of the other record matches; that there is none is an error. */
function* include(check: Check, spec: MacroString, term: string, domain: string, path: readonly string[]) {
  const halt = countTerm(check.work);
  if (halt) return halt;
  const target = yield* targetOf(check, spec, domain);
  if ("halt" in target) return target;
  if ("none" in target) {
    return target.none === "unmatchable" ? false : { halt: "permerror", why: malformedTarget(term) } as const;
  }
  const outcome = yield* evaluate(check, target.name, path);
  switch (outcome.result) {
    case "pass":
      return true;
    case "temperror":
    case "permerror":
      return { halt: outcome.result, why: outcome.why } as const;
    case "none":
      return { halt: "permerror", why: includedNothing(term, outcome.why) } as const;
    default:
      return false;
  }
}

/** RFC 7208 section 6.1: the result of the other record is the result, but that there is none is an error. */
function* redirect(check: Check, spec: MacroString, domain: string, path: readonly string[]): Program<Outcome> {
  const halt = countTerm(check.work);
  if (halt) return ended(halt.halt, halt.why);
  const target = yield* targetOf(check, spec, domain);
  if ("halt" in target) return ended(target.halt, target.why);
  if ("none" in target) return ended("permerror", malformedTarget("redirect"));
  const outcome = yield* evaluate(check, target.name, path);
  return outcome.result === "none" ? ended("permerror", includedNothing("redirect", outcome.why)) : outcome;
}

function ended(result: SpfResultName, why: string): Outcome {
  return { result, why, matched: null, explanation: null };
}
