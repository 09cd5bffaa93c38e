/** Several processes on one Deno KV, and answers of it that are lost. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Config } from "../../../src/server/config/mod.ts";
import { openStorage } from "../../../src/server/open_storage.ts";
import type { Uid } from "../../../src/contract/mod.ts";
import { openDenoKv } from "../../../src/storage/denokv/mod.ts";
import { openStore } from "../../../src/storage/denokv/store.ts";
import { ALL, granted, message, Scene, tempDir } from "../scene.ts";
import { type Fate, SharedKv } from "./flaky.ts";

const KEEPING = { undeleteMs: 0, wall: () => 0 };

/** Two processes that know ann and bob. */
async function pair(run: (a: Scene, b: Scene) => Promise<void>): Promise<void> {
  const shared = await SharedKv.open();
  const a = await new Scene(await openStore(shared.process(), KEEPING)).people();
  const b = new Scene(await openStore(shared.process(), KEEPING));
  Object.assign(b, { ann: a.ann, bob: a.bob });
  try {
    await run(a, b);
  } finally {
    await a.store.close();
    await b.store.close();
    shared.close();
  }
}

Deno.test("denokv: what one process wrote the other reads at once, whatever it knew before", async () => {
  await pair(async (a, b) => {
    for (let i = 1; i <= 5; i++) {
      granted(await a.append(a.ann, "INBOX", message(`a ${i}`)));
      assert.equal((await b.mailbox(b.ann, "INBOX")).messages, 2 * i - 1);
      granted(await b.append(b.ann, "INBOX", message(`b ${i}`)));
      const { mailboxId } = await a.mailbox(a.ann, "INBOX");
      assert.equal((await a.rows(a.ann, mailboxId)).length, 2 * i);
    }
  });
});

Deno.test("denokv: two processes that deliver at the same time use no UID twice and lose nothing", async () => {
  await pair(async (a, b) => {
    const work = [a, b].flatMap((s) =>
      Array.from({ length: 40 }, (_, i) => s.append(i % 2 ? s.ann : s.bob, "INBOX", message(`text ${i}`)))
    );
    for (const answer of await Promise.all(work)) granted(answer);
    for (const account of [a.ann, a.bob]) {
      const inbox = await b.mailbox(account, "INBOX");
      const rows = await b.rows(account, inbox.mailboxId);
      assert.deepEqual(rows.map(({ uid }) => uid), Array.from({ length: 40 }, (_, i) => i + 1 as Uid));
      assert.equal(new Set(rows.map(({ emailId }) => emailId)).size, 40);
      assert.deepEqual(await b.ask("store.recount", { accountId: account }), { corrected: [] });
    }
  });
});

Deno.test("denokv: a row of the queue is claimed by one process", async () => {
  await pair(async (a, b) => {
    for (let i = 0; i < 10; i++) {
      const recipient = { forwardPath: `x@d${i}.example`, notify: null, orcpt: null };
      const row = { recipient, domain: `d${i}.example`, prefix: new Uint8Array(0), dueAt: 1, expiresAt: 99 };
      granted(await a.accept(message(`m ${i}`), { queued: [row] }));
    }
    const claims = await Promise.all(
      [a, b].map((s, i) => s.ask("queue.claim", { owner: `n${i}`, now: 10, leaseMs: 1000, limit: 10 })),
    );
    const ids = claims.flatMap((jobs) => jobs.flatMap((job) => job.recipients.map(({ queueId }) => queueId)));
    assert.equal(ids.length, 10);
    assert.equal(new Set(ids).size, 10);
  });
});

Deno.test("denokv: a session of one process hears of mail that the other received", async () => {
  await pair(async (a, b) => {
    // Who came later knows of the other; who was there first notices within seconds.
    const heard = Promise.withResolvers<void>();
    const { mailboxId } = await b.mailbox(b.ann, "INBOX");
    let arrived = false;
    const stop = b.store.watch(b.ann, (touched) => {
      if (arrived && touched.mailboxIds.has(mailboxId)) heard.resolve();
    });
    arrived = true;
    granted(await a.append(a.ann, "INBOX", message("news")));
    await heard.promise;
    stop();
  });
});

Deno.test("denokv: a commit whose answer was lost counts once", async () => {
  const shared = await SharedKv.open();
  let fate: Fate = "done";
  const s = await new Scene(await openStore(shared.process(() => fate), KEEPING)).people();
  try {
    const blob = await s.seal(message("once"));
    await s.append(s.ann, "INBOX", message("numbers are there"));
    fate = "lost";
    const messages = [{ blobId: blob.blobId, flags: [], internalDate: null }];
    granted(await s.ask("email.append", { accountId: s.ann, path: "INBOX", messages, now: 5 }));
    fate = "never";
    await assert.rejects(s.ask("email.append", { accountId: s.ann, path: "INBOX", messages, now: 5 }));
    fate = "done";
    blob.release();
    assert.equal((await s.mailbox(s.ann, "INBOX")).messages, 2);
  } finally {
    await s.store.close();
    shared.close();
  }
});

/** What random work does, by either process. */
const step = fc.record({
  by: fc.nat(1),
  what: fc.constantFrom("append", "flags", "move", "expunge", "reclaim", "die") as fc.Arbitrary<
    "append" | "flags" | "move" | "expunge" | "reclaim" | "die"
  >,
  uid: fc.nat(8),
  after: fc.nat(2),
  lost: fc.boolean(),
});

Deno.test("denokv: whatever two processes do at once, and wherever one dies, counters equal a recount", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      const shared = await SharedKv.open();
      const left = [Infinity, Infinity];
      const lost = [false, false];
      const open = async (by: number) => {
        left[by] = Infinity;
        return await openStore(
          shared.process((): Fate => left[by]!-- > 0 ? "done" : lost[by] && left[by] === -1 ? "lost" : "never"),
          KEEPING,
        );
      };
      const a = await new Scene(await open(0)).people();
      const scenes = [a, Object.assign(new Scene(await open(1)), { ann: a.ann, bob: a.bob })];
      const [inbox, trash] = [await a.mailbox(a.ann, "INBOX"), await a.mailbox(a.ann, "Trash")];
      const stores = () => scenes.map(({ store }) => store);
      try {
        const work = steps.map(async ({ by, what, uid, after, lost: isLost }) => {
          const s = scenes[by]!;
          const where = {
            accountId: s.ann,
            mailboxId: inbox.mailboxId,
            ranges: [{ first: uid as Uid, last: uid + 1 as Uid }],
          };
          if (what === "append") await s.append(s.ann, "INBOX", message(`${uid % 3}`));
          if (what === "flags") await s.ask("email.flags", { ...where, mode: "add", flags: ["\\Seen"] });
          if (what === "move") await s.ask("email.move", { ...where, path: "Trash", now: 3 });
          if (what === "expunge") await s.ask("email.expunge", { ...where, always: true });
          if (what === "reclaim") await s.store.reclaim();
          if (what === "die") [left[by], lost[by]] = [after, isLost];
        });
        await Promise.allSettled(work);
        for (const store of stores()) await store.close();
        const s = Object.assign(new Scene(await open(0)), { ann: a.ann });
        scenes.push(s);
        for (const { mailboxId } of [inbox, trash]) {
          const rows = await s.rows(s.ann, mailboxId);
          for (const row of rows) assert.equal((await s.whole(row.blobId)).length, row.blobSize);
        }
        assert.deepEqual(await s.ask("store.recount", { accountId: s.ann }), { corrected: [] });
        granted(await s.append(s.ann, "INBOX", message("it goes on")));
      } finally {
        for (const store of stores()) await store.close();
        shared.close();
      }
    }),
    { numRuns: 20 },
  );
});

Deno.test("denokv: a file is its owner's alone, opened again it has what was there, and by two at once", async () => {
  const folder = tempDir();
  const path = `${folder.path}/below/mail.sqlite`;
  try {
    const a = await new Scene(await openDenoKv({ path })).people();
    assert.equal(Deno.statSync(path).mode! & 0o077, 0);
    assert.equal(Deno.statSync(`${path}-wal`).mode! & 0o077, 0);
    const b = Object.assign(new Scene(await openDenoKv({ path })), { ann: a.ann });
    const work = [a, b].flatMap((s) => Array.from({ length: 5 }, (_, i) => s.append(s.ann, "INBOX", message(`${i}`))));
    for (const answer of await Promise.all(work)) granted(answer);
    await a.store.close();
    await b.store.close();
    const c = Object.assign(new Scene(await openDenoKv({ path })), { ann: a.ann });
    assert.equal((await c.mailbox(c.ann, "INBOX")).messages, 10);
    assert.deepEqual(await c.ask("store.recount", { accountId: c.ann }), { corrected: [] });
    await c.ask("email.expunge", {
      accountId: c.ann,
      mailboxId: (await c.mailbox(c.ann, "INBOX")).mailboxId,
      ranges: ALL,
      always: true,
    });
    await c.store.close();
  } finally {
    folder.remove();
  }
});

Deno.test("denokv: what cannot be opened says what to do", async () => {
  const folder = tempDir();
  const refused = (run: () => Promise<unknown>, message: RegExp) =>
    assert.rejects(
      run,
      (error: Error & { reason?: string }) => error.reason === "unavailable" && message.test(error.message),
    );
  try {
    await refused(() => openDenoKv({ path: folder.path }), /look at storage\.path/);
    const path = `${folder.path}/newer.sqlite`;
    const kv = await Deno.openKv(path);
    await kv.set(["schema"], 2);
    kv.close();
    await refused(() => openDenoKv({ path }), /schema version 2, this program knows 1: start the newer/);
    const own = Object.getOwnPropertyDescriptor(Deno, "openKv")!;
    try {
      Object.defineProperty(Deno, "openKv", { configurable: true, value: undefined });
      await refused(() => openDenoKv({ path }), /--unstable-kv/);
    } finally {
      Object.defineProperty(Deno, "openKv", own);
    }
  } finally {
    folder.remove();
  }
});

Deno.test("denokv: named in the configuration, it is a file among the data or where storage.path says", async () => {
  const folder = tempDir();
  const retention = { undelete: 0 } as Config["retention"];
  try {
    for (const path of [null, `${folder.path}/else/where.sqlite`]) {
      const storage = { driver: "denokv" as const, path };
      await (await new Scene(await openStorage({ storage, dataDir: folder.path, retention })).people()).store.close();
      assert.ok(Deno.statSync(path ?? `${folder.path}/denokv.sqlite`).size > 0);
    }
  } finally {
    folder.remove();
  }
});
