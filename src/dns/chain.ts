/** From the records of an answer to what was asked for: CNAMEs followed, one of the four kinds. Pure. */
import type { DnsRecord, DnsType } from "../contract/mod.ts";
import type { OwnedRecord, Response } from "./wire.ts";

/** How many CNAMEs are followed, over all questions of one resolution. */
export const CHAIN_LIMIT = 10;
/** More records of one name and type than this are not read. */
const RECORD_LIMIT = 256;

export type Followed =
  | { readonly kind: "records"; readonly records: readonly DnsRecord[]; readonly name: string; readonly ttl: number }
  | { readonly kind: "none"; readonly name: string; readonly ttl: number }
  /** The chain leads on to a name that this answer does not speak of. */
  | { readonly kind: "elsewhere"; readonly name: string; readonly ttl: number }
  | { readonly kind: "loop" };

/** Follows the chain that starts at `name`. `ttl` is the smallest of all records used; seconds. */
export function follow(name: string, type: DnsType, response: Response): Followed {
  let at = name;
  let ttl = Infinity;
  for (let hops = 0; hops <= CHAIN_LIMIT; hops++) {
    const found = response.records.filter((item) => item.owner === at && item.record.type === type);
    if (found.length > 0) {
      const kept = found.slice(0, RECORD_LIMIT);
      return { kind: "records", records: kept.map((item) => item.record), name: at, ttl: smallest(kept, ttl) };
    }
    const alias = response.records.find((item) => item.owner === at && item.record.type === "CNAME");
    if (alias?.record.type !== "CNAME") {
      const negative = Math.min(ttl, response.negativeTtl ?? 0);
      // NXDOMAIN after CNAMEs speaks of the last name (RFC 6604), and so does the SOA of an empty answer.
      if (at === name || response.rcode === "NXDOMAIN" || response.negativeTtl !== null) {
        return { kind: "none", name: at, ttl: negative };
      }
      return { kind: "elsewhere", name: at, ttl };
    }
    ttl = Math.min(ttl, alias.ttl);
    at = alias.record.name;
  }
  return { kind: "loop" };
}

function smallest(records: readonly OwnedRecord[], start: number): number {
  let ttl = start;
  for (const record of records) ttl = Math.min(ttl, record.ttl);
  return ttl;
}
