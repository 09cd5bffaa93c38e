/** Reading failure reports: the machine's part of the Abuse Reporting Format (RFC 5965 section 3, RFC 6591 section 3). */
import { lowerAscii, parseDigits } from "../../../base/ascii.ts";
import { fieldText, headerFields } from "../../../message/header.ts";

/** What a failure report says of one message, or of several that are alike. */
export interface FailureReport {
  /** The domain that the message spoke for, lower case; null where it is not told. */
  readonly domain: string | null;
  readonly sourceIp: string | null;
  /** What failed: `dmarc`, `dkim`, `bodyhash`, `spf` …, lower case. */
  readonly failure: string;
  /** What was done: `delivered`, `spam`, `policy`, `reject`, `other`; null where it is not told. */
  readonly delivery: string | null;
  /** RFC 5965 section 3.2: how many messages, at least 1. */
  readonly incidents: number;
  readonly agent: string | null;
}

/** Characters of the part, and fields in it, that are looked at. */
const TEXT_LIMIT = 64 * 1024;
const FIELDS_LIMIT = 200;
const WORD_LIMIT = 255;

/** Reads the body of a `message/feedback-report` part; null where it is no report on authentication. */
export function parseFailureReport(text: string): FailureReport | null {
  const fields = new Map<string, string>();
  for (const field of headerFields(text.slice(0, TEXT_LIMIT), FIELDS_LIMIT)) {
    if (!fields.has(field.name)) fields.set(field.name, fieldText(field).trim().slice(0, WORD_LIMIT));
  }
  const word = (name: string): string | null => lowerAscii(fields.get(name) ?? "") || null;
  if (word("feedback-type") !== "auth-failure") return null;
  const domain = word("reported-domain");
  const source = word("source-ip");
  return {
    domain: domain === null || /[\s<>"'&@]/.test(domain) ? null : domain,
    sourceIp: source !== null && /^[0-9a-f:.]{2,45}$/.test(source) ? source : null,
    failure: plainWord(word("auth-failure")) ?? "unknown",
    delivery: plainWord(word("delivery-result")),
    incidents: Math.max(1, parseDigits(word("incidents") ?? "", 1_000_000_000) ?? 1),
    agent: fields.get("user-agent") || null,
  };
}

function plainWord(word: string | null): string | null {
  return word !== null && /^[a-z0-9-]{1,40}$/.test(word) ? word : null;
}
