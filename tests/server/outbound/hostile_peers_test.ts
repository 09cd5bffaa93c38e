/** Servers that mail goes to and that want it to cost: nothing they say or leave out harms more than their own mail. */
import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { type House, house, THERE } from "./house.ts";

interface Hostile {
  readonly port: number;
  /** Octets that the client took from us, over all connections. */
  written(): number;
  readonly heard: string[];
  close(): Promise<void>;
}

type Behaviour = (socket: Socket, write: (text: string) => boolean) => void;

/** A server whose every connection does this. */
async function hostile(behaviour: Behaviour): Promise<Hostile> {
  const sockets = new Set<Socket>();
  const heard: string[] = [];
  let written = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    const at = heard.push("") - 1;
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    socket.on("data", (data: unknown) => void (heard[at] += String(data)));
    behaviour(socket, (text) => {
      written += text.length;
      return socket.write(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    written: () => written,
    heard,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Writes on as long as somebody takes it. */
function endlessly(socket: Socket, write: (text: string) => boolean, piece: string): void {
  const go = (): void => {
    while (!socket.destroyed && write(piece)) { /* more */ }
  };
  socket.on("drain", go);
  go();
}

/** Answers commands as they come; `special` answers instead where it gives something. */
function dialogue(
  socket: Socket,
  write: (text: string) => boolean,
  special: (line: string, socket: Socket) => string | null | undefined,
): void {
  let rest = "";
  let body = false;
  write("220 there ESMTP\r\n");
  socket.on("data", (data: unknown) => {
    rest += String(data);
    for (let end = rest.indexOf("\r\n"); end >= 0; end = rest.indexOf("\r\n")) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 2);
      if (body && line !== ".") continue;
      body = false;
      const answer = special(line, socket);
      if (answer === null) continue;
      const usual = line === "DATA" ? "354 go\r\n" : "250 2.0.0 ok\r\n";
      body = line === "DATA" && answer === undefined;
      write(answer ?? usual);
    }
  });
}

/** What became of one message: `null` where it was sent. */
async function outcome(port: number): Promise<string | null> {
  const home: House = await house({ zones: THERE, policy: { port } });
  await home.send(["bob@there.example"]);
  home.worker.start();
  await home.until("an outcome", async () => {
    const [row] = await home.rows();
    return row === undefined || (row.state === "ready" && row.attempts > 0);
  });
  const [row] = await home.rows();
  await home.close();
  return row?.lastReply ?? null;
}

const ENDLESS: readonly (readonly [string, string])[] = [
  ["a greeting without a last line", "220-and one more\r\n"],
  ["a greeting without a line end", "2".repeat(1000)],
  ["NULs", "\0".repeat(1000)],
  ["line feeds", "\n".repeat(1000)],
];

for (const [what, piece] of ENDLESS) {
  Deno.test(`a server that sends ${what} for ever is hung up on, and its mail waits`, async () => {
    const there = await hostile((socket, write) => endlessly(socket, write, piece));
    assert.match(await outcome(there.port) ?? "sent", /^4\d\d 4\./);
    // What the system's buffers took is not what was read.
    assert.ok(there.written() < 16 * 1024 * 1024, String(there.written()));
    await there.close();
  });
}

Deno.test("replies that are there before their commands are no answers", async () => {
  const there = await hostile((_socket, write) => {
    write("220 x\r\n250 x\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n");
  });
  assert.match(await outcome(there.port) ?? "sent", /^4\d\d 4\.5\.0/);
  assert.doesNotMatch(there.heard.join(""), /hello/);
  await there.close();
});

const STARTTLS: readonly (readonly [string, (socket: Socket) => void])[] = [
  ["ends the connection", (socket) => socket.end()],
  ["resets the connection", (socket) => socket.resetAndDestroy()],
  ["speaks no TLS", (socket) => void socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")],
  ["begins a record and goes", (socket) => {
    socket.write(new Uint8Array([22, 3, 3, 0x40, 0, 2]) as never);
    setTimeout(() => socket.destroy(), 5);
  }],
  ["sends an alert", (socket) => void socket.write(new Uint8Array([21, 3, 3, 0, 2, 2, 40]) as never)],
];

for (const [what, then] of STARTTLS) {
  Deno.test(`a server that agrees to STARTTLS and then ${what} gets its mail another time, or in clear on a new connection`, async () => {
    const there = await hostile((socket, write) =>
      dialogue(socket, write, (line) => {
        if (line.startsWith("EHLO")) return "250-there\r\n250 STARTTLS\r\n";
        if (line !== "STARTTLS") return undefined;
        socket.removeAllListeners("data");
        socket.write("220 go ahead\r\n", () => setTimeout(() => then(socket), 5));
        return null;
      })
    );
    const said = await outcome(there.port);
    // Nothing of the message went over the connection whose handshake failed.
    for (const heard of there.heard) assert.ok(!heard.includes("STARTTLS") || !heard.includes("hello"), heard);
    assert.ok(said === null || /^4\d\d 4\.\d\.\d/.test(said), said ?? "");
    await there.close();
  });
}

Deno.test("octets behind the agreement to STARTTLS are not taken for what comes under TLS", async () => {
  const there = await hostile((socket, write) =>
    dialogue(socket, write, (line) => {
      if (line.startsWith("EHLO")) return "250-there\r\n250 STARTTLS\r\n";
      return line === "STARTTLS"
        ? "220 go\r\n250-there\r\n250 AUTH PLAIN\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n"
        : undefined;
    })
  );
  const said = await outcome(there.port);
  for (const heard of there.heard) assert.ok(!heard.includes("STARTTLS") || !heard.includes("hello"), heard);
  assert.ok(said === null || /^4\d\d/.test(said), said ?? "");
  await there.close();
});

const LATE: readonly (readonly [string, (line: string, socket: Socket) => string | null | undefined])[] = [
  ["goes when the message is there", (line, socket) => line === "." ? (socket.destroy(), null) : undefined],
  ["answers the message with nonsense", (line) => line === "." ? "yes, thank you\r\n" : undefined],
  ["answers the message with 354 again", (line) => line === "." ? "354 more\r\n" : undefined],
  ["answers the message with a line without an end", (line) => line === "." ? "250 " + "x".repeat(20_000) : undefined],
  ["answers the message with ten thousand lines", (line) => line === "." ? "250-x\r\n".repeat(10_000) : undefined],
];

for (const [what, special] of LATE) {
  Deno.test(`a server that ${what} has not taken it: it waits, and nobody is told that it is gone`, async () => {
    const there = await hostile((socket, write) => dialogue(socket, write, special));
    assert.match(await outcome(there.port) ?? "sent", /^4\d\d 4\./);
    await there.close();
  });
}
