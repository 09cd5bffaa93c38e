import assert from "node:assert/strict";
import fc from "fast-check";
import {
  afterStsFetch,
  decideSts,
  lookupSts,
  matchesStsPolicy,
  NO_STS_MEMORY,
  parseStsPolicy,
  parseStsRecord,
  readStsResponse,
  STS_POLICY_LIMIT,
  type StsMemory,
  stsPlan,
  type StsPolicy,
  stsPolicyUrl,
  type StsRecord,
  stsRecordOf,
} from "../../../src/mailauth/mta_sts/mod.ts";
import { utf8Bytes } from "../../../src/base/bytes.ts";
import { runProgram } from "../../support/run_program.ts";
import { dnsOf } from "../dmarc/zone.ts";

Deno.test("parseStsRecord() reads the id, and nothing that breaks the grammar", () => {
  const table: [string, string | null][] = [
    ["v=STSv1; id=20160831085700Z;", "20160831085700Z"],
    ["v=STSv1;id=a", "a"],
    ["v = STSv1 ; id = a ; new.field=x!y", "a"],
    ["v=STSv1; id=a; id=b", null],
    ["v=STSv1; id=a;; x=y", null],
    ["v=STSv1; id=a; x", null],
    ["v=STSv1; id=a-b", null],
    ["v=STSv1; id=" + "a".repeat(33), null],
    ["v=STSv1;", null],
    ["v=STSv1", null],
    ["v=stsv1; id=a", null],
    ["v=STSv12; id=a", null],
    ["id=a; v=STSv1", null],
    ["v=STSv1; id=a;" + "x=y;".repeat(1000), null],
  ];
  for (const [text, id] of table) assert.equal(parseStsRecord(text), id, text.slice(0, 40));
});

Deno.test("stsRecordOf() wants one record of the version", () => {
  assert.deepEqual(stsRecordOf(["v=spf1 -all", "v=STSv1; id=a"]), { kind: "record", id: "a" });
  assert.deepEqual(stsRecordOf(["v=STSv1; id=a", "v=STSv1; id=b"]), { kind: "none" });
  assert.deepEqual(stsRecordOf(["v=STSv1; id=a", "v=STSv1; broken"]), { kind: "none" });
  const look = (texts: readonly string[] | "fails") =>
    runProgram(lookupSts("example.com"), { "dns.resolve": dnsOf({ "_mta-sts.example.com": texts }) }).result.kind;
  assert.deepEqual([look(["v=STSv1; id=a"]), look("fails"), look([])], ["record", "tempfail", "none"]);
  assert.equal(stsPolicyUrl("example.com"), "https://mta-sts.example.com/.well-known/mta-sts.txt");
});

const POLICY = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.Example.net\r\nmax_age: 604800\r\n";

Deno.test("parseStsPolicy() reads keys in any order, and passes unknown ones over", () => {
  const wanted: StsPolicy = { mode: "enforce", mx: ["mail.example.com", "*.example.net"], maxAge: 604800 };
  assert.deepEqual(parseStsPolicy(POLICY), wanted);
  assert.deepEqual(parseStsPolicy(POLICY.replaceAll("\r\n", "\n").trimEnd()), wanted);
  assert.deepEqual(parseStsPolicy(`future: x\n${POLICY}mode: none\nmax_age:1\n\n`), wanted);
  assert.equal(parseStsPolicy(POLICY.replace("604800", "9999999999"))!.maxAge, 31_557_600);
  assert.deepEqual(parseStsPolicy("version: STSv1\nmode: none\nmax_age: 0"), { mode: "none", mx: [], maxAge: 0 });
  assert.deepEqual(parseStsPolicy(POLICY.replace("mail.example.com", "mäil.example."))!.mx[0], "xn--mil-qla.example");
});

Deno.test("parseStsPolicy() refuses what is no policy", () => {
  for (
    const text of [
      "",
      "<html>",
      POLICY.replace("STSv1", "STSv2"),
      POLICY.replace("enforce", "Enforce"),
      POLICY.replace("604800", "-1"),
      POLICY.replace("604800", "12345678901"),
      POLICY.replace("max_age: 604800\r\n", ""),
      POLICY.replace("mode: enforce\r\n", ""),
      POLICY.replace("mx: mail.example.com\r\nmx: *.Example.net\r\n", ""),
      POLICY.replace("mail.example.com", "*.*.example.com"),
      POLICY.replace("mail.example.com", "*"),
      POLICY.replace("mail.example.com", "mail.*.com"),
      POLICY.replace("mail.example.com", "[192.0.2.1]"),
      POLICY + "mx: a.test\n".repeat(1001),
      POLICY + " ".repeat(STS_POLICY_LIMIT),
      POLICY + "no colon\n",
    ]
  ) assert.equal(parseStsPolicy(text), null, text.slice(0, 120));
  fc.assert(fc.property(fc.string({ maxLength: 100 }), (text) => {
    parseStsPolicy(POLICY + text);
  }));
});

Deno.test("readStsResponse() takes 200 and text/plain, within the limit, and no redirect", () => {
  const read = (status: number, contentType: string | null, octets = utf8Bytes(POLICY)) => {
    const got = readStsResponse({ status, contentType, octets });
    return "failed" in got ? got.failed : got.mode;
  };
  assert.equal(read(200, "Text/Plain; charset=utf-8"), "enforce");
  assert.equal(read(301, "text/plain"), "sts-policy-fetch-error");
  assert.equal(read(404, "text/plain"), "sts-policy-fetch-error");
  assert.equal(read(200, "text/html"), "sts-policy-invalid");
  assert.equal(read(200, null), "sts-policy-invalid");
  assert.equal(read(200, "text/plain", new Uint8Array(STS_POLICY_LIMIT + 1).fill(10)), "sts-policy-invalid");
});

Deno.test("matchesStsPolicy() lets a star stand for one label", () => {
  const policy = parseStsPolicy(POLICY.replace("*.Example.net", "*.bücher.example"))!;
  const table: [string, boolean][] = [
    ["mail.example.com", true],
    ["MAIL.example.com.", true],
    ["a.mail.example.com", false],
    ["example.com", false],
    ["a.xn--bcher-kva.example", true],
    ["a.bücher.example", true],
    ["a.b.xn--bcher-kva.example", false],
    ["xn--bcher-kva.example", false],
    ["", false],
    ["com", false],
    ["*.xn--bcher-kva.example", false],
  ];
  for (const [host, wanted] of table) assert.equal(matchesStsPolicy(policy, host), wanted, host);
});

Deno.test("stsPlan() enforces only what enforces", () => {
  const policy = parseStsPolicy(POLICY)!;
  const hosts = ["evil.test", "mail.example.com", "x.example.net"];
  assert.deepEqual(stsPlan(policy, hosts), { mode: "enforce", hosts: hosts.slice(1), refused: ["evil.test"] });
  assert.equal(stsPlan({ ...policy, mode: "testing" }, hosts).mode, "testing");
  assert.deepEqual(stsPlan({ ...policy, mode: "none" }, hosts), { mode: "none", hosts, refused: [] });
  assert.deepEqual(stsPlan(null, hosts), { mode: "none", hosts, refused: [] });
});

const HOUR = 3_600_000;
const policy = (maxAge: number): StsPolicy => ({ mode: "enforce", mx: ["a.test"], maxAge });
const known = (id: string, maxAge = 7 * 86_400): StsMemory => ({
  known: { id, policy: policy(maxAge), fetchedAt: 0 },
  failed: null,
});
const record = (id: string): StsRecord => ({ kind: "record", id });
const SILENT: readonly StsRecord[] = [{ kind: "none" }, { kind: "tempfail", reason: "x" }];

Deno.test("decideSts() keeps a policy whatever fails, until it expires", () => {
  for (const silent of SILENT) {
    assert.deepEqual(decideSts(known("a"), silent, 6 * 24 * HOUR), {
      kind: "use",
      policy: policy(7 * 86_400),
      refresh: false,
    });
    assert.deepEqual(decideSts(known("a"), silent, 7 * 24 * HOUR), { kind: "use", policy: null, refresh: false });
    assert.deepEqual(decideSts(NO_STS_MEMORY, silent, 0), { kind: "use", policy: null, refresh: false });
  }
  assert.deepEqual(decideSts(known("a"), record("a"), HOUR), {
    kind: "use",
    policy: policy(7 * 86_400),
    refresh: false,
  });
  assert.deepEqual(decideSts(known("a"), record("a"), 25 * HOUR), {
    kind: "use",
    policy: policy(7 * 86_400),
    refresh: true,
  });
  assert.deepEqual(decideSts(known("a", 7200), record("a"), HOUR), {
    kind: "use",
    policy: policy(7200),
    refresh: true,
  });
  assert.deepEqual(decideSts(known("a"), record("b"), HOUR), { kind: "fetch", id: "b" });
  assert.deepEqual(decideSts(known("a", 10), record("a"), HOUR), { kind: "fetch", id: "a" });
  assert.deepEqual(decideSts(NO_STS_MEMORY, record("a"), 0), { kind: "fetch", id: "a" });
});

Deno.test("afterStsFetch() keeps the old policy where the new one cannot be had, and does not ask again at once", () => {
  const failed = afterStsFetch(known("a"), "b", { failed: "sts-webpki-invalid" }, HOUR);
  assert.deepEqual(failed.policy, policy(7 * 86_400));
  assert.deepEqual(decideSts(failed.memory, record("b"), HOUR + 1), {
    kind: "use",
    policy: policy(7 * 86_400),
    refresh: false,
  });
  assert.deepEqual(decideSts(failed.memory, record("c"), HOUR + 1), { kind: "fetch", id: "c" });
  assert.deepEqual(decideSts(failed.memory, record("b"), HOUR + 300_000), { kind: "fetch", id: "b" });
  // A clock that was set back does not make us wait for ever.
  assert.deepEqual(decideSts(failed.memory, record("b"), 0), { kind: "fetch", id: "b" });
  const none = afterStsFetch(known("a", 10), "b", { failed: "sts-policy-invalid" }, HOUR);
  assert.deepEqual([none.policy, none.memory.known], [null, null]);
  const fresh = afterStsFetch(failed.memory, "b", policy(60), 2 * HOUR);
  assert.deepEqual(fresh, {
    policy: policy(60),
    memory: { known: { id: "b", policy: policy(60), fetchedAt: 2 * HOUR }, failed: null },
  });
});
