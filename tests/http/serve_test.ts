import assert from "node:assert/strict";
import { request } from "node:http";
import { join } from "node:path";
import { serveHttp } from "../../src/http/mod.ts";
import { ensureDemoCertificate } from "../../src/net/demo_ca.ts";
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
  assert.deepEqual([response.status, await response.json()], [200, { domains: [], next: null }]);
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

Deno.test("serveHttp() over TLS answers as over TCP, takes bodies, and bears what is not HTTP", async () => {
  const folder = await Deno.makeTempDir();
  const { app } = testAdmin();
  const made = await ensureDemoCertificate(folder, ["localhost", "127.0.0.1"]);
  const [cert, key, ca] = await Promise.all(
    [made.certFile, made.keyFile, made.caFile].map((file) => Deno.readTextFile(file)),
  );
  const listening = await serveHttp(app, { address: "127.0.0.1", port: 0 }, { cert: cert!, key: key! });
  const client = Deno.createHttpClient({ caCerts: [ca!] });
  try {
    assert.ok("port" in listening.address);
    const { port } = listening.address;
    const url = `https://localhost:${port}/api/v1/domains`;
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
    const added = await fetch(url, { client, method: "POST", headers, body: '{"name":"example.org"}' });
    assert.deepEqual([added.status, (await added.json()).name], [201, "example.org"]);
    const large = await fetch(url, { client, method: "POST", headers, body: `"${"x".repeat(2_000_000)}"` });
    assert.deepEqual([large.status, (await large.json()).code], [413, "tooLarge"]);
    const head = await fetch(url, { client, method: "HEAD", headers });
    assert.deepEqual([head.status, await head.text()], [200, ""]);
    for (const noise of ["GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01garbage", "EHLO me\r\n"]) {
      const plain = await Deno.connect({ hostname: "127.0.0.1", port });
      await plain.write(new TextEncoder().encode(noise));
      await plain.closeWrite().catch(() => {});
      while (await plain.read(new Uint8Array(1024)).catch(() => null) !== null);
      plain.close();
    }
    const after = await fetch(url, { client, headers });
    assert.deepEqual((await after.json()).domains.length, 1);
  } finally {
    client.close();
    await listening.close(0);
    await Deno.remove(folder, { recursive: true });
  }
});
