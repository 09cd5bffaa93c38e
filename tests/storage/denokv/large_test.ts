/** What Deno KV does not take at once: values of more than 64 KiB, commits of more than a thousand writes. */
import assert from "node:assert/strict";
import type { Uid } from "../../../src/contract/mod.ts";
import { openStore } from "../../../src/storage/denokv/store.ts";
import { ALL, granted, message, Scene } from "../scene.ts";
import { type Fate, SharedKv } from "./flaky.ts";

const KEEPING = { undeleteMs: 0, wall: () => 0 };
const MANY = 1100;

/** Ann with many messages, in one mailbox. */
async function crowd(s: Scene, count: number): Promise<void> {
  const blob = await s.seal(message("one text for all"));
  const one = { blobId: blob.blobId, flags: [], internalDate: 1 };
  for (let at = 0; at < count; at += 500) {
    const messages = Array.from({ length: Math.min(500, count - at) }, () => one);
    granted(await s.ask("email.append", { accountId: s.ann, path: "INBOX", messages, now: 5 }));
  }
  blob.release();
}

Deno.test("denokv: one operation over thousands of messages is one commit, done whole or not at all", async () => {
  const shared = await SharedKv.open();
  const s = await new Scene(await openStore(shared.process(), KEEPING)).people();
  try {
    await crowd(s, MANY);
    const { mailboxId } = await s.mailbox(s.ann, "INBOX");
    const where = { accountId: s.ann, mailboxId, ranges: ALL };
    granted(await s.ask("email.copy", { ...where, path: "Archive", now: 6 }));
    const archive = await s.mailbox(s.ann, "Archive");
    assert.equal(archive.messages, MANY);
    const { vanished } = await s.ask("email.expunge", { ...where, always: true });
    assert.equal(vanished.length, MANY);
    assert.equal((await s.rows(s.ann, archive.mailboxId)).length, MANY);
    await s.ask("email.expunge", { accountId: s.ann, mailboxId: archive.mailboxId, ranges: ALL, always: true });
    assert.deepEqual(await s.ask("store.recount", { accountId: s.ann }), { corrected: [] });
    assert.equal(await shared.keys(["redo"]), 0);
    assert.equal(await shared.keys(["a1", "members"]), 0);
  } finally {
    await s.store.close();
    shared.close();
  }
});

Deno.test("denokv: a process that dies in a large commit leaves all of it or nothing, at every step", async () => {
  for (let step = 1; step < 12; step++) {
    const shared = await SharedKv.open();
    const first = await new Scene(await openStore(shared.process(), KEEPING)).people();
    await crowd(first, 900);
    await first.store.close();
    let left = Infinity;
    const dying = new Scene(await openStore(shared.process((): Fate => left-- > 0 ? "done" : "never"), KEEPING));
    dying.ann = first.ann;
    const { mailboxId } = await dying.mailbox(dying.ann, "INBOX");
    const copy = { accountId: dying.ann, mailboxId, ranges: ALL, path: "Archive", now: 6 };
    left = step;
    const done = await dying.ask("email.copy", copy).then(() => true, () => false);
    const isWhole = left > 0;
    await dying.store.close();

    // Two that come after meet what was left at the same time: both finish it, and go on.
    const open = async () => Object.assign(new Scene(await openStore(shared.process(), KEEPING)), { ann: first.ann });
    const [s, other] = [await open(), await open()];
    const work = [s, other, s, other].map((one, i) => one.append(one.ann, "Archive", message(`it goes on ${i}`)));
    for (const answer of await Promise.all(work)) granted(answer);
    const { messages, mailboxId: archive } = await s.mailbox(s.ann, "Archive");
    assert.ok(messages === 904 || (messages === 4 && !done), `${messages} messages after step ${step}`);
    assert.equal((await s.rows(s.ann, archive)).length, messages);
    assert.equal((await other.rows(s.ann, archive)).length, messages);
    assert.deepEqual(await s.ask("store.recount", { accountId: s.ann }), { corrected: [] });
    await s.store.close();
    await other.store.close();
    shared.close();
    if (isWhole) return;
  }
  assert.fail("it never came to its end");
});

Deno.test("denokv: values of any size come back, and leave nothing behind", async () => {
  const shared = await SharedKv.open();
  const s = await new Scene(await openStore(shared.process(), KEEPING)).people();
  try {
    const content = `# ${"ü".repeat(20_000)}\nkeep;\n`;
    granted(
      await s.ask(
        "sieve.put",
        { address: "ann@example.org", name: "large", content, activate: false } as never,
      ) as object,
    );
    const got = await s.ask("sieve.get", { address: "ann@example.org", name: "large" }) as { content: string };
    assert.equal(got.content, content);
    // An index of more than 64 KiB: many parts.
    const parts = Array.from(
      { length: 900 },
      (_, i) => `--b\r\nContent-Type: text/plain; name=${"n".repeat(60)}${i}\r\n\r\nx\r\n`,
    );
    const bytes = message(`${parts.join("")}--b--\r\n`, "Subject: parts\r\nContent-Type: multipart/mixed; boundary=b");
    granted(await s.append(s.ann, "INBOX", bytes));
    await s.store.close();

    const again = new Scene(await openStore(shared.process(), KEEPING));
    again.ann = s.ann;
    const { mailboxId } = await again.mailbox(s.ann, "INBOX");
    const fields = ["structure", "header"] as const;
    const { rows: [row] } = await again.ask("email.read", {
      accountId: s.ann,
      mailboxId,
      ranges: [{ first: 1 as Uid, last: 1 as Uid }],
      fields,
      limit: 5,
    });
    assert.ok(row!.structure!.parts!.length > 100);
    assert.match(new TextDecoder().decode(row!.header), /^Subject: parts/);
    assert.deepEqual(await again.whole(row!.blobId), bytes);
    assert.ok(await shared.keys([`b${row!.blobId.at(-1)}`, "~"]) > 0);
    await again.ask("email.expunge", { accountId: s.ann, mailboxId, ranges: ALL, always: true });
    await again.reclaimAll();
    assert.equal(await shared.keys([`b${row!.blobId.at(-1)}`]), 0);
    assert.equal(await shared.keys(["u"]), 0);
    await again.store.close();
  } finally {
    shared.close();
  }
});

Deno.test("denokv: names of any length are found, as keys they would be too long", async () => {
  const shared = await SharedKv.open();
  const s = await new Scene(await openStore(shared.process(), KEEPING)).people();
  try {
    const long = "x".repeat(5000);
    assert.equal(await s.ask("account.get", { address: `${long}@example.org` }), null);
    assert.equal(await s.ask("token.find", { hash: long, now: 1 } as never), null);
    assert.equal(await s.ask("setting.init", { name: long, value: "v" }), "v");
    assert.equal(await s.ask("setting.get", { name: long }), "v");
    assert.equal(await s.ask("blob.index", { blobId: `b${long}` as never }), null);
    await assert.rejects(s.store.readBlob(`b${long}😀` as never, 0, 1), /there is no blob/);
    assert.deepEqual(await s.ask("journal.read", { traceId: long as never }), []);
  } finally {
    await s.store.close();
    shared.close();
  }
});
