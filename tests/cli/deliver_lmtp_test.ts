/** `palomar deliver --lmtp`, for whoever may read no configuration. */
import assert from "node:assert/strict";
import { memoryStorage } from "../../src/storage/memory/mod.ts";
import { memoryLogger } from "../../src/server/log.ts";
import { createServer } from "../../src/server/create_server.ts";
import { parseConfig } from "../../src/server/config/mod.ts";
import { scriptedResolver } from "../../src/dns/mod.ts";
import { runMain } from "./command_line.ts";

const TEXT = "From: zoe@there.example\nSubject: hi\n\nhellö\n.\nend\n";

Deno.test("deliver --lmtp hands over to a socket with its mode, and ends with the codes of sysexits.h", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/lmtp`;
  const config = parseConfig({
    hostname: "mail.example.test",
    dataDir: dir,
    listeners: [{ protocol: "lmtp", path, mode: "0666" }],
  }, dir);
  assert.ok("hostname" in config, JSON.stringify(config));
  const storage = memoryStorage();
  await storage.perform("domain.add", { name: "example.test", now: 1 });
  for (const who of ["alice", "bob"]) {
    const added = await storage.perform("account.add", {
      address: `${who}@example.test`,
      displayName: "",
      credentials: null,
      quota: { bytes: null, messages: null },
      now: 1,
    } as never);
    assert.ok(!("refused" in (added as object)), JSON.stringify(added));
  }
  const server = createServer(config, { storage, logger: memoryLogger(), resolver: scriptedResolver({}) });
  await server.start();
  // No configuration is read: that it cannot be makes no difference.
  const deliver = (line: string, stdin = TEXT) =>
    runMain(["deliver", "--lmtp", path, ...line.split(" ")], { stdin, cwd: "/nonexistent" });
  try {
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o666);
    assert.deepEqual(
      await deliver("-f zoe@there.example -a list@there.example alice@example.test -d bob@example.test"),
      {
        code: 0,
        out: "",
        err: "",
      },
    );
    for (const who of ["alice", "bob"]) {
      const account = await storage.perform("account.get", { address: `${who}@example.test` });
      const { accountId } = account!;
      const inbox = await storage.perform("mailbox.get", { accountId, path: "INBOX" });
      const { rows } = await storage.perform("email.read", {
        accountId,
        mailboxId: inbox!.mailboxId,
        ranges: [{ first: 1 as never, last: 9 as never }],
        fields: ["prefix"] as never,
        limit: 9,
      });
      assert.equal(rows.length, 1, who);
      const octets = await storage.readBlob(rows[0]!.blobId, 0, rows[0]!.blobSize);
      assert.equal(new TextDecoder().decode(octets), TEXT.replaceAll("\n", "\r\n"));
    }
    const unknown = await deliver("nobody@example.test");
    assert.deepEqual([unknown.code, /nobody@example\.test: 550 5\.1\.1/.test(unknown.err)], [67, true], unknown.err);
    assert.equal((await deliver("alice")).code, 67, "a name needs its domain");
    assert.equal((await deliver("alice@example.test nobody@example.test")).code, 67);
    assert.equal((await deliver("alice@example.test", "")).code, 65);
    assert.equal((await runMain(["deliver", "--lmtp"], { stdin: TEXT })).code, 64);
    assert.equal((await runMain(["deliver", "--lmtp", `${dir}/none`, "a@b.c"], { stdin: TEXT })).code, 75);
    assert.equal((await runMain(["deliver", "--lmtp=127.0.0.1:1", "a@b.c"], { stdin: TEXT })).code, 75);
  } finally {
    await server.stop();
    await Deno.remove(dir, { recursive: true });
  }
});
