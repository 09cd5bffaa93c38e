// deno-lint-ignore-file no-console
/**
 * PostgreSQL as the store: 4 KB messages a second over 50 connections beside SQLite on the same disk, one node and two on
 * one database; and how long a session of one node waits for mail that the other received.
 */
import { ACCOUNTS, DOMAIN } from "./peers/peer.ts";
import { generate } from "./native.ts";
import { type PalomarPeer, startPalomar } from "./peers/palomar.ts";
import { MISSING, startCluster } from "../storage/postgres/cluster.ts";
import { openPostgres } from "../../src/storage/postgres/mod.ts";

const SIZE = 4096;
const CONNECTIONS = 50;
const MESSAGES = Number(Deno.env.get("BENCH_MESSAGES") ?? 10_000);
const PORT = 21025;
/** What the distribution's server does for durability, which tests leave out. */
const DURABLE = ["fsync=on", "full_page_writes=on", "shared_buffers=128MB", "autovacuum_naptime=1min"];

export async function postgres(rounds = 3): Promise<void> {
  const dir = Deno.env.get("BENCH_DIR") ?? "/var/tmp";
  const folder = await Deno.makeTempDir({ prefix: "palomar-bench-", dir });
  const cluster = startCluster(DURABLE, dir);
  if (cluster === null) return console.log(`  left out: ${MISSING}`);
  try {
    const rates = new Map<string, number[]>();
    for (let round = 0; round < rounds; round++) {
      const url = await cluster.database(`bench${round}`);
      const storage = { driver: "postgres", url };
      const kinds: readonly (readonly [string, () => Promise<readonly PalomarPeer[]>])[] = [
        ["sqlite", () => nodes(`${folder}/s${round}`, [{}])],
        ["one node", () => nodes(`${folder}/p${round}`, [{ storage }])],
        ["two nodes", () => nodes(`${folder}/p${round}`, [{ storage }, { storage }])],
      ];
      for (const [name, start] of kinds) {
        const rate = await measure(await start());
        rates.set(name, [...rates.get(name) ?? [], rate]);
        console.log(`  round ${round + 1}: ${name} ${Math.round(rate)} messages/s`);
      }
    }
    const [sqlite, one, two] = ["sqlite", "one node", "two nodes"].map((name) => median(rates.get(name)!));
    console.log(`50 connections, 4 KB: SQLite ${Math.round(sqlite!)}, one node ${Math.round(one!)} messages/s`);
    console.log(`one node / SQLite = ${(one! / sqlite!).toFixed(2)}, two nodes / one = ${(two! / one!).toFixed(2)}`);
    await latency(await cluster.database("bench0"));
  } finally {
    cluster.remove();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Starts nodes whose configurations differ in their store and ports; the first makes the accounts. */
async function nodes(folder: string, configs: readonly Record<string, unknown>[]): Promise<PalomarPeer[]> {
  const peers: PalomarPeer[] = [];
  for (const [i, config] of configs.entries()) {
    const own = `${folder}.${i}`;
    await Deno.mkdir(own, { recursive: true });
    // A configuration that is there says that the accounts are.
    if (i > 0) await Deno.writeTextFile(`${own}/palomar.jsonc`, "{}");
    peers.push(await startPalomar(own, PORT + 10 * i, { config }));
  }
  return peers;
}

async function measure(peers: readonly PalomarPeer[]): Promise<number> {
  const load = (peer: PalomarPeer, messages: number) =>
    generate(peer.smtpPort, {
      connections: CONNECTIONS / peers.length,
      messages,
      size: SIZE,
      domain: DOMAIN,
      accounts: ACCOUNTS,
    });
  try {
    await Promise.all(peers.map((peer) => load(peer, 500)));
    const began = performance.now();
    const results = await Promise.all(peers.map((peer) => load(peer, MESSAGES / peers.length)));
    const seconds = (performance.now() - began) / 1000;
    const bad = results.find(({ rejected, errors }) => rejected + errors > 0);
    if (bad) throw new Error(`${bad.rejected} rejected, ${bad.errors} errors: ${bad.first_error ?? ""}`);
    return results.reduce((sum, { accepted }) => sum + accepted, 0) / seconds;
  } finally {
    for (const peer of peers) await peer.stop();
  }
}

/** From the commit of one node to the ears of the other, without other load. */
async function latency(url: string): Promise<void> {
  const [a, b] = [await openPostgres({ url }), await openPostgres({ url })];
  try {
    const { accountId } = (await a.perform("account.get", { address: `u1@${DOMAIN}` }))!;
    let heard: (() => void) | null = null;
    const leave = b.watch(accountId, () => heard?.());
    const times: number[] = [];
    for (let i = 0; i < 200; i++) {
      const told = new Promise<void>((resolve) => heard = resolve);
      await a.perform("mailbox.subscribe", { accountId, path: "Archive", subscribed: i % 2 === 1 });
      const began = performance.now();
      await told;
      times.push(performance.now() - began);
    }
    leave();
    times.sort((x, y) => x - y);
    console.log(
      `news of the other node after ${times[100]!.toFixed(1)} ms (median), ${times[198]!.toFixed(1)} ms (99 %)`,
    );
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
