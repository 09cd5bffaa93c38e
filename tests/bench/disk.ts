// deno-lint-ignore-file no-console
/** Octets on disk for each message of 4 KB, 64 KB and 1 MB: what the data folder has grown by after a clean stop. */
import { aim, printTable, sizeName } from "./beside.ts";
import { generate } from "./native.ts";
import { startPalomar } from "./peers/palomar.ts";
import { ACCOUNTS, DOMAIN } from "./peers/peer.ts";

const KB = 1024;
const CELLS: readonly (readonly [size: number, messages: number])[] = [[4 * KB, 4_000], [64 * KB, 800], [
  1024 * KB,
  80,
]];
/** The octets of the message itself and this much more are what a message may take. */
const SHARE = 1.3;

export async function disk(): Promise<void> {
  const rows: string[][] = [];
  for (const [size, messages] of CELLS) {
    const folder = await Deno.makeTempDir({ prefix: "palomar-bench-", dir: Deno.env.get("BENCH_DIR") ?? "/var/tmp" });
    try {
      const before = await used(folder, async () => {});
      let accepted = 0;
      const after = await used(folder, async (port) => {
        const load = { connections: 10, messages, size, domain: DOMAIN, accounts: ACCOUNTS, seconds: 120 };
        accepted = (await generate(port, load)).accepted;
        await quiet(folder);
      });
      const each = (part: keyof Used) => (after[part] - before[part]) / accepted;
      const total = each("database") + each("segments") + each("texts") + each("rest");
      const most = SHARE * size + KB;
      rows.push([
        sizeName(size),
        total.toFixed(0),
        (total / size).toFixed(2),
        each("database").toFixed(0),
        each("segments").toFixed(0),
        each("texts").toFixed(0),
        aim(-total, -most, most.toFixed(0)),
      ]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
  console.log("octets on disk for each message (blocks of the file system), after a clean stop");
  printTable(["message", "on disk", "times its size", "database", "segments", "index of texts", "aim, at most"], rows);
}

interface Used {
  database: number;
  segments: number;
  texts: number;
  rest: number;
}

/** Starts the server, does `work`, stops it, and counts. */
async function used(folder: string, work: (port: number) => Promise<void>): Promise<Used> {
  const peer = await startPalomar(folder, 21625, { config: CONFIG });
  try {
    await work(peer.smtpPort);
  } finally {
    await peer.stop();
  }
  return count(`${folder}/data`);
}

/** Bodies as they are: what compression gains is not counted. */
const CONFIG: Readonly<Record<string, unknown>> = { storage: { driver: "sqlite", compression: "none" } };

function count(folder: string): Used {
  const sum: Used = { database: 0, segments: 0, texts: 0, rest: 0 };
  const walk = (path: string): void => {
    for (const entry of Deno.readDirSync(path)) {
      const one = `${path}/${entry.name}`;
      if (entry.isDirectory) {
        walk(one);
        continue;
      }
      const octets = (Deno.statSync(one).blocks ?? 0) * 512;
      if (entry.name.endsWith(".seg")) sum.segments += octets;
      else if (entry.name.startsWith("palomar.db")) sum.database += octets;
      else if (/text|search|index/.test(one.slice(folder.length))) sum.texts += octets;
      else sum.rest += octets;
    }
  };
  walk(folder);
  return sum;
}

/** The index of texts works behind: waits until nothing grows for two seconds, at most a minute. */
async function quiet(folder: string): Promise<void> {
  let last = "";
  for (let still = 0, i = 0; still < 4 && i < 120; i++) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const now = JSON.stringify(count(`${folder}/data`));
    still = now === last ? still + 1 : 0;
    last = now;
  }
}
