/**
 * Asks NOOP of an IMAP session again and again, from a thread of its own: the slowest answer bounds the longest gap of
 * the server's event loop. A message ends it and is answered with what was seen.
 */
/// <reference lib="deno.worker" />

self.onmessage = ({ data: port }: MessageEvent<number>) => void run(port);

async function run(port: number): Promise<void> {
  let running = true;
  self.onmessage = () => (running = false);
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(4096);
  const noop = new TextEncoder().encode("a NOOP\r\n");
  await connection.read(buffer);
  const waits: number[] = [];
  while (running) {
    const asked = performance.now();
    await connection.write(noop);
    await connection.read(buffer);
    waits.push(performance.now() - asked);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  connection.close();
  waits.sort((a, b) => a - b);
  self.postMessage({ count: waits.length, median: waits[waits.length >> 1], longest: waits.at(-1) });
}
