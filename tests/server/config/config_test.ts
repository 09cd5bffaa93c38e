import assert from "node:assert/strict";
import {
  type Config,
  type ConfigProblem,
  demoConfig,
  formatProblem,
  loadConfig,
  parseConfig,
} from "../../../src/server/config/mod.ts";

const GOOD = {
  hostname: "mail.example.org",
  listeners: [{ protocol: "smtp", port: 25, tls: "starttls" }],
};

function config(result: Config | readonly ConfigProblem[]): Config {
  assert.ok("hostname" in result, JSON.stringify(result));
  return result;
}

/** Loads `text` as ./palomar.jsonc. */
function load(text: string | null, env: Record<string, string> = {}, file?: string) {
  const asked: string[] = [];
  const result = loadConfig({
    ...(file === undefined ? {} : { file }),
    env: new Map(Object.entries(env)),
    cwd: "/srv",
    readFile: (path) => (asked.push(path), text),
  });
  return { result, asked };
}

function loaded(text: string | null, env: Record<string, string> = {}, file?: string): Config {
  const { result } = load(text, env, file);
  assert.ok("config" in result, JSON.stringify(result));
  return result.config;
}

function problems(text: string | null, env: Record<string, string> = {}): string[] {
  const { result } = load(text, env);
  assert.ok(!("config" in result), "should be refused");
  return result.map(formatProblem);
}

Deno.test("parseConfig() fills in defaults", () => {
  const got = config(parseConfig(GOOD, "/etc/palomar"));
  assert.equal(got.dataDir, "/etc/palomar/data");
  assert.deepEqual(got.listeners, [{ protocol: "smtp", tls: "starttls", address: "0.0.0.0", port: 25 }]);
  assert.equal(got.auth.allowPlaintext, false);
  assert.equal(got.limits.messageSize, 50 * 1024 * 1024);
  assert.equal(got.limits.smtpIdle, 300_000);
  assert.deepEqual(got.outbound.retry, { first: 30_000, longest: 14_400_000, giveUp: 432_000_000 });
  assert.equal(got.outbound.routes.size, 0);
  assert.equal(got.dns.servers, null);
  assert.equal(got.admin.token, null);
  assert.equal(got.demo, null);
});

Deno.test("parseConfig() takes everything a file may hold", () => {
  const got = config(parseConfig({
    ...GOOD,
    hostname: "MAIL.Bücher.example",
    dataDir: "/var/lib/palomar",
    listeners: [
      { protocol: "lmtp", path: "lmtp.sock" },
      { protocol: "imap", address: "::1", port: 993, tls: "implicit" },
    ],
    tls: { certificates: [{ certFile: "a.pem", keyFile: "/k.pem" }], acme: {} },
    auth: { allowPlaintext: true },
    storage: { driver: "memory" },
    dns: { servers: ["127.0.0.1:53", "[::1]:5353", "9.9.9.9"], trusted: ["9.9.9.9:53"] },
    outbound: {
      port: 2525,
      relay: { host: "smtp.example.net", port: 587, username: "u", password: "p" },
      routes: { "Partner.Example": { host: "127.0.0.1", port: 2526, tls: "none", protocol: "lmtp" } },
      senderRoutes: { "Bücher.Example": { host: "10.0.0.1", ca: "ca.pem", connections: 2 } },
      sourceAddress: "192.0.2.1",
      destinations: { "Small.Example": { connections: 1 } },
      retry: { first: "1s", longest: "2m", giveUp: "1.5h" },
      hold: true,
    },
    limits: { messageSize: "64KB", connectionsPerAddress: 3, imapIdle: "90s" },
    proxies: ["10.0.0.0/8", "::1"],
    admin: { token: "0123456789abcdef" },
    log: { level: "debug", format: "json" },
  }, "/etc/palomar"));
  assert.equal(got.hostname, "mail.xn--bcher-kva.example");
  assert.equal(got.listeners[0]?.path, "/etc/palomar/lmtp.sock");
  assert.deepEqual(got.tls.certificates, [{ certFile: "/etc/palomar/a.pem", keyFile: "/k.pem" }]);
  assert.equal(got.outbound.relay?.tls, "starttls");
  assert.equal(got.outbound.relay?.password?.reveal(), "p");
  assert.equal(got.outbound.routes.get("partner.example")?.port, 2526);
  assert.equal(got.outbound.routes.get("partner.example")?.protocol, "lmtp");
  assert.equal(got.outbound.senderRoutes.get("xn--bcher-kva.example")?.ca, "/etc/palomar/ca.pem");
  assert.equal(got.outbound.senderRoutes.get("xn--bcher-kva.example")?.connections, 2);
  assert.deepEqual(got.outbound.sourceAddress, ["192.0.2.1"]);
  assert.deepEqual(got.outbound.destinations.get("small.example"), { connections: 1 });
  assert.equal(got.outbound.retry.giveUp, 5_400_000);
  assert.equal(got.limits.messageSize, 65_536);
  assert.equal(got.admin.token?.reveal(), "0123456789abcdef");
  assert.ok(!JSON.stringify(got).includes("0123456789abcdef"), "secrets do not print");
});

/** A bad value → where and what; each case is one key of an otherwise good configuration. */
const OBJECTS = {
  endpoint: "https://s3.example.org",
  bucket: "mail",
  accessKeyId: "id",
  secretAccessKey: "hidden",
};

const BAD: readonly (readonly [what: string, raw: Record<string, unknown>, says: readonly string[]])[] = [
  ["no hostname", { hostname: undefined }, ["hostname: missing", "mail.example.org"]],
  ["a hostname without a dot", { hostname: "mail" }, ['hostname: "mail"', "with a dot"]],
  ["an address as hostname", { hostname: "192.0.2.1" }, ["hostname"]],
  ["a hostname with a space", { hostname: "a b.example" }, ["hostname"]],
  ["listeners left out", { listeners: undefined }, ["listeners"]],
  ["listeners that are no list", { listeners: {} }, ["listeners", "list"]],
  ["a protocol that is none", { listeners: [{ protocol: "stmp", port: 25 }] }, ["listeners[0].protocol", '"smtp"']],
  ["a port out of range", { listeners: [{ protocol: "smtp", port: 70000 }] }, ["listeners[0].port", "65535"]],
  ["a port as text", { listeners: [{ protocol: "smtp", port: "25" }] }, ["listeners[0].port", "whole number"]],
  ["no port", { listeners: [{ protocol: "smtp" }] }, ["listeners[0].port: missing"]],
  ["a name as address", { listeners: [{ protocol: "smtp", port: 25, address: "localhost" }] }, [
    "[0].address",
    "IP address",
  ]],
  ["path and port", { listeners: [{ protocol: "lmtp", port: 24, path: "/x" }] }, [
    "listeners[0].path",
    "leave one of them out",
  ]],
  ["TLS on a UNIX socket", { listeners: [{ protocol: "lmtp", tls: "implicit", path: "/x" }] }, ["listeners[0].tls"]],
  ["HTTP with STARTTLS", { listeners: [{ protocol: "http", port: 80, tls: "starttls" }] }, [
    "listeners[0].tls",
    "HTTPS",
  ]],
  ["the same port twice", { listeners: [{ protocol: "smtp", port: 25 }, { protocol: "lmtp", port: 25 }] }, [
    "listeners[1]",
    "listeners[0]",
  ]],
  ["an unknown key", { hostnam: "x" }, ["hostnam: unknown key", 'did you mean "hostname"?']],
  ["an unknown key inside", { limits: { mesageSize: "1MB" } }, ["limits.mesageSize", '"messageSize"']],
  ["a key from nowhere", { auth: { zzzzzz: 1 } }, ["auth.zzzzzz", "the keys here are allowPlaintext"]],
  ["acme that is not there", { tls: { acme: { directory: "x" } } }, ["tls.acme.directory", "nothing stands here"]],
  ["half a certificate", { tls: { certificates: [{ certFile: "x" }] } }, ["tls.certificates[0].keyFile: missing"]],
  ["a contact that is no URI", { imap: { contact: "the postmaster" } }, ["imap.contact", "mailto:"]],
  ["yes for true", { auth: { allowPlaintext: "yes" } }, ["auth.allowPlaintext", "true or false"]],
  ["a driver that is not there", { storage: { driver: "mysql" } }, ["storage.driver", '"mysql" should be "sqlite"']],
  ["a path for SQLite", { storage: { path: "mail.db" } }, ["storage.path", "for the driver"]],
  ["PostgreSQL without a URL", { storage: { driver: "postgres" } }, ["storage.driver", "needs storage.url"]],
  ["a URL for SQLite", { storage: { url: "postgres://h/d" } }, ["storage.url", "for the driver"]],
  [
    "a URL of another kind",
    { storage: { driver: "postgres", url: "mysql://u:hidden@h/d" } },
    ["storage.url", "should begin with postgres://"],
  ],
  [
    "a key of a store that is none",
    { storage: { encryption: { key: "hidden" } } },
    ["storage.encryption.key", "key 1 is not 32 octets"],
  ],
  [
    "two places for keys",
    { storage: { encryption: { key: "ab".repeat(32), keyFile: "storage.key" } } },
    ["storage.encryption.keyFile", "one of them"],
  ],
  [
    "encryption where nothing is kept",
    { storage: { driver: "memory", encryption: { keyFile: "storage.key" } } },
    ["storage.encryption", '"memory" does not encrypt'],
  ],
  ["objects for SQLite", { storage: { objects: OBJECTS } }, ["storage.objects", "for the driver"]],
  ["half a store of objects", { storage: { objects: { bucket: "mail" } } }, ["storage.objects.endpoint", "missing"]],
  [
    "a store of objects with a path",
    { storage: { objects: { ...OBJECTS, endpoint: "https://hidden:hidden@s3.example.org/mail" } } },
    ["storage.objects.endpoint", "a URL without a path"],
  ],
  [
    "a bucket, a prefix and a size that are none",
    { storage: { objects: { ...OBJECTS, bucket: "My Mail", prefix: "../x", from: "1GB" } } },
    ["storage.objects.bucket", "storage.objects.prefix", "storage.objects.from", "from 64KB to 5MB"],
  ],
  ["a resolver by name", { dns: { servers: ["dns.example:53"] } }, ["dns.servers[0]", "127.0.0.1:53"]],
  ["a port out of bounds", { dns: { servers: ["127.0.0.1:99999"] } }, ["dns.servers[0]"]],
  ["a size without sense", { limits: { messageSize: "big" } }, ["limits.messageSize", '"big"', "50MB"]],
  ["a size too small", { limits: { messageSize: 10 } }, ["limits.messageSize", "64KB"]],
  ["a negative size", { limits: { messageSize: "-5MB" } }, ["limits.messageSize"]],
  ["too few recipients", { limits: { recipients: 10 } }, ["limits.recipients", "100"]],
  ["a time without unit", { limits: { smtpIdle: 300 } }, ["limits.smtpIdle", '"10m"']],
  ["a time of no unit", { outbound: { retry: { first: "5 weeks" } } }, ["outbound.retry.first"]],
  ["retry upside down", { outbound: { retry: { first: "5h" } } }, ["outbound.retry.first", "longest"]],
  ["more for one than for all", { limits: { connections: 5 } }, ["limits.connectionsPerAddress", "5"]],
  ["a relay with half a login", { outbound: { relay: { host: "h.example", username: "u" } } }, [
    "outbound.relay.password",
  ]],
  ["a relay without host", { outbound: { relay: {} } }, ["outbound.relay.host: missing"]],
  ["a route to nowhere", { outbound: { routes: { "a..b": { host: "h.example" } } } }, ["outbound.routes.a..b"]],
  ["a protocol that is none", { outbound: { relay: { host: "h.example", protocol: "uucp" } } }, [
    "outbound.relay.protocol",
    '"lmtp"',
  ]],
  ["an authority without TLS", { outbound: { relay: { host: "h.example", tls: "none", ca: "x" } } }, [
    "outbound.relay.ca",
  ]],
  ["a source that is no address", { outbound: { sourceAddress: "mail.example" } }, ["outbound.sourceAddress"]],
  ["two sources of a kind", { outbound: { sourceAddress: ["192.0.2.1", "192.0.2.2"] } }, ["outbound.sourceAddress"]],
  ["a limit of nothing", { outbound: { destinations: { "a.example": { connections: 0 } } } }, [
    "outbound.destinations.a.example.connections",
  ]],
  ["a block that is none", { proxies: ["10.0.0.0/40"] }, ["proxies[0]", "10.0.0.0/8"]],
  ["a short token", { admin: { token: "short" } }, ["admin.token", "16"]],
  ["a level that is none", { log: { level: "loud" } }, ["log.level", '"debug"']],
  ["an object that is none", { limits: 5 }, ["limits", "object"]],
  ["the demo's own key", { demo: {} }, ["demo: unknown key"]],
];

for (const [what, raw, says] of BAD) {
  Deno.test(`parseConfig() refuses ${what}`, () => {
    const result = parseConfig({ ...GOOD, ...raw }, "/");
    assert.ok(!("hostname" in result), "should be refused");
    const text = result.map(formatProblem).join("\n");
    for (const part of says) assert.ok(text.includes(part), `${text}\nlacks ${part}`);
    assert.ok(!text.includes("Invalid input"), text);
  });
}

Deno.test("parseConfig() reads a store of objects, and its key from the environment", () => {
  const storage = { driver: "postgres", url: "postgres://h/d", objects: { ...OBJECTS, ca: "ca.pem" } };
  const config = parseConfig({ ...GOOD, storage }, "/etc/palomar");
  assert.ok("hostname" in config);
  const { accessKeyId, secretAccessKey, ...rest } = config.storage.objects!;
  assert.deepEqual([accessKeyId.reveal(), secretAccessKey.reveal()], ["id", "hidden"]);
  assert.deepEqual(rest, {
    endpoint: "https://s3.example.org",
    bucket: "mail",
    region: "us-east-1",
    prefix: "",
    pathStyle: true,
    from: 65_536,
    timeout: 20_000,
    ca: "/etc/palomar/ca.pem",
  });
  const { secretAccessKey: _, ...halfway } = OBJECTS;
  const text = JSON.stringify({ ...GOOD, storage: { ...storage, objects: halfway } });
  const env = new Map([["PALOMAR_STORAGE__OBJECTS__SECRET_ACCESS_KEY", "from the environment"]]);
  const loaded = loadConfig({ env, cwd: "/", readFile: () => text });
  assert.ok("config" in loaded, JSON.stringify(loaded));
  assert.equal(loaded.config.storage.objects!.secretAccessKey.reveal(), "from the environment");
  assert.ok(!JSON.stringify(loaded.config).includes("from the environment"));
});

Deno.test("parseConfig() tells every problem at once", () => {
  const result = parseConfig({ hostname: 5, listeners: {}, limits: { recipients: 1, hops: -1 } }, "/");
  assert.ok(!("hostname" in result));
  assert.deepEqual(result.map((one) => one.path), ["hostname", "listeners", "limits.recipients", "limits.hops"]);
});

Deno.test("loadConfig() points at the line and column of a bad value", () => {
  const text =
    '{\n  "hostname": "mail.example.org",\n  // a comment\n  "listeners": [\n    { "protocol": "smtp", "port": 99999 },\n  ],\n}';
  assert.deepEqual(problems(text), [
    "palomar.jsonc:5:35: listeners[0].port: 99999 should be a whole number from 0 to 65535",
  ]);
  assert.deepEqual(problems('{\n "hostname" "x" }'), ['palomar.jsonc:2:13: expected : after "hostname", found "\\""']);
});

Deno.test("loadConfig() looks at --config, then PALOMAR_CONFIG, then ./palomar.jsonc, then takes the demo", () => {
  const text = JSON.stringify(GOOD);
  assert.deepEqual(load(text, { PALOMAR_CONFIG: "b" }, "etc/a").asked, ["/srv/etc/a"]);
  assert.deepEqual(load(text, { PALOMAR_CONFIG: "/b" }).asked, ["/b"]);
  assert.deepEqual(load(text).asked, ["/srv/palomar.jsonc"]);
  const demo = load(null).result;
  assert.ok("config" in demo);
  assert.deepEqual(demo.source, { kind: "demo" });
  assert.deepEqual(problems(null, { PALOMAR_CONFIG: "gone" }), ["gone: there is no such file"]);
});

Deno.test("loadConfig() reads relative paths from the folder of their file, or the working folder", () => {
  assert.equal(loaded(JSON.stringify(GOOD), {}, "/etc/palomar/p.jsonc").dataDir, "/etc/palomar/data");
  assert.equal(loaded(JSON.stringify(GOOD), { PALOMAR_DATA_DIR: "d" }, "/etc/palomar/p.jsonc").dataDir, "/srv/d");
  assert.equal(loaded(null).dataDir, "/srv/data");
});

Deno.test("loadConfig() lays the environment over the file", () => {
  const got = loaded(JSON.stringify(GOOD), {
    PALOMAR_HOSTNAME: "mx.example.net",
    PALOMAR_LISTENERS__0__PORT: "2525",
    PALOMAR_LISTENERS__1__PROTOCOL: "http",
    PALOMAR_LISTENERS__1__PORT: "8080",
    PALOMAR_LIMITS__MESSAGE_SIZE: "10MB",
    PALOMAR_AUTH__ALLOW_PLAINTEXT: "true",
    PALOMAR_OUTBOUND__RETRY__GIVE_UP: "1d",
    PALOMAR_OUTBOUND__RELAY__HOST: "relay.example",
    PALOMAR_DNS__SERVERS: "127.0.0.1:53, 127.0.0.2:53",
    PALOMAR_ADMIN__TOKEN: "a-token-that-is-long",
    // What container platforms add for a service of this name is none of ours.
    PALOMAR_SERVICE_HOST: "10.0.0.1",
    PALOMAR_PORT_25_TCP_ADDR: "10.0.0.1",
    PALOMAR_PORT: "tcp://10.0.0.1:25",
    HOSTNAME: "ignored",
  });
  assert.equal(got.hostname, "mx.example.net");
  assert.deepEqual(got.listeners.map((one) => one.port), [2525, 8080]);
  assert.equal(got.limits.messageSize, 10 * 1024 * 1024);
  assert.equal(got.auth.allowPlaintext, true);
  assert.equal(got.outbound.retry.giveUp, 86_400_000);
  assert.equal(got.outbound.relay?.host, "relay.example");
  assert.deepEqual(got.dns.servers, ["127.0.0.1:53", "127.0.0.2:53"]);
  assert.equal(got.admin.token?.reveal(), "a-token-that-is-long");
});

Deno.test("loadConfig() refuses variables that set nothing, and names the variable of a bad value", () => {
  assert.deepEqual(problems(JSON.stringify(GOOD), { PALOMAR_LIMITS__MESAGE_SIZE: "1MB" }), [
    "PALOMAR_LIMITS__MESAGE_SIZE: the configuration has nothing of this name; did you mean PALOMAR_LIMITS__MESSAGE_SIZE?",
  ]);
  assert.deepEqual(problems(JSON.stringify(GOOD), { PALOMAR_LIMITS__RECIPIENTS: "many" }), [
    'PALOMAR_LIMITS__RECIPIENTS: limits.recipients: "many" should be a whole number from 100 to 100000',
  ]);
  assert.match(problems(JSON.stringify(GOOD), { PALOMAR_LIMITS: "1" })[0] ?? "", /no single value/);
});

Deno.test("demoConfig() is on loopback, without privileged ports, and sends nothing out", () => {
  const demo = demoConfig("/tmp/x");
  assert.equal(demo.dataDir, "/tmp/x");
  for (const listener of demo.listeners) {
    assert.equal(listener.address, "127.0.0.1");
    assert.ok((listener.port ?? 0) > 1024);
  }
  assert.equal(demo.outbound.hold, true);
  assert.equal(demo.auth.allowPlaintext, false);
  assert.deepEqual(demo.demo?.accounts.map((one) => one.address), ["alice@palomar.test", "bob@palomar.test"]);
});
