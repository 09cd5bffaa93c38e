import type { Config } from "../server/config/mod.ts";

/** A record for whoever keeps the zone. */
export interface DnsRecord {
  /** Absolute, with its final dot. */
  readonly name: string;
  readonly type: "A" | "AAAA" | "MX" | "TXT" | "SRV" | "PTR";
  /** As in a zone file. An address that this server cannot know stands in angle brackets. */
  readonly value: string;
  readonly why: string;
}

/** RFC 6186 and RFC 8314 section 5.1: where programs find the services of a domain. */
const SERVICES = [
  { service: "_submissions", protocol: "submission", tls: "implicit", why: "mail programs: sending" },
  { service: "_submission", protocol: "submission", tls: "starttls", why: "mail programs: sending, with STARTTLS" },
  { service: "_imaps", protocol: "imap", tls: "implicit", why: "mail programs: reading" },
  { service: "_imap", protocol: "imap", tls: "starttls", why: "mail programs: reading, with STARTTLS" },
  { service: "_pop3s", protocol: "pop3", tls: "implicit", why: "mail programs: fetching" },
  { service: "_pop3", protocol: "pop3", tls: "starttls", why: "mail programs: fetching, with STLS" },
] as const;

/** The records that make `domain` work with the server of this configuration. */
export function dnsRecords(config: Config, domain: string): readonly DnsRecord[] {
  const host = `${config.hostname}.`;
  const records: DnsRecord[] = [
    { name: `${domain}.`, type: "MX", value: `10 ${host}`, why: "mail for the domain comes here" },
    ...hostAddresses(config),
    // RFC 7208: who the MX is may send, nobody else.
    { name: `${domain}.`, type: "TXT", value: '"v=spf1 mx -all"', why: "only this server sends for the domain (SPF)" },
    {
      name: `_dmarc.${domain}.`,
      type: "TXT",
      value: `"v=DMARC1; p=none; rua=mailto:postmaster@${domain}"`,
      why: "others report what they see (DMARC)",
    },
  ];
  for (const { service, protocol, tls, why } of SERVICES) {
    const listener = config.listeners.find((one) => one.protocol === protocol && one.tls === tls && one.port);
    if (listener?.port === undefined) continue;
    const priority = tls === "implicit" ? 0 : 10; // RFC 8314 section 5.1: implicit TLS is preferred
    records.push({
      name: `${service}._tcp.${domain}.`,
      type: "SRV",
      value: `${priority} 1 ${listener.port} ${host}`,
      why,
    });
  }
  records.push({
    name: "<reverse of the address>",
    type: "PTR",
    value: host,
    why: "many servers refuse mail from addresses without it; set by whoever gave you the address",
  });
  return records;
}

function hostAddresses(config: Config): DnsRecord[] {
  const why = "where this server is";
  const name = `${config.hostname}.`;
  const public_ = new Set<string>();
  for (const { protocol, address } of config.listeners) {
    if (protocol === "smtp" && address !== undefined && !isUnspecific(address)) public_.add(address);
  }
  if (public_.size === 0) {
    return [
      { name, type: "A", value: "<its public IPv4 address>", why },
      { name, type: "AAAA", value: "<its public IPv6 address>", why: `${why}; leave it out where it has none` },
    ];
  }
  return [...public_].map((value) => ({ name, type: value.includes(":") ? "AAAA" : "A", value, why }));
}

/** Every address, or loopback: nothing that others could use. */
function isUnspecific(address: string): boolean {
  return address === "0.0.0.0" || address === "::" || address === "::1" || address.startsWith("127.");
}
