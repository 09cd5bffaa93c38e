/**
 * What the TLSA records of a host ask for (RFC 7672 section 2.2). The four outcomes must never be mixed up: "there are
 * none" is only believed of a zone that need not be signed, and a resolver that could not prove the answer is a failure.
 */
import { ask, type DnsAnswer, type DnsRecord, type Program } from "../../contract/mod.ts";

/** One TLSA record (RFC 6698 section 2). */
export type TlsaRecord = Extract<DnsRecord, { type: "TLSA" }>;

/** How a host is to be spoken to. */
export type DanePlan =
  /** TLS, and the certificate must match one of these. `base` is the name they stand under, without port and protocol. */
  | { readonly kind: "secure"; readonly base: string; readonly records: readonly TlsaRecord[] }
  /** TLS must be used, the certificate is not looked at: there are records, but none can be used (section 2.2). */
  | { readonly kind: "unusable"; readonly base: string }
  /** DANE says nothing. */
  | { readonly kind: "none" }
  /** Not now: the host must be passed over as if it did not answer (section 2.1.1, bogus included). */
  | { readonly kind: "tempfail"; readonly reason: string };

const RECORDS_LIMIT = 64;
const NONE: DanePlan = { kind: "none" };

/** The plan of one answer for `_25._tcp.<base>`. */
export function danePlanOf(base: string, answer: DnsAnswer): DanePlan {
  if (answer.kind === "tempfail") return { kind: "tempfail", reason: answer.reason };
  // An answer that is not validated comes from a zone that is not signed: anybody could have made it.
  if (answer.kind !== "ok" || !answer.authenticated) return NONE;
  const all = answer.records.filter((record) => record.type === "TLSA").slice(0, RECORDS_LIMIT);
  if (all.length === 0) return NONE;
  const usable = strongest(all.filter(isUsable));
  return usable.length === 0 ? { kind: "unusable", base } : { kind: "secure", base, records: usable };
}

/** What is known of a host before its TLSA records are asked for. */
export interface DaneHost {
  /** The MX host as its record names it, A-labels; for a domain without MX the domain. */
  readonly host: string;
  /** Whether the answer that named the host was validated; an unsigned MX record could name any host (section 2.2.1). */
  readonly authenticated: boolean;
  /** The answer for the host's addresses, A or AAAA. */
  readonly address: DnsAnswer;
  readonly port: number;
}

/** Asks for the plan of a host: first under the name that its CNAMEs end at, then under its own (section 2.2.3). */
export function* lookupDane({ host, authenticated, address, port }: DaneHost): Program<DanePlan> {
  if (!authenticated) return NONE;
  if (address.kind === "tempfail") return { kind: "tempfail", reason: address.reason };
  // Section 2.2.2: where not even the addresses are signed there are no secure TLSA records, and asking may break things.
  const alias = address.kind === "ok" && address.canonicalName !== host;
  if (address.kind !== "ok" || (!address.authenticated && !alias)) return NONE;
  const names = alias && address.authenticated ? [address.canonicalName, host] : [host];
  for (const base of names) {
    const name = `_${port}._tcp.${base}`;
    if (name.length > 253) continue;
    const plan = danePlanOf(base, yield* ask("dns.resolve", { name, type: "TLSA" }));
    if (plan.kind !== "none") return plan;
  }
  return NONE;
}

/** RFC 7672 section 3.1.3: usages 0 and 1 are not for SMTP. RFC 6698 section 2.1: selectors, and lengths of digests. */
function isUsable({ usage, selector, matching, data }: TlsaRecord): boolean {
  if ((usage !== 2 && usage !== 3) || selector > 1) return false;
  return matching === 0 ? data.length > 0 : matching === 1 ? data.length === 32 : matching === 2 && data.length === 64;
}

/** RFC 7671 section 9: of the digests for one usage and selector only the strongest counts; whole data always does. */
function strongest(records: readonly TlsaRecord[]): TlsaRecord[] {
  const best = new Map<number, number>();
  for (const { usage, selector, matching } of records) {
    const key = usage * 2 + selector;
    best.set(key, Math.max(best.get(key) ?? 0, matching));
  }
  return records.filter(({ usage, selector, matching }) =>
    matching === 0 || matching === best.get(usage * 2 + selector)
  );
}
