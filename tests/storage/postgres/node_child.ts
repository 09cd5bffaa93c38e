/** A node that the kill test kills: takes messages as fast as it can and says what was acknowledged. */
import { utf8Bytes } from "../../../src/base/bytes.ts";
import type { TraceId } from "../../../src/contract/mod.ts";
import { openPostgres } from "../../../src/storage/postgres/mod.ts";
import { message, Scene } from "../scene.ts";

const [url = "", round = ""] = Deno.args;
const s = new Scene(await openPostgres({ url, connections: 4 }));
s.ann = (await s.ask("account.get", { address: "ann@example.org" }))!.accountId;
let number = 0;

async function stream(size: number): Promise<never> {
  for (;;) {
    const traceId = `${round}.${number++}` as TraceId;
    const prefix = utf8Bytes(`X-Trace: ${traceId}\r\n`);
    const recipient = { forwardPath: "far@away.example", notify: null, orcpt: null };
    await s.accept(message(`${traceId} ${"x".repeat(size)}`), {
      traceId,
      deliveries: [s.delivery(s.ann, "ann@example.org", { prefix })],
      queued: [{ recipient, domain: "away.example", prefix, dueAt: 1, expiresAt: 1e12 }],
    });
    Deno.stdout.writeSync(utf8Bytes(`${traceId}\n`));
  }
}

async function work(): Promise<never> {
  for (;;) await s.ask("queue.claim", { owner: `n${round}`, now: 10, leaseMs: 50, limit: 3 });
}

await Promise.all([stream(50), stream(50), stream(20_000), stream(300_000), work()]);
