// deno-lint-ignore-file no-console
/**
 * 2,000 who wait for news of 20 accounts, by event streams over TCP and over TLS and by WebSocket over TLS: memory of the
 * server for each, and the time from a delivery to all accounts until the last has heard. The clients are another
 * process. `BENCH_LISTENERS` is their number.
 */
import { cpuUsage, memoryUsage } from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { TextLineStream } from "./text_lines.ts";
import { testServer } from "../../mod.ts";
import { median, printTable } from "./beside.ts";

const ACCOUNTS = 20;
const ROUNDS = 5;
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const CLIENTS = new URL("listener_clients.ts", import.meta.url).pathname;
const WAYS = ["events, TCP", "events, TLS", "WebSocket, TLS"];

/** Each way in a process of its own: what one leaves behind is not of the next. */
export async function listeners(): Promise<void> {
  const lines: string[][] = [];
  for (const way of WAYS) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--no-check", "--quiet", import.meta.filename!, way],
      stderr: "inherit",
    }).output();
    lines.push(JSON.parse(new TextDecoder().decode(stdout)));
  }
  printTable(["listeners", "number", "KB each", "last hears after, ms", "CPU, ms", "aim"], lines);
}

async function measure(way: string): Promise<readonly string[]> {
  const count = Number(Deno.env.get("BENCH_LISTENERS") ?? 2000);
  const names = Array.from({ length: ACCOUNTS }, (_, i) => `u${i}`);
  const address = "127.0.0.1";
  const server = await testServer({
    accounts: names,
    listen: true,
    config: {
      listeners: [
        { protocol: "smtp", address, port: 0, tls: "none" },
        { protocol: "http", address, port: 0, tls: way.endsWith("TCP") ? "none" : "implicit" },
      ],
      jmap: { listeners: 2 * count, listenersPerAccount: 2 * count, listenersPerAddress: 2 * count },
      log: { level: "error" },
    },
  });
  const { port } = server.address("http");
  // What the first of all cost is not of the others.
  await clients(way, port, names, 5 * ACCOUNTS, () => Promise.resolve());
  const before = settled();
  let each = 0;
  const times: number[] = [];
  const busy: number[] = [];
  await clients(way, port, names, count, async (heard) => {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    each = (settled() - before) / count / 1024;
    for (let round = 0; round < ROUNDS; round++) {
      const began = performance.now();
      const cpu = cpuUsage();
      await server.deliver("Subject: news\n\nx", names.map((name) => `${name}@example.test`));
      await heard();
      times.push(performance.now() - began);
      const { user, system } = cpuUsage(cpu);
      busy.push((user + system) / 1000);
    }
  });
  await server.stop();
  return [way, String(count), each.toFixed(1), median(times).toFixed(0), median(busy).toFixed(0), "20 KB; 200 ms"];
}

function settled(): number {
  collect();
  return memoryUsage().rss;
}

/** Listens in a process of its own while `run` runs; `heard` resolves when all have heard once more. */
async function clients(
  way: string,
  port: number,
  names: readonly string[],
  count: number,
  run: (heard: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-net",
      "--no-check",
      "--quiet",
      CLIENTS,
      way,
      String(port),
      String(count),
      names.join(),
    ],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const said = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
  try {
    await said.read();
    await run(async () => void await said.read());
  } finally {
    await said.cancel().catch(() => {});
    try {
      child.kill();
    } catch {
      // It has ended by itself.
    }
    await child.status;
  }
}

if (import.meta.main) {
  console.log(JSON.stringify(await measure(Deno.args[0] ?? "")));
  Deno.exit(0);
}
