/** `palomar undelete` and `palomar rewind`, and the times that they take. */
import assert from "node:assert/strict";
import { parseMoment } from "../../src/cli/moment.ts";
import { memoryStorage } from "../../src/storage/memory/mod.ts";
import { NOW, testAdmin } from "../http/admin_over_memory.ts";
import { ALL, granted, message, Scene, uids } from "../storage/scene.ts";
import { desk } from "./command_line.ts";

const DAY = 86_400_000;

Deno.test("undelete and rewind: list, bring back some or all, into another mailbox, and as it was", async () => {
  const time = { now: NOW };
  const storage = memoryStorage({ undeleteMs: 7 * DAY, wall: () => time.now });
  const s = await new Scene(storage).people();
  const { run } = desk(testAdmin({ trusted: true, now: () => time.now }, storage));
  for (const text of ["one", "two", "three"]) {
    granted(await s.append(s.ann, "INBOX", message(text, `Subject: ${text}`)));
  }
  const here = { accountId: s.ann, mailboxId: (await s.mailbox(s.ann, "INBOX")).mailboxId };
  await s.ask("email.expunge", { ...here, ranges: uids(1, 2), always: true });
  const listed = await run("undelete ann@example.org --list");
  assert.match(listed.out, /^ID +REMOVED \(UTC\) .*\nr1 +2026-01-31 12:00:00 +INBOX .* one\nr2 .* two\n$/);
  assert.equal((await run("undelete ann@example.org r2 --into Found")).out, "Brought back: 1.\n");
  assert.equal((await s.mailbox(s.ann, "Found")).messages, 1);
  assert.equal(JSON.parse((await run("undelete ann@example.org --list --json")).out).length, 1);
  assert.equal((await run("undelete ann@example.org --since 2026-01-31")).out, "Brought back: 1.\n");
  assert.match((await run("undelete ann@example.org --list")).err, /Nothing can be brought back/);

  time.now += DAY;
  await s.ask("email.expunge", { ...here, ranges: ALL, always: true });
  assert.equal((await run("rewind ann@example.org INBOX 2026-01-31T12:00:00Z")).out, "Brought back: 2.\n");
  assert.match(
    (await run("rewind ann@example.org INBOX 1970-01-02 --exact")).out,
    /^Brought back: 0, taken out: 1\.$/m,
  );
  assert.match((await run("rewind ann@example.org Nothing 2h")).err, /no mailbox Nothing/);
  assert.match((await run("undelete zoe@example.org")).err, /no account zoe/);
  granted(await s.ask("account.change", { address: "ann@example.org", quota: { bytes: 1, messages: null } }));
  const full = await run("undelete ann@example.org");
  assert.deepEqual([full.code, /no room for more/.test(full.err)], [1, true]);
  assert.equal((await run("undelete ann@example.org --since soon")).code, 2);
});

Deno.test("parseMoment() takes days, times with and without a zone, and how long ago", () => {
  for (
    const [text, wanted] of [
      ["2026-01-31", "2026-01-31T00:00:00.000Z"],
      ["2026-01-31 12:30", "2026-01-31T12:30:00.000Z"],
      ["2026-01-31T12:30:05+02:00", "2026-01-31T10:30:05.000Z"],
      ["2h", "1970-01-01T22:00:00.000Z"],
      ["1d ago", "1970-01-01T00:00:00.000Z"],
    ] as const
  ) assert.equal(parseMoment(text, DAY), wanted, text);
  for (const text of ["", "soon", "2026-13-01", "2026-01-31 25:00", "-2h"]) {
    assert.throws(() => parseMoment(text, 0), /is no time/, text);
  }
});
