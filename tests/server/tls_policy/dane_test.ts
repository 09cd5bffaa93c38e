/** DANE from the queue to a socket: what is delivered, and what waits rather than going to somebody else. */
import assert from "node:assert/strict";
import type { DnsRecord } from "../../../src/contract/mod.ts";
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
const empty = (home: House) => async () => (await home.rows()).length === 0;
const deferred = (home: House) => async () => {
  const [row] = await home.rows();
  return row?.state === "ready" && row.attempts > 0;
};

interface Case {
  readonly certificate: Made | null;
  readonly records: readonly DnsRecord[] | "servfail" | null;
  readonly unsigned?: readonly string[];
  readonly peer?: Partial<TlsPeerOptions>;
  readonly requireTls?: boolean;
}

/** What becomes of one message: null is delivered, else the reason that the queue shows. */
async function sent(
  wanted: Case,
): Promise<{ reason: string | null; clear: string[]; secret: string[]; names: unknown[] }> {
  const there = await tlsPeer({ certificate: wanted.certificate, ...wanted.peer });
  const resolver = signedResolver(zonesOf(there.port, wanted.records), wanted.unsigned);
  const home = await house({ policy: { port: there.port }, parts: { resolver } });
  await home.send(["bob@there.example"], { sender: { requireTls: wanted.requireTls ?? false } });
  home.worker.start();
  await home.until("an end", async () => await empty(home)() || await deferred(home)());
  const [row] = await home.rows();
  await home.close();
  await there.close();
  const { clear, secret, names } = there;
  return { reason: row?.lastReply ?? null, clear, secret, names };
}

const mailIn = (lines: string[]): boolean => lines.some((line) => line.startsWith("MAIL FROM"));

Deno.test("DANE: a certificate that matches delivers, whoever made it and whatever it is called", async () => {
  const odd = certificate("something.else.example", -1); // RFC 7672 section 3.1.1: neither names nor dates count
  for (const records of [[tlsa(odd.chain, 3)], [tlsa(odd.chain, 3, 0)], [OTHER_TLSA, tlsa(odd.chain, 3)]]) {
    const { reason, secret, clear, names } = await sent({ certificate: odd, records });
    assert.equal(reason, null);
    assert.ok(mailIn(secret) && !mailIn(clear));
    assert.deepEqual(names, [MX]);
  }
});

Deno.test("DANE: usage 2 wants the authority, the name and the time", async () => {
  const good = certificate(MX);
  assert.equal((await sent({ certificate: good, records: [tlsa(good.ca, 2)] })).reason, null);
  const domain = certificate("there.example"); // RFC 7672 section 3.2.2
  assert.equal((await sent({ certificate: domain, records: [tlsa(domain.ca, 2)] })).reason, null);
  const named = certificate("elsewhere.example");
  assert.match((await sent({ certificate: named, records: [tlsa(named.ca, 2)] })).reason!, /but for another name$/);
  const old = certificate(MX, -1);
  assert.match((await sent({ certificate: old, records: [tlsa(old.ca, 2)] })).reason!, /but out of its time$/);
  // The authority's own certificate hung behind one that it did not sign.
  const stolen = { ...certificate(MX), ca: good.ca };
  const chain = stolen.chain.split("-----END CERTIFICATE-----\n")[0] + "-----END CERTIFICATE-----\n" + good.ca;
  const { reason, secret } = await sent({ certificate: { ...stolen, chain }, records: [tlsa(good.ca, 2)] });
  assert.match(reason!, /DANE/);
  assert.ok(!mailIn(secret));
});

Deno.test("DANE: a certificate that does not match defers with the reason, and nothing is sent", async () => {
  const { reason, secret, clear } = await sent({ certificate: certificate(MX), records: [OTHER_TLSA] });
  assert.equal(reason, "451 4.7.5 The DANE record of mx.there.example does not match its certificate");
  assert.ok(!mailIn(secret) && !mailIn(clear));
});

Deno.test("DANE: without STARTTLS, or where it is refused, mail waits", async () => {
  const made = certificate(MX);
  for (const peer of [{ certificate: null }, { refusesTls: true }]) {
    const { reason, clear, secret } = await sent({ certificate: made, records: [tlsa(made.chain, 3)], peer });
    assert.equal(reason, "451 4.7.10 mx.there.example does not offer TLS, which its DANE records ask for");
    assert.ok(!mailIn(clear) && !mailIn(secret));
  }
});

Deno.test("DANE: records that cannot be looked up pass the host over", async () => {
  const { reason, clear, secret } = await sent({ certificate: certificate(MX), records: "servfail" });
  assert.match(reason!, /^451 4\.4\.3 The DANE records of mx\.there\.example cannot be looked up now/);
  assert.deepEqual([clear, secret], [[], []]);
});

Deno.test("DANE: records that nobody can use want TLS, and no certificate", async () => {
  const records: DnsRecord[] = [{ type: "TLSA", usage: 1, selector: 1, matching: 1, data: new Uint8Array(32) }];
  assert.equal((await sent({ certificate: certificate("other.example"), records })).reason, null);
  assert.match((await sent({ certificate: null, records })).reason!, /does not offer TLS/);
});

Deno.test("DANE: records that no DNSSEC proves are not looked at", async () => {
  for (const unsigned of [["there.example"], ["_tcp.mx.there.example"], ["mx.there.example"]]) {
    const { reason, secret } = await sent({ certificate: certificate(MX), records: [OTHER_TLSA], unsigned });
    assert.equal(reason, null, unsigned[0]);
    assert.ok(mailIn(secret));
  }
});

Deno.test("DANE: a flood of records is looked at as far as its bound", async () => {
  const made = certificate(MX);
  const flood = Array.from({ length: 5000 }, () => OTHER_TLSA);
  assert.equal((await sent({ certificate: made, records: [tlsa(made.chain, 3), ...flood] })).reason, null);
  assert.match((await sent({ certificate: made, records: [...flood, tlsa(made.chain, 3)] })).reason!, /do not match/);
});

Deno.test("REQUIRETLS is content with DANE, and still wants the keyword", async () => {
  const made = certificate("anything.example");
  const records = [tlsa(made.chain, 3)];
  const with8689 = { certificate: made, records, requireTls: true, peer: { keywords: ["REQUIRETLS"] } };
  const { reason, secret } = await sent(with8689);
  assert.equal(reason, null);
  assert.ok(secret.some((line) => line.startsWith("MAIL FROM") && line.includes("REQUIRETLS")));
  assert.ok(!mailIn((await sent({ ...with8689, peer: {} })).secret));
});

Deno.test("a connection that was made without a demand carries nothing that has one", async () => {
  const made = certificate(MX);
  const there = await tlsPeer({ certificate: made });
  // The same host for both domains; only one is signed.
  const zones = zonesOf(there.port, [OTHER_TLSA], {
    "plain.example": { MX: [{ type: "MX", preference: 10, exchange: MX }] },
  });
  const home = await house({
    policy: { port: there.port },
    parts: { resolver: signedResolver(zones, ["plain.example"]) },
  });
  home.worker.start();
  await home.send(["bob@plain.example"]);
  await home.until("an empty queue", empty(home));
  await home.send(["bob@there.example"]);
  await home.until("an attempt", deferred(home));
  assert.match((await home.rows())[0]!.lastReply!, /does not match/);
  // One message to both: they are not one job either.
  await home.send(["amy@plain.example", "amy@there.example"]);
  await home.until(
    "the plain one gone",
    async () => (await home.rows()).every((row) => row.domain === "there.example"),
  );
  const recipients = there.secret.filter((line) => line.startsWith("RCPT TO"));
  assert.deepEqual(recipients, ["RCPT TO:<bob@plain.example>", "RCPT TO:<amy@plain.example>"]);
  await home.close();
  await there.close();
});

Deno.test("the next exchange is tried where one fails its policy", async () => {
  const made = certificate(MX);
  const there = await tlsPeer({ certificate: made });
  const zones = zonesOf(there.port, [OTHER_TLSA], {
    "there.example": {
      MX: [
        { type: "MX", preference: 10, exchange: MX },
        { type: "MX", preference: 20, exchange: "second.example" },
      ],
    },
    "second.example": { A: [{ type: "A", address: "127.0.0.1" }] },
  });
  const home = await house({ policy: { port: there.port }, parts: { resolver: signedResolver(zones) } });
  await home.send(["bob@there.example"]);
  home.worker.start();
  await home.until("an empty queue", empty(home));
  assert.ok(mailIn(there.secret)); // second.example, without TLSA records, is the same machine
  await home.close();
  await there.close();
});
