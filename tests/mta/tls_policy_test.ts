/** The decision as a table, and the questions behind it. */
import assert from "node:assert/strict";
import type { DnsAnswer, DnsRecord, DnsType } from "../../src/contract/mod.ts";
import type { DanePlan, StsPolicy, TlsaRecord } from "../../src/mailauth/mod.ts";
import { decideTls, demandKey, lookupHostDane, relaxedTls } from "../../src/mta/tls_policy.ts";
import { judgeCertificate } from "../../src/mta/tls_verdict.ts";
import { argsOf, runProgram } from "../support/run_program.ts";

const HOST = "mx.there.example";
const RECORD: TlsaRecord = { type: "TLSA", usage: 3, selector: 1, matching: 1, data: new Uint8Array(32).fill(7) };
const PLANS: Record<DanePlan["kind"], DanePlan> = {
  secure: { kind: "secure", base: HOST, records: [RECORD] },
  unusable: { kind: "unusable", base: HOST },
  none: { kind: "none" },
  tempfail: { kind: "tempfail", reason: "bogus" },
};
const policy = (mode: StsPolicy["mode"], mx = [HOST]): StsPolicy => ({ mode, mx, maxAge: 1000 });

Deno.test("decideTls(): DANE, then MTA-STS, then whatever there is", () => {
  const none = null;
  const enforce = policy("enforce");
  const strange = policy("enforce", ["mx.other.example"]);
  const table: [DanePlan["kind"], StsPolicy | null, boolean, string][] = [
    ["secure", none, false, "dane"],
    ["secure", strange, false, "dane"],
    ["secure", none, true, "dane"],
    ["unusable", none, false, "encrypted"],
    ["unusable", strange, false, "encrypted"],
    ["unusable", none, true, "pkix"],
    ["tempfail", none, false, "skip dnssec-invalid"],
    ["tempfail", enforce, true, "skip dnssec-invalid"],
    ["none", none, false, "opportunistic"],
    ["none", none, true, "pkix"],
    ["none", enforce, false, "pkix"],
    ["none", enforce, true, "pkix"],
    ["none", strange, false, "skip validation-failure"],
    ["none", strange, true, "skip validation-failure"],
    ["none", policy("testing"), false, "opportunistic testing"],
    ["none", policy("testing", ["mx.other.example"]), false, "opportunistic testing strange"],
    ["none", policy("testing"), true, "pkix"],
    ["none", policy("none", []), false, "opportunistic"],
    ["none", policy("none", []), true, "pkix"],
  ];
  for (const [plan, sts, requireTls, expected] of table) {
    const dane = { plan: PLANS[plan], references: [] };
    const decision = decideTls({ domain: "there.example", host: HOST, dane, sts, requireTls });
    const said = decision.kind === "skip"
      ? `skip ${decision.type}`
      : [decision.tls.demand.kind, decision.tls.testing && "testing", decision.tls.strange && "strange"].filter(Boolean)
        .join(" ");
    assert.equal(said, expected, JSON.stringify([plan, sts?.mode, requireTls]));
  }
  const relaxed = relaxedTls("there.example");
  assert.ok(relaxed.kind === "go" && relaxed.tls.demand.kind === "opportunistic" && relaxed.tls.by === null);
});

Deno.test("demandKey() tells every two demands apart", () => {
  const dane = (records: TlsaRecord[], references: string[] = []) =>
    ({ kind: "dane", base: HOST, records, references }) as const;
  const keys = [
    { kind: "opportunistic" } as const,
    { kind: "encrypted" } as const,
    { kind: "pkix" } as const,
    dane([RECORD]),
    dane([{ ...RECORD, usage: 2 }]),
    dane([{ ...RECORD, data: new Uint8Array(32) }]),
    dane([RECORD, RECORD]),
    dane([RECORD], ["a.example"]),
    { ...dane([RECORD]), base: "other.example" },
  ].map(demandKey);
  assert.equal(new Set(keys).size, keys.length);
});

const ok = (records: readonly DnsRecord[], more: Partial<Extract<DnsAnswer, { kind: "ok" }>> = {}): DnsAnswer => ({
  kind: "ok",
  records,
  canonicalName: HOST,
  authenticated: true,
  ttl: 60,
  ...more,
});
const MX_OK = ok([{ type: "MX", preference: 1, exchange: "MX.there.example." }], { canonicalName: "there.example" });
const A_OK = ok([{ type: "A", address: "192.0.2.1" }]);
const TEMPFAIL: DnsAnswer = { kind: "tempfail", reason: "bogus" };
const NODATA: DnsAnswer = { kind: "nodata", authenticated: true, ttl: 60 };

function asked(answers: Partial<Record<DnsType, DnsAnswer>>, name = HOST, address = "192.0.2.1") {
  const ran = runProgram(lookupHostDane("there.example", { name, address, port: 25 }), {
    "dns.resolve": ({ type }: { type: DnsType }) => answers[type] ?? NODATA,
  } as never);
  return { ...ran.result, asked: argsOf(ran.calls, "dns.resolve").map(({ name, type }) => `${type} ${name}`) };
}

Deno.test("lookupHostDane(): every step must be proven", () => {
  const tlsa = ok([RECORD], { canonicalName: `_25._tcp.${HOST}` });
  assert.equal(asked({ MX: MX_OK, A: A_OK, TLSA: tlsa }).plan.kind, "secure");
  assert.equal(asked({ MX: { ...MX_OK, authenticated: false } as DnsAnswer, A: A_OK, TLSA: tlsa }).plan.kind, "none");
  assert.equal(asked({ MX: MX_OK, A: { ...A_OK, authenticated: false } as DnsAnswer, TLSA: tlsa }).plan.kind, "none");
  assert.equal(asked({ MX: MX_OK, A: A_OK, TLSA: { ...tlsa, authenticated: false } as DnsAnswer }).plan.kind, "none");
  for (const type of ["MX", "A", "TLSA"] as const) {
    assert.equal(asked({ MX: MX_OK, A: A_OK, TLSA: tlsa, [type]: TEMPFAIL }).plan.kind, "tempfail", type);
  }
  // RFC 7672 section 2.2.2: nothing is asked below a name that is not signed.
  assert.deepEqual(asked({ MX: MX_OK, A: { ...A_OK, authenticated: false } as DnsAnswer }).asked, [
    "MX there.example",
    `A ${HOST}`,
  ]);
  assert.deepEqual(asked({ MX: MX_OK, AAAA: A_OK, TLSA: tlsa }, HOST, "2001:db8::1").asked[1], `AAAA ${HOST}`);
});

Deno.test("lookupHostDane(): a domain without MX is its own host; one whose exchangers changed waits", () => {
  const tlsa = ok([RECORD]);
  const own = ok([{ type: "A", address: "192.0.2.1" }], { canonicalName: "there.example" });
  assert.equal(asked({ MX: NODATA, A: own, TLSA: tlsa }, "there.example").plan.kind, "secure");
  assert.equal(asked({ MX: MX_OK, A: A_OK, TLSA: tlsa }, "old.there.example").plan.kind, "tempfail");
});

Deno.test("lookupHostDane(): names for usage 2, also where CNAMEs end", () => {
  const mx = { ...MX_OK, canonicalName: "real.example" } as DnsAnswer;
  const a = { ...A_OK, canonicalName: "host.example" } as DnsAnswer;
  const { plan, references, asked: questions } = asked({ MX: mx, A: a, TLSA: ok([{ ...RECORD, usage: 2 }]) });
  assert.ok(plan.kind === "secure" && plan.base === "host.example");
  assert.deepEqual(references.toSorted(), ["host.example", HOST, "real.example", "there.example"].toSorted());
  assert.equal(questions[2], "TLSA _25._tcp.host.example");
  assert.deepEqual(asked({ MX: mx, A: a, TLSA: ok([RECORD]) }).references, []); // usage 3 looks at no name
});

Deno.test("judgeCertificate(): a certificate whose key nobody has shown never matches", () => {
  const decision = decideTls({
    domain: "there.example",
    host: HOST,
    dane: { plan: PLANS.secure, references: [] },
    sts: null,
    requireTls: false,
  });
  assert.ok(decision.kind === "go");
  const der = new Uint8Array([1]);
  const spki = new Uint8Array([2]);
  const times = { notBefore: 0, notAfter: 10, issuedByNext: false };
  const chain = [{ der, spki, names: [], commonName: null, ...times }];
  const whole = {
    ...decision.tls,
    demand: { kind: "dane", base: HOST, references: [], records: [{ ...RECORD, matching: 0, data: spki }] },
  } as const;
  assert.equal(judgeCertificate(whole, HOST, { chain, problem: "untrusted", keyIsProven: true }, 5), null);
  for (const seen of [{ chain, keyIsProven: false }, { chain: null, keyIsProven: true }]) {
    assert.equal(judgeCertificate(whole, HOST, { ...seen, problem: null }, 5)?.type, "validation-failure");
  }
});
