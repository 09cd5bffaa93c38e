import assert from "node:assert/strict";
import { request } from "node:http";
import { join } from "node:path";
import { serveHttp } from "../../src/http/mod.ts";
import { testAdmin, TOKEN } from "./admin_over_memory.ts";

function overSocket(socketPath: string, path: string): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => text += piece);
      response.on("end", () => resolve({ status: response.statusCode, text }));
    }).on("error", reject).end();
  });
}

Deno.test("serveHttp() answers on a TCP port and lets go of it", async () => {
  const { app } = testAdmin();
  const listening = await serveHttp(app, { address: "127.0.0.1", port: 0 });
  assert.ok("port" in listening.address && listening.address.port > 0);
  const url = `http://127.0.0.1:${listening.address.port}/api/v1/domains`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${TOKEN}` } });
  assert.deepEqual([response.status, await response.json()], [200, { domains: [] }]);
  await listening.close();
  await assert.rejects(fetch(url));
});

Deno.test("serveHttp() on a UNIX socket is for its owner alone, and takes over from a dead server only", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "control.sock");
  const { app } = testAdmin({ trusted: true });
  try {
    const first = await serveHttp(app, { path });
    assert.equal((await Deno.lstat(path)).mode! & 0o777, 0o600);
    assert.equal((await overSocket(path, "/api/v1/domains")).status, 200);
    await assert.rejects(serveHttp(app, { path }), /another server answers/);
    await first.close();
    await assert.rejects(Deno.lstat(path), Deno.errors.NotFound);

    // A server that was killed leaves its socket behind: closing removes the old name only.
    const dead = Deno.listen({ transport: "unix", path: `${path}.dead` });
    await Deno.rename(`${path}.dead`, path);
    dead.close();
    assert.ok((await Deno.lstat(path)).isSocket);
    const second = await serveHttp(app, { path });
    assert.equal((await overSocket(path, "/health")).status, 200);
    await second.close();

    await Deno.writeTextFile(path, "precious");
    await assert.rejects(serveHttp(app, { path }), /is no socket/);
    assert.equal(await Deno.readTextFile(path), "precious");
    await assert.rejects(serveHttp(app, { path: join(folder, "x".repeat(120)) }), /at most 107 octets/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
