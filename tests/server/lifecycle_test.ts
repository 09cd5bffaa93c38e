import assert from "node:assert/strict";
import { connect, createServer as createNetServer, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Storage } from "../../src/storage/storage.ts";
import { memoryStorage } from "../../src/storage/memory/mod.ts";
import { createServer } from "../../src/server/create_server.ts";
import { memoryLogger } from "../../src/server/log.ts";
import { parseConfig } from "../../src/server/config/mod.ts";
import { scriptedResolver } from "../../src/dns/mod.ts";
import { testServer } from "../../src/server/test_server.ts";

/** What a socket says until `pattern`, or until its end where none is given. */
function hear(socket: Socket, pattern?: RegExp): Promise<string> {
  let text = "";
  return new Promise((resolve, reject) => {
    const done = (): void => {
      socket.off("data", onData);
      resolve(text);
    };
    const onData = (chunk: Uint8Array): void => {
      text += new TextDecoder().decode(chunk);
      if (pattern?.test(text)) done();
    };
    socket.on("data", onData);
    socket.once("error", reject);
    socket.once("close", done);
  });
}

/** A port of loopback that somebody else has. */
async function takenPort(): Promise<{ port: number; free: () => Promise<void> }> {
  const other = createNetServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as { port: number };
  return { port, free: () => new Promise((resolve) => other.close(() => resolve())) };
}

Deno.test("start() opens every listener on a port of its own, and each speaks its protocol", async () => {
  const server = await testServer({ listen: true });
  try {
    assert.equal(new Set(server.server.addresses.map((at) => at.port)).size, 10);
    for (
      const [protocol, greeting] of [
        ["smtp", /^220 mail\.example\.test ESMTP/],
        ["lmtp", /^220 mail\.example\.test LMTP/],
        ["imap", /^\* OK \[CAPABILITY /],
        ["pop3", /^\+OK /],
        ["managesieve", /^"IMPLEMENTATION" "Palomar /],
      ] as const
    ) {
      const { address, port } = server.address(protocol, protocol === "lmtp" ? "none" : "starttls");
      const socket = connect(port, address);
      assert.match(await hear(socket, /\r\n/), greeting);
      socket.destroy();
    }
    const http = server.address("http");
    const health = await fetch(`http://${http.address}:${http.port}/health`);
    assert.equal((await health.json()).status, "ok");
  } finally {
    await server.stop();
  }
});

Deno.test("the server's own authority vouches for the certificate of implicit TLS", async () => {
  const server = await testServer({ listen: true });
  try {
    const { address, port } = server.address("imap", "implicit");
    const ca = await Deno.readTextFile(server.server.caFile!);
    const socket = connectTls({ host: address, port, ca, servername: server.config.hostname });
    assert.match(await hear(socket, /\r\n/), /^\* OK /);
    socket.destroy();
  } finally {
    await server.stop();
  }
});

Deno.test("stop() says BYE to IMAP sessions that idle, by socket and in memory, and leaves no port open", async () => {
  const server = await testServer({ listen: true });
  const { address, port } = server.address("imap", "starttls");
  const socket = connect(port, address);
  await hear(socket, /\r\n/);
  socket.write("a LOGIN alice@example.test alice\r\nb SELECT INBOX\r\nc IDLE\r\n");
  await hear(socket, /^\+ /m);
  const inMemory = server.connect("imap");
  await inMemory.ask("a LOGIN bob@example.test bob", "a OK");
  await inMemory.ask("c IDLE", "+ ");
  const last = hear(socket);
  await server.stop();
  assert.match(await last, /\* BYE /);
  assert.match(await inMemory.end(), /\* BYE /);
  await assert.rejects(hear(connect(port, address)), /ECONNREFUSED/);
});

Deno.test("stop() cuts connections that do not end within the grace", async () => {
  const server = await testServer({ listen: true, config: { limits: { shutdownGrace: "0s" } } });
  const { address, port } = server.address("smtp");
  const socket = connect(port, address);
  await hear(socket, /\r\n/);
  socket.write("EHLO x\r\nMAIL FROM:<a@outside.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n");
  await hear(socket, /^354 /m);
  const inMemory = server.connect("smtp");
  await inMemory.ask("EHLO x", /250 .*\r\n/);
  await inMemory.ask("MAIL FROM:<a@outside.test>", "250 ");
  await inMemory.ask("RCPT TO:<bob@example.test>", "250 ");
  await inMemory.ask("DATA", "354 ");
  const last = hear(socket);
  await server.stop();
  await last;
  assert.ok(!(await inMemory.end()).includes("250"));
});

Deno.test("stop() is the same stop however often it is asked, and a stopped server takes nothing more", async () => {
  const server = await testServer();
  await Promise.all([server.stop(), server.stop()]);
  await assert.rejects(server.server.fetch(new Request("http://localhost/health")), /stopped/);
  await assert.rejects(server.server.start(), /stopped/);
});

Deno.test("stop() of a server that was never opened opens nothing", async () => {
  const config = parseConfig({
    hostname: "mail.example.test",
    listeners: [{ protocol: "imap", address: "127.0.0.1", port: 0 }],
  }, "/nowhere/at/all");
  assert.ok("hostname" in config);
  await createServer(config).stop();
});

for (const protocol of ["pop3", "http"] as const) {
  Deno.test(`start() with a taken port for ${protocol} names protocol and place, and leaves nothing open`, async () => {
    const { port, free } = await takenPort();
    const inner = memoryStorage();
    let closed = 0;
    const storage: Storage = {
      ...inner,
      perform: (op, args) => inner.perform(op, args),
      close: () => {
        closed++;
        return inner.close();
      },
    };
    const address = "127.0.0.1";
    const config = parseConfig({
      hostname: "mail.example.test",
      listeners: [{ protocol: "smtp", address, port: 0 }, { protocol, address, port }],
    }, "/nowhere");
    assert.ok("hostname" in config);
    const server = createServer(config, { storage, logger: memoryLogger(), resolver: scriptedResolver({}) });
    await assert.rejects(server.start(), (error: Error) => {
      assert.ok(error.message.startsWith(`${protocol} on 127.0.0.1:${port}: `), error.message);
      assert.match(error.message, /in use/i);
      return true;
    });
    assert.equal(closed, 1);
    const [opened] = server.addresses;
    assert.ok(opened?.port);
    await assert.rejects(hear(connect(opened.port, address)), /ECONNREFUSED/);
    await free();
  });
}

Deno.test("a store that fails while the house is furnished is closed again", async () => {
  const inner = memoryStorage();
  let closed = 0;
  const storage: Storage = {
    ...inner,
    perform: (op, args) => op === "setting.init" ? Promise.reject(new Error("broken")) : inner.perform(op, args),
    close: () => {
      closed++;
      return inner.close();
    },
  };
  const config = parseConfig({
    hostname: "mail.example.test",
    listeners: [{ protocol: "imap", address: "127.0.0.1", port: 0 }],
  }, "/nowhere");
  assert.ok("hostname" in config);
  const server = createServer(config, { storage, logger: memoryLogger(), resolver: scriptedResolver({}) });
  await assert.rejects(server.start(), /broken/);
  assert.equal(closed, 1);
});

Deno.test("reload() reads the certificates again while connections stay", async () => {
  const server = await testServer({ listen: true });
  try {
    const { address, port } = server.address("imap", "starttls");
    const socket = connect(port, address);
    await hear(socket, /\r\n/);
    const reports = await server.server.reload();
    assert.deepEqual(reports.map((report) => report.ok), [true]);
    assert.ok(server.logs.some((line) => line.event === "certificate.loaded"));
    socket.write("a NOOP\r\n");
    assert.match(await hear(socket, /\r\n/), /^a OK/);
    socket.destroy();
  } finally {
    await server.stop();
  }
});

Deno.test("reload() keeps the old certificate where the new one cannot be read, and says so", async () => {
  const server = await testServer({ listen: true });
  try {
    for await (const entry of Deno.readDir(`${server.config.dataDir}/tls`)) {
      if (entry.isFile) await Deno.writeTextFile(`${server.config.dataDir}/tls/${entry.name}`, "nonsense");
    }
    const ca = (await server.server.reload()).map((report) => report.ok);
    assert.deepEqual(ca, [false]);
    assert.ok(server.logs.some((line) => line.level === "error" && line.event === "certificate.refused"));
    const { address, port } = server.address("imap", "implicit");
    const socket = connectTls({ host: address, port, rejectUnauthorized: false });
    assert.match(await hear(socket, /\r\n/), /^\* OK /);
    socket.destroy();
  } finally {
    await server.stop();
  }
});

Deno.test("fetch() serves health, metrics and the administration without any listener", async () => {
  await using server = await testServer();
  assert.deepEqual(server.server.addresses, []);
  const ask = (path: string, headers: Record<string, string> = {}) =>
    server.server.fetch(new Request(`http://localhost${path}`, { headers }));
  assert.equal((await (await ask("/health")).json()).status, "ok");
  assert.equal((await ask("/api/v1/accounts")).status, 401);
  assert.equal((await ask("/api/v1/accounts", { authorization: "Bearer wrong-token-0123456789" })).status, 401);
  const accounts = await (await server.admin("GET", "/api/v1/accounts")).json();
  assert.deepEqual(accounts.accounts.map((account: { address: string }) => account.address), [
    "alice@example.test",
    "bob@example.test",
  ]);
  const logged = JSON.stringify(server.logs);
  for (const token of [server.server.adminToken.value, "wrong-token"]) assert.ok(!logged.includes(token));
  await server.deliver("Subject: x\n\nx", "bob@example.test");
  const metrics = await (await server.admin("GET", "/metrics")).text();
  assert.match(metrics, /^palomar_messages_accepted_total\{protocol="smtp"\} 1$/m);
  assert.match(metrics, /^palomar_queue_rows\{state="held"\} 0$/m);
});

Deno.test("an account made through the administration can be written to and logged into at once", async () => {
  await using server = await testServer();
  const made = await server.admin("POST", "/api/v1/accounts", {
    address: "carol@example.test",
    password: "to be kept",
  });
  assert.equal(made.status, 201);
  await server.deliver("Subject: welcome\n\nhello", "carol@example.test");
  const pop3 = server.connect("pop3");
  await pop3.ask("USER carol@example.test", "+OK");
  await pop3.ask("PASS to be kept", "+OK 1 messages");
});

Deno.test("a server without a configured token makes one, keeps it, and says that it is fresh once", async () => {
  const folder = await Deno.makeTempDir({ prefix: "palomar-test-" });
  try {
    const config = parseConfig({
      hostname: "mail.example.test",
      dataDir: folder,
      listeners: [{ protocol: "imap", address: "127.0.0.1", port: 0 }],
    }, folder);
    assert.ok("hostname" in config);
    const seen: { value: string; fresh: boolean }[] = [];
    for (let round = 0; round < 2; round++) {
      const server = createServer({ ...config, listeners: [] }, { logger: memoryLogger() });
      await server.start();
      seen.push({ ...server.adminToken });
      await server.stop();
    }
    assert.deepEqual(seen.map(({ fresh }) => fresh), [true, false]);
    assert.equal(seen[0]?.value, seen[1]?.value);
    assert.ok(seen[0]!.value.length >= 32);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
