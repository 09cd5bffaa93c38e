import assert from "node:assert/strict";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { digest, type HashName } from "../../../src/base/hash.ts";
import type { DnsAnswer } from "../../../src/contract/mod.ts";
import {
  type ChainCertificate,
  danePlanOf,
  daneReferences,
  lookupDane,
  matchDane,
  readChain,
  type TlsaRecord,
} from "../../../src/mailauth/dane/mod.ts";
import { makeCertificate } from "../../../src/net/x509_der.ts";
import { runProgram } from "../../support/run_program.ts";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 0, 15);

function certificate(names: string[] | null, subject: string, issuer?: Made, days = 30): Made {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = makeCertificate({
    subject,
    publicKey: keys.publicKey,
    issuer: issuer === undefined
      ? { subject, privateKey: keys.privateKey }
      : { subject: issuer.subject, privateKey: issuer.privateKey },
    notBefore: NOW - DAY,
    notAfter: NOW + days * DAY,
    names,
  });
  return { subject, privateKey: keys.privateKey, der: new Uint8Array(new X509Certificate(pem).raw) };
}
interface Made {
  readonly subject: string;
  readonly privateKey: ReturnType<typeof generateKeyPairSync>["privateKey"];
  readonly der: Uint8Array;
}

const CA = certificate(null, "An authority");
const LEAF = certificate(["mx.example.org", "*.example.net", "192.0.2.1"], "Leaf", CA);
const CHAIN = readChain([LEAF.der, CA.der])!;
const tlsa = (usage: number, selector: number, matching: number, data: Uint8Array): TlsaRecord => (
  { type: "TLSA", usage, selector, matching, data }
);
const of = (usage: number, selector: 0 | 1, matching: 0 | 1 | 2, of: ChainCertificate): TlsaRecord => {
  const selected = selector === 0 ? of.der : of.spki;
  return tlsa(
    usage,
    selector,
    matching,
    matching === 0 ? selected : digest((["", "sha256", "sha512"] as HashName[])[matching]!, selected),
  );
};

Deno.test("readChain() takes octets, key, names and issuer of certificates", () => {
  const [leaf, ca] = CHAIN;
  assert.deepEqual(leaf!.names, ["mx.example.org", "*.example.net"]);
  assert.deepEqual([leaf!.commonName, leaf!.issuedByNext, ca!.issuedByNext, ca!.names], ["leaf", true, false, []]);
  assert.deepEqual(
    leaf!.spki,
    new Uint8Array(new X509Certificate(LEAF.der).publicKey.export({ type: "spki", format: "der" })),
  );
  assert.equal(leaf!.notAfter, NOW + 30 * DAY);
  const other = certificate(null, "An authority"); // the same name, another key
  assert.equal(readChain([LEAF.der, other.der])![0]!.issuedByNext, false);
  const noAuthority = certificate(["a.test"], "Middle", CA);
  const below = certificate(["b.test"], "Below", noAuthority);
  assert.equal(readChain([below.der, noAuthority.der, CA.der])![0]!.issuedByNext, false);
});

Deno.test("readChain() refuses what is broken, too long or too much", () => {
  assert.equal(readChain([]), null);
  assert.equal(readChain([new Uint8Array()]), null);
  assert.equal(readChain([LEAF.der.slice(0, -1)]), null);
  assert.equal(readChain(Array.from({ length: 17 }, () => LEAF.der)), null);
  assert.equal(readChain([new Uint8Array(70_000).fill(0x30)]), null);
  const trailing = new Uint8Array(LEAF.der.length + 1);
  trailing.set(LEAF.der);
  assert.equal(readChain([trailing]), null);
  for (let i = 0; i < LEAF.der.length; i += 3) {
    const broken = LEAF.der.slice();
    broken[i] = 0xff - broken[i]!;
    readChain([broken, CA.der]); // whatever comes out, it ends
  }
});

Deno.test("matchDane() takes usage 3 by the server's own certificate, without names or dates", () => {
  for (const selector of [0, 1] as const) {
    for (const matching of [0, 1, 2] as const) {
      const record = of(3, selector, matching, CHAIN[0]!);
      assert.deepEqual(matchDane([record], CHAIN, [], NOW + 900 * DAY), { kind: "match", record, depth: 0 });
      assert.equal(matchDane([of(3, selector, matching, CHAIN[1]!)], CHAIN, [], NOW).kind, "mismatch");
    }
  }
});

Deno.test("matchDane() takes usage 2 by an authority above, with name, dates and signatures", () => {
  const match = (
    chain: readonly ChainCertificate[],
    references: string[],
    now = NOW,
    record = of(2, 1, 1, CHAIN[1]!),
  ) => {
    const got = matchDane([record], chain, references, now);
    return got.kind === "match" ? `match at ${got.depth}` : got.why;
  };
  assert.equal(match(CHAIN, ["mx.example.org"]), "match at 1");
  assert.equal(match(CHAIN, ["other.test", "a.example.net"]), "match at 1");
  assert.equal(match(CHAIN, ["mx.example.org"], NOW, of(2, 0, 2, CHAIN[1]!)), "match at 1");
  assert.equal(match(CHAIN, ["a.b.example.net"]), "nameMismatch");
  assert.equal(match(CHAIN, ["example.net"]), "nameMismatch");
  assert.equal(match(CHAIN, ["leaf"]), "nameMismatch");
  assert.equal(match(CHAIN, []), "nameMismatch");
  assert.equal(match(CHAIN, ["mx.example.org"], NOW + 30 * DAY), "match at 1");
  assert.equal(match(CHAIN, ["mx.example.org"], NOW + 30 * DAY + 1), "expired");
  assert.equal(match(CHAIN, ["mx.example.org"], NOW - 2 * DAY), "expired");
  assert.equal(match(CHAIN.slice(0, 1), ["mx.example.org"]), "noRecordMatches");
  assert.equal(match([CHAIN[1]!], ["mx.example.org"]), "noRecordMatches");
  // A right authority beside a certificate that it did not sign.
  const foreign = certificate(["mx.example.org"], "Foreign", certificate(null, "An authority"));
  assert.equal(match(readChain([foreign.der, CA.der])!, ["mx.example.org"]), "brokenChain");
});

Deno.test("matchDane() looks at the common name only where there are no DNS names", () => {
  const bare = certificate([], "Mx.Example.org", CA);
  const named = certificate(["other.test"], "mx.example.org", CA);
  const match = (made: Made) =>
    matchDane([of(2, 1, 1, CHAIN[1]!)], readChain([made.der, CA.der])!, ["mx.example.org"], NOW).kind;
  assert.deepEqual([match(bare), match(named)], ["match", "mismatch"]);
});

Deno.test("matchDane() takes any of several records, and none of an unknown kind", () => {
  const right = of(3, 1, 1, CHAIN[0]!);
  assert.equal(matchDane([tlsa(3, 1, 1, new Uint8Array(32)), right], CHAIN, [], NOW).kind, "match");
  for (
    const record of [{ ...right, usage: 1 }, { ...right, usage: 0 }, { ...right, selector: 2 }, {
      ...right,
      matching: 3,
    }]
  ) {
    assert.equal(matchDane([record], CHAIN, ["mx.example.org"], NOW).kind, "mismatch");
  }
  assert.deepEqual(
    daneReferences({
      base: "mx.example.org",
      host: "mx.example.org",
      domain: "example.org",
      canonicalDomain: "example.org",
    }),
    ["mx.example.org", "example.org"],
  );
});

const SHA256 = tlsa(3, 1, 1, new Uint8Array(32));
const ok = (records: TlsaRecord[], authenticated = true): DnsAnswer => (
  { kind: "ok", records, canonicalName: "x", authenticated, ttl: 1 }
);

Deno.test("danePlanOf() never takes a failure for 'there is none'", () => {
  const kind = (answer: DnsAnswer) => danePlanOf("mx.test", answer).kind;
  assert.equal(kind({ kind: "tempfail", reason: "bogus" }), "tempfail");
  assert.equal(kind({ kind: "nxdomain", authenticated: true, ttl: 1 }), "none");
  assert.equal(kind({ kind: "nodata", authenticated: false, ttl: 1 }), "none");
  assert.equal(kind(ok([SHA256])), "secure");
  assert.equal(kind(ok([SHA256], false)), "none");
  assert.equal(kind(ok([])), "none");
});

Deno.test("danePlanOf() tells usable records from those that only ask for TLS", () => {
  const plan = (...records: TlsaRecord[]) => {
    const plan = danePlanOf("mx.test", ok(records));
    return plan.kind === "secure" ? plan.records.map((record) => record.matching).join("") : plan.kind;
  };
  for (
    const record of [
      tlsa(0, 1, 1, new Uint8Array(32)),
      tlsa(1, 1, 1, new Uint8Array(32)),
      tlsa(3, 2, 1, new Uint8Array(32)),
      tlsa(3, 1, 3, new Uint8Array(32)),
      tlsa(3, 1, 1, new Uint8Array(31)),
      tlsa(3, 1, 2, new Uint8Array(32)),
      tlsa(3, 0, 0, new Uint8Array()),
    ]
  ) {
    assert.equal(plan(record), "unusable");
    assert.equal(plan(record, SHA256), "1");
  }
  // The stronger digest for the same usage and selector; whole data beside it.
  const sha512 = tlsa(3, 1, 2, new Uint8Array(64));
  assert.equal(plan(SHA256, sha512), "2");
  assert.equal(plan(SHA256, tlsa(3, 1, 0, new Uint8Array(9)), sha512), "02");
  assert.equal(plan(SHA256, tlsa(2, 1, 2, new Uint8Array(64))), "12");
  assert.equal(plan(...Array.from({ length: 500 }, () => SHA256)).length, 64);
});

Deno.test("lookupDane() asks where it may, the end of the CNAMEs first", () => {
  const address = (canonicalName: string, authenticated: boolean): DnsAnswer => (
    { kind: "ok", records: [{ type: "A", address: "192.0.2.1" }], canonicalName, authenticated, ttl: 1 }
  );
  const look = (address: DnsAnswer, held: Record<string, DnsAnswer> = {}, authenticated = true) => {
    const asked: string[] = [];
    const { result } = runProgram(lookupDane({ host: "mx.test", authenticated, address, port: 25 }), {
      "dns.resolve": ({ name }) => {
        asked.push(name);
        return held[name] ?? { kind: "nxdomain", authenticated: true, ttl: 1 };
      },
    });
    return `${result.kind}${"base" in result ? ` ${result.base}` : ""}: ${asked.join(" ")}`;
  };
  assert.equal(
    look(address("mx.test", true), { "_25._tcp.mx.test": ok([SHA256]) }),
    "secure mx.test: _25._tcp.mx.test",
  );
  assert.equal(look(address("mx.test", false), { "_25._tcp.mx.test": ok([SHA256]) }), "none: ");
  assert.equal(look(address("mx.test", true), {}, false), "none: ");
  assert.equal(look({ kind: "tempfail", reason: "x" }), "tempfail: ");
  assert.equal(look({ kind: "nodata", authenticated: true, ttl: 1 }), "none: ");
  const alias = { "_25._tcp.mx.test": ok([SHA256]) };
  assert.equal(look(address("real.test", true), alias), "secure mx.test: _25._tcp.real.test _25._tcp.mx.test");
  assert.equal(look(address("real.test", false), alias), "secure mx.test: _25._tcp.mx.test");
  assert.equal(
    look(address("real.test", true), { "_25._tcp.real.test": { kind: "tempfail", reason: "x" } }),
    "tempfail: _25._tcp.real.test",
  );
  assert.equal(
    look(address("real.test", true), { "_25._tcp.real.test": ok([]), ...alias }),
    "secure mx.test: _25._tcp.real.test _25._tcp.mx.test",
  );
});
