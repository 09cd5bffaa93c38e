/** All sentences that SPF says to people. Names and terms of strangers are quoted, printable and short. */
import type { SpfSyntaxError } from "./record.ts";
import type { SpfMatch, SpfResultName } from "./result.ts";

const QUOTED_LIMIT = 80;

/** What a stranger wrote, as it may stand in a log or a header field. */
export function quoted(text: string): string {
  const short = text.length > QUOTED_LIMIT ? text.slice(0, QUOTED_LIMIT - 3) + "..." : text;
  let out = "";
  for (let i = 0; i < short.length; i++) {
    const code = short.charCodeAt(i);
    out += code < 32 || code > 126 || code === 34 || code === 92 ? "?" : short[i];
  }
  return `'${out}'`;
}

/** Why a mechanism's result is what it is. */
export function matchedBecause(result: SpfResultName, address: string, domain: string, match: SpfMatch): string {
  const where = match.domain === domain ? "" : ` in the record of ${quoted(match.domain)}`;
  const because = `${quoted(match.term)} matches${where}`;
  switch (result) {
    case "pass":
      return `${address} may send for ${quoted(domain)}: ${because}`;
    case "fail":
      return `${address} may not send for ${quoted(domain)}: ${because}`;
    case "softfail":
      return `${address} should probably not send for ${quoted(domain)}: ${because}`;
    default:
      return `${quoted(domain)} says neither yes nor no of ${address}: ${because}`;
  }
}

export const nothingMatched = (address: string, domain: string): string =>
  `${quoted(domain)} says nothing of ${address}: no mechanism matches`;
export const noAddress = (text: string): string => `the client has no IP address: ${quoted(text)}`;
export const noDomain = (text: string): string => `${quoted(text)} is no domain name`;
export const noRecord = (domain: string): string => `${quoted(domain)} publishes no SPF record`;
export const severalRecords = (domain: string, count: number): string =>
  `${quoted(domain)} publishes ${count} SPF records, and only one is allowed`;
export const brokenRecord = (domain: string, error: SpfSyntaxError): string =>
  `the SPF record of ${quoted(domain)} is broken at ${quoted(error.term)}: ${quoted(error.wrong).slice(1, -1)}`;
export const recordTooLong = (domain: string): string => `the SPF record of ${quoted(domain)} is too long`;
export const tooManyTerms = (limit: number): string => `the records ask the DNS more than ${limit} times`;
export const tooManyVoids = (limit: number): string => `the records ask more than ${limit} times for what is not there`;
export const tooManyExchanges = (name: string, limit: number): string =>
  `${quoted(name)} has more than ${limit} MX records`;
export const malformedTarget = (term: string): string => `${quoted(term)} leads to something that is no domain name`;
export const includedNothing = (term: string, why: string): string => `${quoted(term)}: ${why}`;
export const loops = (domain: string): string => `the record of ${quoted(domain)} leads back to itself`;
export const dnsFailed = (name: string, type: string): string =>
  `the DNS has no answer for ${quoted(name)} ${type} now`;
export const tookTooLong = (seconds: number): string => `the DNS was asked for more than ${seconds} seconds`;
