import assert from "node:assert/strict";
import { Deadlines } from "../../src/net/deadlines.ts";
import { drive, type DriveOptions, type LiveSession } from "../../src/net/drive.ts";
import { memoryPair, type MemoryPairOptions } from "../../src/net/memory_transport.ts";
import { replay, type TraceEntry } from "../../src/net/trace.ts";
import { latin1Bytes } from "../../src/base/bytes.ts";
import { Client, infoOf, toy, ToyWorld } from "./toy_machine.ts";

function start(options: DriveOptions = {}, pair: MemoryPairOptions = {}, idleMs?: number) {
  const { server, client } = memoryPair(pair);
  const world = new ToyWorld();
  const done = drive(toy(idleMs), server, world, infoOf(server), options);
  return { server, world, done, client: new Client(client) };
}

Deno.test("drive() runs a pipelined session with one write for what is answered at once", async () => {
  const { client, done, world, server } = start();
  await client.until("hello 192.0.2.1\r\n");
  client.send("echo a\r\necho b\r\nask\r\nquit\r\n");
  assert.equal(await client.end(), "a\r\nb\r\nanswer 42\r\nbye\r\n");
  await done;
  assert.equal(server.writes, 2);
  assert.equal(world.closed, 1);
});

Deno.test("drive() gives each octet to the machine, however it is cut, and keeps no borrowed chunk", async () => {
  const { client, done, world } = start();
  for (const octet of "body 5\r\nabcdeecho x\r\nquit\r\n") client.send(octet);
  assert.equal(await client.end(), "hello 192.0.2.1\r\nbody taken\r\nx\r\nbye\r\n");
  await done;
  assert.equal(world.body, "abcde");
});

Deno.test("drive() starts a question without waiting, flushes, and holds input back until the answer", async () => {
  const { client, done, world } = start();
  const { promise, resolve } = Promise.withResolvers<number>();
  world.answer = () => promise;
  client.send("echo before\r\nask\r\n");
  await client.until("before\r\n");
  client.send("echo after\r\n");
  client.send("echo later\r\nquit\r\n");
  await Promise.resolve();
  assert.equal(client.text, "");
  resolve(7);
  assert.equal(await client.end(), "answer 7\r\nafter\r\nlater\r\nbye\r\n");
  await done;
});

Deno.test("drive() turns rejections and throws of the world into failed, with their reason", async () => {
  const { client, done, world } = start();
  world.answer = () => Promise.reject(Object.assign(new Error("the store is down"), { reason: "unavailable" }));
  client.send("ask\r\n");
  await client.until("failed unavailable\r\n");
  world.answer = () => {
    throw new Error("oops");
  };
  client.send("ask\r\n");
  await client.until("failed bug\r\n");
  client.send("quit\r\n");
  await client.end();
  await done;
  assert.deepEqual(world.events(), ["call.failed", "driver.bug"]);
});

Deno.test("drive() drops an answer that was cancelled, whether it came at once or late", async () => {
  const { client, done, world } = start();
  client.send("cancel\r\n");
  await client.until("cancelled\r\n");
  const late = Promise.withResolvers<number>();
  world.answer = () => late.promise;
  client.send("cancel\r\n");
  await client.until("cancelled\r\n");
  late.resolve(1);
  client.send("echo x\r\nquit\r\n");
  assert.equal(await client.end(), "x\r\nbye\r\n");
  await done;
});

Deno.test("drive() waits for a body chunk before it performs what follows, with the chunk's octets intact", async () => {
  const { client, done, world } = start();
  const gate = Promise.withResolvers<void>();
  world.hold = gate.promise;
  client.send("body 3\r\nabcbody 3\r\ndefecho x\r\n");
  await client.until("hello 192.0.2.1\r\n");
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(world.body, "abc");
  client.send("quit\r\n");
  gate.resolve();
  assert.equal(await client.end(), "body taken\r\nbody taken\r\nx\r\nbye\r\n");
  assert.equal(world.body, "abcdef");
  await done;
});

Deno.test("drive() ends this connection alone when the machine throws", async () => {
  const { client, done, world } = start();
  client.send("crash\r\n");
  await client.end();
  await done;
  assert.deepEqual(world.events(), ["driver.bug"]);
  assert.equal(world.closed, 1);
});

Deno.test("drive() answers what came before the peer's end, then tells closed once", async () => {
  const { server, client: peer } = memoryPair();
  const world = new ToyWorld();
  const done = drive(toy(), server, world, infoOf(server));
  peer.write(latin1Bytes("echo a\r\nask\r\necho b\r\n"));
  let resolve = (_: number) => {};
  const asked = new Promise<void>((told) => {
    world.answer = () => {
      told();
      return new Promise((r) => resolve = r);
    };
  });
  peer.close();
  await asked;
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual(world.events(), []);
  resolve(1);
  await done;
  assert.deepEqual(world.events(), ["toy.closed"]);
  assert.equal(server.writes, 3);
  assert.equal(world.closed, 1);
});

Deno.test("drive() tells closed at once when the connection breaks while a question is out", async () => {
  const { server, client } = memoryPair();
  const world = new ToyWorld();
  world.answer = () => new Promise(() => {});
  const done = drive(toy(), server, world, infoOf(server));
  client.write(latin1Bytes("ask\r\n"));
  await new Promise((resolve) => setTimeout(resolve, 0));
  client.destroy();
  await done;
  assert.deepEqual(world.events(), ["toy.closed"]);
});

Deno.test("drive() copies a blob in pieces and never faster than it is read", async () => {
  const { client, done, world } = start({}, { highWaterMark: 1000 });
  world.blob = latin1Bytes("0123456789".repeat(100_000));
  client.transport.pause();
  client.send("blob 1000000\r\nquit\r\n");
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(world.bytesRead <= 2 * 128 * 1024, `${world.bytesRead} octets were read for a peer that takes none`);
  client.transport.resume();
  const text = await client.end();
  assert.equal(text, "hello 192.0.2.1\r\n" + "0123456789".repeat(100_000) + ".\r\nbye\r\n");
  assert.ok(world.longestRead <= 256 * 1024);
  await done;
});

Deno.test("drive() cuts a connection whose blob ends early: the peer was promised more", async () => {
  const { client, done, world } = start();
  world.blob = latin1Bytes("short");
  client.send("blob 10\r\nquit\r\n");
  await client.end();
  assert.ok(client.error !== null);
  await done;
  assert.deepEqual(world.events(), ["blob.unreadable"]);
});

Deno.test("drive() stuffs dots on the way", async () => {
  const { client, done, world } = start();
  world.blob = latin1Bytes(".a\nb\r\n..");
  client.send("blob 8 dots\r\nquit\r\n");
  assert.equal(await client.end(), "hello 192.0.2.1\r\n..a\r\nb\r\n...\r\n.\r\nbye\r\n");
  await done;
});

Deno.test("drive() starts TLS as the last effect and goes on under it", async () => {
  const { client, done } = start();
  client.send("tls\r\n");
  await client.until("go\r\n");
  await client.transport.startTls();
  await client.until("secured TLSv1.3\r\n");
  client.send("quit\r\n");
  await client.end();
  await done;
});

Deno.test("drive() ends a connection with octets injected before the handshake", async () => {
  const { client, done, world } = start();
  client.send("tls\r\n");
  client.send("echo injected\r\n");
  assert.equal((await client.end()).includes("injected"), false);
  assert.equal(client.transport.tls, null);
  await done;
  assert.equal(world.closed, 1);
});

Deno.test("drive() wakes the machine at its deadline, by the shared timer", async () => {
  let now = 0;
  const deadlines = new Deadlines(() => now);
  const { client, done } = start({ now: () => now, deadlines }, {}, 1000);
  await client.until("\r\n");
  now = 900;
  client.send("echo x\r\n");
  await client.until("x\r\n");
  now = 1500;
  deadlines.tick();
  client.send("echo y\r\n");
  await client.until("y\r\n");
  now = 2501;
  deadlines.tick();
  assert.equal(await client.end(), "too slow\r\n");
  await done;
  assert.equal(deadlines.size, 0);
});

Deno.test("drive() cuts a peer that takes nothing of what waits for it", async () => {
  let now = 0;
  const deadlines = new Deadlines(() => now);
  const { client, done, world } = start({ now: () => now, deadlines, stallMs: 5000 }, { highWaterMark: 10 }, 1e9);
  client.transport.pause();
  client.send("echo aaaaaaaaaaaaaaa\r\n");
  await new Promise((resolve) => setTimeout(resolve, 0));
  now = 5001;
  deadlines.tick();
  await done;
  assert.deepEqual(world.events(), ["connection.stalled"]);
});

Deno.test("drive() passes on news and shutdown, and leaves the set of sessions", async () => {
  const sessions = new Set<LiveSession>();
  const { client, done, world } = start({ sessions });
  assert.equal(sessions.size, 1);
  world.posts[0]!({ type: "changes", changes: {} as never });
  await client.until("news\r\n");
  for (const session of sessions) session.post({ type: "shutdown" });
  assert.equal(await client.end(), "shutting down\r\n");
  await done;
  assert.equal(sessions.size, 0);
  world.posts[0]!({ type: "shutdown" }); // too late, and harmless
});

Deno.test("replay() of a trace gives the same effects, and names the first that differ", async () => {
  const trace: TraceEntry[] = [];
  const { client, done } = start({ trace: (entry) => trace.push(entry), now: () => 5 });
  client.send("echo a\r\nbody 3\r\n");
  client.send("abcask\r\nquit\r\n");
  await client.end();
  await done;
  const stored = JSON.parse(JSON.stringify(trace)) as TraceEntry[];
  assert.equal(replay(stored, toy()), null);
  const answer = stored.find((entry) => (entry.input as { type: string }).type === "answer")!;
  (answer.input as { value: number }).value = 43;
  assert.equal(replay(stored, toy())?.at, stored.indexOf(answer));
});

Deno.test("drive() rejects when the world cannot open, and cuts the connection", async () => {
  const { server } = memoryPair();
  const world = { open: () => assert.fail("no world") };
  await assert.rejects(drive(toy(), server, world as never, infoOf(server)), /no world/);
  assert.ok(server.closed);
});
