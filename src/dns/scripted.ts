/** The resolver's twin: answers from a table, without a network. */
import type { DnsAnswer, DnsRecord, DnsType } from "../contract/mod.ts";
import { canonicalName, dnsName } from "./name.ts";
import type { Resolver } from "./resolver.ts";
import { CHAIN_LIMIT } from "./chain.ts";

/** Records of one type, in the order given; `servfail` is a temporary failure. */
export type ScriptedAnswer = readonly DnsRecord[] | "servfail";

/**
 * Names to what they hold, by type. A name that is not there does not exist; one that is there without the type has no
 * such data; `"servfail"` for a name fails every question. A `CNAME` is followed.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { scriptedResolver } from "./scripted.ts";
 * const resolver = scriptedResolver({
 *   "example.org": { MX: [{ type: "MX", preference: 10, exchange: "mx.example.org" }] },
 *   "mx.example.org": { A: [{ type: "A", address: "127.0.0.1" }] },
 *   "broken.example": "servfail",
 * });
 * const answer = await resolver.resolve("mx.example.org", "A");
 * assert(answer.kind === "ok");
 * ```
 */
export type ScriptedZones = Readonly<
  Record<string, "servfail" | Readonly<Partial<Record<DnsType, ScriptedAnswer>>>>
>;

const TTL = 300;

/** A resolver that knows `zones` and nothing else. `authenticated` is what its answers say of DNSSEC; default false. */
export function scriptedResolver(
  zones: ScriptedZones,
  options: { readonly authenticated?: boolean } = {},
): Resolver {
  const authenticated = options.authenticated ?? false;
  const table = new Map(Object.entries(zones).map(([name, zone]) => [dnsName(name) ?? canonicalName(name), zone]));

  const answer = (text: string, type: DnsType): DnsAnswer => {
    let name = dnsName(text);
    for (let hops = 0; name !== null && hops <= CHAIN_LIMIT; hops++) {
      const zone = table.get(name);
      if (zone === undefined) return { kind: exists(name) ? "nodata" : "nxdomain", authenticated, ttl: TTL };
      const records = zone === "servfail" ? zone : zone[type];
      if (records === "servfail") return { kind: "tempfail", reason: `${name} ${type}: scripted` };
      if (records && records.length > 0) {
        return { kind: "ok", records, canonicalName: name, authenticated, ttl: TTL };
      }
      const alias = zone === "servfail" || zone.CNAME === "servfail" ? undefined : zone.CNAME?.[0];
      if (alias?.type !== "CNAME") return { kind: "nodata", authenticated, ttl: TTL };
      name = dnsName(alias.name);
    }
    return name === null
      ? { kind: "nxdomain", authenticated, ttl: TTL }
      : { kind: "tempfail", reason: `the CNAMEs of ${text} lead nowhere` };
  };

  /** RFC 8020: a name with names below it exists. */
  const exists = (name: string) => [...table.keys()].some((key) => key.endsWith("." + name));

  return { resolve: (name, type) => Promise.resolve(answer(name, type)), close: () => {} };
}
