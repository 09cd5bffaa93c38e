import assert from "node:assert/strict";
import { digest } from "../../../src/base/hash.ts";
import type { TraceId, Uid } from "../../../src/contract/mod.ts";
import { openDenoKv } from "../../../src/storage/denokv/mod.ts";
import { granted, message, Scene, tempDir } from "../scene.ts";

/** Acknowledgements after which the child is killed, wherever it is then. */
const ROUNDS = [1, 25, 8];
const CHILD = `${import.meta.dirname}/crash_child.ts`;

Deno.test("denokv: kill -9 at any moment loses nothing acknowledged, doubles nothing, leaves nothing half", async () => {
  const folder = tempDir();
  const path = `${folder.path}/mail.sqlite`;
  const acknowledged: string[] = [];
  try {
    await (await new Scene(await openDenoKv({ path })).people()).store.close();
    for (const [round, count] of ROUNDS.entries()) {
      const lines = await killAfter(path, round, count);
      assert.ok(lines.length >= count);
      acknowledged.push(...lines);
      await checkAll(path, acknowledged);
    }
  } finally {
    folder.remove();
  }
});

/** Runs the child until it has said so many lines, kills it, and answers all it said. */
async function killAfter(path: string, round: number, count: number): Promise<string[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "--no-check", "--unstable-kv", CHILD, path, String(round)],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let said = "";
  let killed = false;
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    said += chunk;
    if (!killed && said.split("\n").length > count) {
      child.kill("SIGKILL");
      killed = true;
    }
  }
  await child.status;
  assert.ok(killed, "the child ended by itself");
  return said.split("\n").slice(0, -1); // a last line without its end was cut
}

async function checkAll(path: string, acknowledged: readonly string[]): Promise<void> {
  const s = new Scene(await openDenoKv({ path }));
  try {
    s.ann = (await s.ask("account.get", { address: "ann@example.org" }))!.accountId;
    s.bob = (await s.ask("account.get", { address: "bob@example.org" }))!.accountId;
    const inbox = await s.mailbox(s.ann, "INBOX");
    const rows = await s.rows(s.ann, inbox.mailboxId);
    assert.deepEqual(rows.map(({ uid }) => uid), rows.map((_, i) => i + 1 as Uid));
    const stored = new Map(rows.map((row) => [new TextDecoder().decode(row.prefix).slice(9, -2), row]));
    assert.equal(stored.size, rows.length, "a message is there twice");
    for (const traceId of acknowledged) assert.ok(stored.has(traceId), `${traceId} was acknowledged and is gone`);
    const queue = await s.ask("queue.list", { after: null, limit: 100_000 });
    assert.deepEqual(queue.map(({ traceId }) => String(traceId)).sort(), [...stored.keys()].sort());
    for (const [traceId, row] of stored) {
      const journal = await s.ask("journal.read", { traceId: traceId as TraceId });
      assert.deepEqual(journal.map(({ detail }) => detail), [row.blobId]);
      assert.equal("b" + digest("sha256", await s.whole(row.blobId)).toHex(), row.blobId);
    }
    for (const accountId of [s.ann, s.bob]) {
      assert.deepEqual(await s.ask("store.recount", { accountId }), { corrected: [] });
    }
    granted(await s.append(s.ann, "Sent", message("the store goes on")));
  } finally {
    await s.store.close();
  }
}
