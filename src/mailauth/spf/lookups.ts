/** Asking the DNS within limits (RFC 7208 section 4.6.4). */
import { ask, type DnsAnswer, type DnsRecord, type DnsType, type Program } from "../../contract/mod.ts";
import { dnsFailed, tookTooLong, tooManyTerms, tooManyVoids } from "./words.ts";

/** Terms that ask the DNS, over all records of one check. */
export const TERM_LIMIT = 10;
/** Terms for which the DNS has nothing. */
export const VOID_LIMIT = 2;
/** Names of one PTR answer that are looked at, and hosts of one MX answer. */
export const NAME_LIMIT = 10;
/** RFC 7208 section 4.6.4: "Such a limit SHOULD allow at least 20 seconds." */
const SECONDS = 20;

/** The check ends here: what `check_host()` says at the top, however deep it was. */
export interface Halt {
  readonly halt: "temperror" | "permerror";
  readonly why: string;
}

/** What one check has cost so far. */
export interface Work {
  terms: number;
  voids: number;
  questions: number;
  /** Wall clock of the first question; milliseconds. */
  startedAt: number | null;
}

export function newWork(): Work {
  return { terms: 0, voids: 0, questions: 0, startedAt: null };
}

/** Counts a term before it asks. Terms whose name turns out malformed count too: no record makes endless work. */
export function countTerm(work: Work): Halt | null {
  return ++work.terms > TERM_LIMIT ? { halt: "permerror", why: tooManyTerms(TERM_LIMIT) } : null;
}

/**
 * The records of a term's own question, none where there are none, and the end of the check where the DNS failed or
 * has had nothing too often.
 */
export function* askTerm(work: Work, name: string, type: DnsType): Program<readonly DnsRecord[] | Halt> {
  const answer = yield* resolve(work, name, type);
  if (answer.kind === "ok" && answer.records.length > 0) return answer.records;
  if (answer.kind === "tempfail") return { halt: "temperror", why: answer.reason };
  return ++work.voids > VOID_LIMIT ? { halt: "permerror", why: tooManyVoids(VOID_LIMIT) } : [];
}

/** One question. After 20 seconds of one check all others fail; a clock that jumps costs one temporary error. */
export function* resolve(work: Work, name: string, type: DnsType): Program<DnsAnswer> {
  const now = yield* ask("clock.now", {});
  work.startedAt ??= now;
  if (now - work.startedAt > SECONDS * 1000) return { kind: "tempfail", reason: tookTooLong(SECONDS) };
  work.questions++;
  const answer = yield* ask("dns.resolve", { name, type });
  return answer.kind === "tempfail" ? { kind: "tempfail", reason: dnsFailed(name, type) } : answer;
}
