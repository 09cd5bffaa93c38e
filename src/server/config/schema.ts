/**
 * The configuration as a zod schema: what each key takes, its default, and the words for a value that does not fit.
 * Every message says what would be right. `walk.ts` reads the same schema for environment variables and nearest keys.
 */
import { z } from "zod";
import { isIP } from "node:net";
import { domainToAscii, formatLocal, parseAddress, parseDomain } from "../../base/address.ts";
import { Secret } from "../../base/secret.ts";
import { readKeys } from "../../storage/packing/mod.ts";
import { parseDatabaseUrl } from "../../storage/postgres/wire/address.ts";
import type { ListenerConfig } from "./config.ts";
import { ABUSE, MILTERS } from "./abuse_schema.ts";
import { DELIVERY } from "./delivery_schema.ts";
import { JMAP } from "./jmap_schema.ts";
import { OBJECTS } from "./objects_schema.ts";
import { relay } from "./relay_schema.ts";
import {
  cidr,
  DAY,
  domainName,
  duration,
  HOUR,
  integer,
  ipAddress,
  KB,
  list,
  MB,
  MINUTE,
  object,
  oneOf,
  SECOND,
  shown,
  size,
  text,
  truth,
} from "./values.ts";

const hostname = domainName('the name of this server in DNS, as "mail.example.org"').refine(
  (name) => name.includes(".") && isIP(name) === 0,
  { error: (issue) => `${shown(issue.input)} should be a full name with a dot, as "mail.example.org"` },
);

const uri = (what: string) =>
  text(what).refine((value) => URL.canParse(value), { error: (issue) => `${shown(issue.input)} should be ${what}` });

const origin = text('where clients reach the server, as "https://mail.example.org"').transform((value, context) => {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && [url.origin, url.origin + "/"].includes(value)) {
    return url.origin;
  }
  const message = `${shown(value)} should be an address without a path, as "https://mail.example.org"`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

const PROTOCOLS = ["smtp", "submission", "lmtp", "imap", "pop3", "managesieve", "http"] as const;
const TLS_MODES = ["none", "starttls", "implicit"] as const;

const listener = z.strictObject({
  protocol: oneOf(PROTOCOLS),
  address: ipAddress.optional(),
  port: integer(0, 65_535).optional(),
  path: text('the path of a UNIX socket, as "/run/palomar/lmtp"').optional(),
  mode: text('who may open the path, as in chmod: "0666"').regex(/^0?[0-7]{3}$/, 'should be as in chmod, as "0666"')
    .optional(),
  tls: oneOf(TLS_MODES).default("none"),
}).transform((value, context): ListenerConfig => {
  const { protocol, tls, address, port, path, mode } = value;
  const refuse = (key: string, message: string) => context.addIssue({ code: "custom", path: [key], message });
  if (protocol === "http" && tls === "starttls") {
    refuse("tls", '"starttls" is not for HTTP; "implicit" makes it HTTPS, "none" plain HTTP');
  }
  if (path !== undefined) {
    if (address !== undefined || port !== undefined) {
      refuse("path", "a listener has either a path or an address with a port; leave one of them out");
    }
    if (tls !== "none") refuse("tls", `${shown(tls)} is not for a UNIX socket; it should be "none"`);
    if (mode !== undefined && protocol === "http") refuse("mode", "is not for HTTP, whose socket is its user's alone");
    return { protocol, tls, path, ...(mode !== undefined && { mode: Number.parseInt(mode, 8) }) };
  }
  if (mode !== undefined) refuse("mode", "is for the path of a UNIX socket");
  if (port === undefined) refuse("port", "missing; a listener has a port, or the path of a UNIX socket");
  return { protocol, tls, address: address ?? "0.0.0.0", port: port ?? 0 };
});

/** By domain. */
function byDomain<S extends z.ZodType>(of: S, whose: string, shape: string) {
  return z.record(z.string(), of, { error: (issue) => `${shown(issue.input)} should be ${shape}` })
    .transform((value, context): ReadonlyMap<string, z.output<S>> => {
      const map = new Map<string, z.output<S>>();
      for (const [name, one] of Object.entries(value)) {
        const domain = parseDomain(name);
        const ascii = domain === null ? null : domainToAscii(domain);
        if (ascii === null) {
          context.addIssue({ code: "custom", path: [name], message: `this name should be a domain of ${whose}` });
        } else map.set(ascii, one as z.output<S>);
      }
      return map;
    });
}

const ROUTE = '{ "domain": { "host": …, "port": … } }';

const sourceAddress = z.union([ipAddress.transform((one) => [one]), z.array(ipAddress)], {
  error: (issue) => `${shown(issue.input)} should be an IP address of this machine, or one of IPv4 and one of IPv6`,
}).refine((all) => new Set(all.map((one) => isIP(one))).size === all.length, {
  error: "should be at most one address of IPv4 and one of IPv6",
});

const hostPort = text('an address and a port, as "127.0.0.1:53"').refine(isHostPort, {
  error: (issue) => `${shown(issue.input)} should be an address and a port, as "127.0.0.1:53" or "[::1]:53"`,
});

function isHostPort(value: string): boolean {
  if (isIP(value) !== 0) return true;
  const colon = value.lastIndexOf(":");
  const host = value.slice(0, colon);
  const port = Number(value.slice(colon + 1));
  const bare = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  return colon > 0 && isIP(bare) !== 0 && Number.isInteger(port) && port > 0 && port < 65_536;
}

const LIMITS = object({
  messageSize: size(64 * KB, 2048 * MB).prefault("50MB"), // RFC 5321 section 4.5.3.1.7: at least 64 K octets
  recipients: integer(100, 100_000).default(1000), // RFC 5321 section 4.5.3.1.8: at least 100
  headerSize: size(16 * KB, 16 * MB).prefault("256KB"),
  hops: integer(10, 1000).default(100), // RFC 5321 section 6.3: normally at least 100
  messagesPerConnection: integer(1, 1_000_000).default(1000),
  connections: integer(1, 1_000_000).default(10_000),
  connectionsPerAddress: integer(1, 1_000_000).default(100),
  connectionRate: integer(1, 10_000_000).default(600),
  loginAttempts: integer(1, 1000).default(5),
  badCommands: integer(1, 10_000).default(20),
  loginTime: duration(SECOND, HOUR).prefault("60s"),
  handshakeTime: duration(SECOND, 10 * MINUTE).prefault("30s"),
  smtpIdle: duration(SECOND, DAY).prefault("5m"), // RFC 5321 section 4.5.3.2.7
  imapIdle: duration(SECOND, DAY).prefault("30m"), // RFC 9051 section 5.4
  pop3Idle: duration(SECOND, DAY).prefault("10m"), // RFC 1939 section 3
  manageSieveIdle: duration(SECOND, DAY).prefault("30m"), // RFC 5804 section 1.2
  dataIdle: duration(SECOND, DAY).prefault("5m"),
  httpBody: size(KB, 1024 * MB).prefault("1MB"),
  futureRelease: duration(0, 366 * DAY).prefault("30d"), // RFC 4865
  shutdownGrace: duration(0, 10 * MINUTE).prefault("10s"),
});

const OUTBOUND = object({
  port: integer(1, 65_535).default(25),
  relay: relay.nullable().default(null),
  routes: byDomain(relay, "recipients", ROUTE).prefault({}),
  senderRoutes: byDomain(relay, "senders", ROUTE).prefault({}),
  sourceAddress: sourceAddress.prefault([]),
  retry: object({
    first: duration(SECOND, DAY).prefault("30s"),
    longest: duration(SECOND, 7 * DAY).prefault("4h"),
    giveUp: duration(SECOND, 30 * DAY).prefault("5d"), // RFC 5321 section 4.5.4.1: four to five days
  }).prefault({}),
  privateExchanges: truth.default(false),
  ca: text("the path of a PEM file with certificates of authorities").nullable().default(null),
  hold: truth.default(false),
  connections: integer(1, 10_000).default(100),
  connectionsPerDomain: integer(1, 1000).default(20),
  destinations: byDomain(
    z.strictObject({ connections: integer(1, 1000) }),
    "recipients",
    '{ "domain": { "connections": … } }',
  ).prefault({}),
});

const account = object({
  address: text('an address, as "alice@example.org"').refine((value) => parseAddress(value) !== null, {
    error: (issue) => `${shown(issue.input)} should be an address, as "alice@example.org"`,
  }),
  name: z.string().default(""),
  password: text("a password").transform((value) => new Secret(value)),
});

const mailAddress = text('an address, as "dmarc-reports@example.org"').transform((value, context) => {
  const address = parseAddress(value);
  const domain = address === null ? null : domainToAscii(address.domain);
  if (address !== null && domain !== null) return `${formatLocal(address.local)}@${domain}`;
  context.addIssue({ code: "custom", message: `${shown(value)} should be an address, as "dmarc-reports@example.org"` });
  return z.NEVER;
});

/** RFC 8461 section 3.2: a name, or `*.` before one. */
const exchangePattern = text('the name of an MX host, as "mx2.example.org" or "*.example.org"').transform(
  (value, context) => {
    const domain = parseDomain(value.replace(/^\*\./, ""));
    const ascii = domain === null ? null : domainToAscii(domain);
    if (ascii !== null && ascii.includes(".") && isIP(ascii) === 0) {
      return value.startsWith("*.") ? `*.${ascii}` : ascii;
    }
    const message = `${shown(value)} should be the name of an MX host, as "mx2.example.org" or "*.example.org"`;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  },
);

const fieldName = text('the name of a header field, as "X-Spam-Score"').regex(/^[!-9;-~]+$/, {
  error: (issue) => `${shown(issue.input)} should be the name of a header field, as "X-Spam-Score"`,
}).transform((value) => value.toLowerCase());

/** Never shown: there is a password in it. */
const databaseUrl = text("a URL, as postgres://user:password@host:5432/database").superRefine((value, context) => {
  const read = parseDatabaseUrl(value);
  if (typeof read === "string") context.addIssue({ code: "custom", message: read });
}).transform((value) => new Secret(value));

/** Never shown. */
const storageKeys = text("a key of 32 octets as base64 or hexadecimal").superRefine((value, context) => {
  const read = readKeys(value);
  if (typeof read === "string") context.addIssue({ code: "custom", message: read });
}).transform((value) => new Secret(value));

const scripts = list(text("the path of a Sieve script"), "paths");

const SIEVE = object({
  before: scripts.default([]),
  after: scripts.default([]),
  domains: byDomain(scripts, "accounts", '{ "domain": ["…"] }').prefault({}),
  global: scripts.default([]),
  typescript: oneOf(["off", "server", "accounts"]).default("off"),
  typescriptLimits: object({
    processes: integer(1, 64).default(4),
    time: duration(10, 10 * SECOND).prefault("500ms"),
    memory: size(16 * MB, 512 * MB).prefault("32MB"),
  }).prefault({}),
  redirects: integer(0, 64).default(5),
  cache: size(0, 1024 * MB).prefault("32MB"),
  spamTest: object({ field: fieldName, max: z.number().positive().nullable().default(null) }).nullable().default(null),
  virusTest: object({
    field: fieldName,
    values: z.record(z.string(), integer(1, 5)).transform((values) =>
      new Map(Object.entries(values).map(([text, value]) => [text.toLowerCase(), value as 1 | 2 | 3 | 4 | 5]))
    ),
  }).nullable().default(null),
});

/** The top of the configuration. `demo` is no key of a file: see `demo.ts`. */
const TOP = {
  hostname,
  dataDir: text('a folder, as "./data"').prefault("./data"),
  listeners: list(listener, "listeners"),
  tls: object({
    certificates: list(
      object({
        certFile: text("the path of a PEM file with the certificate and its chain"),
        keyFile: text("the path of a PEM file with the private key"),
      }),
      'certificates, as { "certFile": "…", "keyFile": "…" }',
    ).default([]),
    clientAuthorities: list(text("the path of a PEM file with certificates of authorities"), "paths").default([]),
    acme: object({}).optional(),
  }).prefault({}),
  oauth: object({ registration: truth.default(true) }).prefault({}),
  auth: object({ allowPlaintext: truth.default(false) }).prefault({}),
  imap: object({
    utf8Only: truth.default(false),
    contact: uri('how to reach the operator, as "mailto:postmaster@example.org"').nullable().default(null),
    comment: text("a note about the server").nullable().default(null),
  }).prefault({}),
  storage: object({
    driver: z.enum(["sqlite", "memory", "postgres", "denokv"], {
      error: (issue) => `${shown(issue.input)} should be "sqlite", "postgres", "denokv" or "memory"`,
    }).default("sqlite"),
    url: databaseUrl.nullable().default(null),
    connections: integer(2, 200).default(8),
    migrate: truth.default(true),
    path: text('the path of a file, or the address of a Deno KV as "https://kv.example.org"').nullable().default(null),
    objects: OBJECTS,
    compression: oneOf(["zstd", "none"]).default("zstd"),
    encryption: object({
      key: storageKeys.nullable().default(null),
      keyFile: text("the path of a file with a key").nullable().default(null),
      cipher: oneOf(["chacha20-poly1305", "aes-256-gcm"]).default("chacha20-poly1305"),
    }).prefault({}),
  }).prefault({}),
  dns: object({
    servers: list(hostPort, 'resolvers, as "127.0.0.1:53"').min(1, {
      error: "should name at least one resolver, or be left out for the system's",
    }).nullable().default(null),
    trusted: list(hostPort, 'resolvers, as "127.0.0.1:53"').default([]),
    timeout: duration(100, MINUTE).prefault("5s"),
  }).prefault({}),
  authentication: object({
    dmarc: oneOf(["enforce", "quarantine", "mark"]).default("enforce"),
    spf: oneOf(["mark", "reject"]).default("mark"),
    organization: oneOf(["treewalk", "psl"]).default("treewalk"),
    trustedForwarders: list(domainName("a domain that seals what it forwards (ARC)"), "domains").default([]),
    trusted: list(cidr, 'addresses or blocks, as "10.0.0.0/8"').default(["127.0.0.0/8", "::1"]),
  }).prefault({}),
  mtaSts: object({
    mode: oneOf(["testing", "enforce", "none"]).default("testing"),
    maxAge: duration(MINUTE, 365 * DAY).prefault("7d"), // RFC 8461 section 3.2: weeks or more, at most a year
    mx: list(exchangePattern, 'names of MX hosts, as "mx2.example.org" or "*.example.org"').max(31, {
      error: "should have at most 31 names",
    }).default([]),
  }).prefault({}),
  forwarding: object({ srs: truth.default(true) }).prefault({}),
  dmarcReports: object({
    send: truth.default(false),
    from: mailAddress.nullable().default(null),
    organization: text("the name of whoever runs this server").max(100, { error: "has more than 100 characters" })
      .nullable().default(null),
    ownDomains: truth.default(false),
    failures: truth.default(false),
  }).prefault({}),
  readReports: truth.default(false),
  outbound: OUTBOUND.prefault({}),
  tlsReports: truth.default(false),
  limits: LIMITS.prefault({}),
  retention: object({
    undelete: duration(0, 366 * DAY).prefault("7d"),
    audit: duration(0, 3660 * DAY).prefault("365d"),
    mailboxes: z.record(z.string().min(1).max(1024), duration(HOUR, 36_600 * DAY), {
      error: (issue) => `${shown(issue.input)} should be mailboxes with times, as { "Trash": "30d" }`,
    }).transform((value) => new Map(Object.entries(value))).prefault({}),
  }).prefault({}),
  quota: object({
    warnings: list(integer(1, 100), "numbers of percent, as [80, 95]").default([80, 95]),
    message: truth.default(true),
  }).prefault({}),
  abuse: ABUSE.prefault({}),
  milters: MILTERS,
  jmap: JMAP.prefault({}),
  sieve: SIEVE.prefault({}),
  delivery: DELIVERY.prefault({}),
  webhooks: object({
    http: truth.default(false),
    privateNetworks: truth.default(false),
    ca: text("the path of a PEM file with certificates of authorities").nullable().default(null),
  }).prefault({}),
  proxies: list(cidr, 'addresses or blocks, as "10.0.0.0/8"').default([]),
  http: object({
    origin: origin.nullable().default(null),
    proxies: list(cidr, 'addresses or blocks, as "10.0.0.0/8"').default([]),
    metrics: object({
      token: z.string({ error: (issue) => `${shown(issue.input)} should be a text` }).min(16, {
        error: "should have at least 16 characters",
      }).max(512, { error: "should have at most 512 characters" }).transform((value) => new Secret(value)).nullable()
        .default(null),
      from: list(cidr, 'addresses or blocks, as "10.0.0.0/8"').default([]),
    }).prefault({}),
  }).prefault({}),
  admin: object({
    token: z.string({ error: (issue) => `${shown(issue.input)} should be a text` }).min(16, {
      error: "should have at least 16 characters; leave it out and one is made",
    }).max(512, { error: "should have at most 512 characters" }).transform((value) => new Secret(value)).nullable()
      .default(null),
  }).prefault({}),
  log: object({
    level: oneOf(["debug", "info", "warn", "error"]).default("info"),
    format: oneOf(["auto", "json", "text"]).default("auto"),
    output: oneOf(["stderr", "stdout"]).default("stderr"),
  }).prefault({}),
};

/** What a file may hold. */
export const FILE_SCHEMA = object(TOP);

/** What the demo is made of: a file's keys and the people of the demo. */
export const DEMO_SCHEMA = object({
  ...TOP,
  demo: object({ domain: domainName("a domain"), accounts: list(account, "accounts") }),
});

/** Values before they are read. */
export type RawConfig = z.input<typeof FILE_SCHEMA>;
export type RawDemo = z.input<typeof DEMO_SCHEMA>;
/** Values after. */
export type ReadConfig = z.output<typeof FILE_SCHEMA> | z.output<typeof DEMO_SCHEMA>;
