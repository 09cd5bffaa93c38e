// deno-lint-ignore-file no-console
/**
 * 10,000 accounts of 1,000 messages: from starting the process to the first greeting, and memory then and after some of
 * them were looked at. The store takes some minutes and 4 GB to make; it is kept in the user's cache for the next time.
 * `BENCH_ACCOUNTS` is the number of accounts.
 */
import { DatabaseSync } from "node:sqlite";
import { MIGRATIONS } from "../../src/storage/sqlite/schema.ts";
import { aim, median, printTable } from "./beside.ts";
import { fillAccounts, makeAccounts } from "./fill_store.ts";
import { BenchClient } from "./imap/client.ts";
import { cacheFolder } from "./native.ts";
import { startPalomar } from "./peers/palomar.ts";
import { residentKb } from "./peers/peer.ts";

const STARTS = 5;
/** Messages of each account whose bodies are in the segment log. */
const LARGE = 100;
/** Accounts that somebody looks at. */
const LOOKED_AT = 200;

export async function accounts(): Promise<void> {
  const count = Number(Deno.env.get("BENCH_ACCOUNTS") ?? 10_000);
  const folder = `${Deno.env.get("BENCH_KEEP") ?? cacheFolder()}/accounts-${count}-${MIGRATIONS.length}`;
  if (!isFilled(`${folder}/data`)) await fill(folder, count);
  const times: number[] = [];
  let [atStart, after] = [0, 0];
  for (let i = 0; i < STARTS; i++) {
    const started = performance.now();
    const peer = await startPalomar(folder, 21825, { accounts: "there" });
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: peer.imapPort });
    await connection.read(new Uint8Array(512));
    times.push(performance.now() - started);
    connection.close();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    atStart = residentKb(peer.pid) / 1024;
    if (i === STARTS - 1) {
      await look(peer.imapPort, count);
      after = residentKb(peer.pid) / 1024;
    }
    await peer.stop();
  }
  const took = median(times);
  printTable([`${count.toLocaleString("en")} accounts of 1,000 messages`, "result", "aim"], [
    ["start to first greeting, median of 5", `${took.toFixed(0)} ms`, aim(-took, -2000, "2 s")],
    ["memory at idle", `${atStart.toFixed(0)} MB`, aim(-atStart, -200, "200 MB")],
    [`… after ${LOOKED_AT} of them looked at their INBOX`, `${after.toFixed(0)} MB`, aim(-after, -200, "200 MB")],
  ]);
}

async function look(port: number, count: number): Promise<void> {
  for (let i = 0; i < LOOKED_AT; i++) {
    const client = await BenchClient.connect(port, 1 + Math.floor(i * count / LOOKED_AT));
    await client.ask("SELECT INBOX");
    await client.ask("FETCH 951:1000 (UID FLAGS ENVELOPE)");
    client.close();
  }
}

async function fill(folder: string, count: number): Promise<void> {
  const began = performance.now();
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await makeAccounts(`${folder}/data`, count, 1);
  fillAccounts(`${folder}/data`, LARGE);
  const db = new DatabaseSync(`${folder}/data/palomar.db`);
  db.exec("insert into settings values ('bench.filled', '1')");
  db.close();
  console.log(`  filled in ${((performance.now() - began) / 1000).toFixed(0)} s, kept in ${folder}`);
}

function isFilled(dataDir: string): boolean {
  try {
    const db = new DatabaseSync(`${dataDir}/palomar.db`, { readOnly: true });
    const found = db.prepare("select 1 from settings where name = 'bench.filled'").get();
    db.close();
    return found !== undefined;
  } catch {
    return false;
  }
}
