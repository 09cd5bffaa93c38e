import assert from "node:assert/strict";
import { cp, link, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect as rawConnect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { latin1Bytes } from "../../src/base/bytes.ts";
import type { LogEvent } from "../../src/contract/mod.ts";
import { Certificates } from "../../src/net/certificates.ts";
import { connect, type ConnectTls } from "../../src/net/connect.ts";
import { ConnectionLimits } from "../../src/net/connection_limits.ts";
import { type DemoCertificate, ensureDemoCertificate } from "../../src/net/demo_ca.ts";
import { drive } from "../../src/net/drive.ts";
import { listen, type Listening, type ListenOptions } from "../../src/net/listen.ts";
import { Client, infoOf, toy, ToyWorld } from "./toy_machine.ts";

const folder = await mkdtemp(join(tmpdir(), "palomar-net-"));
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const files: DemoCertificate = await ensureDemoCertificate(join(folder, "a"), ["a.example", "127.0.0.1"]);
const other: DemoCertificate = await ensureDemoCertificate(join(folder, "b"), ["*.b.example"]);
const third: DemoCertificate = await ensureDemoCertificate(join(folder, "c"), ["c.example"]);
const ca = [
  await Deno.readTextFile(third.caFile),
  await Deno.readTextFile(files.caFile),
  await Deno.readTextFile(other.caFile),
];

interface House {
  readonly listening: Listening;
  readonly port: number;
  readonly world: ToyWorld;
  readonly logs: LogEvent[];
  join(tls?: Partial<ConnectTls>): Promise<Client>;
}

async function house(options: Partial<ListenOptions> = {}): Promise<House> {
  const world = new ToyWorld();
  const logs: LogEvent[] = [];
  const listening = await listen({
    at: { address: "127.0.0.1", port: 0 },
    tls: "none",
    serve: (transport, sessions) => drive(toy(), transport, world, infoOf(transport), { sessions }),
    log: (event) => logs.push(event),
    ...options,
  });
  const port = "port" in listening.address ? listening.address.port : 0;
  const join = async (tls?: Partial<ConnectTls>): Promise<Client> => {
    const full: ConnectTls = { mode: "none", serverName: "a.example", rejectUnauthorized: true, ca, ...tls };
    return new Client(await connect({ host: "127.0.0.1", port, timeoutMs: 5000, ...(tls ? { tls: full } : {}) }));
  };
  return { listening, port, world, logs, join };
}

/** A plain socket of the test's own, for what no client of ours would send. */
function raw(port: number): { socket: Socket; ended: Promise<string> } {
  const socket = rawConnect({ host: "127.0.0.1", port });
  let text = "";
  socket.on("data", (chunk: Uint8Array) => text += String.fromCharCode(...chunk)).on("error", () => {});
  const ended = new Promise<string>((resolve) => socket.once("close", () => resolve(text)));
  return { socket, ended };
}

Deno.test("listen() and connect() carry a session over TCP, and forget it", async () => {
  const { listening, join } = await house();
  const client = await join();
  await client.until("hello 127.0.0.1\r\n");
  client.send("echo a\r\nask\r\nquit\r\n");
  assert.equal(await client.end(), "a\r\nanswer 42\r\nbye\r\n");
  client.transport.close();
  await listening.close();
  assert.equal(listening.connections, 0);
});

Deno.test("listen() with implicit TLS greets under TLS", async () => {
  const { listening, join } = await house({ tls: "implicit", certificates: await Certificates.load([files]) });
  const client = await join({ mode: "implicit" });
  await client.until("hello 127.0.0.1 tls\r\n");
  assert.match(client.transport.tls!.version, /^TLSv1\.[23]$/);
  client.send("blob 0\r\nquit\r\n");
  assert.equal(await client.end(), ".\r\nbye\r\n");
  client.transport.close();
  await listening.close();
});

Deno.test("listen() upgrades by STARTTLS, and the session goes on", async () => {
  const { listening, join, world } = await house({ tls: "starttls", certificates: await Certificates.load([files]) });
  const client = await join({ mode: "starttls" });
  client.send("tls\r\n");
  await client.until("go\r\n");
  await client.transport.startTls();
  await client.until("secured TLSv1.3\r\n");
  world.blob = new Uint8Array(300_000).fill(97);
  client.send("blob 300000\r\nquit\r\n");
  const text = await client.end();
  assert.equal(text.length, 300_000 + ".\r\nbye\r\n".length);
  client.transport.close();
  await listening.close();
});

Deno.test("listen() ends a session with octets injected behind STARTTLS, in the same packet or a later one", async () => {
  const { listening, port } = await house({ tls: "starttls", certificates: await Certificates.load([files]) });
  const same = raw(port);
  same.socket.write("tls\r\necho injected\r\n");
  assert.equal((await same.ended).includes("injected"), false);
  const later = raw(port);
  later.socket.write("tls\r\n");
  await new Promise<void>((resolve) =>
    later.socket.on("data", (chunk: Uint8Array) => String.fromCharCode(...chunk).includes("go") && resolve())
  );
  later.socket.write("echo injected\r\n");
  assert.equal((await later.ended).includes("injected"), false);
  await listening.close();
  assert.equal(listening.counts.handshakeFailures, 1);
});

Deno.test("listen() survives garbage, silence and leaving instead of a handshake, and counts them", async () => {
  const certificates = await Certificates.load([files]);
  const { listening, port, logs, join } = await house({ tls: "implicit", certificates, handshakeTimeoutMs: 200 });
  const garbage = raw(port);
  garbage.socket.write("GET / HTTP/1.0\r\n\r\n");
  const silent = raw(port);
  const leaving = raw(port);
  leaving.socket.end();
  await Promise.all([garbage.ended, silent.ended, leaving.ended]);
  const client = await join({ mode: "implicit" });
  await client.until("tls\r\n");
  client.transport.destroy();
  await listening.close();
  assert.equal(listening.counts.handshakeFailures, 3);
  assert.equal(logs.filter((event) => event.event === "tls.handshake_failed").length, 3);
});

Deno.test("Certificates choose by name, reload, and keep the old pair when the new one is bad", async () => {
  const live = { certFile: join(folder, "live.pem"), keyFile: join(folder, "live.key") };
  await cp(files.certFile, live.certFile);
  await cp(files.keyFile, live.keyFile);
  const certificates = await Certificates.load([live, other]);
  const { listening, join: visit } = await house({ tls: "implicit", certificates });
  const meet = async (serverName: string): Promise<string> => {
    try {
      const client = await visit({ mode: "implicit", serverName });
      await client.until("tls\r\n");
      client.transport.destroy();
      return "ok";
    } catch (error) {
      return (error as { kind?: string }).kind ?? String(error);
    }
  };
  assert.equal(await meet("a.example"), "ok");
  assert.equal(await meet("x.b.example"), "ok");
  assert.equal(await meet("x.y.b.example"), "tls"); // a wildcard is one label
  await writeFile(live.certFile, "broken");
  assert.deepEqual((await certificates.reload()).map((report) => report.ok), [false, true]);
  assert.equal(await meet("a.example"), "ok");
  await cp(third.certFile, live.certFile);
  await cp(third.keyFile, live.keyFile);
  assert.deepEqual((await certificates.reload()).map((report) => report.ok), [true, true]);
  assert.equal(await meet("c.example"), "ok");
  assert.equal(await meet("a.example"), "tls");
  await cp(other.keyFile, live.keyFile);
  const [mismatch] = await certificates.reload();
  assert.match(mismatch!.ok ? "" : mismatch!.error, /is not its key/);
  assert.deepEqual(certificates.states().map((state) => state.names), [["c.example"], ["*.b.example"]]);
  assert.ok(certificates.states()[0]!.notAfter > Date.now());
  await listening.close();
});

Deno.test("listen() refuses above its limits in the protocol's words, and lets in again", async () => {
  const limits = new ConnectionLimits({ total: 10, perAddress: 2, perAddressPerMinute: 100 });
  const { listening, join, port } = await house({ limits, refusalLine: () => "421 4.7.0 Too many connections" });
  const first = await join();
  await first.until("\r\n");
  const second = await join();
  await second.until("\r\n");
  const third = await join();
  assert.equal(await third.end(), "421 4.7.0 Too many connections\r\n");
  third.transport.close();
  first.send("quit\r\n");
  await first.end();
  first.transport.close();
  while (limits.total > 1) await new Promise((resolve) => setTimeout(resolve, 1));
  const fourth = raw(port);
  fourth.socket.write("quit\r\n");
  assert.match(await fourth.ended, /^hello/);
  second.transport.destroy();
  await listening.close();
  assert.equal(limits.total, 0);
  assert.equal(listening.counts.refused, 1);
});

Deno.test("listen() takes the client's address from a named proxy, before TLS too", async () => {
  const proxies = ["127.0.0.0/8"];
  const { listening, port } = await house({ proxies });
  const one = raw(port);
  one.socket.write("PROXY TCP4 192.0.2.7 192.0.2.25 40000 25\r\nquit\r\n");
  assert.equal(await one.ended, "hello 192.0.2.7\r\nbye\r\n");
  const none = raw(port);
  none.socket.write("quit\r\n");
  assert.equal(await none.ended, "");
  await listening.close();

  const secure = await house({ proxies, tls: "implicit", certificates: await Certificates.load([files]) });
  const { connect: tlsConnect } = await import("node:tls");
  const socket = rawConnect({ host: "127.0.0.1", port: secure.port });
  socket.write("PROXY TCP6 2001:db8::1 2001:db8::2 40000 993\r\n");
  const secured = tlsConnect({ socket, servername: "a.example", ca });
  const text = await new Promise<string>((resolve, reject) => {
    let got = "";
    secured.on("data", (chunk: Uint8Array) => {
      got += String.fromCharCode(...chunk);
      if (got.endsWith("\r\n")) resolve(got);
    }).on("error", reject);
  });
  assert.equal(text, "hello 2001:db8::1 tls\r\n");
  secured.destroy();
  await secure.listening.close();
});

Deno.test("listen() takes a PROXY header from others as octets", async () => {
  const { listening, port } = await house({ proxies: ["192.0.2.0/24"] });
  const one = raw(port);
  one.socket.write("PROXY TCP4 192.0.2.7 192.0.2.25 40000 25\r\nquit\r\n");
  assert.equal(await one.ended, "hello 127.0.0.1\r\nwhat?\r\nbye\r\n");
  await listening.close();
});

Deno.test("close() says shutdown to all sessions, and cuts the deaf after the grace", async () => {
  const deaf: unknown[] = [];
  const { listening, join, port } = await house();
  const client = await join();
  await client.until("hello 127.0.0.1\r\n");
  const stuck = await house({ serve: (transport) => new Promise(() => deaf.push(transport)) });
  const victim = raw(stuck.port);
  while (deaf.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const closed = listening.close();
  assert.equal(await client.end(), "shutting down\r\n");
  client.transport.close();
  await closed;
  await stuck.listening.close({ graceMs: 10 });
  await victim.ended;
  await assert.rejects(connect({ host: "127.0.0.1", port, timeoutMs: 1000 }), { kind: "refused" });
});

Deno.test("listen() answers a client that has ended its side already", async () => {
  const { listening, port } = await house();
  const one = raw(port);
  one.socket.end("echo a\r\nask\r\necho b\r\n");
  assert.equal(await one.ended, "hello 127.0.0.1\r\na\r\nanswer 42\r\nb\r\n");
  await listening.close();
});

Deno.test("listen() reads no more of a blob than a slow reader takes, plain and under TLS", async () => {
  const certificates = await Certificates.load([files]);
  for (const tls of ["none", "implicit"] as const) {
    const { listening, join, world } = await house({ tls, certificates });
    const size = 64 * 1024 * 1024;
    world.blob = new Uint8Array(size);
    const client = await join({ mode: tls });
    await client.until("\r\n");
    client.transport.pause();
    client.send(`blob ${size}\r\n`);
    let last = -1;
    while (world.bytesRead !== last || last === 0) { // until the copy stands still
      last = world.bytesRead;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(world.bytesRead < size / 2, `${tls}: ${world.bytesRead} octets were read ahead`);
    client.transport.destroy();
    await listening.close();
    assert.equal(world.closed, 1);
  }
});

Deno.test("listen() on a UNIX socket spares a living one, and sets its mode", async () => {
  const path = join(folder, "socket");
  const { listening } = await house({ at: { path, mode: 0o600 } });
  const client = new Client(await connect({ host: path, port: 0, timeoutMs: 1000 }));
  await client.until("hello local\r\n");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  await assert.rejects(house({ at: { path } }), { code: "EADDRINUSE" });
  client.send("quit\r\n");
  await client.end();
  client.transport.close();
  await listening.close();
  await rm(path, { force: true });
});

Deno.test("listen() on a UNIX socket replaces what a dead server left, and no other file", async () => {
  const path = join(folder, "stale");
  const first = await house({ at: { path: join(folder, "dying") } });
  await link(join(folder, "dying"), path); // survives the server as a file that nobody listens on
  await first.listening.close();
  const { listening } = await house({ at: { path } });
  const client = new Client(await connect({ host: path, port: 0, timeoutMs: 1000 }));
  await client.until("hello local\r\n");
  client.send("quit\r\n");
  await client.end();
  client.transport.close();
  await listening.close();
  const precious = join(folder, "precious.txt");
  await writeFile(precious, "data");
  await assert.rejects(house({ at: { path: precious } }), { code: "EADDRINUSE" });
  assert.equal(await readFile(precious, "utf8"), "data");
  await rm(path, { force: true });
});

const PERL = "/usr/bin/perl";
const NO_PERL = await stat(PERL).then(() => false, () => true);

// Passing a socket takes a parent that may, as systemd does; nothing in JavaScript can.
Deno.test({
  name: "listen() takes a listening socket that was passed to the process",
  ignore: NO_PERL,
  fn: async () => {
    const parent = `use Socket; use POSIX; $^F = 100; socket(S, PF_INET, SOCK_STREAM, 0) or die;
      bind(S, sockaddr_in(0, INADDR_LOOPBACK)) or die; listen(S, 16) or die; POSIX::dup2(fileno(S), 3); exec @ARGV;`;
    const child = new URL("passed_socket_child.ts", import.meta.url).pathname;
    const args = ["-e", parent, Deno.execPath(), "run", "-A", "--no-check", "-q", child];
    const process = new Deno.Command(PERL, { args, stdout: "piped", stderr: "inherit" }).spawn();
    const lines = process.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
    const port = Number((await lines.next()).value);
    const client = new Client(await connect({ host: "127.0.0.1", port, timeoutMs: 5000 }));
    client.send("echo passed\r\nquit\r\n");
    assert.equal(await client.end(), "hello 127.0.0.1\r\npassed\r\nbye\r\n");
    client.transport.close();
    assert.equal((await lines.next()).done, true);
    assert.equal((await process.status).code, 0);
  },
});

Deno.test("listen() holds a thousand connections at once and answers each", async () => {
  const { listening, join, world } = await house();
  const clients: Client[] = [];
  for (let i = 0; i < 1000; i += 50) {
    const some = await Promise.all(Array.from({ length: 50 }, () => join()));
    clients.push(...some);
    await Promise.all(some.map((client) => client.until("\r\n")));
  }
  assert.equal(listening.connections, 1000);
  for (const client of clients) client.transport.write(latin1Bytes("echo x\r\nquit\r\n"));
  for (const client of clients) {
    assert.equal(await client.end(), "x\r\nbye\r\n");
    client.transport.close();
  }
  await listening.close();
  assert.equal(world.closed, 1000);
});

Deno.test("connect() says why there is no connection", async () => {
  await assert.rejects(connect({ host: "mail.example", port: 25, timeoutMs: 100 }), { kind: "unreachable" });
  const { listening, join } = await house();
  await assert.rejects(join({ mode: "implicit" }), { kind: "tls" });
  await listening.close({ graceMs: 0 });
});

Deno.test("listen() stops a client that sends while its session does not read, plain and under TLS", async () => {
  const certificates = await Certificates.load([files]);
  for (const tls of ["none", "implicit"] as const) {
    const { listening, join, world } = await house({ tls, certificates });
    const { promise, resolve } = Promise.withResolvers<number>();
    world.answer = () => promise;
    const client = await join({ mode: tls });
    await client.until("\r\n");
    client.send("ask\r\n");
    const line = latin1Bytes("echo x\r\n".repeat(8192));
    let stopped = false;
    let sent = 0;
    for (; sent < 1024 && !stopped; sent++) {
      if (client.transport.write(line)) continue;
      let timer: ReturnType<typeof setTimeout> | undefined;
      stopped = await Promise.race([
        client.transport.drained().then(() => false),
        new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(true), 300)),
      ]);
      clearTimeout(timer);
    }
    assert.ok(stopped, `${tls}: ${sent * line.length} octets were taken`);
    resolve(1);
    client.send("quit\r\n");
    const text = await client.end();
    assert.equal(text.length, "answer 1\r\n".length + sent * 8192 * 3 + "bye\r\n".length);
    client.transport.close();
    await listening.close();
  }
});
