/** The policy text (RFC 8461 section 3.2) and the answer that carries it (section 3.3). */
import { domainToAscii, parseDomain } from "../../base/address.ts";
import { lowerAscii, parseDigits } from "../../base/ascii.ts";
import { latin1String } from "../../base/bytes.ts";

/** A policy. */
export interface StsPolicy {
  readonly mode: "enforce" | "testing" | "none";
  /** Patterns in A-labels, lower case: a host name, or `*.` and one. */
  readonly mx: readonly string[];
  /** Seconds that it may be kept. */
  readonly maxAge: number;
}

/** Why a fetch gave no policy; the words of RFC 8460 section 4.3.2 for the report. */
export type StsFetchFailure = "sts-policy-fetch-error" | "sts-policy-invalid" | "sts-webpki-invalid";

/** An answer of the policy host; `octets` are as many as came, up to the limit and one more. */
export interface StsResponse {
  readonly status: number;
  readonly contentType: string | null;
  readonly octets: Uint8Array;
}

/** Octets of a policy (section 3.3 lets a client stop there). */
export const STS_POLICY_LIMIT = 64 * 1024;
/** Section 3.2: a year and a bit. */
const MAX_AGE_LIMIT = 31_557_600;
const MX_LIMIT = 1000;

/** The policy of an answer. Section 3.3: only 200 counts, only text/plain, and no redirect. */
export function readStsResponse(response: StsResponse): StsPolicy | { readonly failed: StsFetchFailure } {
  if (response.status !== 200) return { failed: "sts-policy-fetch-error" };
  const type = lowerAscii((response.contentType ?? "").split(";", 1)[0]!.trim());
  if (type !== "text/plain") return { failed: "sts-policy-invalid" };
  if (response.octets.length > STS_POLICY_LIMIT) return { failed: "sts-policy-invalid" };
  return parseStsPolicy(latin1String(response.octets)) ?? { failed: "sts-policy-invalid" };
}

/**
 * Reads a policy; null where it is none. Lines end with CRLF or LF; unknown keys are passed over, and of a key that
 * stands twice the first counts, but for `mx`. A longer `max_age` than a year is a year.
 */
export function parseStsPolicy(text: string): StsPolicy | null {
  if (text.length > STS_POLICY_LIMIT) return null;
  const fields = new Map<string, string>();
  const mx: string[] = [];
  for (const line of text.split("\n")) {
    const bare = line.endsWith("\r") ? line.slice(0, -1) : line;
    const colon = bare.indexOf(":");
    if (colon < 0) {
      if (bare.trim() !== "") return null;
      continue;
    }
    const key = bare.slice(0, colon).trim();
    const value = bare.slice(colon + 1).trim();
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/.test(key)) return null;
    if (key !== "mx") {
      if (!fields.has(key)) fields.set(key, value);
      continue;
    }
    const pattern = mxPattern(value);
    if (pattern === null || mx.length >= MX_LIMIT) return null;
    mx.push(pattern);
  }
  const mode = fields.get("mode");
  const maxAge = parseDigits((fields.get("max_age") ?? "").slice(0, 11), 9_999_999_999);
  if (fields.get("version") !== "STSv1" || maxAge === null) return null;
  if (mode !== "enforce" && mode !== "testing" && mode !== "none") return null;
  if (mx.length === 0 && mode !== "none") return null;
  return { mode, mx, maxAge: Math.min(maxAge, MAX_AGE_LIMIT) };
}

/** A pattern as it is compared, or null. U-labels are not of the grammar, but people write them. */
function mxPattern(text: string): string | null {
  const wildcard = text.startsWith("*.");
  const name = stsName(wildcard ? text.slice(2) : text);
  return name === null ? null : wildcard ? `*.${name}` : name;
}

/** A host name as it is compared: A-labels, lower case, no dot at its end. */
export function stsName(text: string): string | null {
  const parsed = parseDomain(text.endsWith(".") ? text.slice(0, -1) : text);
  return parsed === null || parsed.startsWith("[") ? null : domainToAscii(parsed);
}
