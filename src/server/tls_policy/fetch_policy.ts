/** Fetching an MTA-STS policy (RFC 8461 section 3.3): HTTPS, a valid certificate, no redirect, and an end to everything. */
import { concatBytes } from "../../base/bytes.ts";
import {
  readStsResponse,
  STS_POLICY_LIMIT,
  type StsFetchFailure,
  type StsPolicy,
  stsPolicyUrl,
} from "../../mailauth/mta_sts/mod.ts";
import type { OutwardRequest } from "./outward_request.ts";

/** Gives the policy that a domain (A-labels) publishes, or why there is none to be had. Never rejects. */
export type FetchPolicy = (domain: string) => Promise<StsPolicy | { readonly failed: StsFetchFailure }>;

export interface PolicyFetcherOptions {
  readonly request: OutwardRequest;
  /** For the whole fetch. Section 3.3 suggests a minute. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 60_000;
/** What a domain of recipients may look like in a URL. */
const HOST = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/** Fetches over the network, with nothing of a browser: no cookies, no cache, no redirects. */
export function policyFetcher({ request, timeoutMs = TIMEOUT_MS }: PolicyFetcherOptions): FetchPolicy {
  return async (domain) => {
    if (!HOST.test(domain) || domain.length > 240) return { failed: "sts-policy-fetch-error" };
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await request(stsPolicyUrl(domain), {
        redirect: "manual",
        signal,
        headers: { accept: "text/plain" },
      });
      const { status, headers } = response;
      const octets = status === 200 ? await upTo(STS_POLICY_LIMIT + 1, response, signal) : new Uint8Array();
      if (status !== 200) await response.body?.cancel();
      return readStsResponse({ status, contentType: headers.get("content-type"), octets });
    } catch (error) {
      return { failed: isAboutCertificate(error) ? "sts-webpki-invalid" : "sts-policy-fetch-error" };
    }
  };
}

/** Stops reading when there is more than a policy may have, or at the signal, which a body made here would not hear. */
async function upTo(limit: number, { body }: Response, signal: AbortSignal): Promise<Uint8Array> {
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const stop = (): void => void reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", stop, { once: true });
  const pieces: Uint8Array[] = [];
  try {
    for (let size = 0; size < limit;) {
      const { value, done } = await reader.read();
      if (done) break;
      pieces.push(value);
      size += value.length;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    await reader.cancel().catch(() => {});
  }
  signal.throwIfAborted();
  return concatBytes(pieces);
}

function isAboutCertificate(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (/certificate|UnknownIssuer/i.test(at.message)) return true;
  }
  return false;
}
