import assert from "node:assert/strict";
import type { BlobId } from "../../src/contract/mod.ts";
import { indexMessage } from "../../src/message/mod.ts";
import { MemoryTables } from "../../src/storage/memory/tables.ts";
import { Cut, cutAt, dump, life } from "./life.ts";
import { message } from "./scene.ts";

Deno.test("MemoryTables.transaction() takes back an operation that throws at any of its steps", () => {
  const tables = new MemoryTables();
  const ids = ["b1", "b2"] as [BlobId, BlobId];
  ids.forEach((id, i) => {
    const bytes = message(`text ${i}`, `Subject: s\r\nMessage-ID: <${i}@x>`);
    tables.hold(id, bytes, indexMessage(bytes));
  });
  const all = () => [dump(tables), ids.map((id) => (tables.blob(id) as { refs?: number }).refs)];
  let cuts = 0;
  for (const [op, run] of life(ids)) {
    const before = all();
    for (let n = 1;; n++) {
      try {
        const answer = tables.transaction(() => run(cutAt(tables, n)));
        assert.ok(!(answer instanceof Object && "refused" in answer), `${op}: ${JSON.stringify(answer)}`);
        tables.touched.clear();
        break;
      } catch (error) {
        if (!(error instanceof Cut)) throw error;
        assert.deepEqual(all(), before, `${op} cut at its call ${n}`);
        cuts++;
      }
    }
  }
  assert.ok(cuts > 200, `${cuts}`);
});
