/** `palomar backup` beside a running server, and `palomar restore`. */
import assert from "node:assert/strict";
import { createServer, demoConfig } from "../../mod.ts";
import { tempDir } from "../storage/scene.ts";
import { runMain } from "./command_line.ts";

Deno.test("backup and restore: beside a running server, verified, over a newer store, with words for what happens", async () => {
  const folder = tempDir();
  const dataDir = `${folder.path}/data`;
  const run = (line: string) => runMain(line.split(" "), { env: { PALOMAR_DATA_DIR: dataDir }, cwd: folder.path });
  const server = createServer({ ...demoConfig(dataDir), listeners: [] });
  await server.start();
  const made = await run("backup copy --verify --json");
  assert.deepEqual([made.code, JSON.parse(made.out).manifest.accounts, JSON.parse(made.out).found], [0, 2, []]);
  assert.match((await run("restore copy --replace")).err, /a server works on .*: stop it first/);
  await server.stop();
  assert.match((await run("backup copy")).out, /^0 messages of 2 accounts in .*\/copy: /);
  assert.equal((await run("account remove bob@palomar.test")).code, 0);
  const refused = await run("restore copy");
  assert.deepEqual([refused.code, /--replace sets it aside/.test(refused.err)], [1, true]);
  assert.match((await run("restore elsewhere --replace")).err, /is no backup/);
  const { code, out, err } = await run("restore copy --replace");
  assert.equal(code, 0, err);
  assert.match(out, /is as it was at \d{4}-/);
  assert.match(err, /The store that was there is in .*replaced-/);
  assert.match((await run("account list")).out, /bob@palomar\.test/);
  assert.deepEqual(await run("verify"), { code: 0, out: "", err: "All is well.\n" });
  folder.remove();
});
