import assert from "node:assert/strict";
import type { AnySession, StorageOp } from "../../src/contract/mod.ts";
import { drive } from "../../src/net/drive.ts";
import { memoryPair } from "../../src/net/memory_transport.ts";
import { memoryStorage } from "../../src/storage/memory/mod.ts";
import { openSqlite } from "../../src/storage/sqlite/mod.ts";
import { type Storage, StorageError } from "../../src/storage/storage.ts";
import { type TestServer, testServer } from "../../src/server/test_server.ts";
import { testConnection } from "../../src/server/test_connection.ts";

/** A store on a disk that can be filled, or that can break. */
interface Trouble {
  /** Which operations fail, and why; null is none. */
  fails: ((op: StorageOp) => StorageError | Error | null) | null;
  /** Bodies cannot be written. */
  noBodies: boolean;
}

function troubled(inner: Storage, trouble: Trouble): Storage {
  const full = () => new StorageError("full", "no space left on device");
  return {
    perform(op, args) {
      const error = trouble.fails?.(op);
      return error ? Promise.reject(error) : inner.perform(op, args);
    },
    createBlob() {
      const writer = inner.createBlob();
      return {
        write: (chunk) => trouble.noBodies ? Promise.reject(full()) : writer.write(chunk),
        seal: (index) => trouble.noBodies ? Promise.reject(full()) : writer.seal(index),
        abort: () => writer.abort(),
      };
    },
    readBlob: (blobId, start, end) => inner.readBlob(blobId, start, end),
    watch: (accountId, listener) => inner.watch(accountId, listener),
    watchQueue: (listener) => inner.watchQueue(listener),
    reclaim: () => inner.reclaim(),
    close: () => inner.close(),
  };
}

async function troubledServer(): Promise<{ server: TestServer; trouble: Trouble }> {
  const trouble: Trouble = { fails: null, noBodies: false };
  return { trouble, server: await testServer({ storage: troubled(memoryStorage(), trouble) }) };
}

const WRITES: readonly StorageOp[] = [
  "mail.accept",
  "email.append",
  "email.copy",
  "email.flags",
  "email.expunge",
  "mailbox.create",
];
const diskFull = (op: StorageOp) => WRITES.includes(op) ? new StorageError("full", "no space left on device") : null;

const MESSAGE = "Subject: x\r\n\r\nbody\r\n";

for (const where of ["the transaction", "the body"] as const) {
  Deno.test(`a full disk under ${where}: SMTP says 452, LMTP for each recipient, IMAP NO; then all goes on`, async () => {
    const { server, trouble } = await troubledServer();
    await server.deliver(MESSAGE, "alice@example.test");
    const smtp = server.connect("smtp");
    await smtp.ask("EHLO client.outside.test", /250 .*\r\n/);
    const lmtp = server.connect("lmtp");
    await lmtp.ask("LHLO client.outside.test", /250 .*\r\n/);
    const imap = server.connect("imap");
    await imap.ask("a LOGIN alice@example.test alice", "a OK");
    await imap.ask("b SELECT INBOX", "b OK");
    const send = async (connection: typeof smtp, to: readonly string[], pattern: RegExp): Promise<string> => {
      await connection.ask("MAIL FROM:<carol@outside.test>", /\n?250 .*\r\n/);
      for (const recipient of to) await connection.ask(`RCPT TO:<${recipient}>`, /250 .*\r\n/);
      await connection.ask("DATA", /354 .*\r\n/);
      return await connection.ask(`${MESSAGE}.`, pattern);
    };
    const both = ["alice@example.test", "bob@example.test"];

    if (where === "the body") trouble.noBodies = true;
    else trouble.fails = diskFull;
    assert.match(await send(smtp, both, /\d{3} .*\r\n/), /^452 4\.3\.1 /);
    assert.match(await send(lmtp, both, /(\d{3} .*\r\n){2}/), /^452 4\.3\.1 .*\r\n452 4\.3\.1 /);
    await imap.ask(`c APPEND INBOX {${MESSAGE.length}}`, "+ ");
    assert.match(await imap.ask(MESSAGE.slice(0, -2) + "\r\n", /c (NO|BAD|OK) .*\r\n/), /c NO /);
    // Reading goes on.
    assert.match(await imap.ask("d FETCH 1 BODY.PEEK[TEXT]", /d (NO|BAD|OK) .*\r\n/), /body\r\n[^]*d OK/);

    trouble.noBodies = false;
    trouble.fails = null;
    assert.match(await send(smtp, both, /\d{3} .*\r\n/), /^250 2\.0\.0 /);
    assert.match(await send(lmtp, both, /(\d{3} .*\r\n){2}/), /^250 2\.\d\.0 .*\r\n250 2\./);
    assert.match(await imap.ask("e NOOP", /e OK .*\r\n/), /\* 3 EXISTS/);
    assert.ok(!server.logs.some((line) => line.event === "driver.bug"), JSON.stringify(server.logs));
    await server.stop();
  });
}

Deno.test("a full disk: IMAP changes are answered NO and POP3's QUIT -ERR, and both connections live", async () => {
  const { server, trouble } = await troubledServer();
  await server.deliver(MESSAGE, "alice@example.test");
  const imap = server.connect("imap");
  await imap.ask("a LOGIN alice@example.test alice", "a OK");
  await imap.ask("b SELECT INBOX", /b OK .*\r\n/);
  const pop3 = server.connect("pop3");
  await pop3.ask("USER alice@example.test", /\+OK\r\n/);
  await pop3.ask("PASS alice", /\+OK 1 .*\r\n/);
  await pop3.ask("DELE 1", /\+OK.*\r\n/);

  trouble.fails = diskFull;
  for (const command of ["STORE 1 +FLAGS (\\Seen)", "COPY 1 Trash", "CREATE Full"]) {
    assert.match(await imap.ask(`c ${command}`, /c (NO|BAD|OK) .*\r\n/), /^c NO /, command);
  }
  assert.match(await pop3.ask("QUIT", /(-ERR|\+OK).*\r\n/), /^-ERR \[SYS\/TEMP\] /);
  trouble.fails = null;
  assert.match(await imap.ask("d STORE 1 +FLAGS (\\Seen)", /d (NO|BAD|OK) .*\r\n/), /d OK /);
  await server.stop();
});

Deno.test("SQLite that is full: mail is put off, what is there can be read and removed, and then there is room again", async () => {
  const dataDir = await Deno.makeTempDir({ prefix: "palomar-test-" });
  const storage = await openSqlite({ dataDir, limits: { databasePages: 600 } });
  const server = await testServer({ storage });
  const body = `${"x".repeat(76)}\r\n`.repeat(380); // small enough to live in the database
  let stored = 0;
  await assert.rejects(async () => {
    while (stored < 200) {
      await server.deliver(`Subject: ${stored}\n\n${body}`, "alice@example.test");
      stored++;
    }
  }, /452 4\.3\.1/);
  assert.ok(stored > 10, String(stored));
  const imap = server.connect("imap");
  await imap.ask("a LOGIN alice@example.test alice", /a OK .*\r\n/);
  assert.match(await imap.ask("b SELECT INBOX", /b OK .*\r\n/), new RegExp(`\\* ${stored} EXISTS`));
  assert.match(await imap.ask(`c FETCH ${stored} BODY.PEEK[TEXT]`, /c (OK|NO|BAD) .*\r\n/), /c OK /);
  assert.match(await imap.ask("d STORE 1:5 +FLAGS.SILENT (\\Deleted)", /d (OK|NO|BAD) .*\r\n/), /d OK /);
  assert.match(await imap.ask("e EXPUNGE", /e (OK|NO|BAD) .*\r\n/), /e OK /);
  await storage.reclaim(); // what nobody needs has one round of grace: it may be on its way to a client
  assert.ok(await storage.reclaim() > 0);
  await server.deliver(`Subject: again\n\n${body}`, "alice@example.test");
  assert.match(await imap.ask("f NOOP", /f OK .*\r\n/), new RegExp(`\\* ${stored - 4} EXISTS`));
  assert.ok(!server.logs.some(({ event }) => event === "driver.bug"));
  await server.stop();
  await Deno.remove(dataDir, { recursive: true });
});

Deno.test("a store that is away: SMTP 451, IMAP NO [UNAVAILABLE], POP3 -ERR [SYS/TEMP], and nothing of why", async () => {
  const { server, trouble } = await troubledServer();
  const smtp = server.connect("smtp");
  await smtp.ask("EHLO client.outside.test", /250 .*\r\n/);
  await smtp.ask("MAIL FROM:<carol@outside.test>", /250 .*\r\n/);
  const imap = server.connect("imap");
  await imap.ask("a LOGIN alice@example.test alice", "a OK");
  await imap.until("\r\n");
  const pop3 = server.connect("pop3");
  await pop3.until("\r\n");
  await pop3.ask("USER alice@example.test", /\+OK\r\n/);

  trouble.fails = () => new StorageError("unavailable", "connection to 10.1.2.3 refused");
  const said = [
    await smtp.ask("RCPT TO:<bob@example.test>", /\d{3} .*\r\n/),
    await imap.ask("b SELECT INBOX", /b (NO|BAD|OK) .*\r\n/),
    await pop3.ask("PASS alice", /(-ERR|\+OK).*\r\n/),
  ];
  assert.match(said[0]!, /^451 4\.3\.0 /);
  assert.match(said[1]!, /b NO \[UNAVAILABLE\] /);
  assert.match(said[2]!, /^-ERR \[SYS\/TEMP\] /);
  assert.ok(!said.join("").includes("10.1.2.3"));
  assert.ok(server.logs.some((line) => JSON.stringify(line.fields).includes("10.1.2.3")));
  trouble.fails = null;
  assert.match(await smtp.ask("RCPT TO:<bob@example.test>", /\d{3} .*\r\n/), /^250 /);
  await server.stop();
});

Deno.test("a bug behind one connection's question is said in general words, logged in full, and nobody else's", async () => {
  const { server, trouble } = await troubledServer();
  const bystander = server.connect("imap");
  await bystander.ask("a LOGIN bob@example.test bob", "a OK");
  const imap = server.connect("imap");
  await imap.ask("a LOGIN alice@example.test alice", /a OK .*\r\n/);
  trouble.fails = (op) => op === "mailbox.list" ? new TypeError("secrets of the house") : null;
  const said = await imap.ask('b LIST "" "*"', /b (NO|BAD|OK) .*\r\n/);
  assert.match(said, /b NO /);
  assert.ok(!said.includes("secrets"));
  assert.ok(server.logs.some((line) => String(line.fields["error"]).includes("secrets of the house")));
  await bystander.ask("b NOOP", "b OK");
  trouble.fails = null;
  await imap.ask('c LIST "" "*"', "c OK");
  await server.stop();
});

Deno.test("drive() ends the one connection whose machine throws, and logs why", async () => {
  await using server = await testServer();
  const good = server.connect("imap");
  await good.until("\r\n");
  const logged: unknown[] = [];
  const bomb: AnySession = {
    state: 0,
    machine: {
      step(state: number, input) {
        if (input.type === "bytes") throw new Error("a bug in a machine");
        return { state, effects: [] };
      },
      wantsBytes: () => true,
      deadline: () => null,
    },
  };
  const { server: end, client } = memoryPair();
  const info = { id: "s" as never, protocol: "imap", remotePort: 1, localPort: 1, tls: null } as const;
  const done = drive(bomb, end, {
    open: () => ({
      perform: () => {
        throw new Error("nobody asks");
      },
      bodyChunk() {},
      bodyAbort() {},
      readBlob: () => Promise.reject(new Error("nobody reads")),
      log: (event) => void logged.push(event),
      close() {},
    }),
  }, { ...info, remoteAddress: "192.0.2.1", localAddress: "192.0.2.2" });
  const connection = testConnection(client);
  connection.send("x\r\n");
  await done;
  assert.equal(await connection.end(), "");
  assert.match(JSON.stringify(logged), /driver\.bug.*a bug in a machine/);
  await good.ask("a NOOP", "a OK");
});

Deno.test("two deliveries that race for the last of a quota: one is stored, one is refused, none is lost or doubled", async () => {
  await using server = await testServer();
  const quota = { bytes: null, messages: 3 };
  await server.admin("PATCH", "/api/v1/accounts/alice@example.test", { quota });
  const results = await Promise.allSettled(
    Array.from({ length: 8 }, (_, n) => server.deliver(`Subject: ${n}\n\nx`, "alice@example.test")),
  );
  const stored = results.filter((result) => result.status === "fulfilled");
  assert.equal(stored.length, 3);
  for (const result of results) {
    if (result.status === "rejected") assert.match(String(result.reason), /452 4\.2\.2|552 5\.2\.2|422 4\.2\.2/);
  }
  const imap = server.connect("imap");
  await imap.ask("a LOGIN alice@example.test alice", "a OK");
  assert.match(await imap.ask("b STATUS INBOX (MESSAGES)", /b OK/), /MESSAGES 3\)/);
  const account = await (await server.admin("GET", "/api/v1/accounts/alice@example.test")).json();
  assert.equal(account.usage.messages, 3);
});

Deno.test("two IMAP sessions that race for the last of a quota: one APPEND is stored, one is NO [OVERQUOTA]", async () => {
  await using server = await testServer();
  await server.admin("PATCH", "/api/v1/accounts/alice@example.test", { quota: { bytes: null, messages: 1 } });
  const sessions = await Promise.all([0, 1].map(async () => {
    const imap = server.connect("imap");
    await imap.ask("a LOGIN alice@example.test alice", /a OK .*\r\n/);
    await imap.ask(`b APPEND INBOX {${MESSAGE.length}}`, /\+ .*\r\n/);
    return imap;
  }));
  const said = await Promise.all(sessions.map((imap) => imap.ask(MESSAGE, /b (NO|BAD|OK) .*\r\n/)));
  assert.deepEqual(said.map((text) => /b (OK|NO \[OVERQUOTA\])/.exec(text)?.[1]).sort(), ["NO [OVERQUOTA]", "OK"]);
});
