import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import * as fc from "fast-check";
import type { AccountId, MailboxChanges, MailboxId, Modseq, Uid } from "../../src/contract/mod.ts";
import { Watches } from "../../src/server/watches.ts";
import type { Storage, Touched } from "../../src/storage/storage.ts";

const ACCOUNT = "a1" as AccountId;
const INBOX = "m1" as MailboxId;

/** A mailbox as its log: what happened at which modseq. `read` answers when the test lets it. */
class Log {
  readonly happened: { uid: Uid; modseq: Modseq }[] = [];
  readonly vanished: { uid: Uid; modseq: Modseq }[] = [];
  reads = 0;
  fail: Error | null = null;
  /** Not null: reads wait for it. */
  gate: Promise<void> | null = null;
  modseq = 0;
  readonly listeners = new Set<(touched: Touched) => void>();

  /** A commit: one more message, or one less. */
  commit(uid: number, gone = false): void {
    const modseq = ++this.modseq as Modseq;
    (gone ? this.vanished : this.happened).push({ uid: uid as Uid, modseq });
    for (const tell of [...this.listeners]) tell({ mailboxIds: new Set([INBOX]), mailboxList: false, annotations: [] });
  }

  storage(): Storage {
    const perform = async (op: string, { since }: { since: Modseq }): Promise<MailboxChanges> => {
      assert.equal(op, "mailbox.changes");
      this.reads++;
      const fail = this.fail;
      const changes = {
        mailboxId: INBOX,
        modseq: this.modseq as Modseq,
        changed: this.happened.filter((one) => one.modseq > since).map((one) => ({ ...one, flags: [] })),
        vanished: this.vanished.filter((one) => one.modseq > since).map((one) => one.uid),
        deleted: false,
      };
      await this.gate;
      if (fail) throw fail;
      return changes;
    };
    const watch = (accountId: AccountId, listener: (touched: Touched) => void): () => void => {
      assert.equal(accountId, ACCOUNT);
      this.listeners.add(listener);
      return () => void this.listeners.delete(listener);
    };
    return { perform, watch } as unknown as Storage;
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => void setImmediate(() => resolve()));
}

const noFailure = (error: unknown): never => assert.fail(String(error));

Deno.test("Watches tells at once what came between the snapshot and the watch", async () => {
  const log = new Log();
  for (let uid = 1; uid <= 5; uid++) log.commit(uid);
  const heard: MailboxChanges[] = [];
  new Watches(log.storage(), noFailure).watch(ACCOUNT, INBOX, 3 as Modseq, (changes) => heard.push(changes));
  await settled();
  assert.deepEqual(heard.map(({ changed }) => changed.map(({ uid }) => uid)), [[4, 5]]);
});

Deno.test("Watches tells of each change once, however commits, reads and watchers are interleaved", async () => {
  const action = fc.oneof(
    { weight: 5, arbitrary: fc.constant("commit" as const) },
    { weight: 2, arbitrary: fc.constant("vanish" as const) },
    { weight: 1, arbitrary: fc.constant("watch" as const) },
    { weight: 2, arbitrary: fc.constant("turn" as const) },
    { weight: 1, arbitrary: fc.constant("hold" as const) },
    { weight: 1, arbitrary: fc.constant("free" as const) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
      const log = new Log();
      const watches = new Watches(log.storage(), noFailure);
      const watchers: { since: number; uids: number[]; upTo: number }[] = [];
      let free = () => {};
      for (const what of actions) {
        if (what === "commit") log.commit(log.modseq + 1);
        else if (what === "vanish") log.commit(log.modseq + 1, true);
        else if (what === "turn") await Promise.resolve();
        else if (what === "hold") {
          free();
          const held = Promise.withResolvers<void>();
          [log.gate, free] = [held.promise, held.resolve];
        } else if (what === "free") {
          free();
          log.gate = null;
        } else {
          const watcher = { since: log.modseq, uids: [] as number[], upTo: log.modseq };
          watchers.push(watcher);
          watches.watch(ACCOUNT, INBOX, log.modseq as Modseq, ({ modseq, changed, vanished }) => {
            assert.ok(modseq > watcher.upTo); // never backwards
            watcher.upTo = modseq;
            watcher.uids.push(...changed.map(({ uid }) => uid as number), ...vanished as readonly number[]);
          });
        }
      }
      free();
      log.gate = null;
      await settled();
      for (const { since, uids } of watchers) {
        const want = [...log.happened, ...log.vanished].filter(({ modseq }) => modseq > since).map(({ uid }) => uid);
        for (const uid of want) assert.ok(uids.includes(uid), `${uid} of ${want} is missing in ${uids}`);
        // What vanished before may be told again (contract: UIDs that the asker never saw); nothing else may.
        const gone = new Set(log.vanished.map(({ uid }) => uid));
        for (const uid of uids as Uid[]) assert.ok(want.includes(uid) || gone.has(uid), `${uid} is too much`);
        const appeared = new Set(log.happened.map(({ uid }) => uid as number));
        const news = uids.filter((uid) => appeared.has(uid));
        assert.equal(news.length, new Set(news).size); // new messages once
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("Watches reads once for many watchers, and few times for a burst", async () => {
  const log = new Log();
  const watches = new Watches(log.storage(), noFailure);
  let told = 0;
  for (let n = 0; n < 100; n++) watches.watch(ACCOUNT, INBOX, 0 as Modseq, () => told++);
  await settled();
  log.reads = 0;
  for (let uid = 1; uid <= 1000; uid++) log.commit(uid);
  await settled();
  assert.ok(log.reads <= 3, String(log.reads));
  assert.ok(told >= 100 && told <= 300, String(told));
});

Deno.test("Watches reports a failed read, and the next touch tells everything", async () => {
  const log = new Log();
  const failures: unknown[] = [];
  const heard: number[] = [];
  new Watches(log.storage(), (error) => failures.push(error)).watch(
    ACCOUNT,
    INBOX,
    0 as Modseq,
    ({ changed }) => heard.push(...changed.map(({ uid }) => uid as number)),
  );
  await settled();
  log.fail = new Error("the store is away");
  log.commit(1);
  await settled();
  assert.equal(failures.length, 1);
  log.fail = null;
  log.commit(2);
  await settled();
  assert.deepEqual(heard, [1, 2]);
});

Deno.test("Watches lets go of the store with its last watcher", async () => {
  const log = new Log();
  const watches = new Watches(log.storage(), noFailure);
  let told = 0;
  const stops = [1, 2].map(() => watches.watch(ACCOUNT, INBOX, 0 as Modseq, () => told++));
  await settled();
  assert.equal(log.listeners.size, 1);
  for (const stop of stops) stop();
  stops[0]!(); // a second time is nothing
  assert.equal(log.listeners.size, 0);
  log.commit(1);
  await settled();
  assert.equal(told, 0);
  watches.watch(ACCOUNT, INBOX, 0 as Modseq, () => told++);
  await settled();
  assert.equal(told, 1);
});

Deno.test("Watches hears the owner and reads as whoever watches, who is told when he may no longer", async () => {
  const bob = "a2" as AccountId;
  const listeners = new Map<AccountId, (touched: Touched) => void>();
  const readers: string[] = [];
  let may = true;
  let rights = "lr";
  const storage = {
    perform: async (_: string, { accountId }: { accountId: AccountId }): Promise<MailboxChanges> => {
      readers.push(accountId);
      await Promise.resolve();
      return { mailboxId: INBOX, modseq: 1 as Modseq, changed: [], vanished: [], deleted: !may, rights };
    },
    watch: (accountId: AccountId, listener: (touched: Touched) => void): () => void => {
      assert.equal(accountId, ACCOUNT);
      listeners.set(accountId, listener);
      return () => void listeners.delete(accountId);
    },
  } as unknown as Storage;
  const told: MailboxChanges[] = [];
  const stop = new Watches(storage, noFailure).watch(bob, INBOX, 1 as Modseq, (news) => told.push(news), ACCOUNT);
  await settled();
  const touch = async (): Promise<void> => {
    listeners.get(ACCOUNT)!({ mailboxIds: new Set([INBOX]), mailboxList: true, annotations: [] });
    await settled();
  };
  assert.deepEqual(readers, [bob]);
  await touch();
  rights = "lrs";
  await touch();
  may = false;
  await touch();
  assert.deepEqual(told.map(({ deleted, rights }) => `${rights} ${deleted}`), ["lr false", "lrs false", "lrs true"]);
  stop();
  assert.equal(listeners.size, 0);
});
