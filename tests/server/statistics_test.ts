import assert from "node:assert/strict";
import { testServer } from "../../mod.ts";
import { Secret } from "../../src/base/secret.ts";
import { metricsAccess } from "../../src/server/http_metrics.ts";
import { memoryLogger } from "../../src/server/log.ts";
import { createMetrics } from "../../src/server/metrics.ts";
import { Statistics } from "../../src/server/statistics.ts";
import { memoryStorage } from "../../src/storage/memory/mod.ts";

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 0, 31, 12);

Deno.test("Statistics sums what was counted by hour and day, over servers and their ends", async () => {
  const storage = memoryStorage();
  let now = NOON;
  const failures: unknown[] = [];
  const make = (hostname: string) => {
    const metrics = createMetrics();
    const one = new Statistics({ storage, now: () => now, hostname, failed: (error) => void failures.push(error) });
    one.watch(metrics);
    const outcomes = metrics.counter("palomar_queue_outcomes_total", "x", ["outcome"]);
    const accepted = metrics.counter("palomar_messages_accepted_total", "x", ["protocol"]);
    return { one, outcomes, accepted, logger: one.over(memoryLogger()) };
  };
  const a = make("a.example");
  a.accepted.add(["smtp"], 3);
  a.outcomes.add(["delivered"]);
  a.outcomes.add(["deferred"]);
  for (let i = 0; i < 100; i++) {
    a.logger.log("info", "smtp.refused", { command: "RCPT", code: 550 + i, reason: "5.1.1 No such user" });
  }
  a.logger.log("info", "smtp.refused", { command: "RCPT", code: 550, reason: "5.1.1 No such user" });
  await a.one.flush();
  now += HOUR;
  const again = make("a.example"); // after a restart
  again.accepted.add(["smtp"]);
  const b = make("b.example");
  b.outcomes.add(["failed"], 2);
  await Promise.all([again.one.flush(), b.one.flush(), b.one.flush()]);
  const hours = await a.one.read("hour", NOON, NOON + 2 * HOUR);
  assert.deepEqual(
    hours.map(({ from, received, sent, deferred, bounced }) => [from, received, sent, deferred, bounced]),
    [
      ["2026-01-31T12:00:00.000Z", 3, 1, 1, 0],
      ["2026-01-31T13:00:00.000Z", 1, 0, 0, 2],
    ],
  );
  assert.deepEqual(hours[0]!.refusals.slice(0, 2), [{ reason: "other", times: 70 }, {
    reason: "RCPT 550 5.1.1",
    times: 2,
  }]);
  const days = await a.one.read("day", NOON - 24 * HOUR, NOON + 24 * HOUR);
  assert.deepEqual(days.map(({ from, received, bounced }) => [from, received, bounced]), [
    ["2026-01-31T00:00:00.000Z", 4, 2],
  ]);
  assert.equal((await a.one.read("hour", NOON, NOON + HOUR)).length, 1);
  assert.deepEqual(await a.one.read("hour", NOON + 5 * HOUR, NOON + 6 * HOUR), []);
  assert.deepEqual(failures, []);
});

Deno.test("Statistics keeps what it cannot write, and writes it later once", async () => {
  const storage = memoryStorage();
  let isAway = true;
  const failures: unknown[] = [];
  const perform: typeof storage.perform = (op, args) =>
    isAway ? Promise.reject(new Error("away")) : storage.perform(op, args);
  const one = new Statistics({
    storage: { perform },
    now: () => NOON,
    hostname: "a.example",
    failed: (error) => void failures.push(error),
  });
  const metrics = createMetrics();
  one.watch(metrics);
  const logins = metrics.counter("palomar_logins_total", "x", ["protocol"]);
  logins.add(["imap"]);
  await one.flush();
  logins.add(["imap"]);
  assert.equal(failures.length, 1);
  isAway = false;
  await one.flush();
  await one.flush();
  assert.equal((await one.read("hour", NOON, NOON + HOUR))[0]!.logins, 2);
});

Deno.test("a server counts what comes, and shows it by HTTP", async () => {
  await using test = await testServer();
  await test.deliver("Subject: hello\n\nHi", "alice@example.test");
  const smtp = test.connect("smtp");
  await smtp.until("220");
  await smtp.ask("EHLO x.example", "250 ");
  await smtp.ask("MAIL FROM:<zoe@example.net>", "250");
  await smtp.ask("RCPT TO:<nobody@example.test>", "550");
  const ask = async (path: string) => {
    const headers = { authorization: `Bearer ${test.server.adminToken.value}` };
    return await (await test.server.fetch(new Request(`http://localhost${path}`, { headers }))).json();
  };
  await test.server.fetch(new Request("http://localhost/health"));
  const { periods, queue } = await ask("/api/v1/statistics?by=day");
  assert.equal(periods.length, 1);
  assert.deepEqual([periods[0].received, periods[0].commandsRefused, queue.ready], [1, 1, 0]);
  assert.match(periods[0].refusals[0].reason, /^RCPT 550 5\.1\./);
});

Deno.test("/metrics is for whoever http.metrics names; where it names nobody, for everybody", async () => {
  const token = "a-token-for-metrics";
  const both = metricsAccess({ token: new Secret(token), from: ["192.0.2.0/24"] });
  assert.deepEqual([both(null, "192.0.2.9"), both(token, "198.51.100.1"), both("x", "198.51.100.1")], [
    true,
    true,
    false,
  ]);
  const listed = metricsAccess({ token: null, from: ["192.0.2.0/24"] });
  assert.deepEqual([listed(null, "198.51.100.1"), listed(token, "198.51.100.1"), listed(null, "")], [
    false,
    false,
    true,
  ]);
  assert.equal(metricsAccess({ token: new Secret(token), from: [] })(null, ""), false);
  assert.equal(metricsAccess({ token: null, from: [] })(null, "198.51.100.1"), true);
  await using test = await testServer({ config: { http: { metrics: { token } } } });
  const ask = (headers: Record<string, string>) =>
    test.server.fetch(new Request("http://localhost/metrics", { headers }), { address: "198.51.100.1" });
  assert.equal((await ask({})).status, 401);
  const text = await (await ask({ authorization: `Bearer ${token}` })).text();
  assert.match(text, /^palomar_build_info\{version="[^"]+"\} 1$/m);
  assert.match(text, /^process_resident_memory_bytes \d+$/m);
  assert.match(text, /^palomar_http_requests_total\{method="GET",route="\/metrics",code="4xx"\} 1$/m);
});
