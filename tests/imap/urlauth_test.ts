import assert from "node:assert/strict";
import { latin1Bytes } from "../../src/base/bytes.ts";
import { type Client, House } from "./house.ts";
import { fixture } from "./transcript.ts";

const BASE = "imap://user%40example.org@imap.example.org";
const MESSAGE = "Subject: secret\r\n\r\nthe words\r\n";

async function open(): Promise<{ house: House; client: Client }> {
  const house = await House.build();
  await house.give([{ path: "INBOX", octets: latin1Bytes(MESSAGE) }]);
  const client = house.connect();
  await client.command("LOGIN user secret");
  return { house, client };
}

async function sign(client: Client, rump: string): Promise<string> {
  const received = await client.command(`GENURLAUTH "${rump}" INTERNAL`);
  const url = /^\* GENURLAUTH "([^"]+)"\r\nt OK/.exec(received)?.[1];
  assert.ok(url, received);
  assert.ok(url.startsWith(`${rump}:internal:`));
  return url;
}

async function fetched(client: Client, url: string): Promise<string> {
  const received = await client.command(`URLFETCH "${url}"`);
  const start = `* URLFETCH ${url} `;
  assert.ok(received.startsWith(start) || received.startsWith(`* URLFETCH "${url}" `), received);
  assert.match(received, /t OK [^\r\n]*\r\n$/);
  return received.slice(received.indexOf(url) + url.length, received.lastIndexOf("t OK")).replace(/^"? /, "");
}

Deno.test("GENURLAUTH makes URLs with which whoever is meant reads just that (RFC 4467)", async () => {
  const { house, client } = await open();
  const whole = await sign(client, `${BASE}/INBOX/;UID=1;URLAUTH=anonymous`);
  assert.equal(await fetched(client, whole), `{${MESSAGE.length}}\r\n${MESSAGE}\r\n`);
  const part = await sign(client, `${BASE}/INBOX;UIDVALIDITY=1/;UID=1/;SECTION=TEXT/;PARTIAL=4.5;URLAUTH=authuser`);
  assert.equal(await fetched(client, part), "{5}\r\nwords\r\n");
  const field = await sign(
    client,
    `${BASE}/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20(subject);URLAUTH=user+User%40example.org`,
  );
  assert.equal(await fetched(client, field), "{19}\r\nSubject: secret\r\n\r\n\r\n");
  await house.close();
});

Deno.test("URLFETCH gives NIL for everything it may not tell", async () => {
  const { house, client } = await open();
  const good = await sign(client, `${BASE}/INBOX/;UID=1;URLAUTH=anonymous`);
  const last = good.at(-1) === "0" ? "1" : "0";
  const bad = [
    good.slice(0, -1) + last,
    good.slice(0, -2),
    good.replace("UID=1", "UID=2"),
    good.replace("anonymous", "authuser"),
    good.replace("INBOX", "Nowhere"),
    good.replace("user%40example.org", "nobody%40example.org"),
    good.replace("imap.example.org", "imap.example.net"),
    good.replace(":internal:", ":other:"),
    `${BASE}/INBOX/;UID=1;URLAUTH=anonymous`,
    `${BASE}/INBOX/;UID=1`,
    "/INBOX/;UID=1",
    await sign(client, `${BASE}/INBOX/;UID=7;URLAUTH=anonymous`),
    await sign(client, `${BASE}/INBOX/;UID=1/;SECTION=3;URLAUTH=anonymous`),
    await sign(client, `${BASE}/INBOX;UIDVALIDITY=99/;UID=1;URLAUTH=anonymous`),
    await sign(client, `${BASE}/INBOX/;UID=1;URLAUTH=user+bob`),
    await sign(client, `${BASE}/INBOX/;UID=1;URLAUTH=submit+bob`),
    await sign(client, `${BASE}/INBOX/;UID=1;EXPIRE=2025-12-31T23:59:59Z;URLAUTH=anonymous`),
  ];
  for (const url of bad) assert.equal(await fetched(client, url), "NIL\r\n", url);
  const later = await sign(client, `${BASE}/INBOX/;UID=1;EXPIRE=2036-12-31T23:59:59Z;URLAUTH=anonymous`);
  assert.match(await fetched(client, later), /^\{/);
  await house.close();
});

Deno.test("RESETKEY ends what was authorized, of one mailbox or of all", async () => {
  const { house, client } = await open();
  await client.command("CREATE Other");
  await client.command("APPEND Other {2+}\r\nhi");
  const inbox = await sign(client, `${BASE}/INBOX/;UID=1;URLAUTH=anonymous`);
  const other = await sign(client, `${BASE}/Other/;UID=1;URLAUTH=anonymous`);
  assert.match(await client.command("RESETKEY Other INTERNAL"), /^t OK \[URLMECH INTERNAL\]/);
  assert.equal(await fetched(client, other), "NIL\r\n");
  assert.match(await fetched(client, inbox), /^\{/);
  assert.match(await client.command("RESETKEY"), /^t OK/);
  assert.equal(await fetched(client, inbox), "NIL\r\n");
  assert.match(await client.command("RESETKEY Nowhere"), /^t NO \[NONEXISTENT\]/);
  // A new key makes new URLs; the old ones stay dead.
  assert.notEqual(await sign(client, `${BASE}/INBOX/;UID=1;URLAUTH=anonymous`), inbox);
  assert.equal(await fetched(client, inbox), "NIL\r\n");
  await house.close();
});

Deno.test("GENURLAUTH vouches only for one's own messages on this server", async () => {
  const { house, client } = await open();
  const refused = [
    `imap://bob%40example.org@imap.example.org/INBOX/;UID=1;URLAUTH=anonymous`,
    `imap://user%40example.org@imap.example.net/INBOX/;UID=1;URLAUTH=anonymous`,
    `imap://imap.example.org/INBOX/;UID=1;URLAUTH=anonymous`,
    `${BASE}/Nowhere/;UID=1;URLAUTH=anonymous`,
    `${BASE}/INBOX/;UID=1`,
    `/INBOX/;UID=1;URLAUTH=anonymous`,
    "nonsense",
    await sign(client, `${BASE}/INBOX/;UID=1;URLAUTH=anonymous`),
  ];
  for (const rump of refused) {
    assert.match(await client.command(`GENURLAUTH "${rump}" INTERNAL`), /^t NO \[BADURL /, rump);
  }
  assert.match(await client.command(`GENURLAUTH "x" OTHER`), /^t NO \[URLMECH INTERNAL\]/);
  assert.match(await client.command(`GENURLAUTH "x"`), /^t BAD/);
  assert.match(await client.command(`URLFETCH${' "x"'.repeat(101)}`), /^t BAD/);
  await house.close();
});

Deno.test("URLFETCH tells a part decoded and its structure, where it is asked for (RFC 5524)", async () => {
  const house = await House.build();
  await house.give([{ path: "INBOX", octets: fixture("encoded") }]);
  const client = house.connect();
  await client.command("LOGIN user secret");
  const fetch = async (section: string, params: string): Promise<string> => {
    const url = await sign(client, `${BASE}/INBOX/;UID=1${section};URLAUTH=anonymous`);
    const received = await client.command(`URLFETCH ("${url}"${params})`);
    assert.match(received, /^\* URLFETCH /);
    return received.slice(received.indexOf(url) + url.length, received.lastIndexOf("t OK")).replace(/^"? /, "");
  };
  const two = "/;SECTION=2";
  assert.equal(await fetch(two, " BODY"), "(BODY {8}\r\nYWIAY2RY)\r\n");
  assert.equal(await fetch(two, " BINARY"), "(BINARY ~{6}\r\nab\0cdX)\r\n");
  assert.equal(
    await fetch("/;SECTION=3", " BODYPARTSTRUCTURE BINARY"),
    '(BODYPARTSTRUCTURE ("text" "plain" NIL NIL NIL "binary" 10 0 NIL NIL NIL NIL)) (BINARY {10}\r\nplain text)\r\n',
  );
  assert.match(
    await fetch("/;SECTION=2.MIME", " BINARY BODYPARTSTRUCTURE"),
    /^\(BINARY \{\d+\}\r\nContent-Type[^]*\r\n\r\n\) \(BODYPARTSTRUCTURE NIL\)\r\n$/,
  );
  assert.match(await fetch("", " BODYPARTSTRUCTURE"), /^\(BODYPARTSTRUCTURE \(\(.*"mixed".*\)\)\r\n$/);
  assert.equal(await fetch(two, ""), "{8}\r\nYWIAY2RY\r\n");
  // Nobody knows the encoding of part 5, and there is no part 9.
  assert.equal(
    await fetch("/;SECTION=5", " BODYPARTSTRUCTURE BINARY"),
    '(BODYPARTSTRUCTURE ("application" "octet-stream" NIL NIL NIL "x-uuencode" 5 NIL NIL NIL NIL)) (BINARY NIL)\r\n',
  );
  assert.match(await fetch("/;SECTION=3", " BODYPARTSTRUCTURE"), /"base64" 18 2 /);
  assert.equal(await fetch("/;SECTION=9", " BODY"), "NIL\r\n");
  for (const bad of ['("x" BODY BINARY)', '("x" OTHER)', '("x" BODY', "()", '("x"BODY)']) {
    assert.match(await client.command(`URLFETCH ${bad}`), /^t BAD/, bad);
  }
  await house.close();
  assert.deepEqual(house.bugs, []);
});
