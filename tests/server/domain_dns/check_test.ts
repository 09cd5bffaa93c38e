import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { scriptedResolver, type ScriptedZones } from "../../../src/dns/mod.ts";
import type { DnsFinding } from "../../../src/http/deps.ts";
import { parseStsPolicy } from "../../../src/mailauth/mod.ts";
import { ensureDemoCertificate } from "../../../src/net/demo_ca.ts";
import { DkimKeys } from "../../../src/server/dkim/keys.ts";
import { createDomainDns } from "../../../src/server/domain_dns/mod.ts";
import { memoryStorage } from "../../../src/storage/memory/mod.ts";
import { onceMadeKey } from "../dkim/once_made_key.ts";
import { testConfig } from "./test_config.ts";

const NOW = Date.UTC(2026, 10, 24);
type Zone = Record<string, unknown>;

const txt = (...texts: string[]) => ({ TXT: texts.map((text) => ({ type: "TXT", text })) });

/** `example.org` with its keys; the DNS is what the test makes of the right one. */
async function world(
  config = testConfig(),
  change: (zones: Record<string, Zone | "servfail">) => void = () => {},
) {
  const storage = memoryStorage();
  await storage.perform("domain.add", { name: "example.org", now: 1 });
  const never = () => Promise.reject(new Error("nobody asks"));
  const dkim = new DkimKeys({ storage, resolve: never, now: () => NOW, hostname: "h", makeKey: onceMadeKey });
  await dkim.begin("example.org");
  const advice = createDomainDns({ config, storage, dkim, resolve: never, now: () => NOW });
  const records = await advice.records("example.org");
  const zones: Record<string, Zone | "servfail"> = {
    "mail.example.org": {
      A: [{ type: "A", address: "192.0.2.25" }],
      AAAA: [{ type: "AAAA", address: "2001:db8::25" }],
      ...txt("v=spf1 a -all"),
    },
    "25.2.0.192.in-addr.arpa": { PTR: [{ type: "PTR", name: "mail.example.org" }] },
    "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": {
      PTR: [{ type: "PTR", name: "mail.example.org" }],
    },
    "example.org": {
      MX: [{ type: "MX", preference: 10, exchange: "mail.example.org" }],
      ...txt("v=spf1 mx -all", "something else"),
    },
    "mta-sts.example.org": { CNAME: [{ type: "CNAME", name: "mail.example.org" }] },
    "_submissions._tcp.example.org": {
      SRV: [{ type: "SRV", priority: 5, weight: 0, port: 465, target: "mail.example.org" }],
    },
  };
  for (const { kind, name, value, type } of records) {
    if (type !== "TXT" || kind === "spf" || kind === "spfHost") continue;
    zones[name.slice(0, -1)] = txt([...value.matchAll(/"([^"]*)"/g)].map(([, one]) => one).join(""));
  }
  change(zones);
  const resolver = scriptedResolver(zones as ScriptedZones);
  const dns = createDomainDns({
    config,
    storage,
    dkim,
    resolve: (name, type) => resolver.resolve(name, type),
    now: () => NOW,
  });
  return { dns, dkim, storage, records };
}

async function finding(kind: string, change: Parameters<typeof world>[1], config = testConfig()): Promise<DnsFinding> {
  const found = (await (await world(config, change)).dns.check("example.org")).find((one) => one.kind === kind);
  assert.ok(found, kind);
  return found;
}

Deno.test("domain dns: a zone with everything is ok in every line, but for services that nobody announced", async () => {
  const { dns } = await world();
  const findings = await dns.check("example.org");
  const wrong = findings.filter(({ status }) => status !== "ok").map(({ name, status }) => `${name} ${status}`);
  assert.deepEqual(wrong, ["_submission._tcp.example.org. missing", "_imaps._tcp.example.org. missing"]);
  assert.equal(findings.filter(({ kind }) => kind === "dkim").length, 2);
});

Deno.test("domain dns: an empty zone misses every record, and says how each is added", async () => {
  const { dns } = await world(testConfig(), (zones) => {
    for (const name of Object.keys(zones)) delete zones[name];
  });
  for (const { kind, status, detail, name } of await dns.check("example.org")) {
    if (kind === "ptr") assert.deepEqual([status, detail], ["unknown", "mail.example.org has no address yet"]);
    else assert.equal(status, "missing", kind);
    if (kind !== "ptr" && kind !== "dkim") assert.ok(detail.startsWith(`add: ${name} IN `), detail);
  }
});

Deno.test("domain dns: a DNS that does not answer is unknown, never missing", async () => {
  const { dns } = await world(testConfig(), (zones) => {
    for (const name of Object.keys(zones)) zones[name] = "servfail";
  });
  for (const { status, kind, name } of await dns.check("example.org")) {
    if (kind !== "srv" || name.startsWith("_submissions.")) assert.equal(status, "unknown", `${kind} ${name}`);
  }
});

type Case = readonly [
  what: string,
  kind: string,
  change: (zones: Record<string, Zone | "servfail">) => void,
  status: DnsFinding["status"],
  detail: RegExp,
];

const set = (name: string, part: Zone) => (zones: Record<string, Zone | "servfail">) => {
  zones[name] = { ...zones[name] as Zone, ...part };
};
const mx = (...hosts: string[]) =>
  set("example.org", { MX: hosts.map((exchange, n) => ({ type: "MX", preference: n, exchange })) });

const CASES: readonly Case[] = [
  ["mail that goes elsewhere", "mx", mx("mx.other.example"), "different", /add: example\.org\. IN MX 10 mail/],
  ["a second exchange", "mx", mx("mail.example.org", "b.example"), "different", /b\.example, which the MTA-STS/],
  ["two SPF records", "spf", set("example.org", txt("v=spf1 mx -all", "v=spf1 -all")), "different", /leave only/],
  ["an SPF that leaves us out", "spf", set("example.org", txt("v=spf1 ip4:198.51.100.1 -all")), "different", /"fail"/],
  ["an SPF that is broken", "spf", set("example.org", txt("v=spf1 nonsense:x -all")), "different", /"permerror"/],
  [
    "another SPF that passes",
    "spf",
    set("example.org", txt("v=spf1 ip4:192.0.2.0/24 a:mail.example.org ~all")),
    "ok",
    /^$/,
  ],
  ["a DMARC of one's own", "dmarc", set("_dmarc.example.org", txt("v=DMARC1; p=reject; adkim=s")), "ok", /^$/],
  [
    "a DMARC whose reports nobody reads",
    "dmarc",
    set("_dmarc.example.org", txt("v=DMARC1; p=none; rua=mailto:x@other.example,mailto:nobody@example.org")),
    "different",
    /asks for reports at nobody@example\.org, which nobody has/,
  ],
  [
    "a TLS-RPT whose reports nobody reads",
    "tlsReport",
    set("_smtp._tls.example.org", txt("v=TLSRPTv1; rua=mailto:nobody@example.org")),
    "different",
    /asks for reports at nobody@example\.org/,
  ],
  [
    "reports to somewhere else, or to an address for reports",
    "tlsReport",
    set("_smtp._tls.example.org", txt("v=TLSRPTv1; rua=https://r.example/,mailto:dmarc-reports@example.org")),
    "ok",
    /^$/,
  ],
  [
    "a DMARC without a policy",
    "dmarc",
    set("_dmarc.example.org", txt("v=DMARC1; rua=mailto:x@y")),
    "different",
    /no policy/,
  ],
  [
    "two DMARC records",
    "dmarc",
    set("_dmarc.example.org", txt("v=DMARC1; p=none", "v=DMARC1; p=none")),
    "different",
    /2 of them/,
  ],
  ["no DMARC but another text", "dmarc", set("_dmarc.example.org", txt("hello")), "missing", /^add: _dmarc/],
  [
    "the id of an old policy",
    "sts",
    set("_mta-sts.example.org", txt("v=STSv1; id=1")),
    "different",
    /is not that of the policy/,
  ],
  ["a broken id", "sts", set("_mta-sts.example.org", txt("v=STSv1; id=-;")), "different", /is broken/],
  [
    "a policy host elsewhere",
    "stsHost",
    (zones) => zones["mta-sts.example.org"] = { A: [{ type: "A", address: "203.0.113.1" }] },
    "ok",
    /another host/,
  ],
  ["reports to nobody", "tlsReport", set("_smtp._tls.example.org", txt("v=TLSRPTv1;")), "different", /is broken/],
  [
    "an address without a name",
    "ptr",
    (zones) => delete zones["25.2.0.192.in-addr.arpa"],
    "different",
    /ask whoever gave you the address for: 25\.2\.0\.192\.in-addr\.arpa\. IN PTR mail\.example\.org\.$/,
  ],
  [
    "a service elsewhere",
    "srv",
    set("_submissions._tcp.example.org", {
      SRV: [{ type: "SRV", priority: 0, weight: 1, port: 587, target: "mail.example.org" }],
    }),
    "different",
    /it should be: _submissions\._tcp\.example\.org\. IN SRV 0 1 465 mail\.example\.org\./,
  ],
];

for (const [what, kind, change, status, detail] of CASES) {
  Deno.test(`domain dns --check: ${what}`, async () => {
    const found = await finding(kind, change);
    assert.equal(found.status, status, JSON.stringify(found));
    assert.match(found.detail, detail);
  });
}

Deno.test("domain dns: with a relay it is the relay that SPF must let pass", async () => {
  const config = testConfig({ outbound: { relay: { host: "smtp.provider.example" } } });
  const relay = (zones: Record<string, Zone | "servfail">) =>
    zones["smtp.provider.example"] = { A: [{ type: "A", address: "198.51.100.7" }] };
  const without = await finding("spf", relay, config);
  assert.equal(without.status, "different");
  assert.equal(without.value, '"v=spf1 mx a:smtp.provider.example -all"');
  const wanted = (zones: Record<string, Zone | "servfail">) => {
    relay(zones);
    set("example.org", txt("v=spf1 mx a:smtp.provider.example -all"))(zones);
  };
  assert.equal((await finding("spf", wanted, config)).status, "ok");
});

Deno.test("domain dns: a server that is named like the domain has one SPF record", async () => {
  const { records } = await world(testConfig({ hostname: "example.org" }));
  assert.deepEqual(records.filter(({ value }) => value.includes("spf1")).map(({ kind }) => kind), ["spf"]);
});

Deno.test("domain dns: a key says what is to be done with its record", async () => {
  const { dns, dkim } = await world();
  await dkim.rotate("example.org");
  const states = async () =>
    (await dns.records("example.org")).filter(({ kind }) => kind === "dkim").map(({ need, why }) => `${need}: ${why}`);
  assert.match((await states())[0]!, /^required: signs outgoing mail/);
  assert.match((await states())[2]!, /^required: a new DKIM key waits/);
});

Deno.test("domain dns: a retired key's record may stay, and be gone", async () => {
  const { dns, dkim, storage } = await world();
  const name = "dkim.example.org";
  const before = (await storage.perform("setting.get", { name }))!;
  await storage.perform("setting.change", { name, before, value: before.replaceAll('"active"', '"retired"') });
  assert.deepEqual((await dkim.list("example.org")).map(({ state }) => state), ["retired", "retired"]);
  const record = (await dns.records("example.org")).find(({ kind }) => kind === "dkim")!;
  assert.match(record.why, /keep it until 2026-12-01, then remove it and the key rsa-20261124$/);
  assert.equal(record.need, "optional");
});

Deno.test("domain dns: TLSA is the hash of the server's key, and another one is a fault", async () => {
  const folder = await Deno.makeTempDir();
  const { certFile } = await ensureDemoCertificate(`${folder}/tls`, ["mail.example.org"]);
  const config = testConfig({ dataDir: folder });
  const spki = new X509Certificate(await Deno.readTextFile(certFile)).publicKey.export({ type: "spki", format: "der" });
  const digest = createHash("sha256").update(spki).digest();
  const tlsa = (data: Uint8Array) =>
    set("_25._tcp.mail.example.org", {
      TLSA: [{ type: "TLSA", usage: 3, selector: 1, matching: 1, data }],
    });
  const right = await finding("tlsa", tlsa(new Uint8Array(digest)), config);
  assert.deepEqual([right.status, right.value], ["ok", `3 1 1 ${digest.toString("hex")}`]);
  assert.match(right.detail, /no DNSSEC was seen/);
  const wrong = await finding("tlsa", tlsa(new Uint8Array(32)), config);
  assert.match(wrong.detail, /^senders that know DANE refuse this server until there is: _25\._tcp\.mail/);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("the MTA-STS policy of a domain of ours is one, and each has an id of its own", async () => {
  const policy = async (mtaSts: unknown) => {
    const { dns, records } = await world(testConfig({ mtaSts }));
    assert.equal(await dns.stsPolicy("other.example"), null);
    const id = records.find(({ kind }) => kind === "sts")?.value;
    return { id, policy: parseStsPolicy((await dns.stsPolicy("example.org"))!) };
  };
  const testing = await policy({});
  assert.deepEqual(testing.policy, { mode: "testing", mx: ["mail.example.org"], maxAge: 604_800 });
  assert.match(testing.id!, /^"v=STSv1; id=[0-9a-f]{20}"$/);
  const enforce = await policy({ mode: "enforce", maxAge: "30d" });
  assert.deepEqual(enforce.policy, { mode: "enforce", mx: ["mail.example.org"], maxAge: 2_592_000 });
  assert.notEqual(enforce.id, testing.id);
  const none = await policy({ mode: "none" });
  assert.deepEqual([none.policy?.mode, none.id], ["none", undefined]);
});

Deno.test("other MX hosts of the policy are records too, and one that it does not name is a fault", async () => {
  const config = testConfig({ mtaSts: { mx: ["MX2.example.org", "*.backup.example"] } });
  const { records, dns } = await world(config);
  assert.deepEqual(parseStsPolicy((await dns.stsPolicy("example.org"))!)?.mx, [
    "mail.example.org",
    "mx2.example.org",
    "*.backup.example",
  ]);
  assert.deepEqual(records.filter(({ kind }) => kind === "mx").map(({ value }) => value), [
    "10 mail.example.org.",
    "20 mx2.example.org.",
  ]);
  const exchanges = (...names: string[]) => (zones: Record<string, Zone | "servfail">) => {
    const MX = names.map((exchange) => ({ type: "MX", preference: 10, exchange }));
    zones["example.org"] = { ...zones["example.org"] as Zone, MX };
  };
  const check = async (...names: string[]) =>
    (await (await world(config, exchanges(...names))).dns.check("example.org"))
      .filter(({ kind }) => kind === "mx").map(({ status, detail }) => `${status}: ${detail}`);
  assert.deepEqual(await check("mail.example.org", "mx2.example.org", "a.backup.example"), [
    "ok: mail may also go to mx2.example.org, a.backup.example",
    "ok: mail may also go to mail.example.org, a.backup.example",
  ]);
  assert.match((await check("mail.example.org"))[1]!, /^different: mail goes to .* add: example\.org\. IN MX 20 mx2/);
  const strange =
    "different: mail may also go to mx9.example.org, which the MTA-STS policy does not name: see mtaSts.mx";
  assert.equal((await check("mail.example.org", "mx2.example.org", "mx9.example.org"))[0], strange);
});

Deno.test("mtaSts.mx takes names of hosts, and a star before them", () => {
  for (const name of ["localhost", "192.0.2.1", "a b.example", "*", "*.org", "mx.*.example", ""]) {
    assert.throws(() => testConfig({ mtaSts: { mx: [name] } }), /should be the name of an MX host/, name);
  }
});

Deno.test("the host of the policy needs a certificate of its name, where this server does HTTPS itself", async () => {
  const folder = await Deno.makeTempDir();
  const listeners = [
    { protocol: "smtp", address: "0.0.0.0", port: 25, tls: "starttls" },
    { protocol: "http", address: "0.0.0.0", port: 443, tls: "implicit" },
  ];
  const status = async (names: string[] | null, config = { listeners } as Record<string, unknown>) => {
    const tls = names && await ensureDemoCertificate(`${folder}/${names[0]}`, names, NOW);
    const { status, detail } = await finding(
      "stsHost",
      undefined,
      testConfig({
        ...config,
        ...(tls && { tls: { certificates: [{ certFile: tls.certFile, keyFile: tls.keyFile }] } }),
      }),
    );
    return `${status}: ${detail}`;
  };
  const without = "different: leads here, but no certificate of tls.certificates is for mta-sts.example.org, " +
    "so nobody believes it";
  assert.equal(await status(["mta-sts.example.org"]), "ok: ");
  assert.equal(await status(["*.example.org"]), "ok: ");
  assert.equal(await status(["mail.example.org"]), without);
  assert.equal(await status(null), without);
  assert.match(await status(null, {}), /^ok: this server has no HTTPS: whatever does it here needs a certificate for/);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("reports go to postmaster while they are not read, and to their own addresses when they are", async () => {
  for (
    const [readReports, dmarc, tls] of [[false, "postmaster", "postmaster"], [true, "dmarc-reports", "tls-reports"]]
  ) {
    const { records } = await world(testConfig({ readReports }));
    const value = (kind: string) => records.find((one) => one.kind === kind)?.value ?? "";
    assert.ok(value("dmarc").includes(`rua=mailto:${dmarc}@example.org`), value("dmarc"));
    assert.ok(value("tlsReport").includes(`rua=mailto:${tls}@example.org`), value("tlsReport"));
  }
});
