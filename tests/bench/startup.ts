// deno-lint-ignore-file no-console
/** From starting the process to the first greeting with a store that is there, and memory at idle. */
import { startPalomar } from "./peers/palomar.ts";
import { residentKb } from "./peers/peer.ts";

export async function startup(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "palomar-bench-", dir: "/var/tmp" });
  try {
    await (await startPalomar(folder, 21325)).stop();
    const times: number[] = [];
    let resident = 0;
    for (let i = 0; i < 5; i++) {
      const started = performance.now();
      const peer = await startPalomar(folder, 21325);
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: peer.smtpPort });
      await connection.read(new Uint8Array(512));
      times.push(performance.now() - started);
      connection.close();
      await new Promise((resolve) => setTimeout(resolve, 2000));
      resident = residentKb(peer.pid);
      await peer.stop();
    }
    times.sort((a, b) => a - b);
    console.log(
      `start to first greeting: median ${times[2]!.toFixed(0)} ms of ${times.map((t) => t.toFixed(0)).join(", ")}`,
    );
    console.log(`memory at idle: ${(resident / 1024).toFixed(0)} MB`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
