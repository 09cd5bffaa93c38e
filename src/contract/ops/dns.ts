/** Record types that mail needs. */
export type DnsType = "A" | "AAAA" | "MX" | "TXT" | "PTR" | "CNAME" | "TLSA" | "SRV";

/** One record, as its type needs it. */
export type DnsRecord =
  | { readonly type: "A" | "AAAA"; readonly address: string }
  | { readonly type: "MX"; readonly preference: number; readonly exchange: string }
  | { readonly type: "TXT"; readonly text: string }
  | { readonly type: "PTR" | "CNAME"; readonly name: string }
  | {
    readonly type: "SRV";
    readonly priority: number;
    readonly weight: number;
    readonly port: number;
    readonly target: string;
  }
  | {
    readonly type: "TLSA";
    readonly usage: number;
    readonly selector: number;
    readonly matching: number;
    readonly data: Uint8Array;
  };

/** The four answers that must never be mixed up: a temporary failure is not "there is none". */
export type DnsAnswer =
  | {
    readonly kind: "ok";
    /** Records of the asked type, CNAMEs followed. */
    readonly records: readonly DnsRecord[];
    /** The name the chain of CNAMEs ended at, lower case without trailing dot. */
    readonly canonicalName: string;
    /** DNSSEC validated by a resolver that we trust. */
    readonly authenticated: boolean;
    readonly ttl: number;
  }
  | { readonly kind: "nodata" | "nxdomain"; readonly authenticated: boolean; readonly ttl: number }
  | { readonly kind: "tempfail"; readonly reason: string };

/** Questions to the DNS. */
export interface DnsOps {
  "dns.resolve": { args: { name: string; type: DnsType }; answer: DnsAnswer };
}
