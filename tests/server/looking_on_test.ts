/** What whoever administers sees of a server that runs: sessions, the log, the configuration, whether it is ready. */
import assert from "node:assert/strict";
import { testServer } from "../../mod.ts";
import { memoryLogger } from "../../src/server/log.ts";
import { LogTail } from "../../src/server/log_tail.ts";
import { readiness } from "../../src/server/readiness.ts";

async function asking(test: Awaited<ReturnType<typeof testServer>>) {
  await test.server.fetch(new Request("http://localhost/health"));
  const bearer = `Bearer ${test.server.adminToken.value}`;
  return async (method: string, path: string, body?: unknown, authorization = bearer) => {
    const request = new Request(`http://localhost${path}`, {
      method,
      headers: { authorization, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const response = await test.server.fetch(request, { address: "127.0.0.1" });
    const text = await response.text();
    // deno-lint-ignore no-explicit-any
    return { status: response.status, json: (text === "" ? null : JSON.parse(text)) as any };
  };
}

Deno.test("open sessions are listed with who, from where and how, and one can be ended", async () => {
  await using test = await testServer();
  const ask = await asking(test);
  const imap = test.connect("imap", { tls: true, remoteAddress: "192.0.2.7" });
  await imap.until("* OK");
  await imap.ask("a LOGIN alice@example.test alice", "a OK");
  const stranger = test.connect("pop3");
  await stranger.until("+OK");
  const { sessions } = (await ask("GET", "/api/v1/sessions")).json;
  assert.equal(sessions.length, 2);
  const [own] = sessions.filter((one: { account: string | null }) => one.account !== null);
  assert.deepEqual([own.protocol, own.account, own.address], ["imap", "alice@example.test", "192.0.2.7"]);
  assert.match(own.tls, /^TLS/);
  assert.equal((await ask("GET", "/api/v1/sessions?protocol=pop3")).json.sessions[0].account, null);
  const basic = (name: string) => `Basic ${btoa(`${name}@example.test:${name}`)}`;
  const seen = async (name: string) =>
    (await ask("GET", "/api/v1/sessions", undefined, basic(name))).json.sessions.length as number;
  assert.deepEqual([await seen("alice"), await seen("bob")], [1, 0]);
  const path = `/api/v1/sessions/${own.id}`;
  const [foreign, none] = [
    await ask("DELETE", path, undefined, basic("bob")),
    await ask("DELETE", "/api/v1/sessions/none", undefined, basic("bob")),
  ];
  assert.deepEqual([foreign.status, none.status], [404, 404]);
  assert.equal((await ask("DELETE", path, undefined, basic("alice"))).status, 204);
  await imap.until("* BYE");
  assert.equal((await ask("DELETE", path)).status, 404);
});

Deno.test("the log comes as events, those before first, filtered, and ends with the server", async () => {
  const test = await testServer();
  const ask = await asking(test);
  await ask("PATCH", "/api/v1/accounts/alice@example.test", { name: "Alice" });
  const headers = { authorization: `Bearer ${test.server.adminToken.value}` };
  const url = "http://localhost/api/v1/logs?event=http.request&text=/accounts/bob&last=5";
  const response = await test.server.fetch(new Request(url, { headers }));
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  await ask("PATCH", "/api/v1/accounts/bob@example.test", { name: "Bob" });
  const text = response.text();
  await test[Symbol.asyncDispose]();
  const lines = (await text).split("\n").filter((line) => line.startsWith("data: ")).map((line) =>
    JSON.parse(line.slice(6))
  );
  assert.deepEqual(lines.map(({ event, path, level }) => [event, path, level]), [
    ["http.request", "/api/v1/accounts/bob@example.test", "info"],
  ]);
});

Deno.test("whoever reads the log too slowly loses lines and hears how many; nothing grows", async () => {
  const tail = new LogTail(() => 1);
  const kept = memoryLogger();
  const logger = tail.over(kept);
  const reader = tail.read({ level: "info" }, 10)!;
  for (let i = 0; i < 3_000; i++) logger.log("info", "x", { i });
  logger.log("debug", "too little");
  const { entries, lost } = await reader.take();
  assert.deepEqual([entries.length, lost, kept.lines.length], [1_000, 2_000, 3_001]);
  logger.log("warn", "y");
  assert.deepEqual((await reader.take()).entries.map(({ event }) => event), ["y"]);
  assert.deepEqual((await tail.read({ level: "warn" }, 1000)!.take()).entries.length, 1);
  const others = Array.from({ length: 30 }, () => tail.read({ level: "info" }, 0));
  assert.equal(others.filter((one) => one !== null).length, 18);
  reader.close();
  assert.ok(tail.read({ level: "info" }, 0) !== null);
  tail.close();
});

Deno.test("the configuration is shown without secrets, and another text is checked with lines and nothing done", async () => {
  const token = "a-token-that-nobody-may-see";
  await using test = await testServer({ config: { admin: { token } } });
  const ask = await asking(test);
  const { status, json } = await ask("GET", "/api/v1/configuration");
  assert.deepEqual([status, json.admin.token, json.storage.driver], [200, "***", "sqlite"]);
  assert.ok(!JSON.stringify(json).includes(token));
  const check = async (text: string) => (await ask("POST", "/api/v1/configuration/check", { text })).json;
  const right = '{ "hostname": "mail.example.org", "dataDir": "./d", "listeners": [] }';
  assert.deepEqual(await check(right), { ok: true, problems: [] });
  const { ok, problems } = await check('{\n  "hostname": "mail.example.org",\n  "limts": {},\n  "listeners": 7\n}');
  assert.equal(ok, false);
  const places = problems.map(({ path, line }: { path: string; line: number }) => [path, line]);
  assert.deepEqual(places.sort(), [["limts", 3], ["listeners", 4]]);
  assert.equal((await check("{")).problems[0].line, 1);
  assert.equal((await check("[".repeat(100_000))).ok, false);
});

Deno.test("/ready is about work, /health about life: a store that fails or a full disk keeps work away", async () => {
  await using test = await testServer();
  const ask = await asking(test);
  assert.deepEqual((await ask("GET", "/ready")).json.ready, true);
  const storage = { perform: () => Promise.resolve(null as never) };
  const failing = { perform: () => Promise.reject(new Error("away")) };
  const folder = "/data";
  const free = (octets: number) => () => Promise.resolve(octets);
  const checked = async (parts: Parameters<typeof readiness>[0], phase = "running") => {
    const { ready, checks } = await readiness(parts, phase);
    return [ready, checks.store, checks.disk];
  };
  assert.deepEqual(await checked({ storage, folder, free: free(1e9) }), [true, "ok", "ok"]);
  assert.deepEqual(await checked({ storage, folder, free: free(1e6) }), [false, "ok", "nearly full"]);
  assert.deepEqual(await checked({ storage: failing, folder: null }), [false, "failing", "ok"]);
  assert.deepEqual(await checked({ storage, folder: null }, "starting"), [false, "ok", "ok"]);
  assert.deepEqual(await checked({ storage, folder, free: () => Promise.reject(new Error()) }), [true, "ok", "ok"]);
});
