// deno-lint-ignore-file no-console
/** Opens the store of a long queue and prints, as JSON, what each step took. */
import type { AnswerOf, Args, QueueId, StorageOp } from "../../src/contract/mod.ts";
import { openSqlite } from "../../src/storage/sqlite/mod.ts";
import { accept, HOUR } from "./queue_message.ts";

const [dataDir = ""] = Deno.args;
const result: Record<string, string> = {};
const ms = (value: number): string => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
const mb = (): string => `${Math.round(Deno.memoryUsage().rss / 1024 / 1024)} MB`;

const began = performance.now();
const store = await openSqlite({ dataDir });
result["open the store"] = ms(performance.now() - began);
result["resident memory then"] = mb();

async function timed<K extends StorageOp>(op: K, args: Args<K>): Promise<{ took: number; answer: AnswerOf<K> }> {
  const from = performance.now();
  const answer = await store.perform(op, args);
  return { took: performance.now() - from, answer };
}

async function mean<K extends StorageOp>(name: string, op: K, args: Args<K>, times: number): Promise<void> {
  const first = await timed(op, args);
  let sum = 0;
  for (let i = 0; i < times; i++) sum += (await timed(op, args)).took;
  result[name] = `${ms(sum / times)} (first ${ms(first.took)})`;
}

await mean("queue.next", "queue.next", {}, 200);
await mean("queue.count", "queue.count", {}, 200);
await mean("queue.list, first 100", "queue.list", { after: null, limit: 100 }, 20);
await mean("… of one domain", "queue.list", { after: null, limit: 100, domain: "d4999.example" }, 20);
await mean("… that are held (none)", "queue.list", { after: null, limit: 100, state: "held" }, 20);

/** Claims, and settles each job by itself, as attempts that end one by one do; those of a claim at the same time. */
async function work(name: string, jobs: number, limit: number): Promise<void> {
  let [done, claiming, settling] = [0, 0, 0];
  while (done < jobs) {
    const now = Date.now();
    const owner = `w${done}`;
    const claim = await timed("queue.claim", { owner, now, leaseMs: 120_000, limit });
    claiming += claim.took;
    if (claim.answer.length === 0) break;
    const from = performance.now();
    await Promise.all(claim.answer.map((job) =>
      store.perform("queue.settle", {
        owner,
        outcomes: job.recipients.map(({ queueId }, i) =>
          i % 2 === 0
            ? { queueId, outcome: "relayed", reply: "250 2.0.0 ok" } as const
            : { queueId, outcome: "deferred", reply: "451 4.0.0 later", dueAt: now + HOUR } as const
        ),
        notices: [],
        journal: [{ at: now, event: "delivered", recipient: null, detail: "Taken." }],
        traceId: job.traceId,
        now,
      })
    ));
    settling += performance.now() - from;
    done += claim.answer.length;
  }
  result[`claim, a job, ${name}`] = ms(claiming / done);
  result[`settle, a job, ${name}`] = ms(settling / done);
}
await work("50 at a time", 150, 50);
await work("one at a time", 40, 1);

const from = performance.now();
for (let i = 0; i < 200; i++) await accept(store, 10_000_000 + i, 1, Date.now());
result["enqueue a message of one recipient"] = ms((performance.now() - from) / 200);

/** Pages of a change of all that are measured. */
const MOST_PAGES = 500;
for (const change of ["hold", "release"] as const) {
  let [longest, rows, pages] = [0, 0, 0];
  const start = performance.now();
  for (let after: QueueId | null = null;;) {
    const page: Awaited<ReturnType<typeof timed<"queue.change">>> = await timed("queue.change", {
      ids: null,
      change,
      after,
      limit: 100,
      now: Date.now(),
      by: "the benchmark",
    });
    longest = Math.max(longest, page.took);
    rows += page.answer.changed;
    after = page.answer.next;
    if (after === null || ++pages === MOST_PAGES) break;
  }
  const all = performance.now() - start;
  result[`${change}, 1,000 rows in pages of 100`] = ms(all / (rows / 1000));
  result[`… the longest page of ${change}`] = ms(longest);
}
result["resident memory at the end"] = mb();
await store.close();
console.log(JSON.stringify(result));
