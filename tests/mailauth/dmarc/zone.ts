/** A DNS for tests: what is not written down does not exist. */
import type { Args, DnsAnswer } from "../../../src/contract/mod.ts";

/** TXT records of names; `exists` for a name without any, `fails` for a server that does not answer. */
export type Zone = Readonly<Record<string, readonly string[] | "exists" | "fails">>;

/** The answer to `dns.resolve`, and the names that were asked. */
export function dnsOf(zone: Zone, asked: string[] = []): (args: Args<"dns.resolve">) => DnsAnswer {
  return ({ name, type }) => {
    asked.push(`${name} ${type}`);
    const held = Object.hasOwn(zone, name) ? zone[name]! : null;
    if (held === "fails") return { kind: "tempfail", reason: "time-out" };
    if (held === null) return { kind: "nxdomain", authenticated: false, ttl: 60 };
    if (held === "exists" || type !== "TXT") return { kind: "nodata", authenticated: false, ttl: 60 };
    const records = held.map((text) => ({ type: "TXT" as const, text }));
    return { kind: "ok", records, canonicalName: name, authenticated: false, ttl: 60 };
  };
}
