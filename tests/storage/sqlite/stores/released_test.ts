/** Stores of released versions open with all that was in them, are sound, and can be gone back to. */
import assert from "node:assert/strict";
import { imapText } from "../../../../src/imap/imap_text.ts";
import { openSqlite } from "../../../../src/storage/sqlite/mod.ts";
import { MIGRATIONS } from "../../../../src/storage/sqlite/schema.ts";
import { rollbackStore } from "../../../../src/storage/sqlite/backup/rollback.ts";
import { verifyStore } from "../../../../src/storage/sqlite/verify/mod.ts";
import { granted, message, Scene, tempDir } from "../../scene.ts";
import { FOLDER, look, unpack } from "./stored.ts";

const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => name.endsWith(".json.gz")).sort();

for (const name of names) {
  Deno.test(`sqlite: the store of ${name} is what it was, takes mail, and is sound`, async () => {
    const octets = Deno.readFileSync(`${FOLDER}/${name}`);
    assert.ok(octets.length < 50_000, `${octets.length} octets`);
    const folder = tempDir();
    const stored = await unpack(octets, folder.path);
    assert.equal(name, `version-${stored.version}.json.gz`);
    const wall = () => 1_700_000_100_000;
    const open = () => openSqlite({ dataDir: folder.path, prepare: imapText, undeleteMs: 7 * 86_400_000, wall });
    let store = await open();
    const s = new Scene(store);
    assert.deepEqual(await look(s), stored.seen);
    s.ann = (await s.ask("account.get", { address: "ann@example.org" }))!.accountId;
    granted(await s.append(s.ann, "INBOX", message("new")));
    await s.reclaimAll();
    await store.close();
    const found = [...verifyStore({ dataDir: folder.path, prepare: imapText })].filter(({ type }) =>
      type === "finding"
    );
    assert.deepEqual(found, []);
    if (stored.version < MIGRATIONS.length) {
      assert.deepEqual(rollbackStore({ dataDir: folder.path, now: wall }).damaged, []);
      store = await open();
      const { messages } = await new Scene(store).mailbox(s.ann, "INBOX");
      assert.equal(messages, 2);
      await store.close();
    }
    folder.remove();
  });
}

Deno.test("sqlite: there are stores of released versions", () => assert.ok(names.length > 0));
