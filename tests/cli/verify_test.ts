/** `palomar verify` on a folder without a server, and beside one that runs. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { createServer, demoConfig } from "../../mod.ts";
import { openSqlite } from "../../src/storage/sqlite/mod.ts";
import { granted, message, Scene, tempDir } from "../storage/scene.ts";
import { runMain } from "./command_line.ts";

Deno.test("verify: looks, says what is wrong, repairs it, and looks again; without a server and beside one", async () => {
  const folder = tempDir();
  const env = { PALOMAR_DATA_DIR: folder.path };
  const run = (...words: string[]) => runMain(words, { env, cwd: folder.path });
  const damage = () => {
    const db = new DatabaseSync(`${folder.path}/palomar.db`);
    db.exec("update mailboxes set messages = 70; update blobs set extra = '[[\"<x>\"],[]]'");
    db.close();
  };
  const s = await new Scene(await openSqlite({ dataDir: folder.path })).people();
  granted(await s.append(s.ann, "INBOX", message("one")));
  await s.store.close();

  assert.deepEqual(await run("verify"), { code: 0, out: "", err: "All is well.\n" });
  damage();
  const found = await run("verify");
  assert.equal(found.code, 1);
  assert.match(
    found.out,
    /^ann@example\.org\/INBOX: it counts 70 messages, and has 1 \(palomar verify --repair makes it/m,
  );
  const repaired = await run("verify", "--repair");
  assert.equal(repaired.code, 0, repaired.err);
  assert.match(repaired.out, /^repaired: INBOX: messages 70 are 1$/m);
  assert.equal((await run("verify")).code, 0);

  const server = createServer({ ...demoConfig(folder.path), listeners: [] });
  try {
    await server.start();
    const { code, out } = await run("verify", "--json");
    assert.deepEqual([code, JSON.parse(out).findings], [0, []]);
    damage();
    const { left, corrected } = JSON.parse((await run("verify", "--repair", "--json")).out);
    assert.equal(left, 0);
    assert.ok(corrected.some((line: string) => line.startsWith("index of b")));
  } finally {
    await server.stop();
  }
  folder.remove();
});

Deno.test("verify: a folder without a store, a store in memory and wrong words end with what to do", async () => {
  const folder = tempDir();
  const run = (words: string, env = {}) => runMain(words.split(" "), { env, cwd: folder.path });
  const none = await run("verify", { PALOMAR_DATA_DIR: folder.path });
  assert.equal(none.code, 75);
  assert.match(none.err, /there is no store in/);
  const memory = await run("verify", { PALOMAR_STORAGE__DRIVER: "memory" });
  assert.match(memory.err, /for stores of SQLite/);
  assert.equal((await run("verify somewhere --repair")).code, 2);
  folder.remove();
});
