/** WebSocket against clients that break rules, do not read, or were never ones; and where Deno.serve is somebody else's. */
import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { concatBytes, utf8Bytes, utf8String } from "../../../src/base/bytes.ts";
import { RawSocket } from "../../../src/http/web_socket/raw_socket.ts";
import { testServer } from "../../../src/server/test_server.ts";
import { clientFrame, serverFrames } from "../../web_socket/frames.ts";
import { SocketClient } from "./socket_client.ts";

const address = "127.0.0.1";

/** Says these octets over TLS, and answers what comes until the server ends. */
async function raw(port: number, ca: string, octets: Uint8Array): Promise<Uint8Array> {
  const connection = await Deno.connectTls({ hostname: "localhost", port, caCerts: [ca] });
  const written = (async () => {
    for (let at = 0; at < octets.length;) at += await connection.write(octets.subarray(at));
  })().catch(() => {});
  const pieces: Uint8Array[] = [];
  for (;;) {
    const room = new Uint8Array(65_536);
    const count = await connection.read(room).catch(() => null);
    if (count === null) break;
    pieces.push(room.subarray(0, count));
  }
  await written;
  connection.close();
  return concatBytes(pieces);
}

function opening(more: Record<string, string> = {}): Uint8Array {
  const fields = {
    "Host": "localhost",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "jmap",
    "Authorization": "Basic " + btoa("alice@example.test:alice"),
    ...more,
  };
  const lines = Object.entries(fields).filter(([, value]) => value !== "").map(([name, value]) => `${name}: ${value}`);
  return utf8Bytes(["GET /jmap/ws HTTP/1.1", ...lines, "", ""].join("\r\n"));
}

Deno.test("a client that breaks the rules of frames is told by number, and the next one is served", async () => {
  const listeners = [{ protocol: "http", address, port: 0, tls: "implicit" }] as const;
  await using server = await testServer({ listen: true, config: { listeners: [...listeners] } });
  const ca = await Deno.readTextFile(server.server.caFile!);
  const { port } = server.address("http");
  const text = (octets: Uint8Array) => utf8String(octets.subarray(0, 2000));
  for (
    const [more, status] of [
      [{ Authorization: "" }, 401],
      [{ Authorization: "Basic " + btoa("alice@example.test:wrong") }, 401],
      [{ "Sec-WebSocket-Protocol": "" }, 400],
      [{ "Sec-WebSocket-Protocol": "JMAP" }, 400],
      [{ "Sec-WebSocket-Key": "short" }, 400],
      [{ "Sec-WebSocket-Version": "8" }, 426],
      [{ "Upgrade": "h2c" }, 426],
      [{ "Host": "a b" }, null],
    ] as const
  ) {
    const answer = text(await raw(port, ca, opening(more)));
    if (status === null) assert.equal(answer.startsWith("HTTP/1.1 101"), false);
    else assert.ok(answer.startsWith(`HTTP/1.1 ${status} `), `${JSON.stringify(more)}: ${answer.slice(0, 100)}`);
  }
  for (
    const [name, octets, code] of [
      ["not masked", clientFrame("x", { masked: false }), 1002],
      ["compressed", clientFrame("x", { rsv: 0x40 }), 1002],
      ["announced as too large", clientFrame("", { length: 20_000_000 }), 1009],
      [
        "too large in parts",
        concatBytes([1, 0, 0].map((opcode) => clientFrame(new Uint8Array(4_000_000).fill(97), { opcode, fin: false }))),
        1009,
      ],
      ["not UTF-8", clientFrame(new Uint8Array([0xc0, 0x80])), 1007],
      ["binary", clientFrame("x", { opcode: 2 }), 1003],
      ["a long ping", clientFrame("x".repeat(200), { opcode: 9 }), 1002],
      ["a goodbye", clientFrame(new Uint8Array([15, 160]), { opcode: 8 }), 4000],
    ] as const
  ) {
    // The frame comes with the request: what is behind it belongs to the WebSocket.
    const answer = await raw(port, ca, concatBytes([opening(), octets]));
    const end = text(answer).indexOf("\r\n\r\n") + 4;
    assert.ok(text(answer).startsWith("HTTP/1.1 101 "), name);
    const last = serverFrames(answer.subarray(end)).at(-1)!;
    assert.deepEqual([last.opcode, (last.payload[0]! << 8) | last.payload[1]!], [8, code], name);
  }
  const alice = await SocketClient.open(server, "alice", { tls: "implicit", ca });
  assert.equal((await alice.ask([["Core/echo", {}, "c"]]))["@type"], "Response");
  await alice.close();
});

Deno.test("RawSocket does not read from a client that does not, and cuts it off before its answers fill the memory", () => {
  let taken = 0;
  const socket = new Duplex({ read() {}, write: (chunk: Uint8Array) => void (taken += chunk.length) });
  let heard = 0;
  let isClosed = false;
  const own = new RawSocket(socket, new Uint8Array(0), { protocol: "jmap", longest: 1000 }, {
    opened: () => {},
    message: () => void heard++,
    closed: () => isClosed = true,
  });
  socket.emit("data", clientFrame("hello"));
  assert.deepEqual([heard, socket.isPaused()], [1, false]);
  // Pings are answered, and what is not taken is no reason to read more.
  const pings = concatBytes(Array.from({ length: 10_000 }, () => clientFrame("x".repeat(125), { opcode: 9 })));
  socket.emit("data", pings);
  assert.equal(socket.isPaused(), true);
  assert.ok(own.waiting > 1_000_000);
  for (let i = 0; i < 100; i++) own.send("x".repeat(1_000_000));
  assert.equal(socket.destroyed, true);
  assert.ok(own.waiting < 70_000_000 && taken < 1000);
  return new Promise<void>((resolve) =>
    setTimeout(() => {
      assert.equal(isClosed, true);
      resolve();
    })
  );
});

Deno.test("createServer().fetch makes WebSockets under a Deno.serve of somebody else's", async () => {
  await using server = await testServer();
  const door = Deno.serve(
    { hostname: address, port: 0, onListen: () => {} },
    (request) => server.server.fetch(request),
  );
  const socket = new WebSocket(`ws://${address}:${door.addr.port}/jmap/ws`, {
    protocols: ["jmap"],
    headers: { authorization: "Basic " + btoa("alice@example.test:alice") },
  } as never);
  const alice = new SocketClient(socket);
  await new Promise((resolve, reject) => [socket.onopen, socket.onerror] = [resolve, reject]);
  alice.say({ "@type": "WebSocketPushEnable", dataTypes: ["EmailDelivery"] });
  await alice.ask([["Core/echo", {}, "c"]]);
  await new Promise((resolve) => setTimeout(resolve, 30));
  await server.deliver("Subject: x\n\nx", "alice@example.test");
  assert.equal((await alice.next())["@type"], "StateChange");
  socket.send("x".repeat(10_000_001));
  assert.equal((await alice.closed).code, 1009);
  await door.shutdown();
});
