/** A DNS for tests, as zone files are written: `"example.org": ["TXT v=spf1 mx -all", "MX 10 mx.example.org"]`. */
import type { DnsAnswer, DnsRecord, DnsType } from "../../../src/contract/mod.ts";
import { checkHost, type SpfQuery, type SpfResult } from "../../../src/mailauth/mod.ts";
import { argsOf, runProgram } from "../../support/run_program.ts";

/** What a name holds; `fails` fails every question, `fails TYPE` those of a type. */
export type Zone = Readonly<Record<string, readonly string[]>> | readonly (readonly [string, readonly string[]])[];

/** 2026-01-01 */
export const NOW = 1_767_225_600_000;

/** Answers for `runProgram`; `tick` moves the clock with each question (milliseconds). */
export function answersOf(zone: Zone, tick = 0) {
  const table = new Map(Array.isArray(zone) ? zone : Object.entries(zone)) as ReadonlyMap<string, readonly string[]>;
  let now = NOW;
  const resolve = ({ name, type }: { name: string; type: DnsType }): DnsAnswer => {
    now += tick;
    const lines = table.get(name.toLowerCase());
    if (!lines) return { kind: "nxdomain", authenticated: false, ttl: 60 };
    if (lines.includes("fails") || lines.includes(`fails ${type}`)) return { kind: "tempfail", reason: "SERVFAIL" };
    const records = lines.filter((line) => line.startsWith(type + " ")).map((line) => toRecord(type, line));
    if (records.length === 0) return { kind: "nodata", authenticated: false, ttl: 60 };
    return { kind: "ok", records, canonicalName: name, authenticated: false, ttl: 60 };
  };
  return { "dns.resolve": resolve, "clock.now": () => now };
}

function toRecord(type: DnsType, line: string): DnsRecord {
  const value = line.slice(type.length + 1);
  switch (type) {
    case "A":
    case "AAAA":
      return { type, address: value };
    case "TXT":
      return { type, text: value };
    case "PTR":
    case "CNAME":
      return { type, name: value };
    case "MX":
      return { type, preference: Number(value.split(" ")[0]), exchange: value.split(" ")[1]! };
    default:
      throw new Error(`no ${type} in this zone`);
  }
}

/** A check with the names that were asked for, in order. */
export function check(zone: Zone, query: Partial<SpfQuery>, tick = 0): SpfResult & { readonly asked: string[] } {
  const domain = query.domain ?? "example.com";
  const whole: SpfQuery = {
    address: "192.0.2.3",
    sender: `alice@${domain}`,
    helo: "mx.example.org",
    receiver: "mx.example.net",
    ...query,
    domain,
  };
  const { result, calls } = runProgram(checkHost(whole), answersOf(zone, tick));
  return { ...result, asked: argsOf(calls, "dns.resolve").map(({ name, type }) => `${name} ${type}`) };
}

/** The result for `example.com` with this record, and some hosts around. */
export function resultOf(record: string, query: Partial<SpfQuery> = {}, more: Record<string, readonly string[]> = {}) {
  return check({ "example.com": [`TXT ${record}`], ...more }, query);
}
