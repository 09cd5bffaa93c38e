/**
 * Which policy holds: a function of what is remembered, what the DNS says and what a fetch gave (RFC 8461 sections 3.3
 * and 5.1). Whoever can make the DNS or HTTPS fail must not be able to take a policy away: a remembered one holds until
 * it expires, whatever fails.
 */
import type { StsRecord } from "./record.ts";
import type { StsFetchFailure, StsPolicy } from "./policy.ts";

/** What is remembered of a domain. */
export interface StsMemory {
  /** The last policy that was fetched, with the id it was published under and when. Milliseconds since 1970. */
  readonly known: { readonly id: string; readonly policy: StsPolicy; readonly fetchedAt: number } | null;
  /** The last fetch that failed. */
  readonly failed: { readonly id: string; readonly at: number } | null;
}

/** Nothing is remembered. */
export const NO_STS_MEMORY: StsMemory = { known: null, failed: null };

/** What to do now. */
export type StsDecision =
  /** This holds; null is no policy. `refresh`: fetch it again soon, mail need not wait. */
  | { readonly kind: "use"; readonly policy: StsPolicy | null; readonly refresh: boolean }
  /** Fetch first; then `afterStsFetch`. */
  | { readonly kind: "fetch"; readonly id: string };

/** Section 3.3: after a failure a policy of the same id is left alone for five minutes at least. */
const RETRY_MS = 5 * 60 * 1000;
/** Section 3.3: a policy is fetched anew well before it expires; daily is what section 10.2 counts with. */
const REFRESH_MS = 24 * 60 * 60 * 1000;

/** Decides by memory and the DNS record. */
export function decideSts(memory: StsMemory, record: StsRecord, now: number): StsDecision {
  const known = unexpired(memory, now);
  if (record.kind !== "record") return { kind: "use", policy: known?.policy ?? null, refresh: false };
  const waits = memory.failed?.id === record.id && now - memory.failed.at < RETRY_MS && now >= memory.failed.at;
  if (known === null || known.id !== record.id) {
    return waits ? { kind: "use", policy: known?.policy ?? null, refresh: false } : { kind: "fetch", id: record.id };
  }
  const old = now - known.fetchedAt >= Math.min(REFRESH_MS, known.policy.maxAge * 500);
  return { kind: "use", policy: known.policy, refresh: old && !waits };
}

/** What holds after a fetch for the record `id`, and what to remember. A failure keeps what is remembered. */
export function afterStsFetch(
  memory: StsMemory,
  id: string,
  fetched: StsPolicy | { readonly failed: StsFetchFailure },
  now: number,
): { readonly policy: StsPolicy | null; readonly memory: StsMemory } {
  if ("failed" in fetched) {
    const known = unexpired(memory, now);
    return { policy: known?.policy ?? null, memory: { known, failed: { id, at: now } } };
  }
  return { policy: fetched, memory: { known: { id, policy: fetched, fetchedAt: now }, failed: null } };
}

function unexpired({ known }: StsMemory, now: number): StsMemory["known"] {
  return known !== null && now < known.fetchedAt + known.policy.maxAge * 1000 ? known : null;
}
