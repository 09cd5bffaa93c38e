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
import { DAY_LIMITS, DAY_MS } from "../../../src/server/day_counts.ts";
import { SessionCounts } from "../../../src/server/tls_policy/session_counts.ts";
import { TlsReporter } from "../../../src/server/tls_policy/reporter.ts";
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

Deno.test("SessionCounts of several processes is one count, which one of them takes", async () => {
  const storage = memoryStorage();
  const now = 10 * DAY_MS + 5;
  const failures: unknown[] = [];
  const counts = () => new SessionCounts({ storage, failed: (error) => failures.push(error) }, 1000);
  const all = [counts(), counts()];
  for (const one of all) {
    one.count(policy("a.example"), null, now);
    one.count(policy("a.example"), FAILURE, now);
  }
  await Promise.all(all.map((one) => one.save()));
  all[0]!.count(policy("a.example"), FAILURE, now);
  await all[0]!.save();
  const later = counts();
  assert.deepEqual(await later.due(now), []); // the day is not over
  assert.deepEqual(await later.due(11 * DAY_MS + 999), []);
  const [due] = await later.due(11 * DAY_MS + 1000);
  const shown = due!.counter.counts().map(({ succeeded, failed, details }) => [succeeded, failed, details[0]!.count]);
  assert.deepEqual(shown, [[2, 3, 3]]);
  const taken = await Promise.all([later.take(due!), all[0]!.take(due!)]);
  assert.deepEqual(taken.toSorted(), [false, true]);
  assert.deepEqual([await later.due(20 * DAY_MS), failures], [[], []]);
  await storage.close();
});

Deno.test("SessionCounts bounds domains and kinds of failure, and survives what is not its own", async () => {
  const storage = memoryStorage();
  const now = 10 * DAY_MS;
  await storage.perform("setting.init", { name: "tls.days", value: '{"no":1}' });
  await storage.perform("setting.init", { name: "tls.counts.10.3", value: '[{"domain":1}]' });
  const failures: unknown[] = [];
  const counts = new SessionCounts({ storage, failed: (error) => failures.push(error) }, 0);
  for (let i = 0; i < 4000; i++) counts.count(policy(`d${i}.example`), null, now);
  await counts.save();
  const due = await counts.due(11 * DAY_MS);
  assert(due.length <= DAY_LIMITS.waiting && due.length > DAY_LIMITS.waiting * 0.9, String(due.length));
  assert.equal(failures.length, 1);
  const one = policy("one.example");
  const next = now + DAY_MS;
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 400; i++) {
      counts.count({ ...one, strings: [`${round}`] }, { ...FAILURE, receivingHost: `${i}.${"x".repeat(200)}` }, next);
    }
    counts.count({ ...one, strings: ["0"] }, FAILURE, next);
    await counts.save();
  }
  const found = (await counts.due(12 * DAY_MS)).find(({ domain }) => domain === "one.example")!;
  const text = JSON.stringify(found.counter.counts());
  assert(text.length <= DAY_LIMITS.bucket, String(text.length));
  assert.equal(found.counter.counts()[0]!.failed, 406);
  await storage.close();
});

Deno.test("a TLS report waits while the DNS does not answer", async () => {
  const log: string[] = [];
  const storage = memoryStorage();
  const clock = createTestClock(10 * DAY_MS);
  let asked = 0;
  const reporter = new TlsReporter({
    storage,
    hostname: "mail.ours.example",
    run: () => {
      asked++;
      return Promise.resolve((asked < 3 ? { kind: "tempfail", reason: "time-out" } : { kind: "none" }) as never);
    },
    log: ({ event }) => log.push(event),
    facts: () => {
      throw new Error("nothing is sent");
    },
    sign: (bytes) => Promise.resolve(bytes),
    request: () => Promise.reject(new Error("nothing is sent")),
  }, clock);
  reporter.start();
  reporter.count(policy("a.example"), FAILURE);
  await clock.advance(72 * HOUR);
  await reporter.stop();
  assert.deepEqual([asked, log], [3, ["tls.report.failed", "tls.report.failed"]]);
  await storage.close();
});
