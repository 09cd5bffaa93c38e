// deno-lint-ignore-file no-console
/** A 50 MB message with 5,000 parts: how much memory the server takes for it, and how long its event loop stands still. */
import { startPalomar } from "./peers/palomar.ts";
import { DOMAIN, residentKb } from "./peers/peer.ts";

const PARTS = 5000;
const PART_SIZE = 10_000; // octets: 5,000 of them are 50 MB

export async function largeMessage(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "palomar-bench-", dir: "/var/tmp" });
  const peer = await startPalomar(folder, 21125);
  try {
    await send(peer.smtpPort, 3); // warm: code loaded, buffers made
    await send(peer.smtpPort, PARTS);
    await send(peer.smtpPort, PARTS);
    const before = residentKb(peer.pid);
    let peak = before;
    const watch = setInterval(() => (peak = Math.max(peak, residentKb(peer.pid))), 5);
    const waited = pings(peer.imapPort);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const started = performance.now();
    await send(peer.smtpPort, PARTS);
    const seconds = (performance.now() - started) / 1000;
    clearInterval(watch);
    const gaps = await waited();
    console.log(`50 MB, ${PARTS} parts: accepted in ${seconds.toFixed(2)} s`);
    console.log(`  memory rose ${((peak - before) / 1024).toFixed(1)} MB above ${(before / 1024).toFixed(0)} MB`);
    console.log(
      `  another session's NOOP meanwhile: median ${gaps.median.toFixed(1)}, slowest of ${gaps.count} ${
        gaps.longest.toFixed(1)
      } ms`,
    );
  } finally {
    await peer.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

interface Pings {
  readonly count: number;
  /** Milliseconds. */
  readonly median: number;
  readonly longest: number;
}

function pings(port: number): () => Promise<Pings> {
  const worker = new Worker(new URL("./ping_worker.ts", import.meta.url), { type: "module" });
  worker.postMessage(port);
  return () =>
    new Promise((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<Pings>) => {
        worker.terminate();
        resolve(data);
      };
      worker.postMessage(null);
    });
}

/** Sends a multipart message of so many parts of 10,000 octets, and waits for its 250. */
async function send(port: number, parts: number): Promise<void> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const encoder = new TextEncoder();
  const reply = replies(connection);
  const command = async (line: string, code: string): Promise<void> => {
    await connection.write(encoder.encode(line));
    const got = await reply();
    if (!got.startsWith(code)) throw new Error(`${line.slice(0, 40).trim()}: ${got}`);
  };
  await command("", "220");
  await command("EHLO bench.test\r\n", "250");
  await command(`MAIL FROM:<bench@example.test>\r\n`, "250");
  await command(`RCPT TO:<u1@${DOMAIN}>\r\n`, "250");
  await command("DATA\r\n", "354");
  const body = ("x".repeat(76) + "\r\n").repeat(Math.floor(PART_SIZE / 78));
  const part = encoder.encode(`--b\r\nContent-Type: application/octet-stream\r\n\r\n${body}`);
  await writeAll(connection, encoder.encode('Subject: large\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'));
  const batch = new Uint8Array(part.length * 10).map((_, i) => part[i % part.length]!);
  for (let i = 0; i < parts; i += 10) {
    await writeAll(connection, batch.subarray(0, Math.min(10, parts - i) * part.length));
  }
  await command("--b--\r\n.\r\n", "250");
  connection.close();
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Reads whole replies, the last line of each. */
function replies(connection: Deno.Conn): () => Promise<string> {
  const buffer = new Uint8Array(16384);
  let text = "";
  return async () => {
    for (;;) {
      const match = /^(?:[0-9]{3}-[^\n]*\n)*([0-9]{3} [^\n]*)\r\n/.exec(text);
      if (match) {
        text = text.slice(match[0].length);
        return match[1]!;
      }
      const count = await connection.read(buffer);
      if (count === null) throw new Error(`connection closed after ${JSON.stringify(text)}`);
      text += new TextDecoder().decode(buffer.subarray(0, count));
    }
  };
}
