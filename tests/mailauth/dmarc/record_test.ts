import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDmarcRecord } from "../../../src/mailauth/dmarc/mod.ts";

Deno.test("parseDmarcRecord() reads tags with their defaults", () => {
  const record = parseDmarcRecord(
    " V = DMARC1 ;P=Reject; sp=quarantine;np=none ; adkim=S;aspf=r; psd=N; t=Y; pct=50; fo=1:d:x; what=ever;" +
      "rua=mailto:a@example.org!10m, https://example.org/r,mailto:b%40c@example.org, bare@example.org; ruf=MAILTO:x@y.org?s=1",
  )!;
  assert.deepEqual(
    [record.p, record.sp, record.np, record.adkim, record.aspf, record.psd, record.t, record.pct, record.fo],
    ["reject", "quarantine", "none", "s", "r", "n", true, 50, ["1", "d"]],
  );
  assert.deepEqual(record.rua, [
    {
      uri: "mailto:a@example.org",
      scheme: "mailto",
      address: { local: "a", domain: "example.org" },
      maxSize: 10 * 2 ** 20,
    },
    { uri: "https://example.org/r", scheme: "https", address: null, maxSize: null },
    { uri: "mailto:b%40c@example.org", scheme: "mailto", address: null, maxSize: null },
  ]);
  assert.deepEqual(record.ruf[0]!.address, { local: "x", domain: "y.org" });
  const { text: _, ...defaults } = parseDmarcRecord("v=DMARC1")!;
  assert.deepEqual(defaults, {
    p: null,
    sp: null,
    np: null,
    invalidPolicy: false,
    adkim: "r",
    aspf: "r",
    psd: "u",
    t: false,
    pct: 100,
    fo: ["0"],
    rua: [],
    ruf: [],
  });
});

Deno.test("parseDmarcRecord() passes broken tags over", () => {
  const record = parseDmarcRecord("v=DMARC1; p; =x; adkim=strict; pct=101; sp=block; t=yes; psd=maybe; rua=nobody;;")!;
  assert.deepEqual(
    [record.p, record.adkim, record.pct, record.invalidPolicy, record.t, record.psd, record.rua],
    [null, "r", 100, true, false, "u", []],
  );
});

Deno.test("parseDmarcRecord() knows what is no record", () => {
  for (
    const text of [
      "",
      "v=spf1 -all",
      "v=dmarc1; p=reject",
      "v=DMARC10; p=reject",
      "v=DMARC1 p=reject",
      "p=reject; v=DMARC1",
      '"v=DMARC1; p=reject"',
      "v=DMARC1; p=none; P=reject",
      "v=DMARC1; p=reject; x=" + "y".repeat(9000),
      "v=DMARC1" + ";a".repeat(101),
    ]
  ) assert.equal(parseDmarcRecord(text), null, text.slice(0, 60));
});

Deno.test("parseDmarcRecord() bounds the report addresses and never throws", () => {
  assert.equal(parseDmarcRecord("v=DMARC1; rua=" + "mailto:a@b.c,".repeat(100))!.rua.length, 20);
  assert.equal(
    parseDmarcRecord("v=DMARC1; rua=mailto:%0d%0a@b.c,mailto:%ff@b.c,mailto:")!.rua.every((uri) =>
      uri.address === null
    ),
    true,
  );
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), (text) => {
      parseDmarcRecord("v=DMARC1;" + text);
    }),
    { numRuns: 500 },
  );
});
