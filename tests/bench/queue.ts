// deno-lint-ignore-file no-console
/** A long queue in SQLite: what opening it, and each step of the scheduler, costs at 10,000 to 1,000,000 recipients. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openSqlite } from "../../src/storage/sqlite/mod.ts";
import { accept, HOUR } from "./queue_message.ts";

const LENGTHS = (Deno.env.get("BENCH_QUEUE") ?? "10000,100000,1000000").split(",").map(Number);
/** Recipients of each message that waits; each is for a domain of its own. */
const RECIPIENTS = 100;
const SHARE_DUE = 0.02;

export async function queue(): Promise<void> {
  const results: Record<string, string>[] = [];
  for (const length of LENGTHS) {
    const dataDir = await Deno.makeTempDir({ prefix: "palomar-bench-", dir: Deno.env.get("BENCH_DIR") ?? "/var/tmp" });
    try {
      const filled = await fill(dataDir, length);
      console.log(`${length} recipients: filled in ${filled.toFixed(1)} s`);
      results.push(await measured(dataDir));
    } finally {
      await Deno.remove(dataDir, { recursive: true });
    }
  }
  const names = [...new Set(results.flatMap((result) => Object.keys(result)))];
  console.log(`| Step | ${LENGTHS.map((length) => length.toLocaleString("en")).join(" | ")} |`);
  console.log(`| ---- | ${LENGTHS.map(() => "----").join(" | ")} |`);
  for (const name of names) console.log(`| ${name} | ${results.map((result) => result[name] ?? "-").join(" | ")} |`);
}

/** Rows that were tried three times and are due within four hours, but for some that are due now. Answers seconds. */
async function fill(dataDir: string, length: number): Promise<number> {
  const began = performance.now();
  const store = await openSqlite({ dataDir });
  const now = Date.now();
  for (let at = 0; at < length; at += RECIPIENTS * 10) {
    const some = Array.from({ length: Math.min(10, (length - at) / RECIPIENTS) }, (_, i) => at / RECIPIENTS + i);
    await Promise.all(some.map((number) => accept(store, number, RECIPIENTS, now)));
  }
  await store.close();
  const db = new DatabaseSync(join(dataDir, "palomar.db"));
  db.exec("pragma synchronous = off");
  const due = `case when id % ${Math.round(1 / SHARE_DUE)} = 0 then ${now - 1000} - id % 977 ` +
    `else ${now} + ${HOUR} / 4 + (id * 7919) % ${4 * HOUR} end`;
  db.exec(
    `update queue set attempts = 3, class = 3, last_reply = '451 4.4.1 mx.example.net does not answer', ` +
      `due_at = ${due}, wake_at = ${due}; pragma wal_checkpoint(truncate)`,
  );
  db.close();
  return (performance.now() - began) / 1000;
}

/** In a process of its own, so that its memory is that of a queue that was found. */
async function measured(dataDir: string): Promise<Record<string, string>> {
  const script = new URL("queue_measure.ts", import.meta.url).pathname;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", script, dataDir],
    stderr: "inherit",
  }).output();
  if (code !== 0) throw new Error(`measuring failed: ${code}`);
  return JSON.parse(new TextDecoder().decode(stdout)) as Record<string, string>;
}

if (import.meta.main) await queue();
