/** The queue's states, leases, and the journal. */
import assert from "node:assert/strict";
import type {
  AccountId,
  AnswerOf,
  Notify,
  QueueEntry,
  QueueId,
  QueueShare,
  TraceId,
} from "../../../src/contract/mod.ts";
import { granted, message, type Open, type Scene, sceneTest } from "../scene.ts";

function entry(forwardPath: string, more: Partial<QueueEntry> = {}): QueueEntry {
  return {
    recipient: { forwardPath, notify: ["failure"], orcpt: "rfc822;x" },
    domain: forwardPath.slice(forwardPath.indexOf("@") + 1),
    prefix: new Uint8Array([65]),
    dueAt: 100,
    expiresAt: 9000,
    ...more,
  };
}

const claim = (s: Scene, owner: string, now: number, limit = 10): Promise<AnswerOf<"queue.claim">> =>
  s.ask("queue.claim", { owner, now, leaseMs: 50, limit });
const next = (s: Scene) => s.ask("queue.next", {});
const list = (s: Scene) => s.ask("queue.list", { after: null, limit: 100 });

function settle(s: Scene, owner: string, outcomes: Parameters<typeof s.ask<"queue.settle">>[1]["outcomes"], now = 120) {
  return s.ask("queue.settle", { owner, outcomes, notices: [], journal: [], traceId: "t.1" as TraceId, now });
}

export function queueContract(name: string, open: Open): void {
  sceneTest(`${name}: recipients of one message and domain are claimed together, when due`, open, async (s) => {
    assert.equal(await next(s), null);
    const bytes = message("x".repeat(50_000));
    const queued = [entry("a@one.example"), entry("b@two.example"), entry("c@one.example")];
    const args = { traceId: "t.1" as TraceId, queued };
    granted(await s.accept(bytes, args));
    assert.equal(await next(s), 100);
    assert.deepEqual(await claim(s, "n1", 99), []);
    const jobs = await claim(s, "n1", 100);
    assert.deepEqual(jobs.map((job) => job.recipients.map(({ recipient }) => recipient.forwardPath)), [
      ["a@one.example", "c@one.example"],
      ["b@two.example"],
    ]);
    const [job] = jobs;
    assert.deepEqual([job!.traceId, job!.leaseUntil, job!.size, job!.prefix], [
      "t.1",
      150,
      bytes.length,
      new Uint8Array([65]),
    ]);
    assert.deepEqual(job!.recipients[0]!.recipient, queued[0]!.recipient);
    assert.deepEqual(await s.whole(job!.blobId), bytes);
    assert.deepEqual(await claim(s, "n2", 120), []);
    assert.equal(await next(s), 150);
  });

  sceneTest(`${name}: a lease that ran out is another's, and the lost owner's outcome is ignored`, open, async (s) => {
    granted(await s.accept(message("x"), { queued: [entry("a@one.example")] }));
    const [mine] = await claim(s, "n1", 100);
    const id = mine!.recipients[0]!.queueId;
    assert.equal(await s.ask("queue.renew", { owner: "n1", queueIds: [id], leaseUntil: 200 }), true);
    assert.deepEqual(await claim(s, "n2", 199), []);
    assert.equal((await claim(s, "n2", 200)).length, 1);
    assert.equal(await s.ask("queue.renew", { owner: "n1", queueIds: [id], leaseUntil: 900 }), false);
    const lost = [{ queueId: id, outcome: "delivered", reply: "250" }] as const;
    assert.deepEqual(await settle(s, "n1", lost), { settled: 0 });
    assert.equal((await list(s)).length, 1);
    assert.deepEqual(await settle(s, "n2", lost), { settled: 1 });
    assert.deepEqual(await list(s), []);
    assert.deepEqual(await settle(s, "n2", lost), { settled: 0 });
    assert.equal(await next(s), null);
  });

  sceneTest(`${name}: a deferred row waits, and the queue's watchers hear of it`, open, async (s) => {
    let heard = 0;
    const leave = s.store.watchQueue(() => heard++);
    granted(await s.accept(message("x"), { queued: [entry("a@one.example"), entry("b@one.example")] }));
    assert.equal(heard, 1);
    const [job] = await claim(s, "n1", 100);
    const [a, b] = job!.recipients;
    const outcomes = [
      { queueId: a!.queueId, outcome: "deferred", reply: "451 later", dueAt: 500 },
      { queueId: b!.queueId, outcome: "failed", reply: "550 no" },
    ] as const;
    const notice = s.acceptArgs(job!.blobId, { deliveries: [s.delivery(s.bob, "bob@example.org")] });
    const journal = [{ at: 120, event: "deferred", recipient: "a@one.example", detail: "451 later" }];
    const traceId = job!.traceId;
    const args = { owner: "n1", outcomes, notices: [notice], journal, traceId, now: 120 };
    assert.deepEqual(await s.ask("queue.settle", args), { settled: 2 });
    const [row] = await list(s);
    assert.deepEqual([row!.state, row!.attempts, row!.dueAt, row!.lastReply], ["ready", 1, 500, "451 later"]);
    assert.deepEqual(await s.ask("queue.get", { queueId: row!.queueId }), row);
    assert.equal(await s.ask("queue.get", { queueId: "q999" as QueueId }), null);
    assert.deepEqual(await s.ask("journal.read", { traceId }), journal);
    assert.equal((await s.mailbox(s.bob, "INBOX")).messages, 1);
    assert.ok(heard >= 2);
    leave();
    // The same settlement again: the lease is gone, so neither notices nor journal come twice.
    assert.deepEqual(await s.ask("queue.settle", args), { settled: 0 });
    assert.equal((await s.mailbox(s.bob, "INBOX")).messages, 1);
    assert.deepEqual(await s.ask("journal.read", { traceId }), journal);
  });

  sceneTest(`${name}: what was not tried is put back without an attempt, by its owner only`, open, async (s) => {
    let heard = 0;
    const leave = s.store.watchQueue(() => heard++);
    granted(await s.accept(message("x"), { queued: [entry("a@one.example"), entry("b@one.example")] }));
    const [job] = await claim(s, "n1", 100);
    const rows = job!.recipients.map(({ queueId }, i) => ({ queueId, dueAt: 300 + i }));
    const put = (owner: string) => s.ask("queue.putBack", { owner, rows });
    assert.deepEqual(await put("n2"), { changed: 0 });
    const before = heard;
    assert.deepEqual(await put("n1"), { changed: 2 });
    assert.ok(heard > before);
    assert.deepEqual(await put("n1"), { changed: 0 });
    assert.deepEqual((await list(s)).map((row) => [row.state, row.attempts, row.dueAt, row.lastReply]), [
      ["ready", 0, 300, null],
      ["ready", 0, 301, null],
    ]);
    assert.equal(await next(s), 300);
    assert.equal((await claim(s, "n2", 301)).length, 1);
    leave();
  });

  sceneTest(`${name}: hold, release, retry and remove`, open, async (s) => {
    granted(await s.accept(message("x"), { queued: [entry("a@one.example"), entry("b@two.example")] }));
    const ids = (await list(s)).map(({ queueId }) => queueId);
    const change = (what: "retry" | "hold" | "release" | "remove", now = 10, which: readonly QueueId[] | null = null) =>
      s.ask("queue.change", { ids: which, change: what, now });
    assert.deepEqual(await change("hold"), { changed: 2, next: null });
    assert.equal(await next(s), null);
    assert.deepEqual(await claim(s, "n1", 5000), []);
    assert.deepEqual(await change("retry"), { changed: 0, next: null });
    assert.deepEqual(await change("release", 10, [ids[0]!, ids[0]!, "nonsense" as QueueId]), {
      changed: 1,
      next: null,
    });
    assert.equal((await s.ask("queue.list", { after: null, limit: 9, state: "held" })).length, 1);
    assert.equal((await s.ask("queue.list", { after: ids[0]!, limit: 9 })).length, 1);
    assert.equal((await s.ask("queue.list", { after: null, limit: 9, domain: "TWO.example" })).length, 1);
    assert.equal((await s.ask("queue.list", { after: null, limit: 9, traceId: "none" as TraceId })).length, 0);
    assert.equal(await next(s), 100);
    assert.deepEqual(await change("retry", 20), { changed: 1, next: null });
    assert.equal(await next(s), 20);
    const [job] = await claim(s, "n1", 20);
    assert.deepEqual(await change("hold"), { changed: 0, next: null }); // under way: left alone
    assert.deepEqual(await change("remove"), { changed: 2, next: null });
    const late = [{ queueId: job!.recipients[0]!.queueId, outcome: "deferred", reply: "4", dueAt: 30 }] as const;
    assert.deepEqual(await settle(s, "n1", late), { settled: 0 });
    assert.deepEqual(await list(s), []);
  });

  sceneTest(`${name}: what waits gets another way, what is under way keeps its own`, open, async (s) => {
    granted(await s.accept(message("x"), { queued: ["a", "b", "c"].map((who) => entry(`${who}@one.example`)) }));
    granted(await s.accept(message("y"), { queued: [entry("a@two.example")] }));
    const ids = (await list(s)).map(({ queueId }) => queueId);
    const reroute = (which: readonly QueueId[] | null, route: string | null, domain?: string) =>
      s.ask("queue.reroute", { ids: which, ...(domain !== undefined && { domain }), route, now: 10 });
    await s.ask("queue.change", { ids: [ids[2]!], change: "hold", now: 5 });
    assert.deepEqual(await reroute([ids[1]!, "nonsense" as QueueId], "mx.example:25"), { changed: 1, next: null });
    assert.equal(await next(s), 10);
    assert.deepEqual((await claim(s, "n1", 100)).map((job) => [job.domain, job.route, job.recipients.length]), [
      ["one.example", "mx.example:25", 1],
      ["one.example", null, 1],
      ["two.example", null, 1],
    ]);
    assert.deepEqual(await reroute(null, "three.example", "ONE.example"), { changed: 1, next: null });
    assert.deepEqual((await list(s)).map(({ route, state }) => [route, state]), [
      [null, "leased"],
      ["mx.example:25", "leased"],
      ["three.example", "held"],
      [null, "leased"],
    ]);
    assert.deepEqual(await reroute([ids[2]!], null), { changed: 1, next: null });
    assert.deepEqual(await reroute([ids[2]!], null), { changed: 0, next: null });
  });

  sceneTest(`${name}: an account without room refuses, is skipped, or is deferred`, open, async (s) => {
    await s.ask("account.change", { address: "ann@example.org", quota: { bytes: 10, messages: null } });
    const deliveries = [s.delivery(s.ann, "ann@example.org"), s.delivery(s.bob, "bob@example.org")];
    const args = { deliveries, queued: [entry("a@one.example")] };
    const refused = await s.accept(message("x"), { ...args, overQuota: "refuse" });
    assert.deepEqual(refused, { refused: "overQuota", recipients: ["ann@example.org"] });
    assert.deepEqual(await list(s), []);
    assert.equal((await s.mailbox(s.bob, "INBOX")).messages, 0);
    const skipped = granted(await s.accept(message("x"), { ...args, overQuota: "skip" }));
    assert.deepEqual([skipped.stored.length, skipped.overQuota], [1, ["ann@example.org"]]);
    granted(await s.accept(message("x"), { deliveries, overQuota: "defer" }));
    const waiting = (await list(s)).find(({ domain }) => domain === null);
    assert.equal(waiting!.recipient.forwardPath, "ann@example.org");
    assert.equal((await s.mailbox(s.ann, "INBOX")).messages, 0);
  });

  sceneTest(
    `${name}: a delivery queues the reports it was asked for, once, and what waits keeps its wishes`,
    open,
    async (s) => {
      const full = { bytes: 10, messages: null };
      await s.ask("account.change", { address: "ann@example.org", quota: full });
      const wish = (forwardPath: string, notify: Notify, orcpt: string | null = null) => ({
        forwardPath,
        notify,
        orcpt,
      });
      const ann = {
        ...s.delivery(s.ann, "ann@example.org"),
        serves: [wish("ann@example.org", ["success"], "rfc822;a")],
      };
      const serves = [wish("bob@example.org", ["success"]), wish("bobby@example.org", ["failure"])];
      const bob = { ...s.delivery(s.bob, "bob@example.org"), serves };
      const deliveries = [ann, bob, bob];
      assert.ok("refused" in await s.accept(message("x"), { deliveries, overQuota: "refuse" }));
      assert.deepEqual(await list(s), []);
      granted(await s.accept(message("x"), { deliveries, overQuota: "defer" }));
      assert.deepEqual((await list(s)).map(({ recipient, domain, report }) => [recipient, domain, report]), [
        [serves[0], null, "delivered"],
        [wish("ann@example.org", ["success"], "rfc822;a"), null, undefined],
      ]);
      const { sender } = (await list(s))[0]!;
      await s.ask("queue.change", { ids: null, change: "remove", now: 1 });
      granted(await s.accept(message("x"), { deliveries: [bob], sender: { ...sender, reversePath: "" } }));
      assert.deepEqual(await list(s), []);
      const both = [wish("a@example.org", null), wish("b@example.org", ["delay"])];
      granted(await s.accept(message("x"), { deliveries: [{ ...ann, serves: both }], overQuota: "defer" }));
      assert.deepEqual((await list(s))[0]!.recipient, wish("ann@example.org", ["failure", "delay"]));
    },
  );

  sceneTest(`${name}: many recipients are several jobs, and the limit holds`, open, async (s) => {
    const queued = Array.from({ length: 250 }, (_, i) => entry(`r${i}@one.example`));
    granted(await s.accept(message("x"), { queued }));
    const first = await claim(s, "n1", 100, 1);
    assert.deepEqual(first.map(({ recipients }) => recipients.length), [100]);
    const rest = await claim(s, "n1", 100);
    assert.deepEqual(rest.map(({ recipients }) => recipients.length), [100, 50]);
    const all = [...first, ...rest].flatMap(({ recipients }) => recipients.map(({ queueId }) => queueId));
    assert.equal(new Set(all).size, 250);
  });

  sceneTest(`${name}: classes wait apart, and a claim says how many it takes of each`, open, async (s) => {
    for (const priority of ["bulk", "normal", "urgent"] as const) {
      for (const who of ["a", "b", "c"]) {
        granted(await s.accept(message("x"), { queued: [entry(`${who}@${priority}.example`, { priority })] }));
      }
    }
    const first = await s.ask("queue.list", { after: null, limit: 1 });
    assert.equal(first[0]!.priority, "bulk");
    const take = (limit: number, shares?: readonly QueueShare[]) =>
      s.ask("queue.claim", { owner: "n", now: 100, leaseMs: 50, limit, ...(shares && { shares }) });
    const classes = async (limit: number, shares?: readonly QueueShare[]) =>
      (await take(limit, shares)).map((job) => `${job.recipients[0]!.recipient.forwardPath[0]} ${job.class}`);
    const shares = [{ class: "bulk", most: 1 }, { class: "again", most: 9 }, { class: "normal", most: 9 }] as const;
    assert.deepEqual(await classes(3, shares), ["a bulk", "a normal", "b normal"]);
    assert.deepEqual(await classes(2), ["a urgent", "b urgent"]);
    assert.deepEqual(await classes(9, [{ class: "urgent", most: 0 }, { class: "bulk", most: 1 }]), ["b bulk"]);
    assert.deepEqual(await classes(9), ["c urgent", "c normal", "c bulk"]);
  });

  sceneTest(`${name}: what was put off twice waits with its like, unless it is urgent`, open, async (s) => {
    const queued = [
      entry("a@one.example"),
      entry("b@two.example", { priority: "urgent" }),
      entry("c@three.example", { dueAt: 300 }),
    ];
    granted(await s.accept(message("x"), { queued }));
    const later = async (now: number, dueAt: number, limit: number) => {
      for (const job of await claim(s, "n", now, limit)) {
        const outcomes = job.recipients.map(({ queueId }) =>
          ({ queueId, outcome: "deferred", reply: "4", dueAt }) as const
        );
        await settle(s, "n", outcomes);
      }
    };
    await later(100, 200, 2);
    await later(200, 300, 2);
    assert.equal(await next(s), 300);
    const jobs = await claim(s, "n", 300);
    assert.deepEqual(jobs.map((job) => [job.domain, job.class]), [
      ["two.example", "urgent"],
      ["three.example", "normal"],
      ["one.example", "again"],
    ]);
  });

  sceneTest(`${name}: all is changed in pages, and the journal tells by whom`, open, async (s) => {
    const traceId = "t.1" as TraceId;
    const queued = ["a@one.example", "b@two.example", "c@one.example", "d@one.example"].map((path) => entry(path));
    granted(await s.accept(message("x"), { traceId, queued }));
    const all = { ids: null, now: 10, by: "Ann" } as const;
    const first = await s.ask("queue.change", { ...all, change: "hold", domain: "ONE.example", limit: 2 });
    assert.equal(first.changed, 2);
    assert.ok(first.next !== null);
    // Cut off here: the same again changes nothing more, and the page behind it the rest.
    const again = await s.ask("queue.change", { ...all, change: "hold", domain: "one.example", limit: 2 });
    assert.deepEqual(again, { changed: 0, next: first.next });
    const rest = { domain: "one.example", limit: 2, after: first.next } as const;
    assert.deepEqual(await s.ask("queue.change", { ...all, ...rest, change: "hold" }), { changed: 1, next: null });
    const counted = () => s.ask("queue.count", {});
    assert.deepEqual(await counted(), { ready: 1, leased: 0, held: 3 });
    assert.deepEqual(await s.ask("queue.change", { ...all, change: "bulk", limit: 9 }), { changed: 4, next: null });
    assert.deepEqual(await s.ask("queue.reroute", { ...all, domain: "two.example", route: "mx.example:25" }), {
      changed: 1,
      next: null,
    });
    const some = await s.ask("queue.change", { ...all, change: "release", limit: 2 });
    assert.equal(some.changed, 2);
    await claim(s, "n", 100, 1);
    assert.deepEqual(await counted(), { ready: 2, leased: 1, held: 1 });
    assert.deepEqual((await list(s)).map(({ priority }) => priority), ["bulk", "bulk", "bulk", "bulk"]);
    await s.ask("queue.change", { ...all, change: "remove", limit: 3 });
    assert.deepEqual(await counted(), { ready: 0, leased: 0, held: 1 });
    const told = await s.ask("journal.read", { traceId });
    assert.deepEqual(told.filter(({ recipient }) => recipient === "b@two.example"), [
      { at: 10, event: "prioritised", recipient: "b@two.example", detail: "Put behind other mail by Ann." },
      {
        at: 10,
        event: "rerouted",
        recipient: "b@two.example",
        detail: "Goes by way of mx.example:25 from now on, as Ann said.",
      },
      {
        at: 10,
        event: "removed",
        recipient: "b@two.example",
        detail: "Removed from the queue without a report to the sender by Ann.",
      },
    ]);
    assert.equal(told.filter(({ event }) => event === "held").length, 3);
    assert.equal(told.filter(({ event }) => event === "released").length, 2);
  });

  sceneTest(`${name}: rows are counted by what was committed`, open, async (s) => {
    const gone = { deliveries: [s.delivery("a999" as AccountId, "x@example.org")], queued: [entry("a@one.example")] };
    await assert.rejects(s.accept(message("x"), gone));
    granted(await s.accept(message("y"), { queued: [entry("b@one.example")] }));
    const [job] = await claim(s, "n", 100);
    const settling = { owner: "n", journal: [], traceId: job!.traceId, now: 120 };
    const queueId = job!.recipients[0]!.queueId;
    const outcome = { queueId, outcome: "failed", reply: "5" } as const;
    const notices = [s.acceptArgs(job!.blobId, gone)];
    await assert.rejects(s.ask("queue.settle", { ...settling, outcomes: [outcome], notices }));
    assert.deepEqual(await s.ask("queue.count", {}), { ready: 0, leased: 1, held: 0 });
    const twice = await s.ask("queue.settle", { ...settling, outcomes: [outcome, outcome], notices: [] });
    assert.deepEqual(twice, { settled: 1 });
    assert.deepEqual(await s.ask("queue.count", {}), { ready: 0, leased: 0, held: 0 });
  });

  sceneTest(`${name}: the journal keeps its order`, open, async (s) => {
    const traceId = "j.1" as TraceId;
    const entries = [1, 2, 3].map((at) => ({ at, event: "e", recipient: null, detail: String(at) }));
    for (const one of entries) await s.ask("journal.add", { traceId, entries: [one] });
    assert.deepEqual(await s.ask("journal.read", { traceId }), entries);
    assert.deepEqual(await s.ask("journal.read", { traceId: "j.2" as TraceId }), []);
  });
}
