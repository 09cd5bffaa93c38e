import type { Secret } from "../../base/secret.ts";
import type { Protocol } from "../../contract/mod.ts";
import type { AbuseConfig, MilterConfig } from "./abuse.ts";
import type { DeliveryConfig } from "./delivery.ts";
import type { JmapConfig } from "./jmap.ts";

/** How a listener speaks TLS: not at all, after STARTTLS (STLS), or from the first octet. */
export type TlsMode = "none" | "starttls" | "implicit";

/** The mail protocols and the HTTP layer. */
export type ListenerProtocol = Protocol | "http";

/** One place where clients come in: a TCP port, or a UNIX socket (then without TLS). */
export type ListenerConfig =
  & { readonly protocol: ListenerProtocol; readonly tls: TlsMode }
  & (
    | { readonly address: string; /** 0 takes a free one. */ readonly port: number; readonly path?: never }
    | {
      readonly path: string;
      /** Who may open it, as in chmod; left out: its user and group. */
      readonly mode?: number;
      readonly address?: never;
      readonly port?: never;
    }
  );

/** Where mail goes instead of to the MX. */
export interface RelayConfig {
  readonly host: string;
  readonly port: number;
  /**
   * LMTP (RFC 2033) is for the store of somebody else, behind us; `http` for the API of a service; `custom` for a
   * transport that the program around this library brings along.
   */
  readonly protocol: "smtp" | "lmtp" | "http" | "custom";
  /** `starttls` requires it: no mail or password goes out in clear by accident. */
  readonly tls: TlsMode;
  /** File of PEM certificates that its certificate may be signed by, instead of the world's; null: those. */
  readonly ca: string | null;
  readonly username: string | null;
  readonly password: Secret | null;
  /** Connections to it at once at most; null: as to a domain. */
  readonly connections: number | null;
  /** With protocol `http`. */
  readonly http?: HttpRelayConfig | null;
  /** With protocol `custom`: the name of the transport. */
  readonly transport?: string | null;
}

/** A service that takes messages by HTTP. Basic authentication is `username` and `password` of the relay. */
export interface HttpRelayConfig {
  readonly url: string;
  /** Sent as `Authorization: Bearer`; null: not. */
  readonly token: Secret | null;
  /** Further header fields, by name. */
  readonly headers: ReadonlyMap<string, Secret>;
  /** JSON with the message in Base64, a form with the message as a file, or the message alone. */
  readonly format: "json" | "multipart" | "mime";
  /** What the service calls its fields. */
  readonly fields: { readonly from: string; readonly to: string; readonly message: string };
  /** Recipients of one request at most. */
  readonly recipients: number;
}

/** What is done about mail from outside that does not show who it is from. */
export interface AuthenticationConfig {
  /** `enforce` does what the author's domain asks for (DMARC), `quarantine` refuses nothing, `mark` only writes it down. */
  readonly dmarc: "enforce" | "quarantine" | "mark";
  /** Whether a failed SPF alone refuses. */
  readonly spf: "mark" | "reject";
  /** How a domain's organization is found: RFC 9989 section 4.10, or the public suffix list. */
  readonly organization: "treewalk" | "psl";
  /** Whose ARC seals are believed. */
  readonly trustedForwarders: readonly string[];
  /** Addresses and blocks whose mail is not checked. */
  readonly trusted: readonly string[];
}

/** Aggregate reports of DMARC (RFC 9990). */
export interface DmarcReportsConfig {
  /** Whether domains that ask for it are told, once a day, of mail in their name. */
  readonly send: boolean;
  /** Whether domains that ask for it are told of single messages that failed, without names and local parts. */
  readonly failures: boolean;
  /** Who sends them; null: `noreply-dmarc@` and our domain. */
  readonly from: string | null;
  /** Who we are in reports; null: the domain. */
  readonly organization: string | null;
  /** Whether our own domains are told too. */
  readonly ownDomains: boolean;
}

/** What others are told of TLS with us (RFC 8461). */
export interface MtaStsConfig {
  /** `testing`: failures are reported; `enforce`: who cannot do TLS with us does not send; `none`: no promise is made. */
  readonly mode: "testing" | "enforce" | "none";
  /** How long others remember the policy, milliseconds. */
  readonly maxAge: number;
  /** MX hosts of the policy besides this one; `*.` at the beginning stands for one label. Lower case. */
  readonly mx: readonly string[];
}

/** How an alias passes mail on to another server. */
export interface ForwardingConfig {
  /** Senders that are not ours become addresses of the alias's domain, for which SPF holds (SRS). */
  readonly srs: boolean;
}

/** How mail leaves. */
export interface OutboundConfig {
  /** Port of MX hosts. */
  readonly port: number;
  readonly relay: RelayConfig | null;
  /** By recipient domain, lower case; goes before `relay`. */
  readonly routes: ReadonlyMap<string, RelayConfig>;
  /** By the sender's domain, lower case; behind `routes` and before `relay`. */
  readonly senderRoutes: ReadonlyMap<string, RelayConfig>;
  /** Addresses of this machine to connect from, at most one of IPv4 and one of IPv6; else the system chooses. */
  readonly sourceAddress: readonly string[];
  /** Milliseconds. */
  readonly retry: { readonly first: number; readonly longest: number; readonly giveUp: number };
  /** Whether the MX of a domain, the host of its MTA-STS policy and that of its TLS reports may be in private networks. */
  readonly privateExchanges: boolean;
  /** PEM file of authorities that MX hosts and policy hosts may have their certificates of, besides the public ones. */
  readonly ca: string | null;
  /** True: nothing goes out, mail waits in the queue. */
  readonly hold: boolean;
  /** Attempts under way at once, in all and at most to one domain or relay. */
  readonly connections: number;
  readonly connectionsPerDomain: number;
  /** Single domains that take fewer or more. */
  readonly destinations: ReadonlyMap<string, { readonly connections: number }>;
}

/** How long mail is kept that nobody asked to keep. Times in milliseconds. */
export interface RetentionConfig {
  /** What was deleted can be brought back for so long; 0: not at all. */
  readonly undelete: number;
  /** How long the audit log is kept; 0: there is none. */
  readonly audit: number;
  /** By the name of a mailbox: what came into it longer ago goes. */
  readonly mailboxes: ReadonlyMap<string, number>;
}

/** Who is told that an account fills up. */
export interface QuotaConfig {
  /** Percent of its quota at which an account is near it; the log and the metrics tell. */
  readonly warnings: readonly number[];
  /** Its user gets a message, once at each. */
  readonly message: boolean;
}

/** Bounds of what one client, message or connection may take. Sizes in octets, times in milliseconds. */
export interface LimitsConfig {
  readonly messageSize: number;
  /** Of one message. RFC 5321 section 4.5.3.1.8: at least 100. */
  readonly recipients: number;
  /** The header of one message. */
  readonly headerSize: number;
  /** Received fields of one message (RFC 5321 section 6.3). */
  readonly hops: number;
  /** Messages of one SMTP connection. */
  readonly messagesPerConnection: number;
  /** Connections in all and from one address (IPv6: one /64). */
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** New connections a minute from one address. */
  readonly connectionRate: number;
  /** Failed logins of one connection. */
  readonly loginAttempts: number;
  /** Commands of one connection that were no commands. */
  readonly badCommands: number;
  /** From the first octet to a login, where a login is needed. */
  readonly loginTime: number;
  readonly handshakeTime: number;
  /** Without a command. RFC 5321 section 4.5.3.2.7, RFC 9051 section 5.4, RFC 1939 section 3. */
  readonly smtpIdle: number;
  readonly imapIdle: number;
  readonly pop3Idle: number;
  readonly manageSieveIdle: number;
  /** Without an octet while a message comes in. */
  readonly dataIdle: number;
  /** The body of one request of the HTTP admin. */
  readonly httpBody: number;
  /** For how long a submitter may have a message held (RFC 4865); 0: not at all. */
  readonly futureRelease: number;
  /** How long connections may go on when the server stops. */
  readonly shutdownGrace: number;
}

/** What the demo adds: a domain and people in it. */
export interface DemoConfig {
  readonly domain: string;
  readonly accounts: readonly { readonly address: string; readonly name: string; readonly password: Secret }[];
}

/** Filters of the server, around those of accounts. */
export interface SieveConfig {
  /** Files with scripts that run before every account's, and behind it. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Files for the accounts of a domain, run behind `before`. */
  readonly domains: ReadonlyMap<string, readonly string[]>;
  /** Files that scripts may include as `:global`, by their names without the extension (RFC 6609). */
  readonly global: readonly string[];
  /** Who may have filters in TypeScript besides: nobody, the server in the lists above, accounts too. */
  readonly typescript: "off" | "server" | "accounts";
  /** Of those: how many run at once, with how much time of the processor for a message (milliseconds) and memory (octets). */
  readonly typescriptLimits: { readonly processes: number; readonly time: number; readonly memory: number };
  /** To how many addresses one message may be redirected. */
  readonly redirects: number;
  /** Octets of memory for scripts that were read. */
  readonly cache: number;
  /** Where `spamtest` looks (RFC 5235); `max` is a number that is certainly spam, null: the field says yes or no. */
  readonly spamTest: { readonly field: string; readonly max: number | null } | null;
  /** Where `virustest` looks: what the field begins with, and 1 (clean) to 5 (infected). */
  readonly virusTest: { readonly field: string; readonly values: ReadonlyMap<string, 1 | 2 | 3 | 4 | 5> } | null;
}

/** A store of objects that speaks S3. */
export interface ObjectStorageConfig {
  /** `https://host:port`. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: Secret;
  readonly secretAccessKey: Secret;
  /** What names of objects begin with. */
  readonly prefix: string;
  /** Whether the bucket stands in the path, not in the name of the host. */
  readonly pathStyle: boolean;
  /** Octets of a body from which on it goes there. */
  readonly from: number;
  /** For one answer, milliseconds. */
  readonly timeout: number;
  /** File of PEM certificates that its certificate may be signed by, besides the public ones; null: those. */
  readonly ca: string | null;
}

/** Where mail is kept. */
export interface StorageConfig {
  readonly driver: "sqlite" | "memory" | "postgres" | "denokv";
  /** Of PostgreSQL: `postgres://user:password@host:5432/database`. */
  readonly url?: Secret | null;
  /** To PostgreSQL, at most; one more listens. */
  readonly connections?: number;
  /** Whether this node may make or change tables of PostgreSQL; else it starts only where they are right. Default true. */
  readonly migrate?: boolean;
  /** Of Deno KV: its file, or its address elsewhere. Without: a file in `dataDir`. */
  readonly path?: string | null;
  /** Where large bodies are kept instead of in PostgreSQL; null: nowhere else. */
  readonly objects?: ObjectStorageConfig | null;
  /** Of new bodies, where it makes them smaller. */
  readonly compression?: "zstd" | "none";
  /** Of new bodies; old ones stay as they are. */
  readonly encryption?: {
    /** Keys of 32 octets as base64 or hexadecimal: the first encrypts, all decrypt. */
    readonly key: Secret | null;
    /** A file that has them, one a line. */
    readonly keyFile: string | null;
    readonly cipher: "chacha20-poly1305" | "aes-256-gcm";
  };
}

/** How the HTTP layer is reached. */
export interface HttpConfig {
  /** What clients are told: `https://mail.example.org`; null: where they asked. */
  readonly origin: string | null;
  /** Addresses and CIDR blocks of reverse proxies whose word on the client is believed (X-Forwarded-For, -Proto, -Host). */
  readonly proxies: readonly string[];
  /** Who may see the metrics: whoever shows the token, or asks from one of these; neither: everybody. */
  readonly metrics: { readonly token: Secret | null; readonly from: readonly string[] };
}

/** Whom events may be sent to. */
export interface WebhooksConfig {
  /** Also URLs without TLS. */
  readonly http: boolean;
  /** Also addresses that are not of the public Internet. */
  readonly privateNetworks: boolean;
  /** File of PEM certificates that receivers' may be signed by, besides the public ones; null: those. */
  readonly ca: string | null;
}

/** The whole configuration, checked, with every default filled in and every path absolute. */
export interface Config {
  /** How this server names itself: in greetings, Received fields and certificates. Lower case. */
  readonly hostname: string;
  readonly dataDir: string;
  /** None: only `fetch` serves, and with `start` mail goes out. */
  readonly listeners: readonly ListenerConfig[];
  readonly tls: {
    /** None: the server makes one by its own authority in `dataDir`. The first is for clients without SNI. */
    readonly certificates: readonly { readonly certFile: string; readonly keyFile: string }[];
    /** PEM files: whose certificates clients may log in with. */
    readonly clientAuthorities: readonly string[];
  };
  readonly oauth: {
    /** Whether clients may register by themselves (RFC 7591). */
    readonly registration: boolean;
  };
  readonly auth: {
    /** Whether a password may be sent without TLS. */
    readonly allowPlaintext: boolean;
  };
  readonly imap: {
    /** Clients must speak UTF-8 (UTF8=ONLY, RFC 6855 section 6). */
    readonly utf8Only: boolean;
    /** What clients are told of the server (RFC 5464 section 3.2.1.1): a URI of the operator, and a note; null: nothing. */
    readonly contact: string | null;
    readonly comment: string | null;
  };
  readonly storage: StorageConfig;
  readonly dns: {
    /** `host:port`; null is the system's. */
    readonly servers: readonly string[] | null;
    /** Resolvers whose AD flag counts, besides those on loopback. */
    readonly trusted: readonly string[];
    readonly timeout: number;
  };
  readonly authentication: AuthenticationConfig;
  readonly mtaSts: MtaStsConfig;
  readonly forwarding: ForwardingConfig;
  readonly dmarcReports: DmarcReportsConfig;
  /** Reports of others about our domains (DMARC, TLS) are read, and have addresses of their own to come to. */
  readonly readReports: boolean;
  readonly outbound: OutboundConfig;
  /** Domains that want to hear daily how TLS with them went are told (RFC 8460). */
  readonly tlsReports: boolean;
  readonly limits: LimitsConfig;
  readonly retention: RetentionConfig;
  readonly quota: QuotaConfig;
  /** Defence against those who misuse the doors. */
  readonly abuse: AbuseConfig;
  /** Content filters that speak the milter protocol, asked in this order. */
  readonly milters: readonly MilterConfig[];
  readonly jmap: JmapConfig;
  readonly sieve: SieveConfig;
  readonly delivery: DeliveryConfig;
  readonly webhooks: WebhooksConfig;
  /** Addresses and CIDR blocks of proxies that speak the PROXY protocol to us. */
  readonly proxies: readonly string[];
  readonly http: HttpConfig;
  readonly admin: {
    /** Null: one is generated at the first start, and kept in the store. */
    readonly token: Secret | null;
  };
  readonly log: {
    readonly level: "debug" | "info" | "warn" | "error";
    /** `auto` is text on a terminal, else JSON. */
    readonly format: "auto" | "json" | "text";
    readonly output: "stderr" | "stdout";
  };
  /** Not null in the demo configuration only. */
  readonly demo: DemoConfig | null;
}

/** Something that must be mended before a configuration can be used. */
export interface ConfigProblem {
  /** `palomar.jsonc:12:5`, or the name of an environment variable. */
  readonly where: string;
  /** `listeners[3].port`; empty for the whole. */
  readonly path: string;
  /** What is wrong and what would be right, for a person. */
  readonly reason: string;
}

/** Where a configuration came from. */
export type ConfigSource = { readonly kind: "file"; readonly file: string } | { readonly kind: "demo" };

/** One line for a person. */
export function formatProblem(problem: ConfigProblem): string {
  return [problem.where, problem.path, problem.reason].filter((part) => part !== "").join(": ");
}
