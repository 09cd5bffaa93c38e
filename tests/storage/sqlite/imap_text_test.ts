/** ENVELOPE and BODYSTRUCTURE as they are kept beside a blob. */
import assert from "node:assert/strict";
import { imapText } from "../../../src/imap/mod.ts";
import { openSqlite } from "../../../src/storage/sqlite/mod.ts";
import { ALL, message, Scene } from "../scene.ts";

const FIELDS = ["imapEnvelope", "imapStructure"] as const;

async function inFolder(test: (dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = Deno.makeTempDirSync();
  try {
    await test(dataDir);
  } finally {
    Deno.removeSync(dataDir, { recursive: true });
  }
}

async function readAll(s: Scene, utf8 = false) {
  const { mailboxId } = await s.mailbox(s.ann, "INBOX");
  const args = { accountId: s.ann, mailboxId, ranges: ALL, fields: FIELDS, utf8, limit: 10 };
  return (await s.store.perform("email.read", args)).rows;
}

Deno.test("sqlite: what was printed with a blob is read instead of the index", () =>
  inFolder(async (dataDir) => {
    const s = await new Scene(await openSqlite({ dataDir, prepare: imapText })).people();
    await s.append(s.ann, "INBOX", message("a", "Subject: plain"));
    const [row] = await readAll(s);
    assert.equal(row!.imapEnvelope, '(NIL "plain" NIL NIL NIL NIL NIL NIL NIL NIL)');
    assert.match(row!.imapStructure!, /^\("text" "plain"/);
    assert.equal(row!.envelope, undefined);
    assert.equal(row!.structure, undefined);
    await s.store.close();
  }));

Deno.test("sqlite: where UTF-8 is another text, each session reads its own", () =>
  inFolder(async (dataDir) => {
    const s = await new Scene(await openSqlite({ dataDir, prepare: imapText })).people();
    await s.append(s.ann, "INBOX", message("b", "Subject: gr\u00fc\u00dfe"));
    const [[old], [utf8]] = [await readAll(s), await readAll(s, true)];
    assert.match(old!.imapEnvelope!, /^\(NIL "=\?utf-8\?/i);
    assert.match(utf8!.imapEnvelope!, /^\(NIL "gr\u00c3\u00bc\u00c3\u009fe"/);
    assert.equal(utf8!.imapStructure, old!.imapStructure);
    await s.store.close();
  }));

Deno.test("sqlite: what was stored before anything was printed is read from the index", () =>
  inFolder(async (dataDir) => {
    let s = await new Scene(await openSqlite({ dataDir })).people();
    await s.append(s.ann, "INBOX", message("a", "Subject: older"));
    const { ann } = s;
    await s.store.close();
    s = new Scene(await openSqlite({ dataDir, prepare: imapText }));
    s.ann = ann;
    const [older] = await readAll(s);
    assert.equal(older!.imapEnvelope, undefined);
    assert.equal(older!.envelope!.subject, "older");
    assert.equal(older!.structure!.subtype, "plain");
    await s.store.close();
  }));
