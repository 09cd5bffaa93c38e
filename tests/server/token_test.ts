import assert from "node:assert/strict";
import { type TestServer, testServer } from "../../mod.ts";

const ALICE = "alice@example.test";
const base64 = (text: string) => btoa(text);

async function token(
  server: TestServer,
  address: string,
  more: object = {},
): Promise<{ token: string; tokenId: string }> {
  const response = await server.admin("POST", `/api/v1/accounts/${encodeURIComponent(address)}/tokens`, {
    name: "test",
    ...more,
  });
  assert.equal(response.status, 201);
  return await response.json();
}

async function imap(server: TestServer, ...lines: readonly string[]): Promise<string> {
  const connection = server.connect("imap");
  await connection.until("\r\n");
  let said = "";
  for (const line of lines) said = await connection.ask(line, /(\+ .*|a (OK|NO|BAD).*)\r\n/);
  connection.close();
  return said;
}

const oauthBearer = (user: string, secret: string) =>
  `a AUTHENTICATE OAUTHBEARER ${
    base64(`n,${user === "" ? "" : `a=${user}`},\x01host=x\x01auth=Bearer ${secret}\x01\x01`)
  }`;
const xoauth2 = (user: string, secret: string) =>
  `a AUTHENTICATE XOAUTH2 ${base64(`user=${user}\x01auth=Bearer ${secret}\x01\x01`)}`;

Deno.test("a token lets its account in: as a password, by OAUTHBEARER and by XOAUTH2, in every protocol", async () => {
  await using server = await testServer();
  const { token: secret } = await token(server, ALICE);
  assert.match(secret, /^palomar_[A-Za-z0-9_-]{32}$/);
  assert.match(await imap(server, `a LOGIN ${ALICE} ${secret}`), /a OK/);
  assert.match(await imap(server, `a AUTHENTICATE PLAIN ${base64(`\0${ALICE}\0${secret}`)}`), /a OK/);
  assert.match(await imap(server, oauthBearer(ALICE, secret)), /a OK/);
  assert.match(await imap(server, oauthBearer("", secret)), /a OK/); // RFC 7628: whose token it is
  assert.match(await imap(server, xoauth2(ALICE, secret)), /a OK/);
  const pop3 = server.connect("pop3");
  await pop3.until("\r\n");
  assert.match(await pop3.ask(xoauth2(ALICE, secret).replace("a AUTHENTICATE", "AUTH")), /^\+OK/);
  const submission = server.connect("submission");
  await submission.ask("EHLO client.example.test", /250 .*\r\n/);
  assert.match(await submission.ask(oauthBearer(ALICE, secret).replace("a AUTHENTICATE", "AUTH")), /^235/m);
  assert.ok(!JSON.stringify(server.logs).includes(secret));
});

Deno.test("a token of somebody else, a wrong, an expired and a removed one let nobody in", async () => {
  await using server = await testServer();
  const bob = await token(server, "bob@example.test");
  const alice = await token(server, ALICE);
  const { token: short } = await token(server, ALICE, {
    expiresAt: new Date(server.clock.wall() + 60_000).toISOString(),
  });
  const refused = async (secret: string): Promise<void> => {
    assert.match(await imap(server, `a LOGIN ${ALICE} ${secret}`), /a NO \[AUTHENTICATIONFAILED\]/);
    // RFC 7628 section 3.2.3: the reason as a challenge, then an answer of no meaning.
    const challenge = await imap(server, oauthBearer(ALICE, secret));
    assert.equal(JSON.parse(atob(challenge.trim().split("+ ").at(-1)!)).status, "invalid_token");
    assert.match(await imap(server, oauthBearer(ALICE, secret), "AQ=="), /a NO \[AUTHENTICATIONFAILED\]/);
    assert.match(await imap(server, xoauth2(ALICE, secret), ""), /a NO \[AUTHENTICATIONFAILED\]/);
    await server.clock.advance(4 * 3_600_000); // failures are forgotten
  };
  assert.match(await imap(server, `a LOGIN ${ALICE} ${short}`), /a OK/);
  await refused(bob.token);
  await refused(alice.token.slice(0, -1));
  await refused(short);
  assert.match(await imap(server, `a LOGIN ${ALICE} ${alice.token}`), /a OK/);
  const removed = await server.admin("DELETE", `/api/v1/accounts/${encodeURIComponent(ALICE)}/tokens/${alice.tokenId}`);
  assert.equal(removed.status, 204);
  await refused(alice.token);
});

Deno.test("a token for one door is a wrong password at every other", async () => {
  await using server = await testServer();
  const doors = ["imap", "pop3", "submission", "sieve", "jmap"] as const;
  const opened = async (door: typeof doors[number], secret: string): Promise<[boolean, boolean]> => {
    const plain = base64(`\0${ALICE}\0${secret}`);
    const bearer = oauthBearer(ALICE, secret).slice("a AUTHENTICATE OAUTHBEARER ".length);
    if (door === "jmap") {
      const ask = async (authorization: string): Promise<boolean> => {
        const response = await server.server.fetch(
          new Request("http://localhost/jmap/session", { headers: { authorization } }),
        );
        await response.body?.cancel();
        assert.ok(response.status === 200 || response.status === 401);
        return response.status === 200;
      };
      return [await ask(`Basic ${base64(`${ALICE}:${secret}`)}`), await ask(`Bearer ${secret}`)];
    }
    const session = async (mechanism: string, message: string): Promise<boolean> => {
      const connection = server.connect(door === "sieve" ? "managesieve" : door);
      if (door === "submission") await connection.ask("EHLO client.example.test", /250 .*\r\n/);
      else await connection.until(door === "sieve" ? /^OK.*\r\n/m : "\r\n");
      const line = door === "sieve"
        ? `AUTHENTICATE "${mechanism}" "${message}"`
        : door === "imap"
        ? `a AUTHENTICATE ${mechanism} ${message}`
        : `AUTH ${mechanism} ${message}`;
      const said = await connection.ask(line, /\r\n/);
      connection.close();
      const good = /^(a OK|\+OK|235|OK)/m.test(said);
      assert.ok(good || /^(a NO|-ERR|535|NO|\+ |334 |"|\{)/m.test(said), said);
      return good;
    };
    return [await session("PLAIN", plain), await session("OAUTHBEARER", bearer)];
  };
  for (const door of doors) {
    const right = await token(server, ALICE, { scopes: [door] });
    const wrong = await token(server, ALICE, { scopes: [...doors.filter((one) => one !== door), "admin"] });
    assert.deepEqual(await opened(door, wrong.token), [false, false], door);
    await server.clock.advance(4 * 3_600_000);
    assert.deepEqual(await opened(door, right.token), [true, true], door);
  }
  const path = `/api/v1/accounts/${encodeURIComponent(ALICE)}/tokens`;
  const { tokens } = await (await server.admin("GET", path)).json() as {
    tokens: readonly { lastUsedAt: string | null; lastUsedFrom: string | null }[];
  };
  assert.deepEqual(tokens.map(({ lastUsedAt }) => lastUsedAt !== null), doors.flatMap(() => [true, false]));
  assert.equal(typeof tokens[0]?.lastUsedFrom, "string");
});

Deno.test("broken bearer messages are refused without a question", async () => {
  await using server = await testServer();
  const messages = [
    "",
    "n,,",
    "n,,\x01auth=Bearer x\x01",
    "p=tls,,\x01auth=Bearer x\x01\x01",
    "n,a=b=c,\x01auth=Bearer x\x01\x01",
    "n,,\x01auth=Basic x\x01\x01",
    "n,,\x01auth=Bearer x y\x01\x01",
    "n,,\x01host=x\x01\x01",
  ];
  for (const message of messages) {
    const said = await imap(server, `a AUTHENTICATE OAUTHBEARER ${message === "" ? "=" : base64(message)}`);
    assert.match(said, /a NO \[AUTHENTICATIONFAILED\]/, JSON.stringify(message));
  }
  assert.match(await imap(server, `a AUTHENTICATE XOAUTH2 ${base64("user=\x01auth=Bearer x\x01\x01")}`), /a NO/);
});
