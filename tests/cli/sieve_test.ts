import assert from "node:assert/strict";
import { desk, runMain } from "./command_line.ts";

const ALICE = "alice@example.org";

Deno.test("scripts are put, listed, printed, activated and removed from the command line", async () => {
  const { run } = await aliceDesk();
  assert.equal((await run(`sieve put ${ALICE} main -`, { stdin: "keep;\r\n" })).code, 0);
  assert.match((await run(`sieve list ${ALICE}`)).out, /^NAME\s+OCTETS\s+ACTIVE\nmain\s+7\n$/);
  assert.equal((await run(`sieve get ${ALICE} main`)).out, "keep;\r\n");
  assert.equal((await run(`sieve activate ${ALICE} main`)).code, 0);
  assert.equal((await run(`sieve remove ${ALICE} main`)).code, 1);
  assert.equal((await run(`sieve deactivate ${ALICE}`)).code, 0);
  assert.equal((await run(`sieve remove ${ALICE} main`)).code, 0);
  const wrong = await run(`sieve put ${ALICE} main -`, { stdin: "keep;\nfrob;" });
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /line 2, column 1/);
});

Deno.test("sieve test and trace with --account ask the server what the account has", async () => {
  const { run } = await aliceDesk();
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/m.eml`, "From: bob@example.net\nSubject: hi\n\nx\n");
    const script =
      'require ["mailbox", "fileinto"];\nif mailboxexists "Nowhere" { discard; } else { fileinto "Archive"; }';
    const plain = await run(`sieve test - ${folder}/m.eml`, { stdin: script });
    assert.match(plain.out, /discard/);
    const asked = await run(`sieve test - ${folder}/m.eml --account ${ALICE}`, { stdin: script });
    assert.match(asked.out, /m\.eml: filed into "Archive"/);
    const traced = await run(`sieve trace - ${folder}/m.eml --account ${ALICE}`, { stdin: script });
    assert.match(traced.out, /mailboxexists "Nowhere": false/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("rules are set and shown from the command line, and what is shown can be set", async () => {
  const { run } = await aliceDesk();
  const rules =
    '[{"name":"Big","conditions":[{"test":"size","over":true,"octets":1000}],"actions":[{"do":"discard"}]}]';
  const set = await run(`rules set ${ALICE} --activate`, { stdin: rules });
  assert.deepEqual([set.code, set.err], [0, `${ALICE} has 1 rule, active.\n`]);
  const shown = await run(`rules show ${ALICE}`);
  assert.equal(JSON.parse(shown.out).rules[0].name, "Big");
  assert.equal((await run(`rules set ${ALICE} -`, { stdin: shown.out })).code, 0);
  assert.deepEqual((await run(`rules show ${ALICE}`)).out, shown.out);
  assert.equal((await run(`rules set ${ALICE}`, { stdin: "{}" })).code, 1);
  const wrong = await run(`rules set ${ALICE}`, { stdin: '[{"actions":[{"do":"move","mailbox":""}]}]' });
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /rules\.0\.actions\.0\.mailbox/);
});

Deno.test("a .forward becomes a rule, once, and what cannot be translated is named", async () => {
  const { run } = await aliceDesk();
  const text = "\\alice\nbob@example.net\n";
  const dry = await run(`import forward ${ALICE} - --dry-run`, { stdin: text });
  assert.deepEqual(JSON.parse(dry.out), { forward: ["bob@example.net"], keep: true });
  assert.equal((await run(`forward list ${ALICE}`)).out, "");
  for (let time = 0; time < 2; time++) {
    const made = await run(`import forward ${ALICE} -`, { stdin: text });
    assert.deepEqual([made.code, made.err], [
      0,
      `Mail of ${ALICE} goes to bob@example.net, and is kept here.\n`,
    ]);
    assert.equal((await run(`forward list ${ALICE}`)).out, "bob@example.net\n");
  }
  const piped = await run(`import forward ${ALICE} -`, { stdin: '"|procmail"\nbob@example.net' });
  assert.equal(piped.code, 1);
  assert.match(piped.err, /procmail.*programs are not run/);
  assert.equal((await run(`import forward ${ALICE} -`, { stdin: "# Exim filter\n" })).code, 1);
});

Deno.test("aliases of a file are made, once, and what is left out is named", async () => {
  const { run, ask } = await aliceDesk();
  const file = "postmaster: root\nroot: alice\nlist: :include:/etc/list\nalice: bob@example.net\n";
  const dry = await run("import aliases example.org - --dry-run", { stdin: file });
  assert.match(dry.out, /root@example.org would lead to alice@example.org/);
  assert.equal((await ask("GET", "/api/v1/aliases")).json.aliases.length, 0);
  const made = await run("import aliases example.org -", { stdin: file });
  assert.equal(made.code, 1);
  assert.match(made.err, /line 3: list@example.org: :include:.*are not read/);
  assert.match(made.err, /line 4: alice@example.org: /);
  assert.equal((await ask("GET", "/api/v1/aliases")).json.aliases.length, 2);
  assert.equal((await run("import aliases example.org -", { stdin: "root: alice" })).code, 0);
  assert.equal((await run("import aliases example.org -", { stdin: "root: bob" })).code, 1);
});

Deno.test("an answer is set, shown and turned off from the command line", async () => {
  const { run } = await aliceDesk();
  const set = await run(`vacation set ${ALICE} --subject Away --to 2027-01-31T00:00:00Z`, { stdin: "Back soon\n" });
  assert.equal(set.code, 0, set.err);
  assert.match((await run(`vacation show ${ALICE}`)).out, /Subject\s+Away\n\nBack soon/);
  assert.equal((await run(`vacation off ${ALICE}`)).code, 0);
  assert.match((await run(`vacation show ${ALICE}`)).err, /Nobody is answered/);
});

Deno.test("sieve test and trace say what a script does with files, and which line decides", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${cwd}/box/cur`, { recursive: true });
    await Deno.writeTextFile(`${cwd}/box/cur/1`, "Subject: [list] a\n\nx");
    await Deno.writeTextFile(`${cwd}/box/cur/2`, "Subject: b\n\nx");
    await Deno.writeTextFile(
      `${cwd}/f.sieve`,
      'require ["fileinto", "envelope"];\nif header :contains "subject" "[list]" { fileinto "Lists"; }\n' +
        'if envelope "from" "carol@x.example" { discard; }',
    );
    const test = await runMain(["sieve", "test", "f.sieve", "box"], { cwd });
    assert.equal(test.code, 0, test.err);
    assert.deepEqual(test.out.trim().split("\n").map((line) => line.slice(line.lastIndexOf("/") + 1)), [
      '1: filed into "Lists" (f.sieve, line 2)',
      "2: kept, because no script said otherwise",
    ]);
    const json = await runMain(["sieve", "test", "f.sieve", "box", "--json", "--from", "carol@x.example"], { cwd });
    assert.equal(JSON.parse(json.out)[1].actions[0], "not kept by itself (discard) (f.sieve, line 3)");
    const trace = await runMain(["sieve", "trace", "f.sieve", "box/cur/1"], { cwd });
    assert.match(trace.out, /^f\.sieve:2 header .*: true\n/);
    assert.match(trace.out, /= filed into "Lists"/);
    assert.equal((await runMain(["sieve", "test", "f.sieve", "none"], { cwd })).code, 1);
    await Deno.writeTextFile(`${cwd}/bad.sieve`, "frob;");
    assert.match((await runMain(["sieve", "test", "bad.sieve", "box"], { cwd })).err, /bad\.sieve:1:1/);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

Deno.test("sieve run and diff take a script of the account or a file, and not both", async () => {
  const { run } = await aliceDesk();
  const diff = await run(`sieve diff ${ALICE} --file -`, { stdin: "keep;" });
  assert.deepEqual([diff.code, diff.out, diff.err], [0, "", "0 of 0 message(s).\n"]);
  assert.equal((await run(`sieve run ${ALICE} --file - --script a`, { stdin: "keep;" })).code, 2);
  assert.equal((await run(`sieve run ${ALICE} --file - --days x`, { stdin: "keep;" })).code, 2);
  assert.equal((await run(`sieve run ${ALICE}`)).code, 1);
});

Deno.test("account change says whether details are folders", async () => {
  const { run, ask } = await aliceDesk();
  const wants = async () => (await ask("GET", `/api/v1/accounts/${ALICE}/delivery`)).json.subaddressFolders;
  assert.equal((await run(`account change ${ALICE} --subaddress-folders yes`)).code, 0);
  assert.equal(await wants(), true);
  assert.equal((await run(`account change ${ALICE} --subaddress-folders maybe`)).code, 2);
  assert.equal((await run(`account change ${ALICE} --subaddress-folders no`)).code, 0);
  assert.equal(await wants(), false);
});

Deno.test("forward and target change where all mail of an account goes; keep is of both", async () => {
  const { run, ask } = await aliceDesk();
  const delivery = async () => (await ask("GET", `/api/v1/accounts/${ALICE}/delivery`)).json;
  const said = await run(`forward add ${ALICE} bob@example.net carol@example.net --no-keep`);
  assert.match(said.err, /goes to bob@example\.net, carol@example\.net, and is not kept here but/);
  assert.equal((await run(`forward remove ${ALICE} BOB@example.net`)).code, 0);
  assert.equal((await run(`forward list ${ALICE}`)).out, "carol@example.net\n");
  assert.equal((await run(`forward remove ${ALICE} bob@example.net`)).code, 1);
  assert.equal((await run(`forward add ${ALICE} ${ALICE}`)).code, 1);
  assert.equal((await run(`forward add ${ALICE} x@example.net --keep --no-keep`)).code, 2);
  assert.equal((await run(`target add ${ALICE} maildir:home learn --keep`)).code, 0);
  assert.equal((await run(`target add ${ALICE} maildir:../../etc`)).code, 1);
  assert.equal(
    (await run(`target list ${ALICE}`)).out,
    "maildir:home\nprogram:learn  off: this server may not run programs\n",
  );
  assert.match((await run("target list")).out, /^maildir:home$/m);
  assert.equal((await run(`target remove ${ALICE} program:learn`)).code, 0);
  const { forward, targets, keep } = await delivery();
  assert.deepEqual({ forward, targets, keep }, {
    forward: ["carol@example.net"],
    targets: ["maildir:home"],
    keep: true,
  });
  assert.equal((await run(`account change ${ALICE} --duplicates 7d`)).code, 0);
  assert.equal((await delivery()).duplicates, 604_800);
  assert.equal((await run(`account change ${ALICE} --duplicates soon`)).code, 2);
  assert.equal((await run(`account change ${ALICE} --duplicates no`)).code, 0);
  assert.equal((await delivery()).duplicates, null);
});

async function aliceDesk() {
  const made = desk();
  await made.ask("POST", "/api/v1/domains", { name: "example.org" });
  const account = await made.ask("POST", "/api/v1/accounts", { address: ALICE, password: "secret-secret" });
  assert.equal(account.status, 201);
  return made;
}
