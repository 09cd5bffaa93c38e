/**
 * What a connection to a mail exchanger must come to before mail goes over it: DANE (RFC 7672), else MTA-STS (RFC 8461),
 * else whatever TLS there is (RFC 7435); and what REQUIRETLS and TLS-Required (RFC 8689) change of that.
 *
 * Rules: what cannot be looked up is not "none": the host is passed over. DANE decides where it applies, and MTA-STS does
 * not override it. A failure is temporary, with a sentence for a person, and never sends mail in clear.
 */
import { lowerAscii } from "../base/ascii.ts";
import { ask, type Program } from "../contract/mod.ts";
import { type DanePlan, daneReferences, lookupDane, type TlsaRecord } from "../mailauth/dane/mod.ts";
import { matchesStsPolicy, type StsPolicy } from "../mailauth/mta_sts/mod.ts";
import type { TlsFailureType, TlsPolicy } from "../mailauth/tls_report/mod.ts";

/** What TLS must come to. */
export type TlsDemand =
  /** Wished for: without it, or with any certificate, mail goes all the same. */
  | { readonly kind: "opportunistic" }
  /** TLS, whatever the certificate is. */
  | { readonly kind: "encrypted" }
  /** The certificate must match a record; SNI is `base`. With usage 2 it must bear one of `references`. */
  | {
    readonly kind: "dane";
    readonly base: string;
    readonly records: readonly TlsaRecord[];
    readonly references: readonly string[];
  }
  /** The certificate must be good for the public, and for the host's name. */
  | { readonly kind: "pkix" };

/** How a host is spoken to. */
export interface HostTls {
  readonly demand: TlsDemand;
  /** Whose demand it is, for people: `its DANE records`; null: nobody's. */
  readonly by: string | null;
  /** `testing` of MTA-STS: the certificate is looked at and the result reported, and mail goes whatever it is. */
  readonly testing: boolean;
  /** With `testing`: the host is none of the policy's. */
  readonly strange: boolean;
  /** What sessions are counted under. */
  readonly policy: TlsPolicy;
}

/** What is done about one host. */
export type TlsDecision =
  | { readonly kind: "go"; readonly tls: HostTls }
  /** No connection is made. */
  | { readonly kind: "skip"; readonly type: TlsFailureType; readonly text: string; readonly policy: TlsPolicy };

/** What is known before a host is spoken to. */
export interface TlsFacts {
  /** The recipients' domain, A-labels. */
  readonly domain: string;
  /** Name of the host. */
  readonly host: string;
  readonly dane: HostDane;
  /** The domain's policy, or null; not looked at where DANE decides. */
  readonly sts: StsPolicy | null;
  /** RFC 8689: the sender asked for verified TLS all the way. */
  readonly requireTls: boolean;
}

/** What DANE says of one host. */
export interface HostDane {
  readonly plan: DanePlan;
  readonly references: readonly string[];
}

/** DANE says nothing. */
export const NO_DANE: HostDane = { plan: { kind: "none" }, references: [] };

/** Asks what DANE says of a host that the exchangers of `domain` led to. The answers are those of routing, most likely. */
export function* lookupHostDane(
  domain: string,
  host: { readonly name: string; readonly address: string; readonly port: number },
): Program<HostDane> {
  const mx = yield* ask("dns.resolve", { name: domain, type: "MX" });
  if (mx.kind === "tempfail") return { ...NO_DANE, plan: { kind: "tempfail", reason: mx.reason } };
  // RFC 7672 section 2.2.1: what names the host must be proven, also that there is no MX record.
  if (!mx.authenticated) return NO_DANE;
  const exchanges = mx.kind === "ok" ? mx.records.filter((record) => record.type === "MX") : [];
  const names = exchanges.length === 0 ? [domain] : exchanges.map(({ exchange }) => withoutDot(exchange));
  if (!names.includes(host.name)) {
    return { ...NO_DANE, plan: { kind: "tempfail", reason: "the exchangers have just changed" } };
  }
  const type = host.address.includes(":") ? "AAAA" : "A";
  const address = yield* ask("dns.resolve", { name: host.name, type });
  const plan = yield* lookupDane({ host: host.name, authenticated: true, address, port: host.port });
  // Section 3.2.2: names count under usage 2 only.
  if (plan.kind !== "secure" || plan.records.every(({ usage }) => usage !== 2)) return { plan, references: [] };
  const canonicalDomain = mx.kind === "ok" ? mx.canonicalName : domain;
  return { plan, references: daneReferences({ base: plan.base, host: host.name, domain, canonicalDomain }) };
}

/** Decides for one host. */
export function decideTls(facts: TlsFacts): TlsDecision {
  const { domain, host, requireTls, sts } = facts;
  const { plan, references } = facts.dane;
  const dane = (records: readonly TlsaRecord[]): TlsPolicy => ({
    type: "tlsa",
    strings: records.slice(0, STRINGS).map(recordText),
    domain,
    mxHosts: [],
  });
  switch (plan.kind) {
    case "tempfail":
      return {
        kind: "skip",
        type: "dnssec-invalid",
        text: `The DANE records of ${host} cannot be looked up now (${plan.reason})`,
        policy: dane([]),
      };
    case "secure": {
      const { base, records } = plan;
      return go({ kind: "dane", base, records, references }, "its DANE records", dane(records));
    }
    case "unusable":
      // RFC 8689 section 4.2.1: a certificate must be verified somehow.
      return requireTls ? go(PKIX, SENDER, dane([])) : go({ kind: "encrypted" }, "its DANE records", dane([]));
    case "none":
      return sts === null || sts.mode === "none" ? plain(domain, requireTls) : bySts(sts, domain, host, requireTls);
  }
}

/** The same host for a message with `TLS-Required: No` (RFC 8689 section 5): no policy is in its way. */
export function relaxedTls(domain: string): TlsDecision {
  return plain(domain, false);
}

const PKIX: TlsDemand = { kind: "pkix" };
const SENDER = "the sender";
const STRINGS = 32;

function plain(domain: string, requireTls: boolean): TlsDecision {
  const policy: TlsPolicy = { type: "no-policy-found", strings: [], domain, mxHosts: [] };
  return requireTls ? go(PKIX, SENDER, policy) : go({ kind: "opportunistic" }, null, policy);
}

function bySts(sts: StsPolicy, domain: string, host: string, requireTls: boolean): TlsDecision {
  const policy = stsReportPolicy(domain, sts);
  const strange = !matchesStsPolicy(sts, host);
  if (sts.mode === "enforce") {
    if (!strange) return go(PKIX, `the MTA-STS policy of ${domain}`, policy);
    const text = `The MTA-STS policy of ${domain} does not name ${host}`;
    return { kind: "skip", type: "validation-failure", text, policy };
  }
  const tls: HostTls = requireTls
    ? { demand: PKIX, by: SENDER, testing: false, strange, policy }
    : { demand: { kind: "opportunistic" }, by: null, testing: true, strange, policy };
  return { kind: "go", tls };
}

function go(demand: TlsDemand, by: string | null, policy: TlsPolicy): TlsDecision {
  return { kind: "go", tls: { demand, by, testing: false, strange: false, policy } };
}

/** What a report says of a policy (RFC 8460 section 4.4); null: it could not be fetched. */
export function stsReportPolicy(domain: string, sts: StsPolicy | null): TlsPolicy {
  if (sts === null) return { type: "sts", strings: [], domain, mxHosts: [] };
  const mxHosts = sts.mx.slice(0, STRINGS);
  const mx = mxHosts.map((name) => `mx: ${name}`);
  const strings = ["version: STSv1", `mode: ${sts.mode}`, ...mx, `max_age: ${sts.maxAge}`];
  return { type: "sts", strings, domain, mxHosts };
}

/** Two connections of the same key are as good as each other, for whatever message: a weaker one never stands in. */
export function demandKey(demand: TlsDemand): string {
  if (demand.kind !== "dane") return demand.kind;
  return JSON.stringify([demand.base, demand.records.map(recordText), demand.references]);
}

function recordText({ usage, selector, matching, data }: TlsaRecord): string {
  return `${usage} ${selector} ${matching} ${data.toHex()}`;
}

function withoutDot(name: string): string {
  return lowerAscii(name.endsWith(".") ? name.slice(0, -1) : name);
}
