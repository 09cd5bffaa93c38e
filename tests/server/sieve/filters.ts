/** The filters of a site that has none of its own. */
import type { FilterPolicy } from "../../../src/mda/mod.ts";
import { SIEVE_LIMITS, SieveCache } from "../../../src/sieve/mod.ts";

export function testFilters(more: Partial<FilterPolicy> = {}): FilterPolicy {
  return {
    hostname: "mail.example.test",
    version: "0",
    scripts: new SieveCache(1 << 20),
    limits: SIEVE_LIMITS,
    before: [],
    after: [],
    domains: new Map(),
    globals: new Map(),
    typed: false,
    spam: null,
    virus: null,
    zoneMinutes: () => 0,
    ...more,
  };
}
