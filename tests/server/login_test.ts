import assert from "node:assert/strict";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { setImmediate } from "node:timers";
import { decodeBase64, encodeBase64 } from "../../src/base/base64.ts";
import { utf8Bytes } from "../../src/base/bytes.ts";
import { type TestServer, testServer } from "../../src/server/test_server.ts";
import type { Protocol } from "../../src/contract/mod.ts";
import type { TestConnection } from "../../src/server/test_connection.ts";

const base64 = (text: string): string => encodeBase64(utf8Bytes(text));

/** A login at a new connection; the connection stays. */
function attempt(server: TestServer, password: string, remoteAddress: string, user = "alice@example.test") {
  const imap = server.connect("imap", { remoteAddress });
  return { imap, answer: imap.ask(`a LOGIN ${user} "${password}"`, /a (OK|NO) .*\r\n/) };
}

/** Moves the clock until the promise has its answer; how much had to pass, in steps of half a second. */
async function waited(server: TestServer, answer: Promise<string>): Promise<{ text: string; ms: number }> {
  const { clock } = server;
  const others = clock.sleeping;
  let text: string | null = null;
  void answer.then((came) => text = came);
  const began = clock.monotonic();
  while (text === null) {
    // Hashing runs on other threads, in its own time: the clock moves only while somebody sleeps.
    if (clock.sleeping > others) await clock.advance(500);
    else await new Promise<void>((resolve) => void setImmediate(() => resolve()));
  }
  return { text, ms: clock.monotonic() - began };
}

Deno.test("wrong passwords of one address wait longer each time and are turned away in the end", async () => {
  await using server = await testServer();
  const waits: number[] = [];
  let said = "";
  while (!said.includes("Too many")) {
    const { imap, answer } = attempt(server, `wrong ${waits.length}`, "198.51.100.7");
    const { text, ms } = await waited(server, answer);
    waits.push(ms);
    said = text;
    imap.close();
    assert.ok(waits.length < 40, String(waits));
  }
  const refused = waits.pop();
  assert.equal(refused, 0); // a client that is turned away is not kept
  assert.deepEqual(waits.slice(0, 4), [0, 0, 0, 500]);
  assert.deepEqual(waits, waits.toSorted((a, b) => a - b));
  assert.equal(waits.at(-1), 15_000);
  assert.ok(waits.length >= 20);
  // Not even the right password helps there now; from elsewhere it does.
  assert.match((await waited(server, attempt(server, "alice", "198.51.100.7").answer)).text, /Too many/);
  assert.match((await waited(server, attempt(server, "alice", "203.0.113.9").answer)).text, /a OK/);
});

Deno.test("the owner logs in at once from an address that is known, while others guess", async () => {
  await using server = await testServer();
  const first = attempt(server, "alice", "192.0.2.10");
  assert.match(await first.answer, /a OK/);
  for (let n = 0; n < 40; n++) {
    const { imap, answer } = attempt(server, `guess ${n}`, `198.51.100.${n + 1}`);
    await waited(server, answer);
    imap.close();
  }
  const again = await waited(server, attempt(server, "alice", "192.0.2.10").answer);
  assert.match(again.text, /a OK/);
  assert.equal(again.ms, 0);
  // From elsewhere the owner waits a little and is not locked out.
  const elsewhere = await waited(server, attempt(server, "alice", "203.0.113.99").answer);
  assert.match(elsewhere.text, /a OK/);
  assert.ok(elsewhere.ms <= 3_250, String(elsewhere.ms));
});

Deno.test("guesses made all at once are worth no more than one after the other", async () => {
  await using server = await testServer();
  const burst = Array.from(
    { length: 60 },
    (_, n) => attempt(server, n === 59 ? "alice" : `guess ${n}`, "198.51.100.7"),
  );
  const said = await Promise.all(burst.map(({ answer }) => answer));
  assert.equal(said.filter((text) => text.includes("AUTHENTICATIONFAILED")).length, 20);
  assert.equal(said.filter((text) => text.includes("Too many")).length, 40);
});

Deno.test("failures are forgotten with time", async () => {
  await using server = await testServer();
  for (let n = 0; n < 8; n++) await waited(server, attempt(server, "wrong", "198.51.100.7").answer);
  await server.clock.advance(4 * 3_600_000);
  assert.equal((await waited(server, attempt(server, "alice", "198.51.100.7").answer)).ms, 0);
});

Deno.test("an unknown user hears the words of a wrong password", async () => {
  await using server = await testServer();
  const known = await attempt(server, "wrong", "198.51.100.1").answer;
  const unknown = await attempt(server, "wrong", "198.51.100.2", "nobody@example.test").answer;
  assert.equal(known, unknown);
});

async function loggedIn(server: TestServer): Promise<readonly TestConnection[]> {
  const imap = server.connect("imap");
  await imap.ask("a LOGIN alice@example.test alice", "a OK");
  await imap.ask("b IDLE", "+ ");
  const pop3 = server.connect("pop3");
  await pop3.ask("USER alice@example.test", "+OK");
  await pop3.ask("PASS alice", "+OK 0");
  const submission = server.connect("submission");
  await submission.ask("EHLO client.example.test", /250 .*\r\n/);
  await submission.ask(`AUTH PLAIN ${base64("\0alice@example.test\0alice")}`, "235 ");
  return [imap, pop3, submission];
}

for (
  const [what, method, path, body] of [
    ["a changed password", "PUT", "/api/v1/accounts/alice@example.test/password", { password: "another one" }],
    ["disabling the account", "PATCH", "/api/v1/accounts/alice@example.test", { disabled: true }],
    ["removing the account", "DELETE", "/api/v1/accounts/alice@example.test", undefined],
  ] as const
) {
  Deno.test(`${what} ends the account's sessions in every protocol, and nobody else's`, async () => {
    await using server = await testServer();
    const bob = server.connect("imap");
    await bob.ask("a LOGIN bob@example.test bob", "a OK");
    const sessions = await loggedIn(server);
    const response = await server.admin(method, path, body);
    assert.ok(response.ok, String(response.status));
    await Promise.all(sessions.map((session) => session.end()));
    await bob.ask("b NOOP", "b OK");
    const { text } = await waited(server, attempt(server, "alice", "192.0.2.55").answer);
    assert.match(text, /a NO/);
  });
}

/** RFC 5802, the client's side: the final message for what the server said first. */
function scramFinal(clientFirstBare: string, serverFirst: string, password: string): string {
  const parts = new Map(serverFirst.split(",").map((part) => [part[0], part.slice(2)]));
  const salted = pbkdf2Sync(password, decodeBase64(parts.get("s")!)!, Number(parts.get("i")), 32, "sha256");
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();
  const withoutProof = `c=biws,r=${parts.get("r")}`;
  const signature = createHmac("sha256", createHash("sha256").update(clientKey).digest())
    .update(`${clientFirstBare},${serverFirst},${withoutProof}`).digest();
  return `${withoutProof},p=${encodeBase64(clientKey.map((octet, i) => octet ^ signature[i]!))}`;
}

/** Every way in, right and wrong. Each answers what the server said last. */
const WAYS: readonly [
  string,
  Protocol,
  (c: TestConnection, user: string, password: string) => Promise<string>,
][] = [
  ["IMAP LOGIN", "imap", (c, user, password) => c.ask(`a LOGIN ${user} "${password}"`, /a \w+ .*\r\n/)],
  ["IMAP LOGIN with literals", "imap", async (c, user, password) => {
    await c.ask(`a LOGIN {${user.length}}`, "+ ");
    await c.ask(`${user} {${password.length}}`, "+ ");
    return await c.ask(password, /a \w+ .*\r\n/);
  }],
  ["IMAP AUTHENTICATE PLAIN", "imap", async (c, user, password) => {
    await c.ask("a AUTHENTICATE PLAIN", /\+ ?\r\n/);
    return await c.ask(base64(`\0${user}\0${password}`), /a \w+ .*\r\n/);
  }],
  ["IMAP AUTHENTICATE SCRAM-SHA-256", "imap", async (c, user, password) => {
    const bare = `n=${user},r=clientnonce`;
    const challenge = await c.ask(`a AUTHENTICATE SCRAM-SHA-256 ${base64(`n,,${bare}`)}`, /\+ (\S+)\r\n/);
    const first = new TextDecoder().decode(decodeBase64(challenge.trim().split("+ ").at(-1)!)!);
    const final = await c.ask(base64(scramFinal(bare, first, password)), /(\+ .*|a \w+ .*)\r\n/);
    return /(^|\n)\+/.test(final) ? await c.ask("", /a \w+ .*\r\n/) : final;
  }],
  ["POP3 USER and PASS", "pop3", async (c, user, password) => {
    await c.until("\r\n");
    await c.ask(`USER ${user}`);
    return await c.ask(`PASS ${password}`);
  }],
  ["POP3 AUTH PLAIN", "pop3", async (c, user, password) => {
    await c.until("\r\n");
    return await c.ask(`AUTH PLAIN ${base64(`\0${user}\0${password}`)}`);
  }],
  ["ManageSieve AUTHENTICATE PLAIN", "managesieve", async (c, user, password) => {
    await c.until(`OK "ManageSieve ready"\r\n`);
    return await c.ask(`AUTHENTICATE "PLAIN" "${base64(`\0${user}\0${password}`)}"`);
  }],
  ["submission AUTH PLAIN", "submission", async (c, user, password) => {
    await c.ask("EHLO client.example.test", /250 .*\r\n/);
    return await c.ask(`AUTH PLAIN ${base64(`\0${user}\0${password}`)}`);
  }],
  ["submission AUTH LOGIN", "submission", async (c, user, password) => {
    await c.ask("EHLO client.example.test", /250 .*\r\n/);
    await c.ask("AUTH LOGIN", /334 .*\r\n/);
    await c.ask(base64(user), /334 .*\r\n/);
    return await c.ask(base64(password));
  }],
];

Deno.test("no line of the log holds a password, or what could be one, however it was sent", async () => {
  const right = "Correct-Horse";
  const wrong = "Battery-Staple";
  await using server = await testServer({ accounts: [{ name: "carol", password: right }] });
  for (const [what, protocol, login] of WAYS) {
    for (const [password, good] of [[right, true], [wrong, false]] as const) {
      const from = `198.51.100.${WAYS.findIndex(([name]) => name === what) * 2 + Number(good)}`;
      const connection = server.connect(protocol, { remoteAddress: from });
      const said = (await waited(server, login(connection, "carol@example.test", password))).text;
      assert.equal(/(^|\n)(a OK|\+OK|235 |OK "Logged in")/.test(said), good, `${what}: ${said}`);
      connection.close();
    }
  }
  // Where a person types a password in the wrong place.
  const smtp = server.connect("submission");
  await smtp.ask("EHLO client.example.test", /250 .*\r\n/);
  await smtp.ask("AUTH LOGIN", /334 .*\r\n/);
  await smtp.ask(right, /5\d\d .*\r\n/);
  await smtp.ask(base64(right), /5\d\d .*\r\n/);
  const imap = server.connect("imap");
  await imap.ask(`a LOGIN carol@example.test ${right} ${right}`, "a BAD");
  await imap.ask(`${right}`, /BAD .*\r\n/);
  const pop3 = server.connect("pop3");
  await pop3.until("\r\n");
  await pop3.ask(`PASS ${right}`);
  await pop3.ask(`${right} x`);
  await server.admin("PUT", "/api/v1/accounts/carol@example.test/password", { password: wrong });

  const log = JSON.stringify(server.logs);
  assert.ok(server.logs.length > 30);
  for (const password of [right, wrong]) {
    for (const form of [password, base64(password), base64(`\0carol@example.test\0${password}`)]) {
      const at = log.toLowerCase().indexOf(form.toLowerCase());
      assert.equal(at, -1, `${form}: ${log.slice(Math.max(0, at - 300), at + 50)}`);
    }
  }
});
