/** Random work on two mailboxes: replicas kept by `mailbox.changes` equal the mailboxes, counters equal a recount. */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { Mailbox, MailboxId, Modseq, Uid } from "../../../src/contract/mod.ts";
import { message, type Open, Scene } from "../scene.ts";

type Step =
  | { readonly do: "append"; readonly box: number; readonly flags: readonly string[]; readonly text: number }
  | {
    readonly do: "flags";
    readonly box: number;
    readonly at: number;
    readonly mode: "add" | "remove" | "replace";
    readonly flags: readonly string[];
  }
  | { readonly do: "copy" | "move"; readonly box: number; readonly at: number; readonly to: number }
  | { readonly do: "expunge"; readonly box: number; readonly at: number | null }
  | { readonly do: "look"; readonly box: number }
  | { readonly do: "inbox" }
  | { readonly do: "reclaim" };

const PATHS = ["INBOX", "Archive", "Trash"];
const box = fc.nat(2);
const at = fc.nat(12);
const flags = fc.uniqueArray(fc.constantFrom("\\Seen", "\\Deleted", "\\Flagged", "Work", "$Junk"), { maxLength: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("append" as const), box, flags, text: fc.nat(3) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("flags" as const),
      box,
      at,
      mode: fc.constantFrom("add", "remove", "replace"),
      flags,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("copy" as const, "move" as const), box, at, to: box }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("expunge" as const), box, at: fc.option(at) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("look" as const), box }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("inbox" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reclaim" as const) }) },
);

interface Replica {
  since: Modseq;
  readonly messages: Map<number, string>;
}

export function modelContract(name: string, open: Open): void {
  randomWork(name, () => open());
  randomWork(`${name}, with what was removed kept`, () => open({ undeleteMs: 5, wall: () => Date.now() }));
}

function randomWork(name: string, open: Open): void {
  Deno.test(`${name}: replicas kept by changes equal the mailboxes, and counters a recount, after any work`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        const s = await new Scene(await open()).people();
        try {
          const boxes: Mailbox[] = [];
          for (const path of PATHS) boxes.push(await s.mailbox(s.ann, path));
          const replicas = boxes.map(({ highestModseq }): Replica => ({ since: highestModseq, messages: new Map() }));
          let renamed = 0;
          for (const one of steps) {
            if (one.do === "look") await follow(s, boxes[one.box]!.mailboxId, replicas[one.box]!);
            else await perform(s, boxes, one, () => `saved${++renamed}`);
          }
          for (const [i, mailbox] of boxes.entries()) {
            await follow(s, mailbox.mailboxId, replicas[i]!);
            const rows = await s.rows(s.ann, mailbox.mailboxId);
            assert.deepEqual([...replicas[i]!.messages].sort(([a], [b]) => a - b), rows.map(line));
          }
          await recount(s);
        } finally {
          await s.store.close();
        }
      }),
      { numRuns: 25 },
    );
  });
}

const line = (row: { uid: number; modseq: number; flags: readonly string[] }): [number, string] => [
  row.uid,
  `${row.modseq} ${[...row.flags].sort().join(" ")}`,
];

async function follow(s: Scene, mailboxId: MailboxId, replica: Replica): Promise<void> {
  const changes = await s.ask("mailbox.changes", { accountId: s.ann, mailboxId, since: replica.since });
  assert.ok(changes.modseq >= replica.since);
  for (const uid of changes.vanished) replica.messages.delete(uid);
  for (const change of changes.changed) {
    assert.ok(change.modseq > replica.since && change.modseq <= changes.modseq);
    replica.messages.set(...line(change));
  }
  replica.since = changes.modseq;
}

async function perform(
  s: Scene,
  boxes: readonly Mailbox[],
  one: Exclude<Step, { do: "look" }>,
  freshName: () => string,
): Promise<void> {
  if (one.do === "reclaim") return void await s.store.reclaim();
  if (one.do === "inbox") {
    return void await s.ask("mailbox.rename", { accountId: s.ann, path: "INBOX", newPath: freshName() });
  }
  const mailboxId = boxes[one.box]!.mailboxId;
  if (one.do === "append") {
    return void await s.append(s.ann, PATHS[one.box]!, message(`text ${one.text}`), one.flags);
  }
  const where = { accountId: s.ann, mailboxId };
  const ranges = one.at === null ? null : [{ first: one.at as Uid, last: one.at + 1 as Uid }];
  switch (one.do) {
    case "flags":
      return void await s.ask("email.flags", { ...where, ranges: ranges!, mode: one.mode, flags: one.flags });
    case "copy":
      return void await s.ask("email.copy", { ...where, ranges: ranges!, path: PATHS[one.to]!, now: 3 });
    case "move":
      return void await s.ask("email.move", { ...where, ranges: ranges!, path: PATHS[one.to]!, now: 3 });
    case "expunge":
      return void await s.ask("email.expunge", { ...where, ranges });
  }
}

async function recount(s: Scene): Promise<void> {
  const sizes = new Map<string, number>();
  for (const mailbox of await s.ask("mailbox.list", { accountId: s.ann })) {
    const rows = await s.rows(s.ann, mailbox.mailboxId);
    const count = (flag: string) => rows.filter((row) => row.flags.includes(flag)).length;
    const { messages, unseen, deleted, size } = mailbox;
    assert.deepEqual({ messages, unseen, deleted, size }, {
      messages: rows.length,
      unseen: rows.length - count("\\Seen"),
      deleted: count("\\Deleted"),
      size: rows.reduce((sum, row) => sum + row.size, 0),
    });
    for (const row of rows) {
      sizes.set(row.emailId, row.size);
      assert.ok(row.uid < mailbox.uidNext && row.modseq <= mailbox.highestModseq);
      assert.equal((await s.store.readBlob(row.blobId, 0, 1000)).length, row.blobSize);
    }
  }
  // What whoever keeps the store counts anew agrees.
  assert.deepEqual(await s.ask("store.recount", { accountId: s.ann }), { corrected: [] });
  const { usage } = (await s.ask("account.get", { address: "ann@example.org" }))!;
  assert.deepEqual(usage, { messages: sizes.size, bytes: [...sizes.values()].reduce((a, b) => a + b, 0) });
}
