// deno-lint-ignore-file no-console
/** The clients of `listeners.ts`, a process: way, port, number, and names of accounts are its arguments. */
import { connect } from "node:tls";

/** Says a line when all listen, and one whenever all have heard. */
async function listen(way: string, port: number, count: number, names: readonly string[]): Promise<void> {
  let left = count;
  const heard = (): void => {
    if (--left > 0) return;
    left = count;
    console.log("all");
  };
  const isSocket = way.startsWith("WebSocket");
  const mark = isSocket ? '"StateChange"' : "event: state";
  for (let i = 0; i < count; i++) {
    const user = `${names[i % names.length]}@example.test:${names[i % names.length]}`;
    const fields = [
      "Host: localhost",
      `Authorization: Basic ${btoa(user)}`,
      ...(isSocket
        ? [
          "Connection: Upgrade",
          "Upgrade: websocket",
          "Sec-WebSocket-Version: 13",
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
          "Sec-WebSocket-Protocol: jmap",
        ]
        : []),
    ];
    const request = `GET ${isSocket ? "/jmap/ws" : "/jmap/events"} HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`;
    let isOpen = false;
    await new Promise<void>((resolve, reject) => {
      const take = (text: string): void => {
        if (!isOpen && /^HTTP\/1\.1 (200|101)/.test(text)) {
          isOpen = true;
          resolve();
        } else if (!isOpen) reject(new Error(text.slice(0, 200)));
        if (text.includes(mark)) heard();
      };
      const opened = (write: (octets: string) => void): void => {
        write(request);
        if (isSocket) write(enable());
      };
      if (way.endsWith("TCP")) void plain(port, opened, take);
      else secure(port, opened, take);
    });
  }
  // Whoever enabled pushes a moment ago is served by now.
  await new Promise((resolve) => setTimeout(resolve, 500));
  console.log("ready");
}

async function plain(port: number, opened: (write: (text: string) => void) => void, take: (text: string) => void) {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  opened((text) => void connection.write(new TextEncoder().encode(text)));
  const room = new Uint8Array(4096);
  for (let size = await connection.read(room); size !== null; size = await connection.read(room)) {
    take(new TextDecoder().decode(room.subarray(0, size)));
  }
}

function secure(port: number, opened: (write: (text: string) => void) => void, take: (text: string) => void): void {
  const socket = connect(
    { host: "127.0.0.1", port, rejectUnauthorized: false },
    () => opened((text) => void socket.write(text, "latin1")),
  );
  socket.on("data", (octets: Uint8Array) => take(new TextDecoder().decode(octets)));
}

/** A masked frame (with a mask of zeros) that asks for news. */
function enable(): string {
  const text = JSON.stringify({ "@type": "WebSocketPushEnable", dataTypes: null });
  return String.fromCharCode(0x81, 0x80 | text.length, 0, 0, 0, 0) + text;
}

if (import.meta.main) {
  const [way = "", port = "", count = "", names = ""] = Deno.args;
  await listen(way, Number(port), Number(count), names.split(","));
}
