/** Counting sessions and reporting them (RFC 8460). */
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { latin1String } from "../../../src/base/bytes.ts";
import {
  type ParsedTlsReport,
  parseTlsReport,
  type StsPolicy,
  type TlsFailure,
  type TlsPolicy,
} from "../../../src/mailauth/mod.ts";
import type { Clock } from "../../../src/server/clock.ts";
import { createTestClock } from "../../../src/server/test_clock.ts";
import { DAY_MS, SessionCounts } from "../../../src/server/tls_policy/session_counts.ts";
import { memoryStorage } from "../../../src/storage/memory/mod.ts";
import { HOUR, type House, house } from "../outbound/house.ts";
import { certificate, signedResolver, tlsPeer, zonesOf } from "./tls_peer.ts";

const MX = "mx.there.example";
const TESTING: StsPolicy = { mode: "testing", mx: [MX], maxAge: 86_400 };
const txt = (text: string) => ({ TXT: [{ type: "TXT", text }] }) as const;

interface Scene {
  readonly home: House;
  readonly clock: Clock & { advance(ms: number): Promise<void> };
  readonly posted: { url: string; init: RequestInit }[];
  readonly secret: string[];
  close(): Promise<void>;
}

/** `there.example` publishes `testing`, has a bad certificate, and wants reports at `rua`. */
async function scene(rua: string | null, reports = true): Promise<Scene> {
  const there = await tlsPeer({ certificate: certificate("other.example") });
  const posted: Scene["posted"] = [];
  const clock = createTestClock(Date.UTC(2026, 10, 24, 6));
  const zones = zonesOf(there.port, null, {
    "_mta-sts.there.example": txt("v=STSv1; id=one;"),
    ...(rua === null ? {} : {
      "_smtp._tls.there.example": txt(`v=TLSRPTv1; rua=${rua}`),
      "_smtp._tls.reports.example": txt(`v=TLSRPTv1; rua=${rua}`),
    }),
    "reports.example": { MX: [{ type: "MX", preference: 1, exchange: MX }] },
  });
  const request = (url: string, init: RequestInit) => {
    posted.push({ url, init });
    return Promise.resolve(new Response(null, { status: 201 }));
  };
  const parts = {
    resolver: signedResolver(zones, ["example"]),
    fetchPolicy: () => Promise.resolve(TESTING),
    tlsReports: reports,
    request,
    clock,
  };
  const home = await house({ policy: { port: there.port, privateExchanges: true }, parts });
  home.now = clock.wall();
  home.worker.start();
  const empty = async () => (await home.rows()).length === 0;
  for (const name of ["amy", "bob"]) {
    await home.send([`${name}@there.example`]);
    await home.until("an empty queue", empty);
    await clock.advance(10_000); // the connection is not kept
  }
  return {
    home,
    clock,
    posted,
    secret: there.secret,
    async close() {
      await home.close();
      await there.close();
    },
  };
}

function shown(report: ParsedTlsReport | null): unknown {
  return report && {
    domain: report.domain,
    organization: report.organization,
    days: (report.end + 1000 - report.begin) / DAY_MS,
    policies: report.policies.map(({ policy, succeeded, failed, details }) => [
      policy.type,
      policy.mxHosts,
      succeeded,
      failed,
      details.map(({ failure, count }) => [failure.type, failure.receivingHost, failure.receivingIp, count]),
    ]),
  };
}

const EXPECTED = {
  domain: "there.example",
  organization: "mail.ours.example",
  days: 1,
  policies: [["sts", [MX], 0, 2, [["certificate-host-mismatch", MX, "127.0.0.1", 2]]]],
};

Deno.test("testing of MTA-STS is counted, and reported the day after by POST", async () => {
  const s = await scene("https://reports.example/tls");
  await s.clock.advance(17 * HOUR);
  assert.equal(s.posted.length, 0); // the day is not over
  await s.clock.advance(6 * HOUR);
  await s.home.until("a report", () => Promise.resolve(s.posted.length === 1));
  await s.clock.advance(72 * HOUR);
  assert.equal(s.posted.length, 1);
  const { url, init } = s.posted[0]!;
  assert.deepEqual([url, init.method, init.redirect], ["https://reports.example/tls", "POST", "manual"]);
  assert.deepEqual(init.headers, { "content-type": "application/tlsrpt+gzip" });
  assert.deepEqual(shown(parseTlsReport(gunzipSync(init.body as Uint8Array).toString())), EXPECTED);
  await s.close();
});

Deno.test("a report by mail has a null sender, and its own delivery is not reported", async () => {
  const s = await scene("mailto:tls@reports.example");
  // Not all at once: a clock that goes on while a connection is made ends its patience.
  const mailed = () => s.home.lines.some(({ event }) => event === "tls.report.mailed");
  for (let step = 0; step < 24 * 6 && !mailed(); step++) await s.clock.advance(HOUR / 6);
  const arrived = () => s.secret.some((line) => line.startsWith("RCPT TO:<tls@reports.example>"));
  await s.home.until("a report", () => Promise.resolve(arrived()));
  await s.home.until("an empty queue", async () => (await s.home.rows()).length === 0);
  const from = s.secret.findLastIndex((line) => line.startsWith("MAIL FROM:<>"));
  const text = s.secret.slice(from).join("\r\n");
  assert.match(text, /^From: TLS reports <postmaster@mail\.ours\.example>\r\n/m);
  assert.match(text, /^TLS-Report-Domain: there\.example\r\nTLS-Report-Submitter: mail\.ours\.example\r\n/m);
  assert.match(text, /^TLS-Required: No\r\n/m);
  assert.match(text, /^Content-Type: multipart\/report;(\r\n)? report-type="tlsrpt";/m);
  const base64 = /Content-Type: application\/tlsrpt\+gzip[^]*?\r\n\r\n([A-Za-z0-9+/=\r\n]+)\r\n--/.exec(text)![1]!;
  const report = gunzipSync(Uint8Array.fromBase64(base64.replace(/\s/g, "")));
  assert.deepEqual(shown(parseTlsReport(latin1String(report))), EXPECTED);
  await s.clock.advance(72 * HOUR);
  assert.equal(s.home.lines.filter(({ event }) => event === "tls.report.mailed").length, 1);
  await s.close();
});

Deno.test("nobody is told who did not ask, or where reports are off", async () => {
  for (const s of [await scene(null), await scene("https://reports.example/tls", false)]) {
    await s.clock.advance(48 * HOUR);
    assert.deepEqual(s.posted, []);
    await s.close();
  }
});

const policy = (domain: string): TlsPolicy => ({ type: "no-policy-found", strings: [], domain, mxHosts: [] });
const FAILURE: TlsFailure = {
  type: "starttls-not-supported",
  sendingIp: null,
  receivingHost: MX,
  receivingHelo: null,
  receivingIp: "192.0.2.1",
  reasonCode: null,
};

Deno.test("SessionCounts goes on after a restart, and two processes do not take the same", async () => {
  const storage = memoryStorage();
  let now = 10 * DAY_MS + 5;
  const counts = () => new SessionCounts(storage, () => now, () => {});
  const first = counts();
  first.count(policy("a.example"), null);
  first.count(policy("a.example"), FAILURE);
  await first.save();
  const [second, third] = [counts(), counts()];
  await Promise.all([second.load(), third.load()]);
  const owner = second.finished().length + third.finished().length;
  assert.equal(owner, 0); // the day is not over
  for (const one of [second, third]) one.count(policy("a.example"), FAILURE);
  now += DAY_MS;
  const taken = [second, third].map((one) =>
    one.take(10 * DAY_MS)!.policies.map((p) => [p.succeeded, p.failed, p.details.length])
  );
  assert.deepEqual(taken.toSorted(), [[[0, 1, 1]], [[1, 2, 1]]]);
  await storage.close();
});

Deno.test("SessionCounts bounds domains and days, and survives what is not its own", async () => {
  const storage = memoryStorage();
  let now = 10 * DAY_MS;
  await storage.perform("setting.init", { name: "tls-reports", value: '{"no":1}' });
  const counts = new SessionCounts(storage, () => now, () => {});
  await counts.load();
  for (let i = 0; i < 1200; i++) counts.count(policy(`d${i}.example`), null);
  now += DAY_MS;
  let domains = 0;
  while (counts.take(10 * DAY_MS)) domains++;
  assert.equal(domains, 1000);
  for (let day = 0; day < 6; day++, now += DAY_MS) counts.count(policy("a.example"), null);
  assert.equal(counts.finished().length, 3);
  await storage.close();
});
