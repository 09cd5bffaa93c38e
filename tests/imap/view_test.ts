import assert from "node:assert/strict";
import fc from "fast-check";
import type { AccountId, MailboxChanges, MailboxSnapshot } from "../../src/contract/mod.ts";
import { View } from "../../src/imap/view.ts";

Deno.test("View numbers messages as a client that follows its responses does", () => {
  const event = fc.record({
    add: fc.nat(3),
    remove: fc.array(fc.nat(30)),
    flush: fc.constantFrom("no", "hold", "all"),
  });
  fc.assert(fc.property(fc.array(event), fc.boolean(), (events, byUid) => {
    const snapshot = {
      mailbox: { mailboxId: "m", rights: "lrswipkxtea", uidNext: 4, highestModseq: 1 },
      uids: Uint32Array.of(1, 2, 3),
      keywords: [],
    };
    const view = new View("a" as AccountId, snapshot as unknown as MailboxSnapshot, false);
    let client = [1, 2, 3];
    const stored = [1, 2, 3];
    let uidNext = 4;
    let modseq = 1;
    for (const { add, remove, flush } of [...events, { add: 0, remove: [], flush: "all" }]) {
      const changed = [];
      for (let i = 0; i < add; i++) {
        stored.push(uidNext);
        changed.push({ uid: uidNext++, modseq: ++modseq, flags: [] });
      }
      const vanished = [...new Set(remove)].filter((uid) => stored.includes(uid));
      for (const uid of vanished) stored.splice(stored.indexOf(uid), 1);
      view.apply({ mailboxId: "m", modseq: ++modseq, changed, vanished, deleted: false } as unknown as MailboxChanges);
      if (flush === "no") continue;
      const before = client.length;
      const text = view.flush(flush === "all", () => "", byUid);
      if (flush === "hold" || byUid) assert.ok(!text.includes("EXPUNGE"));
      if (flush === "hold" || !byUid) assert.ok(!text.includes("VANISHED"));
      for (const line of text.split("\r\n")) {
        const [, number = "", word = ""] = line.split(" ");
        if (number === "VANISHED") {
          const gone = word.split(",").flatMap((range) => {
            const [first = 0, last = first] = range.split(":").map(Number);
            return Array.from({ length: last - first + 1 }, (_, i) => first + i);
          });
          assert.ok(gone.every((uid) => client.includes(uid)), "only what the client knows vanishes");
          client = client.filter((uid) => !gone.includes(uid));
        }
        if (word === "EXPUNGE") client.splice(Number(number) - 1, 1);
        if (word === "EXISTS") assert.equal(Number(number), view.count);
      }
      assert.ok(client.length <= before);
      const known = Array.from({ length: view.count }, (_, i) => view.uidAt(i + 1) as number);
      assert.deepEqual(known.slice(0, client.length), client);
      client = known;
      known.forEach((uid, i) => assert.equal(view.seqOf(uid), i + 1));
    }
    assert.deepEqual(client, stored);
  }));
});

Deno.test("View.ranges() turns sets into known UIDs, ascending and apart", () => {
  const snapshot = {
    mailbox: { mailboxId: "m", rights: "lrswipkxtea", uidNext: 40, highestModseq: 1 },
    uids: Uint32Array.of(10, 20, 30),
    keywords: [],
  };
  const view = new View("a" as AccountId, snapshot as unknown as MailboxSnapshot, false);
  assert.deepEqual(view.ranges([{ first: 99, last: 0 }], true), [{ first: 30, last: 30 }]);
  assert.deepEqual(view.ranges([{ first: 0, last: 1 }, { first: 2, last: 2 }], false), [{ first: 10, last: 30 }]);
  assert.deepEqual(view.ranges([{ first: 11, last: 19 }], true), []);
  assert.equal(view.ranges([{ first: 4, last: 4 }], false), null);
});
