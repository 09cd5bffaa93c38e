/** MTA-STS from the queue to a socket. */
import assert from "node:assert/strict";
import type { StsPolicy } from "../../../src/mailauth/mod.ts";
import { memoryStorage } from "../../../src/storage/memory/mod.ts";
import { createMetrics } from "../../../src/server/metrics.ts";
import { testServer } from "../../../src/server/test_server.ts";
import type { FetchPolicy } from "../../../src/server/tls_policy/fetch_policy.ts";
import { type House, house } from "../outbound/house.ts";
import {
  certificate,
  type Made,
  OTHER_TLSA,
  signedResolver,
  tlsa,
  tlsPeer,
  type TlsPeerOptions,
  zonesOf,
} from "./tls_peer.ts";

const MX = "mx.there.example";
const STS = { "_mta-sts.there.example": { TXT: [{ type: "TXT", text: "v=STSv1; id=one;" }] } } as const;
const ENFORCE: StsPolicy = { mode: "enforce", mx: [MX], maxAge: 86_400 };

const empty = (home: House) => async () => (await home.rows()).length === 0;
const deferred = (home: House) => async () => {
  const [row] = await home.rows();
  return row?.state === "ready" && row.attempts > 0;
};
const mailIn = (lines: string[]): boolean => lines.some((line) => line.startsWith("MAIL FROM"));

interface Case {
  readonly made: Made;
  readonly fetched: Awaited<ReturnType<FetchPolicy>>;
  readonly peer?: Partial<TlsPeerOptions>;
  /** Whose authority is trusted; default the certificate's. */
  readonly ca?: string;
  readonly records?: Parameters<typeof zonesOf>[1];
  readonly requireTls?: boolean;
}

interface Sent {
  readonly reason: string | null;
  readonly clear: string[];
  readonly secret: string[];
  /** Lines of `palomar_tls_sessions_total`, without its name. */
  readonly counted: string[];
}

async function sent(wanted: Case): Promise<Sent> {
  const { made, fetched, ca = made.ca, records = null } = wanted;
  const there = await tlsPeer({ certificate: made, ...wanted.peer });
  const zones = zonesOf(there.port, records, STS);
  const resolver = signedResolver(zones, records === null ? ["example"] : []);
  const metrics = createMetrics();
  const parts = { resolver, ca, fetchPolicy: () => Promise.resolve(fetched), metrics };
  const home = await house({ policy: { port: there.port }, parts });
  await home.send(["bob@there.example"], { sender: { requireTls: wanted.requireTls ?? false } });
  home.worker.start();
  await home.until("an end", async () => await empty(home)() || await deferred(home)());
  const [row] = await home.rows();
  await home.close();
  await there.close();
  const counted = [...metrics.print().matchAll(/^palomar_tls_sessions_total(.*)$/gm)].map(([, line]) => line!);
  return { reason: row?.lastReply ?? null, clear: there.clear, secret: there.secret, counted };
}

Deno.test("MTA-STS enforce: a host of the policy with a valid certificate gets mail", async () => {
  const made = certificate(MX);
  for (const mx of [[MX], ["*.there.example"]]) {
    const { reason, secret } = await sent({ made, fetched: { ...ENFORCE, mx } });
    assert.equal(reason, null);
    assert.ok(mailIn(secret));
  }
});

Deno.test("MTA-STS enforce: a host that the policy does not name is never spoken to", async () => {
  const { reason, clear, secret } = await sent({
    made: certificate(MX),
    fetched: { ...ENFORCE, mx: ["mx.other.example"] },
  });
  assert.equal(reason, "451 4.7.5 The MTA-STS policy of there.example does not name mx.there.example");
  assert.deepEqual([clear, secret], [[], []]);
});

Deno.test("MTA-STS enforce: the certificate must be valid, in time and for the host", async () => {
  const good = certificate(MX);
  const cases: [Partial<Case> & { made: Made }, RegExp][] = [
    [
      { made: certificate("mx.other.example") },
      /^451 4\.7\.5 The certificate of mx\.there\.example is for another name, which the MTA-STS/,
    ],
    [{ made: certificate(MX, -1) }, /is out of its time, which the MTA-STS policy of there\.example asks for$/],
    [{ made: good, ca: certificate(MX).ca }, /is not by an authority that is trusted here/],
    [
      { made: good, peer: { certificate: null } },
      /^451 4\.7\.10 mx\.there\.example does not offer TLS, which the MTA-STS/,
    ],
    [{ made: good, peer: { refusesTls: true } }, /does not offer TLS/],
  ];
  for (const [wanted, why] of cases) {
    const { reason, clear, secret } = await sent({ fetched: ENFORCE, ...wanted });
    assert.match(reason ?? "delivered", why);
    assert.ok(!mailIn(clear) && !mailIn(secret));
  }
});

Deno.test("MTA-STS testing: mail goes whatever the certificate, and none changes nothing", async () => {
  for (const mode of ["testing", "none"] as const) {
    const bad = { made: certificate("other.example"), fetched: { ...ENFORCE, mode, mx: ["mx.else.example"] } };
    assert.equal((await sent(bad)).reason, null);
    const { reason, clear } = await sent({ ...bad, peer: { certificate: null } });
    assert.equal(reason, null);
    assert.ok(mailIn(clear));
  }
});

Deno.test("TLS sessions are counted by policy and result", async () => {
  const [good, bad] = [certificate(MX), certificate("other.example")];
  const table: [Case, string[]][] = [
    [{ made: good, fetched: ENFORCE }, ['{policy="sts",result="success"} 1']],
    [{ made: bad, fetched: ENFORCE }, ['{policy="sts",result="certificate-host-mismatch"} 1']],
    [{ made: bad, fetched: { ...ENFORCE, mode: "testing" } }, ['{policy="sts",result="certificate-host-mismatch"} 1']],
    [
      { made: good, fetched: { failed: "sts-webpki-invalid" } },
      ['{policy="sts",result="sts-webpki-invalid"} 1', '{policy="no-policy-found",result="success"} 1'],
    ],
    [{ made: good, fetched: ENFORCE, records: [tlsa(good.chain, 3)] }, ['{policy="tlsa",result="success"} 1']],
  ];
  for (const [wanted, lines] of table) assert.deepEqual((await sent(wanted)).counted, lines);
});

Deno.test("MTA-STS: without a policy to be had mail goes as it can", async () => {
  const { reason } = await sent({ made: certificate("other.example"), fetched: { failed: "sts-policy-fetch-error" } });
  assert.equal(reason, null);
});

Deno.test("DANE decides where both are", async () => {
  const made = certificate("other.example"); // good for DANE only
  const fetched: StsPolicy = { ...ENFORCE, mx: ["mx.else.example"] };
  assert.equal((await sent({ made, fetched, records: [tlsa(made.chain, 3)] })).reason, null);
  const good = certificate(MX); // good for MTA-STS only
  assert.match((await sent({ made: good, fetched: ENFORCE, records: [OTHER_TLSA] })).reason!, /DANE record/);
});

Deno.test("REQUIRETLS goes to a host that MTA-STS proves, and to no other", async () => {
  const peer = { keywords: ["REQUIRETLS"] };
  const made = certificate(MX);
  assert.equal((await sent({ made, fetched: ENFORCE, requireTls: true, peer })).reason, null);
  for (const fetched of [{ ...ENFORCE, mode: "testing" as const }, { failed: "sts-policy-fetch-error" as const }]) {
    const { secret, clear } = await sent({ made, fetched, requireTls: true, peer });
    assert.ok(!mailIn(secret) && !mailIn(clear));
  }
});

Deno.test("a policy that enforces outlives a restart without DNS and HTTPS", async () => {
  const storage = memoryStorage();
  const there = await tlsPeer({ certificate: null });
  let fetches = 0;
  const fetchPolicy: FetchPolicy = () =>
    Promise.resolve(++fetches === 1 ? ENFORCE : { failed: "sts-policy-fetch-error" });
  const alias = { address: "away@example.test", targets: ["bob@there.example"], now: 1 };
  for (const more of [STS, {}]) {
    const resolver = signedResolver(zonesOf(there.port, null, more), ["example"]);
    const config = { outbound: { port: there.port, privateExchanges: true } };
    // The store stays when the server goes.
    const kept = { ...storage, perform: storage.perform, close: () => Promise.resolve() };
    const server = await testServer({ storage: kept, config, parts: { resolver, fetchPolicy } });
    const traceId = more === STS
      ? (await storage.perform("alias.add", alias), await server.deliver("Subject: hi\n\nhello\n", alias.address))
      : null;
    if (traceId === null) {
      await storage.perform("queue.change", { ids: null, change: "retry", now: server.clock.wall() });
    }
    const attempts = traceId === null ? 2 : 1;
    for (let i = 0; i < 5000; i++) {
      const [row] = await storage.perform("queue.list", { after: null, limit: 1 });
      if (row?.state === "ready" && row.attempts >= attempts) break;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const [row] = await storage.perform("queue.list", { after: null, limit: 1 });
    assert.equal(row?.attempts, attempts);
    assert.match(row!.lastReply!, /does not offer TLS, which the MTA-STS policy of there\.example asks for/);
    await server.stop();
  }
  assert.equal(fetches, 1);
  assert.ok(!mailIn(there.clear));
  await there.close();
  await storage.close();
});

Deno.test("two servers: MTA-STS and DANE are content with a server that has its certificate by the authority", async () => {
  await using there = await testServer({ domain: "there.example", listen: true });
  const { port } = there.address("smtp");
  const ca = await Deno.readTextFile(there.server.caFile!);
  const own = await Deno.readTextFile(`${there.config.dataDir}/tls/server.pem`);
  const zones = {
    "there.example": { MX: [{ type: "MX", preference: 10, exchange: "mail.there.example" }] },
    "mail.there.example": { A: [{ type: "A", address: "127.0.0.1" }] },
    ...STS,
  } as const;
  const config = { outbound: { port, privateExchanges: true } };
  const fetchPolicy: FetchPolicy = () => Promise.resolve({ ...ENFORCE, mx: ["mail.there.example"] });
  const records = { [`_${port}._tcp.mail.there.example`]: { TLSA: [tlsa(ca, 2), tlsa(own, 3)] } };
  for (const resolver of [signedResolver(zones, ["example"]), signedResolver({ ...zones, ...records })]) {
    await using here = await testServer({ config, parts: { resolver, fetchPolicy, ca } });
    await here.storage.perform("alias.add", { address: "away@example.test", targets: ["bob@there.example"], now: 1 });
    const traceId = await here.deliver("Subject: hi\n\nhello\n", "away@example.test");
    const journal = async () => (await here.storage.perform("journal.read", { traceId })).at(-1)!.detail;
    for (let i = 0; i < 5000 && !(await journal()).startsWith("Taken"); i++) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.match(await journal(), /^Taken by mail\.there\.example \(127\.0\.0\.1\) over TLSv1\.3/);
  }
});
