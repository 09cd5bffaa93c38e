/** Scripts of mailboxes (RFC 6785), from an IMAP client's commands to what they come to. */
import assert from "node:assert/strict";
import { type TestServer, testServer } from "../../../src/server/test_server.ts";
import { queue, rows, subjects } from "./house.ts";

const ALICE = "alice@example.test";

async function imapOf(server: TestServer) {
  const imap = server.connect("imap");
  await imap.until("* OK");
  await imap.ask(`a LOGIN ${ALICE} alice`, "a OK");
  return imap;
}

async function scripted(server: TestServer, mailbox: string, content: string) {
  const put = await server.storage.perform("sieve.put", { address: ALICE, name: "box", content });
  assert(!("refused" in put), JSON.stringify(put));
  const imap = await imapOf(server);
  await imap.ask(`s SETMETADATA ${mailbox} (/shared/imapsieve/script "box")`, "s OK");
  const append = async (path: string, subject: string) => {
    const message = `Subject: ${subject}\r\n\r\nx`;
    await imap.ask(`p APPEND ${path} {${message.length}+}\r\n${message}`, "p OK");
  };
  return { imap, append };
}

Deno.test("RFC 6785: APPEND runs the script of the mailbox, and of no other", async () => {
  await using server = await testServer();
  const { imap, append } = await scripted(
    server,
    "INBOX",
    'require ["imapsieve", "environment", "fileinto", "imap4flags", "mailbox"];\n' +
      'if environment "imap.cause" "APPEND" { addflag "seen-by-script"; }\n' +
      'if allof(environment "imap.mailbox" "INBOX", environment "imap.user" "alice@example.test",\n' +
      '  header :contains "subject" "move") { fileinto :create "Moved"; }\n' +
      'if header :contains "subject" "drop" { discard; }',
  );
  await append("INBOX", "stay");
  await append("INBOX", "move");
  await append("INBOX", "drop");
  await append("Archive", "move");
  assert.deepEqual((await rows(server, ALICE)).map(({ flags }) => flags), [["seen-by-script"]]);
  assert.deepEqual(await subjects(server, ALICE, "Moved"), ["move"]);
  assert.deepEqual(await subjects(server, ALICE, "Archive"), ["move"]);
  assert.match(await imap.ask("c CAPABILITY", "c OK"), / IMAPSIEVE=sieve:\/\/mail\.example\.test/);
});

Deno.test("RFC 6785: COPY and MOVE run it once, and what it does runs none", async () => {
  await using server = await testServer();
  const { imap, append } = await scripted(
    server,
    "Archive",
    'require ["imapsieve", "environment", "imap4flags", "fileinto", "copy"];\n' +
      'if environment "imap.cause" "COPY" { addflag "copied"; fileinto :copy "Archive"; fileinto :copy "Trash"; }',
  );
  await append("INBOX", "one");
  await append("INBOX", "two");
  await imap.ask("b SELECT INBOX", "b OK");
  await imap.ask("c COPY 1 Archive", "c OK");
  await imap.ask("d MOVE 2 Archive", "d OK");
  assert.deepEqual(await subjects(server, ALICE, "Archive"), ["one", "two"]);
  assert.deepEqual(await subjects(server, ALICE, "Trash"), ["one", "two"]);
  assert((await rows(server, ALICE, "Archive")).every(({ flags }) => flags.includes("copied")));
});

Deno.test("RFC 6785: a change of flags runs it with the flags that changed; a redirect goes into the queue", async () => {
  await using server = await testServer({ config: { outbound: { hold: true } } });
  const { imap, append } = await scripted(
    server,
    "INBOX",
    'require ["imapsieve", "environment", "copy"];\n' +
      'if environment :contains "imap.changedflags" "forward" { redirect :copy "dave@else.example"; }',
  );
  await append("INBOX", "one");
  await imap.ask("b SELECT INBOX", "b OK");
  await imap.ask("c STORE 1 +FLAGS (\\Seen)", "c OK");
  assert.deepEqual(await queue(server), []);
  await imap.ask("d STORE 1 +FLAGS ($forward)", "d OK");
  assert.deepEqual((await queue(server)).map(({ recipient }) => recipient.forwardPath), ["dave@else.example"]);
  // Nothing changes, so nothing happens.
  await imap.ask("e STORE 1 +FLAGS ($forward)", "e OK");
  assert.equal((await queue(server)).length, 1);
  assert.deepEqual(await subjects(server, ALICE), ["one"]);
});

Deno.test("RFC 6785 section 3.11: vacation and reject have no place; the command succeeds, and the owner is told", async () => {
  await using server = await testServer();
  const { append } = await scripted(server, "Archive", 'require ["imapsieve", "vacation"]; vacation "away";');
  await append("Archive", "one");
  await append("Archive", "two");
  assert.deepEqual(await subjects(server, ALICE, "Archive"), ["one", "two"]);
  assert.deepEqual(await subjects(server, ALICE), ["Your mail filter had trouble"]);
});

Deno.test("a mailbox whose script is gone, broken or empty is as one without", async () => {
  await using server = await testServer();
  const { imap, append } = await scripted(server, "INBOX", 'require "imapsieve"; discard;');
  await server.storage.perform("sieve.put", { address: ALICE, name: "box", content: "frob;" });
  await append("INBOX", "one");
  await server.storage.perform("sieve.remove", { address: ALICE, name: "box" });
  await append("INBOX", "two");
  await imap.ask('s SETMETADATA INBOX (/shared/imapsieve/script "")', "s OK");
  await append("INBOX", "three");
  assert.deepEqual(await subjects(server, ALICE), ["one", "two", "three"]);
});
