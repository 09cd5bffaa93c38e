/** What the crash test kills: delivers and queues as fast as it can, and says what was acknowledged. */
import { utf8Bytes } from "../../../src/base/bytes.ts";
import type { TraceId } from "../../../src/contract/mod.ts";
import { openDenoKv } from "../../../src/storage/denokv/mod.ts";
import { ALL, message, Scene } from "../scene.ts";

const [path = "", round = ""] = Deno.args;
const s = new Scene(await openDenoKv({ path }));
s.ann = (await s.ask("account.get", { address: "ann@example.org" }))!.accountId;
s.bob = (await s.ask("account.get", { address: "bob@example.org" }))!.accountId;
let number = 0;

async function deliver(size: number): Promise<never> {
  for (;;) {
    const traceId = `${round}.${number++}` as TraceId;
    const blob = await s.seal(message(`${traceId} ${"x".repeat(size)}`), 50_000);
    const prefix = utf8Bytes(`X-Trace: ${traceId}\r\n`);
    const recipient = { forwardPath: "far@away.example", notify: null, orcpt: null };
    const args = s.acceptArgs(blob.blobId, {
      traceId,
      deliveries: [s.delivery(s.ann, "ann@example.org", { prefix })],
      queued: [{ recipient, domain: "away.example", prefix, dueAt: 1, expiresAt: 2 }],
      journal: [{ at: 1, event: "accepted", recipient: null, detail: blob.blobId }],
    });
    await s.ask("mail.accept", args);
    blob.release();
    Deno.stdout.writeSync(utf8Bytes(`${traceId}\n`));
  }
}

/** Commits that are larger than Deno KV takes, and space that comes back. */
async function crowd(): Promise<never> {
  const { mailboxId } = await s.mailbox(s.bob, "INBOX");
  for (;;) {
    for (let i = 0; i < 2; i++) {
      const blob = await s.seal(message(`${round} ${number++} ${"y".repeat(150_000)}`));
      const messages = Array.from({ length: 450 }, () => ({ blobId: blob.blobId, flags: [], internalDate: 1 }));
      await s.ask("email.append", { accountId: s.bob, path: "INBOX", messages, now: 5 });
      blob.release();
    }
    await s.ask("email.expunge", { accountId: s.bob, mailboxId, ranges: ALL, always: true });
    await s.store.reclaim();
  }
}

await Promise.all([crowd(), deliver(50), deliver(30_000), deliver(100_000)]);
