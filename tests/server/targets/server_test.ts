/** Places for mail besides the store, on a whole server: by rule, by setting, and what becomes of refusals. */
import assert from "node:assert/strict";
import type { DeliverySettings } from "../../../src/contract/mod.ts";
import { type TestServer, testServer } from "../../../src/server/test_server.ts";
import { accountId, activate, queue, rows, subjects, textOf, until, why } from "../sieve/house.ts";
import { folder } from "./support.ts";

const ALICE = "alice@example.test";
const BOB = "bob@example.test";
const CAROL = "carol@outside.example";
const MAIL = `From: ${CAROL}\nTo: ${ALICE}\nSubject: hi\nMessage-ID: <1@outside.example>\n\nhello\n`;
const PIPE = 'require ["vnd.dovecot.pipe", "copy", "variables"];\n';

// deno-lint-ignore no-explicit-any
const start = (delivery: any) => testServer({ config: { delivery, outbound: { hold: false } } });
const program = (script: string, more = {}) => ({ command: ["/bin/sh", "-c", script, "sh"], ...more });
const empty = async (server: TestServer) => (await queue(server)).length === 0;

async function change(server: TestServer, address: string, settings: Partial<DeliverySettings>): Promise<void> {
  const changed = await server.storage.perform("delivery.change", { address, change: settings });
  assert(!("refused" in changed), JSON.stringify(changed));
}

Deno.test("pipe hands a message to a program: a row of the queue, with the fields of delivery before it", async () => {
  await using here = await folder();
  const script = `cat > ${here.path}/out; echo "$RECIPIENT $1" > ${here.path}/told`;
  await using server = await start({ programs: { learn: program(script, { arguments: 1 }) } });
  await activate(server, ALICE, `${PIPE}pipe "learn" ["spam"];`);
  const traceId = await server.deliver(MAIL, ALICE, CAROL);
  await until("it is handed over", () => empty(server), server);
  const out = await Deno.readTextFile(`${here.path}/out`);
  assert.match(out, /^Return-Path: <carol@outside\.example>\nDelivered-To: alice@example\.test\n/);
  assert.ok(out.endsWith("\n\nhello\n"));
  assert.equal(await Deno.readTextFile(`${here.path}/told`), `${ALICE} spam\n`);
  assert.deepEqual(await subjects(server, ALICE), []);
  assert.match(await why(server, traceId), /Handed to program learn, it said: 250 2\.0\.0 exit code 0/);
});

Deno.test("with :copy it is kept as well, and a refusal is nobody's bounce", async () => {
  await using server = await start({ programs: { no: program("cat >/dev/null; exit 77") } });
  await activate(server, ALICE, `${PIPE}pipe :copy "no";`);
  const traceId = await server.deliver(MAIL, ALICE, BOB);
  await until("it is refused", () => empty(server), server);
  assert.deepEqual(await subjects(server, ALICE), ["hi"]);
  assert.deepEqual(await subjects(server, BOB), []);
  assert.match(await why(server, traceId), /bounced .*Refused for good by program no, it said: 550 5\.7\.0/);
});

Deno.test("what a program refuses for good goes back to the sender; with :try it is kept", async () => {
  await using server = await start({ programs: { no: program("cat >/dev/null; exit 67") } });
  await activate(server, ALICE, `${PIPE}pipe "no";`);
  await server.deliver(MAIL, ALICE, BOB);
  await until("it is reported", async () => await empty(server) && (await rows(server, BOB)).length === 1, server);
  assert.match(await textOf(server, (await rows(server, BOB))[0]!), /Status: 5\.1\.1/);
  assert.deepEqual(await subjects(server, ALICE), []);
  await activate(server, ALICE, `${PIPE}pipe :try "no";`);
  await server.deliver(MAIL, ALICE, BOB);
  await until("it is kept", async () => await empty(server) && (await rows(server, ALICE)).length === 1, server);
  assert.equal((await rows(server, BOB)).length, 1);
});

Deno.test("75 puts it off, and the queue tries again", async () => {
  await using here = await folder();
  const script = `cat >/dev/null; test -e ${here.path}/ready || exit 75`;
  await using server = await start({ programs: { later: program(script) } });
  await activate(server, ALICE, `${PIPE}pipe "later";`);
  await server.deliver(MAIL, ALICE, CAROL);
  const put = async () => (await queue(server))[0]?.attempts === 1;
  await until("it is put off", put, server);
  assert.match((await queue(server))[0]!.lastReply ?? "", /exit code 75/);
  await Deno.writeTextFile(`${here.path}/ready`, "");
  await server.clock.advance(60_000);
  await until("it is handed over", () => empty(server), server);
});

Deno.test("a name that the server's owner did not write is kept, and the owner of the script is told", async () => {
  await using server = await start({ programs: { learn: program("exit 0") } });
  await activate(server, ALICE, `${PIPE}pipe "learn/../../bin/sh";`);
  await server.deliver(MAIL, ALICE, CAROL);
  await activate(server, ALICE, `${PIPE}pipe "other";`);
  await server.deliver(MAIL, ALICE, CAROL);
  await activate(server, ALICE, `${PIPE}pipe "learn" ["-x"];`);
  await server.deliver(MAIL, ALICE, CAROL);
  assert.deepEqual((await subjects(server, ALICE)).filter((one) => one === "hi").length, 3);
  assert.equal((await subjects(server, ALICE)).includes("Your mail filter had trouble"), true);
});

Deno.test("pipe is not known where there is nothing to name", async () => {
  await using server = await testServer();
  const answer = await server.admin("PUT", `/api/v1/accounts/${ALICE}/sieve/a`, { content: `${PIPE}pipe "x";` });
  assert.equal(answer.status, 422);
  await answer.body?.cancel();
});

Deno.test("settings: all mail goes to a Maildir and an mbox, too; or there alone", async () => {
  await using here = await folder();
  await using server = await start({
    maildirs: { home: { path: `${here.path}/{user}/Maildir` } },
    mboxes: { spool: { path: `${here.path}/spool-{user}` } },
  });
  await change(server, ALICE, { targets: ["maildir:home", "mbox:spool"] });
  await server.deliver(MAIL, ALICE, CAROL);
  await until("both have it", () => empty(server), server);
  assert.deepEqual(await subjects(server, ALICE), ["hi"]);
  const count = () => [...Deno.readDirSync(`${here.path}/alice/Maildir/new`)].length;
  assert.equal(count(), 1);
  assert.match(await Deno.readTextFile(`${here.path}/spool-alice`), /^From carol@outside\.example .*\nReturn-Path: </);
  await change(server, ALICE, { targets: ["maildir:home"], keep: false });
  await server.deliver(MAIL.replace("hi", "two"), ALICE, CAROL);
  await until("it has it", () => empty(server), server);
  assert.deepEqual([await subjects(server, ALICE), count()], [["hi"], 2]);
  await activate(server, ALICE, 'require "fileinto"; fileinto "Archive";');
  await server.deliver(MAIL.replace("hi", "three"), ALICE, CAROL);
  await until("it has it", () => empty(server), server);
  assert.deepEqual([await subjects(server, ALICE, "Archive"), count()], [["three"], 3]);
  await activate(server, ALICE, "discard;");
  await server.deliver(MAIL, ALICE, CAROL);
  assert.deepEqual([await empty(server), count()], [true, 3]);
});

Deno.test("settings: forwarding with and without keep, by the rules of forwarding", async () => {
  await using server = await testServer({ config: { outbound: { hold: true } } });
  await change(server, ALICE, { forward: ["dave@elsewhere.example"] });
  await server.deliver(MAIL, ALICE, CAROL);
  const [row] = await queue(server);
  assert.equal(row?.recipient.forwardPath, "dave@elsewhere.example");
  assert.match(row?.sender.reversePath ?? "", /^SRS0=.*@example\.test$/);
  assert.deepEqual(await subjects(server, ALICE), ["hi"]);
  await change(server, ALICE, { keep: false });
  await server.deliver(MAIL.replace("hi", "two"), ALICE, CAROL);
  assert.deepEqual([(await queue(server)).length, await subjects(server, ALICE)], [2, ["hi"]]);
  const looped = `Delivered-To: ${ALICE}\n${MAIL.replace("hi", "loop")}`;
  await server.deliver(looped, ALICE, CAROL);
  assert.deepEqual([(await queue(server)).length, await subjects(server, ALICE)], [2, ["hi", "loop"]]);
});

Deno.test("two accounts that forward to each other end up with the message", async () => {
  await using server = await start({});
  await change(server, ALICE, { forward: [BOB], keep: false });
  await change(server, BOB, { forward: [ALICE], keep: false });
  await server.deliver(MAIL, ALICE, CAROL);
  await until("it stays", () => empty(server), server);
  assert.equal((await subjects(server, ALICE)).length + (await subjects(server, BOB)).length, 1);
});

Deno.test("duplicates: a Message-ID comes once in its time where the account asked for it, else each time", async () => {
  await using server = await testServer();
  const count = async (address = ALICE) => (await rows(server, address)).length;
  await server.deliver(MAIL, ALICE, CAROL);
  await server.deliver(MAIL, ALICE, CAROL);
  assert.equal(await count(), 2);
  await change(server, ALICE, { duplicates: 3600 });
  await server.deliver(MAIL, ALICE, CAROL);
  const traceId = await server.deliver(MAIL, ALICE, CAROL);
  assert.equal(await count(), 3);
  assert.match(await why(server, traceId), /discarded .* Left out: the account has had this Message-ID/);
  await server.deliver(MAIL.replace("<1@", "<2@"), ALICE, CAROL);
  await server.deliver(MAIL.replace(/Message-ID.*\n/, ""), ALICE, CAROL);
  await server.deliver(MAIL.replace(/Message-ID.*\n/, ""), ALICE, CAROL);
  await server.deliver(MAIL, BOB, CAROL);
  assert.deepEqual([await count(), await count(BOB)], [6, 1]);
  await server.clock.advance(3600_000);
  const late = await server.deliver(MAIL, ALICE, CAROL);
  assert.equal(await count(), 7, await why(server, late));
});

Deno.test("mail.accept leaves out what came at the same time with the same key, and its rows of the queue", async () => {
  await using server = await testServer({ config: { outbound: { hold: true } } });
  await change(server, ALICE, { duplicates: 3600, forward: ["dave@elsewhere.example"] });
  await Promise.all([1, 2, 3].map(() => server.deliver(MAIL, ALICE, CAROL)));
  assert.deepEqual([(await rows(server, ALICE)).length, (await queue(server)).length], [1, 1]);
});

Deno.test("a user's rule files into a mailbox that another shares with it: with p or i, else it is kept", async () => {
  await using server = await testServer();
  const owner = await accountId(server, BOB);
  await server.storage.perform("mailbox.create", { accountId: owner, path: "Team", role: null });
  const grant = async (rights: string) => {
    const answer = await server.admin("PUT", `/api/v1/accounts/${BOB}/acl`, {
      mailbox: "Team",
      identifier: ALICE,
      rights,
    });
    const text = await answer.text();
    assert.equal(answer.status, 204, text);
  };
  await grant("lrp");
  const id = await accountId(server, ALICE);
  const shared = (await server.storage.perform("mailbox.list", { accountId: id })).find(({ ownerId }) =>
    ownerId === owner
  );
  assert.ok(shared);
  await activate(server, ALICE, `require "fileinto"; fileinto ${JSON.stringify(shared.path)};`);
  await server.deliver(MAIL, ALICE, CAROL);
  assert.deepEqual([await subjects(server, BOB, "Team"), await subjects(server, ALICE)], [["hi"], []]);
  await grant("lr");
  await server.deliver(MAIL.replace("hi", "two"), ALICE, CAROL);
  assert.deepEqual([await subjects(server, BOB, "Team"), await subjects(server, ALICE)], [["hi"], ["two"]]);
});
