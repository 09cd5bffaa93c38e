/** The records that a domain needs, from what the server knows of itself. */
import type { DkimKeyInfo, DnsRecordAdvice } from "../../http/deps.ts";
import { REPORT_LOCALS } from "../../mta/report_mail.ts";
import type { Config } from "../config/mod.ts";
import { stsPolicyId } from "./sts_policy.ts";

/** What the records are made of. */
export interface DomainFacts {
  readonly config: Pick<Config, "hostname" | "listeners" | "mtaSts" | "outbound" | "readReports">;
  readonly domain: string;
  readonly dkim: readonly DkimKeyInfo[];
  /** SHA-256 of the public key of the certificate, hexadecimal; null: there is none to be read. */
  readonly keyDigest: string | null;
}

/** RFC 6186 and RFC 8314 section 5.1: where programs find the services of a domain. */
const SERVICES = [
  { service: "_submissions", protocol: "submission", tls: "implicit", why: "mail programs: sending" },
  { service: "_submission", protocol: "submission", tls: "starttls", why: "mail programs: sending, with STARTTLS" },
  { service: "_imaps", protocol: "imap", tls: "implicit", why: "mail programs: reading" },
  { service: "_imap", protocol: "imap", tls: "starttls", why: "mail programs: reading, with STARTTLS" },
  { service: "_pop3s", protocol: "pop3", tls: "implicit", why: "mail programs: fetching" },
  { service: "_pop3", protocol: "pop3", tls: "starttls", why: "mail programs: fetching, with STLS" },
  { service: "_sieve", protocol: "managesieve", tls: "starttls", why: "mail programs: filters" },
] as const;

const DAY_MS = 86_400_000;
/** Mail that was signed with a retired key may be under way, or looked at again, for so long. */
const KEEP_RETIRED_DAYS = 7;

/** Every record, the most needed first. */
export function domainRecords(facts: DomainFacts): readonly DnsRecordAdvice[] {
  const { config, domain } = facts;
  const host = `${config.hostname}.`;
  return [
    {
      kind: "mx",
      need: "required",
      name: `${domain}.`,
      type: "MX",
      value: `10 ${host}`,
      why: "mail for the domain comes here",
    },
    ...otherExchanges(facts),
    ...hostAddresses(config),
    {
      kind: "ptr",
      need: "required",
      name: "<reverse of the address>",
      type: "PTR",
      value: host,
      why: "many servers refuse mail from addresses without it; set by whoever gave you the address",
    },
    ...senderPolicies(facts),
    ...facts.dkim.map((key) => dkimRecord(key)),
    {
      kind: "dmarc",
      need: "required",
      name: `_dmarc.${domain}.`,
      type: "TXT",
      value: zoneText(`v=DMARC1; p=none; rua=mailto:${reportsAt("dmarc", facts)}`),
      why: `others report what they see (DMARC)${config.readReports ? `: palomar dmarc show ${domain}` : ""}; ` +
        "when all that is yours passes, make it p=quarantine, later p=reject",
    },
    ...transportSecurity(facts),
    ...services(facts),
    {
      kind: "caa",
      need: "optional",
      name: `${domain}.`,
      type: "CAA",
      value: '0 issue "<your certificate authority>"',
      why: "only this authority may issue certificates for the domain and the names in it",
    },
  ];
}

/** A TXT record as a zone file has it: strings of at most 255 octets (RFC 1035 section 3.3). */
export function zoneText(text: string): string {
  const strings = text.match(/[\s\S]{1,255}/g) ?? [""];
  return strings.map((one) => `"${one.replace(/[\\"]/g, "\\$&")}"`).join(" ");
}

/** Hosts that take mail for us besides this one, as far as they are names. */
function otherExchanges({ config: { hostname, mtaSts }, domain }: DomainFacts): DnsRecordAdvice[] {
  const names = mtaSts.mx.filter((name) => name !== hostname && !name.startsWith("*."));
  return names.map((name) => ({
    kind: "mx",
    need: "recommended",
    name: `${domain}.`,
    type: "MX",
    value: `20 ${name}.`,
    why: "takes mail when this server does not; named in mtaSts.mx",
  }));
}

function hostAddresses(config: DomainFacts["config"]): DnsRecordAdvice[] {
  const name = `${config.hostname}.`;
  const why = "where this server is";
  const known = new Set<string>();
  for (const { protocol, address } of config.listeners) {
    if (protocol === "smtp" && address !== undefined && !isUnspecific(address)) known.add(address);
  }
  const common = { kind: "address", name } as const;
  if (known.size > 0) {
    return [...known].map((value) => {
      return { ...common, need: "required", type: value.includes(":") ? "AAAA" : "A", value, why };
    });
  }
  return [
    { ...common, need: "required", type: "A", value: "<its public IPv4 address>", why },
    {
      ...common,
      need: "optional",
      type: "AAAA",
      value: "<its public IPv6 address>",
      why: `${why}; leave it out where it has none`,
    },
  ];
}

/** An address that takes reports, whether or not there is anybody of that name: see `mta/report_mail.ts`. */
function reportsAt(kind: "dmarc" | "tls", { config, domain }: DomainFacts): string {
  return `${config.readReports ? REPORT_LOCALS[kind] : "postmaster"}@${domain}`;
}

/** RFC 7208: who the MX is may send, and the relay where there is one; nobody else. */
function senderPolicies({ config, domain }: DomainFacts): DnsRecordAdvice[] {
  // A service that is asked by HTTP sends from hosts of its own: it says which record is theirs.
  const named = config.outbound.relay;
  const relay = named?.protocol === "smtp" ? named.host : undefined;
  const through = relay === undefined ? "" : ` ${mechanismOf(relay)}`;
  const ask = relay === undefined ? "" : "; ask the relay's owner whether to include a record of theirs instead";
  const records: DnsRecordAdvice[] = [
    {
      kind: "spf",
      need: "required",
      name: `${domain}.`,
      type: "TXT",
      value: zoneText(`v=spf1 mx${through} -all`),
      why: `only this server sends for the domain (SPF)${ask}`,
    },
  ];
  // RFC 7208 section 3.2: one record a name.
  if (config.hostname !== domain) {
    records.push({
      kind: "spfHost",
      need: "recommended",
      name: `${config.hostname}.`,
      type: "TXT",
      value: zoneText(`v=spf1 a${through} -all`),
      why: "for reports, which have no sender but the server itself (SPF of HELO)",
    });
  }
  return records;
}

function mechanismOf(host: string): string {
  if (host.includes(":")) return `ip6:${host}`;
  return /^[0-9.]+$/.test(host) ? `ip4:${host}` : `a:${host}`;
}

function dkimRecord({ name, record, selector, state, changedAt }: DkimKeyInfo): DnsRecordAdvice {
  const until = new Date(changedAt + KEEP_RETIRED_DAYS * DAY_MS).toISOString().slice(0, 10);
  const why = {
    waiting: "a new DKIM key waits for this record, and signs within an hour after it is published",
    active: "signs outgoing mail (DKIM)",
    retired: `signed until a rotation (DKIM): keep it until ${until}, then remove it and the key ${selector}`,
  }[state];
  const need = state === "retired" ? "optional" : "required";
  return { kind: "dkim", need, name: `${name}.`, type: "TXT", value: zoneText(record), why, selector };
}

/** How others know that they can insist on TLS (RFC 8461, RFC 7672), and where they tell of trouble (RFC 8460). */
function transportSecurity(facts: DomainFacts): DnsRecordAdvice[] {
  const { config, domain, keyDigest } = facts;
  const host = `${config.hostname}.`;
  const found: DnsRecordAdvice[] = [];
  if (config.mtaSts.mode !== "none") {
    found.push({
      kind: "stsHost",
      need: "recommended",
      name: `mta-sts.${domain}.`,
      type: "CNAME",
      value: host,
      why: "serves the MTA-STS policy over HTTPS; needs a certificate of this name, and port 443 to lead here",
    }, {
      kind: "sts",
      need: "recommended",
      name: `_mta-sts.${domain}.`,
      type: "TXT",
      value: zoneText(`v=STSv1; id=${stsPolicyId(config)}`),
      why: `there is an MTA-STS policy, of mode ${config.mtaSts.mode}; the id changes with it`,
    });
  }
  found.push({
    kind: "tlsReport",
    need: "recommended",
    name: `_smtp._tls.${domain}.`,
    type: "TXT",
    value: zoneText(`v=TLSRPTv1; rua=mailto:${reportsAt("tls", facts)}`),
    why: `others report failures of TLS (TLS-RPT)${config.readReports ? `: palomar tls-reports show ${domain}` : ""}`,
  });
  if (keyDigest !== null) {
    found.push({
      kind: "tlsa",
      need: "optional",
      name: `_25._tcp.${host}`,
      type: "TLSA",
      value: `3 1 1 ${keyDigest}`,
      why: "the key of the certificate (DANE), only in a zone with DNSSEC; publish the next one before the key changes",
    });
  }
  return found;
}

function services({ config, domain }: DomainFacts): DnsRecordAdvice[] {
  const found: DnsRecordAdvice[] = [];
  for (const { service, protocol, tls, why } of SERVICES) {
    const listener = config.listeners.find((one) => one.protocol === protocol && one.tls === tls && one.port);
    if (listener?.port === undefined) continue;
    const priority = tls === "implicit" ? 0 : 10; // RFC 8314 section 5.1: implicit TLS is preferred
    found.push({
      kind: "srv",
      need: "optional",
      name: `${service}._tcp.${domain}.`,
      type: "SRV",
      value: `${priority} 1 ${listener.port} ${config.hostname}.`,
      why,
    });
  }
  return found;
}

/** Every address, or loopback: nothing that others could use. */
function isUnspecific(address: string): boolean {
  return address === "0.0.0.0" || address === "::" || address === "::1" || address.startsWith("127.");
}
