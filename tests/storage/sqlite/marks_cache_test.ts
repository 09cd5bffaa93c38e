/** The cache of marks against the rows it stands for, with small pages so that every mailbox is a large one. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import type { MailboxRow } from "../../../src/storage/engine/tables.ts";
import { ColdMarks, MarksCache } from "../../../src/storage/sqlite/marks_cache.ts";
import { MIGRATIONS } from "../../../src/storage/sqlite/schema.ts";
import { Statements } from "../../../src/storage/sqlite/statements.ts";

const ALL = [{ first: 1, last: 4294967295 }];

interface Event {
  readonly what: "add" | "flag" | "remove" | "prune" | "look" | "forget";
  readonly pick: number;
}

/** A mailbox whose rows are changed as the engine would: a modseq for each change, a tombstone for each removal. */
class Box {
  readonly sql: Statements;
  readonly row = { id: 1, uidNext: 1, modseq: 1, floor: 0, messages: 0 } as MailboxRow;

  constructor() {
    const db = new DatabaseSync(":memory:");
    db.exec(MIGRATIONS[0]!);
    this.sql = new Statements(db);
  }

  change({ what, pick }: Event): void {
    const uids = this.sql.all("select uid from members order by uid").map(([uid]) => uid as number);
    const uid = uids[pick % Math.max(1, uids.length)] ?? 0;
    if (what === "prune") this.row.floor = this.row.modseq;
    if (what === "prune") this.sql.run("delete from tombstones");
    if (what === "look" || what === "forget" || what === "prune" || (uid === 0 && what !== "add")) return;
    const modseq = ++this.row.modseq;
    if (what === "add") {
      const at = this.row.uidNext++;
      this.sql.run("insert into members values (1, ?, ?, ?, ?, '', 0, 0)", at, modseq, at, pick % 32);
      this.row.messages++;
    } else if (what === "flag") {
      const keywords = pick % 3 === 0 ? `k${pick % 5}` : "";
      const sql = "update members set modseq = ?, flags = ?, keywords = ? where uid = ?";
      this.sql.run(sql, modseq, pick % 32, keywords, uid);
    } else {
      this.sql.run("delete from members where uid = ?", uid);
      this.sql.run("insert into tombstones values (1, ?, ?, ?)", modseq, uid, uid);
      this.row.messages--;
    }
  }

  agrees(cache: MarksCache): void {
    const rows = this.sql.all("select uid, modseq, flags, keywords from members order by uid");
    const page = cache.of(this.row).page(ALL, 0, Infinity);
    assert.deepEqual([...page.uids], rows.map(([uid]) => uid));
    assert.deepEqual([...page.modseqs], rows.map(([, modseq]) => modseq));
    rows.forEach(([, , flags, keywords], i) => {
      assert.equal(page.flags[i]!.includes("\\Seen"), ((flags as number) & 1) !== 0);
      assert.equal(page.flags[i]!.at(-1)?.startsWith("k") ?? false, keywords !== "");
    });
    const inUse = new Set(rows.map(([, , , keywords]) => keywords).filter((keywords) => keywords !== ""));
    assert.deepEqual(cache.of(this.row).keywords(), [...inUse].sort());
  }
}

Deno.test("MarksCache is what the rows are, whatever happened, and while a large mailbox is read", async () => {
  const event = fc.record({
    what: fc.constantFrom<Event["what"]>("add", "add", "add", "flag", "flag", "remove", "prune", "look", "forget"),
    pick: fc.nat(99),
  });
  await fc.assert(fc.asyncProperty(fc.array(event, { maxLength: 60 }), fc.array(event), async (events, meanwhile) => {
    const box = new Box();
    const cache = new MarksCache(box.sql, 3);
    const left = [...meanwhile];
    const pause = (): Promise<void> => {
      const next = left.shift();
      if (next) box.change(next);
      return Promise.resolve();
    };
    for (const one of [...events, { what: "look" as const, pick: 0 }]) {
      box.change(one);
      if (one.what === "forget") cache.clear();
      if (one.what !== "look") continue;
      for (let tries = 0;; tries++) {
        assert.ok(tries < 200, "it is warm some time");
        try {
          box.agrees(cache);
          break;
        } catch (error) {
          if (!(error instanceof ColdMarks)) throw error;
          await cache.warm(error.row, pause);
        }
      }
    }
  }));
});
