/** A store that an older version made opens, with all that was in it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openSqlite } from "../../../src/storage/sqlite/mod.ts";
import { MIGRATIONS } from "../../../src/storage/sqlite/schema.ts";
import { tempDir } from "../scene.ts";

for (let version = 1; version < MIGRATIONS.length; version++) {
  Deno.test(`sqlite: a store of version ${version} becomes today's, with a snapshot of what it was`, async () => {
    const dir = tempDir();
    const file = join(dir.path, "palomar.db");
    const old = new DatabaseSync(file);
    old.exec("pragma page_size = 4096; pragma auto_vacuum = incremental; pragma journal_mode = wal");
    for (const step of MIGRATIONS.slice(0, version)) old.exec(step);
    old.exec(`insert into settings values ('kept', 'yes'); pragma user_version = ${version}`);
    old.close();
    const store = await openSqlite({ dataDir: dir.path });
    assert.equal(await store.perform("setting.get", { name: "kept" }), "yes");
    assert.deepEqual(await store.perform("domain.list", {}), []);
    await store.close();
    assert.ok(Deno.statSync(`${file}.version-${version}`).size > 0);
    dir.remove();
  });
}

Deno.test("sqlite: of the snapshots of older versions the last two stay", async () => {
  const dir = tempDir();
  const file = join(dir.path, "palomar.db");
  for (let version = 1; version <= 4; version++) {
    const old = new DatabaseSync(file);
    old.exec("pragma auto_vacuum = incremental; pragma journal_mode = wal");
    for (const step of MIGRATIONS.slice(0, version)) old.exec(step);
    old.exec(`pragma user_version = ${version}`);
    old.close();
    await (await openSqlite({ dataDir: dir.path })).close();
    for (const suffix of ["", "-wal", "-shm"]) await Deno.remove(file + suffix).catch(() => {});
  }
  const names = [...Deno.readDirSync(dir.path)].map(({ name }) => name).filter((name) => name.includes(".version-"));
  assert.deepEqual(names.sort(), ["palomar.db.version-3", "palomar.db.version-4"]);
  dir.remove();
});
