/** Scripts, answers without one, and scripts over stored mail, through the admin API of a whole server. */
import assert from "node:assert/strict";
import { type TestServer, testServer } from "../../../src/server/test_server.ts";
import { activate, queue, rows, smtp, subjects, textOf } from "./house.ts";

const ALICE = "alice@example.test";
const CAROL = "carol@outside.example";
const PATH = `/accounts/${ALICE}`;

async function ask(server: TestServer, method: string, path: string, body?: unknown) {
  const response = await server.admin(method, `/api/v1${path}`, body);
  const text = await response.text();
  // deno-lint-ignore no-explicit-any
  return { status: response.status, json: (text === "" ? null : JSON.parse(text)) as any };
}

Deno.test("a script is put, listed, activated, read and removed; the next message obeys it", async () => {
  await using server = await testServer();
  const content = 'require "fileinto";\r\nfileinto "Archive";\r\n';
  const put = await ask(server, "PUT", `${PATH}/sieve/my%20rules`, { content });
  assert.deepEqual([put.status, put.json], [200, { name: "my rules", octets: 42, active: false }]);
  assert.equal((await ask(server, "GET", `${PATH}/sieve/my%20rules`)).json.content, content);
  assert.equal((await ask(server, "PATCH", `${PATH}/sieve`, { active: "my rules" })).status, 200);
  await server.deliver("Subject: one\n\nx", ALICE, CAROL);
  assert.deepEqual(await subjects(server, ALICE, "Archive"), ["one"]);
  assert.equal((await ask(server, "DELETE", `${PATH}/sieve/my%20rules`)).status, 409);
  assert.equal((await ask(server, "PATCH", `${PATH}/sieve`, { active: null })).json.active, null);
  assert.equal((await ask(server, "DELETE", `${PATH}/sieve/my%20rules`)).status, 204);
  assert.deepEqual((await ask(server, "GET", `${PATH}/sieve`)).json, { scripts: [] });
  assert.equal((await ask(server, "GET", "/accounts/nobody@example.test/sieve")).status, 404);
});

Deno.test("two who edit a script or its rules do not undo each other's work", async () => {
  await using server = await testServer();
  const [script, rules] = [`/api/v1${PATH}/sieve/rules`, `/api/v1${PATH}/rules`];
  const send = async (method: string, path: string, body: unknown, headers: Record<string, string>) => {
    const response = await server.admin(method, path, body, headers);
    const text = await response.text();
    return { status: response.status, etag: response.headers.get("etag"), text };
  };
  const made = await send("PUT", script, { content: "keep;" }, { "if-none-match": "*" });
  assert.deepEqual([made.status, /^"[\w-]{27}"$/.test(made.etag!)], [200, true]);
  assert.equal((await send("PUT", script, { content: "stop;" }, { "if-none-match": "*" })).status, 412);
  const read = await send("GET", rules, undefined, {});
  assert.equal(read.etag, made.etag); // rules are the script in another form
  const one = await send("PUT", rules, { rules: [] }, { "if-match": read.etag! });
  assert.equal(one.status, 200);
  const late = await send("PUT", script, { content: "discard;" }, { "if-match": read.etag! });
  assert.equal(late.status, 412);
  assert.match(late.text, /has changed since you read it: read it again, put your change into what it is now/);
  assert.equal((await send("DELETE", script, undefined, { "if-match": read.etag! })).status, 412);
  assert.equal((await send("PUT", script, { content: "keep;" }, { "if-match": `W/${one.etag}` })).status, 412);
  assert.equal((await send("PUT", script, { content: "keep;" }, { "if-match": `"x", ${one.etag}` })).status, 200);
  assert.equal((await send("PUT", script, { content: "keep;" }, { "if-none-match": '"x"' })).status, 400);
  assert.equal((await send("PUT", script, { content: "keep;" }, {})).status, 200); // nothing is asked of who asks nothing
  assert.equal((await send("DELETE", script, undefined, { "if-match": "*" })).status, 204);
  assert.equal((await send("PUT", script, { content: "keep;" }, { "if-match": "*" })).status, 412);
});

Deno.test("a script that is wrong is a problem that names line and column of each error", async () => {
  await using server = await testServer();
  const { status, json } = await ask(server, "PUT", `${PATH}/sieve/a`, { content: 'fileinto "a";\n  frob;' });
  assert.deepEqual([status, json.code], [422, "script"]);
  assert.deepEqual(
    json.errors.map(({ line, column }: { line: number; column: number }) => [line, column]),
    [[1, 1], [2, 3]],
  );
  assert.match(json.detail, /^line 1, column 1: /);
  await server.storage.perform("sieve.put", { address: ALICE, name: "old", content: 'require "gone";' });
  assert.equal((await ask(server, "PATCH", `${PATH}/sieve`, { active: "old" })).status, 422);
});

Deno.test("an answer without a script: between its times, once, beside the active script", async () => {
  await using server = await testServer({ config: { outbound: { hold: true } } });
  const now = server.clock.wall();
  const iso = (ms: number) => new Date(ms).toISOString();
  const vacation = {
    enabled: true,
    from: iso(now + 3600_000),
    to: iso(now + 7200_000),
    subject: 'Weg "bis" morgen',
    text: "Zurück\nam \\ Montag.\n",
  };
  assert.equal((await ask(server, "PUT", `${PATH}/vacation`, vacation)).status, 200);
  assert.equal((await ask(server, "GET", `${PATH}/vacation`)).json.text, vacation.text);
  await activate(server, ALICE, 'require "fileinto"; fileinto "Archive";');
  const message = `From: ${CAROL}\nTo: ${ALICE}\nSubject: hi\n\nx`;
  await server.deliver(message, ALICE, CAROL);
  assert.deepEqual(await queue(server), []);
  await server.clock.advance(3700_000);
  await server.deliver(message, ALICE, CAROL);
  await server.deliver(message, ALICE, CAROL);
  const [answer, ...more] = await queue(server);
  assert(answer && more.length === 0);
  assert.equal((await rows(server, ALICE, "Archive")).length, 3);
  const text = new TextDecoder().decode(await server.storage.readBlob(answer.blobId, 0, answer.size));
  assert.match(text, /^Subject: Weg "bis" morgen\r$/m);
  assert.match(text, /Zur(=C3=BC|ü)ck/);
  await server.clock.advance(3700_000);
  await server.deliver(message.replace(CAROL, "dave@else.example"), ALICE, "dave@else.example");
  assert.equal((await queue(server)).length, 1);
  const wrong = await ask(server, "PUT", `${PATH}/vacation`, { enabled: true, text: "" });
  assert.equal(wrong.status, 422);
});

Deno.test("a subaddress goes into a folder where the account wants it and has it", async () => {
  await using server = await testServer();
  const create = (path: string) =>
    server.storage.perform("account.get", { address: ALICE }).then((account) =>
      server.storage.perform("mailbox.create", { accountId: account!.accountId, path, role: null })
    );
  await create("Lists");
  await server.deliver("Subject: before\n\nx", "alice+lists@example.test", CAROL);
  assert.equal((await ask(server, "PATCH", `${PATH}/delivery`, { subaddressFolders: true })).status, 200);
  for (const detail of ["lists", "none", "trash"]) {
    await server.deliver(`Subject: ${detail}\n\nx`, `alice+${detail}@example.test`, CAROL);
  }
  assert.deepEqual(await subjects(server, ALICE, "Lists"), ["lists"]);
  assert.deepEqual(await subjects(server, ALICE), ["before", "none", "trash"]);
});

Deno.test("scripts ask for lists of the account", async () => {
  await using server = await testServer();
  const lists = { ":friends": [CAROL] };
  assert.equal((await ask(server, "PATCH", `${PATH}/delivery`, { lists })).status, 200);
  assert.equal((await ask(server, "PATCH", `${PATH}/delivery`, { lists: { "a b": [] } })).status, 422);
  await activate(
    server,
    ALICE,
    'require ["extlists", "fileinto", "envelope"]; if envelope :list "from" ":friends" { fileinto "Archive"; }',
  );
  await server.deliver("Subject: friend\n\nx", ALICE, CAROL);
  await server.deliver("Subject: else\n\nx", ALICE, "dave@outside.example");
  assert.deepEqual(await subjects(server, ALICE, "Archive"), ["friend"]);
});

Deno.test("sieve-diff lists what would go elsewhere, sieve-run does it", async () => {
  await using server = await testServer();
  await server.deliver("Subject: old\n\nx", ALICE, CAROL);
  await server.clock.advance(40 * 86_400_000);
  for (const subject of ["keep", "file me", "drop me"]) {
    await server.deliver(`Subject: ${subject}\n\nx`, ALICE, CAROL);
  }
  const content =
    'require ["fileinto", "mailbox"]; if header :contains "subject" "file" { fileinto :create "New/Box"; }' +
    ' elsif header :contains "subject" "drop" { discard; }';
  const diff = await ask(server, "POST", `${PATH}/sieve-diff`, { content });
  assert.deepEqual([diff.status, diff.json.looked], [200, 3]);
  assert.deepEqual(
    // deno-lint-ignore no-explicit-any
    diff.json.messages.map((one: any) => [one.subject, one.actions[0]]),
    [["file me", 'filed into "New/Box" (given, line 1)'], ["drop me", "not kept by itself (discard) (given, line 1)"]],
  );
  const dry = await ask(server, "POST", `${PATH}/sieve-run`, { content, days: 30 });
  assert.equal(dry.json.messages.length, 3);
  assert.equal((await rows(server, ALICE)).length, 4);
  const run = await ask(server, "POST", `${PATH}/sieve-run`, { content, days: 30, apply: true });
  // deno-lint-ignore no-explicit-any
  assert.deepEqual(run.json.messages.map((one: any) => one.done), [[], ["moved to New/Box"], ["moved to Trash"]]);
  assert.deepEqual(await subjects(server, ALICE), ["old", "keep"]);
  assert.deepEqual(await subjects(server, ALICE, "New/Box"), ["file me"]);
  assert.equal((await ask(server, "POST", `${PATH}/sieve-run`, { content: "frob;" })).status, 422);
  assert.equal((await ask(server, "POST", `${PATH}/sieve-run`, {})).status, 404);
  assert.equal((await ask(server, "POST", `${PATH}/sieve-run`, { content, mailbox: "None" })).status, 404);
});

Deno.test("the server's scripts run before and behind the account's, and it does not start with a wrong one", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${folder}/before.sieve`,
      'require ["fileinto", "spamtest", "relational", "comparator-i;ascii-numeric"];\n' +
        'if spamtest :value "ge" :comparator "i;ascii-numeric" "5" { fileinto "Junk"; stop; }\n',
    );
    await Deno.writeTextFile(`${folder}/after.sieve`, 'require "imap4flags"; addflag "late";\n');
    await Deno.writeTextFile(`${folder}/common.sieve`, 'require "imap4flags"; addflag "common";\n');
    await Deno.writeTextFile(`${folder}/bad.sieve`, "frob;\n");
    const sieve = {
      before: [`${folder}/before.sieve`],
      after: [`${folder}/after.sieve`],
      global: [`${folder}/common.sieve`],
      spamTest: { field: "X-Spam-Score", max: 10 },
    };
    await using server = await testServer({ config: { sieve } });
    await activate(server, ALICE, 'require ["include", "imap4flags"]; include :global "common";');
    await server.deliver("Subject: bad\nX-Spam-Score: 8.5\n\nx", ALICE, CAROL);
    await server.deliver("Subject: good\nX-Spam-Score: -1\n\nx", ALICE, CAROL);
    assert.deepEqual(await subjects(server, ALICE, "Junk"), ["bad"]);
    const [good] = await rows(server, ALICE);
    assert.deepEqual([...good!.flags].sort(), ["common", "late"]);
    assert.match(await textOf(server, good!), /good/);
    await assert.rejects(testServer({ config: { sieve: { before: [`${folder}/bad.sieve`] } } }), /bad\.sieve:1:1/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("what filters say is counted by the kind of action, and their failures", async () => {
  await using server = await testServer();
  await activate(
    server,
    ALICE,
    'require ["fileinto", "copy", "variables"]; fileinto :copy "Archive"; set "a" "x"; ' +
      'if header "subject" "bad" { redirect "${a}"; }',
  );
  await smtp(server, CAROL, [ALICE], "Subject: good\n\nx");
  await smtp(server, CAROL, [ALICE], "Subject: bad\n\nx");
  const text = await (await server.admin("GET", "/metrics")).text();
  assert.match(text, /^palomar_filter_actions_total\{action="fileinto"\} 1$/m);
  assert.match(text, /^palomar_filter_actions_total\{action="keep"\} 2$/m);
  assert.match(text, /^palomar_filter_failures_total\{[^}]*\} 1$/m);
});

Deno.test("sieve-test tells what a script would do with a message, with the account's mailboxes and lists", async () => {
  await using server = await testServer();
  await ask(server, "PATCH", `${PATH}/delivery`, { lists: { ":friends": [CAROL] } });
  const content = `require ["mailbox", "fileinto", "extlists", "envelope", "special-use"];
if mailboxexists "Nowhere" { discard; }
if allof (mailboxexists "Archive", envelope :list "from" ":friends") { fileinto :specialuse "\\\\Junk" "x"; }`;
  const message = btoa(`From: ${CAROL}\nSubject: hi\n\nx`);
  const { status, json } = await ask(server, "POST", `${PATH}/sieve-test`, { content, message });
  assert.equal(status, 200, JSON.stringify(json));
  assert.deepEqual(json.actions, ['filed into "Junk" (given, line 3)']);
  assert.ok(json.log.some((line: string) => line.startsWith("given:3 envelope :list")));
  assert.deepEqual(await subjects(server, ALICE, "Junk"), []);
  const nobody = await ask(server, "POST", "/accounts/nobody@example.test/sieve-test", { content: "keep;", message });
  assert.equal(nobody.status, 404);
  assert.equal((await ask(server, "POST", `${PATH}/sieve-test`, { content: "frob;", message })).status, 422);
  assert.equal((await ask(server, "POST", `${PATH}/sieve-test`, { content: "keep;", message: "%" })).status, 422);
});
