import assert from "node:assert/strict";
import { join } from "node:path";
import { createServer, demoConfig, memoryStorage, openSqlite } from "../../mod.ts";
import { banner } from "../../src/cli/banner.ts";
import { type RunningServer, runServer } from "../../src/cli/run_server.ts";
import { memoryLogger } from "../../src/server/log.ts";
import { runMain } from "./command_line.ts";

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("commands work on the store itself where no server runs", () =>
  inFolder(async (dataDir) => {
    const env = { PALOMAR_DATA_DIR: dataDir };
    assert.equal((await runMain(["domain", "add", "example.org"], { env })).code, 0);
    const stdin = "correct horse\n";
    const added = await runMain(["account", "add", "a@example.org", "--password-stdin"], { env, stdin });
    assert.equal(added.code, 0, added.err);
    const list = await runMain(["account", "list", "--json"], { env });
    assert.deepEqual(JSON.parse(list.out).map((one: { address: string }) => one.address), ["a@example.org"]);
  }));

Deno.test("commands reach a running server through its control socket, and it sees each change at once", () =>
  inFolder(async (dataDir) => {
    const env = { PALOMAR_DATA_DIR: dataDir };
    const config = { ...demoConfig(dataDir), demo: null, listeners: [] };
    const server = createServer(config, { logger: memoryLogger() });
    await server.start();
    try {
      assert.equal((await runMain(["domain", "add", "example.org"], { env })).code, 0);
      const headers = { authorization: `Bearer ${server.adminToken.value}` };
      const seen = await server.fetch(new Request("http://localhost/api/v1/domains", { headers }));
      assert.equal((await seen.json()).domains[0].name, "example.org");
      const refused = await runMain(["domain", "add", "example.org"], { env });
      assert.deepEqual([refused.code, refused.out], [1, ""]);
      assert.equal((await Deno.lstat(join(dataDir, "control.sock"))).mode! & 0o777, 0o600);
    } finally {
      await server.stop();
    }
    const after = await runMain(["domain", "list", "--json"], { env });
    assert.equal(JSON.parse(after.out)[0].name, "example.org");
  }));

Deno.test("a store that another process holds, without a server that answers, is a reason to try later", () =>
  inFolder(async (dataDir) => {
    const storage = await openSqlite({ dataDir });
    try {
      const { code, err } = await runMain(["domain", "list"], { env: { PALOMAR_DATA_DIR: dataDir } });
      assert.equal(code, 75);
      assert.match(err, /in use by another process/);
    } finally {
      await storage.close();
    }
  }));

Deno.test("start says why it cannot", async () => {
  const failing = (): Promise<RunningServer> => Promise.reject(new Error("smtp on 127.0.0.1:25: it is taken"));
  const config = demoConfig("/nonexistent");
  const io = { out() {}, err() {} } as unknown as Parameters<typeof runServer>[1];
  await assert.rejects(
    runServer({ config, source: { kind: "demo" } }, io, failing),
    { code: 75, message: "the server cannot start: smtp on 127.0.0.1:25: it is taken" },
  );
});

Deno.test("the banner's facts are those of the server, and its words of the shell are quoted", async () => {
  const config = { ...demoConfig("/srv/pa lo'mar"), storage: { driver: "memory" as const }, listeners: [] };
  const server = createServer(config, { storage: memoryStorage(), logger: memoryLogger() });
  await server.start();
  try {
    const text = banner(config, {
      version: "1",
      listeners: [
        { protocol: "submission", tls: "implicit", address: "127.0.0.1", port: 4465 },
        { protocol: "imap", tls: "implicit", address: "127.0.0.1", port: 9993 },
      ],
      caFile: "/srv/pa lo'mar/ca.pem",
      adminToken: server.adminToken.value,
    });
    assert.ok(text.includes("--cacert '/srv/pa lo'\\''mar/ca.pem' smtps://127.0.0.1:4465"));
    assert.ok(text.includes("alice@palomar.test, password alice"));
    assert.ok(text.includes(server.adminToken.value));
    assert.ok(!text.includes("pop3s:"));
  } finally {
    await server.stop();
  }
});

Deno.test("start runs until it is told to stop, and then ends with 0", () =>
  inFolder(async (dataDir) => {
    const env: Record<string, string> = { PALOMAR_DATA_DIR: dataDir, PALOMAR_STORAGE__DRIVER: "memory" };
    for (let i = 0; i < 9; i++) env[`PALOMAR_LISTENERS__${i}__PORT`] = "0";
    const main = new URL("../../src/cli/main.ts", import.meta.url).pathname;
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--allow-all", "--config", config, main, "start"],
      cwd: dataDir,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let out = "";
    const decoder = new TextDecoder();
    const reader = child.stdout.getReader();
    while (!out.includes("Ctrl-C stops it.")) {
      const { value, done } = await reader.read();
      if (done) break;
      out += decoder.decode(value);
    }
    const port = /http +127\.0\.0\.1:(\d+)/.exec(out)?.[1];
    const health = await fetch(`http://127.0.0.1:${port}/health`);
    assert.equal((await health.json()).status, "ok");
    child.kill("SIGHUP");
    child.kill("SIGTERM");
    const err = new Response(child.stderr).text();
    await reader.cancel();
    const { code } = await child.status;
    assert.equal(code, 0, await err);
    for (const line of (await err).trimEnd().split("\n")) assert.equal(typeof JSON.parse(line).event, "string");
  }));
