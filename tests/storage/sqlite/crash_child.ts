/**
 * What the crash test kills: takes messages as fast as it can and says on its standard output what was acknowledged.
 * Ann keeps everything; what bob gets is removed and reclaimed again, so that segments are evacuated at any moment.
 */
import { utf8Bytes } from "../../../src/base/bytes.ts";
import type { AccountId, TraceId } from "../../../src/contract/mod.ts";
import { openSqlite } from "../../../src/storage/sqlite/mod.ts";
import { ALL, message, Scene } from "../scene.ts";

const [dataDir = "", round = ""] = Deno.args;
const store = await openSqlite({ dataDir, packing: { compression: "zstd" } });
const s = new Scene(store);
s.ann = (await s.ask("account.get", { address: "ann@example.org" }))!.accountId;
s.bob = (await s.ask("account.get", { address: "bob@example.org" }))!.accountId;
let number = 0;

async function take(accountId: AccountId, size: number): Promise<void> {
  const traceId = `${round}.${number++}` as TraceId;
  const blob = await s.seal(message(`${traceId} ${"x".repeat(size)}`), 50_000);
  const recipient = { forwardPath: "far@away.example", notify: null, orcpt: null };
  const prefix = utf8Bytes(`X-Trace: ${traceId}\r\n`);
  const keeps = accountId === s.ann;
  await s.ask(
    "mail.accept",
    s.acceptArgs(blob.blobId, {
      traceId,
      deliveries: [s.delivery(accountId, "somebody@example.org", { prefix })],
      queued: keeps ? [{ recipient, domain: "away.example", prefix, dueAt: 1, expiresAt: 2 }] : [],
      journal: [{ at: 1, event: "accepted", recipient: null, detail: blob.blobId }],
    }),
  );
  blob.release();
  if (keeps) Deno.stdout.writeSync(utf8Bytes(`${traceId}\n`));
}

async function stream(accountId: AccountId, size: number): Promise<never> {
  for (;;) await take(accountId, size);
}

async function clean(): Promise<never> {
  const { mailboxId } = await s.mailbox(s.bob, "INBOX");
  for (;;) {
    for (let i = 0; i < 6; i++) await take(s.bob, 300_000);
    await s.ask("email.expunge", { accountId: s.bob, mailboxId, ranges: ALL, always: true });
    await store.reclaim();
  }
}

await Promise.all([clean(), stream(s.ann, 50), stream(s.ann, 50), stream(s.ann, 30_000), stream(s.ann, 100_000)]);
