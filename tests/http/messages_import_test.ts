/** Messages into a mailbox and out of it, over the admin API. */
import assert from "node:assert/strict";
import { FRAMES_TYPE } from "../../src/archive/mod.ts";
import { type TestServer, testServer } from "../../src/server/test_server.ts";

const ACCOUNT = "/api/v1/accounts/alice@example.test";

async function post(server: TestServer, body: BodyInit, query = "mailbox=INBOX", type = FRAMES_TYPE) {
  const headers = { "content-type": type, authorization: "Bearer test-server-admin-token" };
  const request = new Request(`http://localhost${ACCOUNT}/messages?${query}`, { method: "POST", headers, body });
  const response = await server.server.fetch(request);
  return { status: response.status, json: await response.json() };
}

async function messages(server: TestServer, query: string): Promise<string> {
  const response = await server.admin("GET", `${ACCOUNT}/messages?${query}`);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), FRAMES_TYPE);
  return await response.text();
}

const frame = (head: Record<string, unknown>, text: string): string =>
  `${JSON.stringify({ size: new TextEncoder().encode(text).length, ...head })}\n${text}`;

Deno.test("messages come in as one stream, are there for IMAP, and go out as a stream that comes in elsewhere", async () => {
  await using server = await testServer();
  const body = frame({ uid: 7, internalDate: 1000, flags: ["\\Seen", "Work"], key: "k1", name: "one" }, "A: b\n\nx\n") +
    frame({ key: "k2" }, "A: c\r\n\r\ny\r\n");
  const { status, json } = await post(server, body);
  assert.deepEqual([status, json.results], [200, [{ uid: 7, lineEndsLost: false }, { uid: 8, lineEndsLost: false }]]);
  const imap = server.connect("imap");
  await imap.until("* OK");
  await imap.ask("a LOGIN alice@example.test alice", "a OK");
  await imap.ask("b SELECT INBOX", "b OK");
  const fetched = await imap.ask("c UID FETCH 7 (FLAGS INTERNALDATE BODY.PEEK[TEXT])", "c OK");
  assert.match(fetched, /\\Seen Work[^]* 1-Jan-1970 00:00:01 \+0000[^]*\{3\}\r\nx\r\n/);
  const out = await messages(server, "mailbox=INBOX");
  assert.deepEqual(out.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line)), [
    {
      size: 11,
      uid: 7,
      internalDate: 1000,
      flags: ["\\Seen", "Work"],
      imported: true,
      key: "k1",
      name: "one",
      lineEnds: "",
    },
    {
      size: 11,
      uid: 8,
      internalDate: JSON.parse(out.split("\n")[4]!).internalDate,
      flags: [],
      imported: true,
      key: "k2",
      name: "",
      lineEnds: "crlf",
    },
  ]);
  // The same stream again is known by its keys; into another account it goes whole.
  assert.deepEqual((await post(server, out)).json.results.map(({ uid }: { uid: unknown }) => uid), [null, null]);
  const known = await server.admin("POST", `${ACCOUNT}/messages/known`, { keys: ["k1", "k3", "k2"] });
  assert.deepEqual(await known.json(), { known: [true, false, true] });
  assert.match(await messages(server, "mailbox=INBOX&first=8&octets=no"), /^\{"size":0,"uid":8[^\n]*\n$/);
  assert.equal(await messages(server, "mailbox=INBOX&last=6"), "");
  assert.match(await messages(server, "mailbox=INBOX&since=1001"), /^\{"size":11,"uid":8/);
});

Deno.test("one message comes in as it is", async () => {
  await using server = await testServer();
  const { status, json } = await post(server, "Subject: one\n\nhello\n", "mailbox=Sent", "message/rfc822");
  assert.deepEqual([status, json.results.length, json.results[0].uid], [200, 1, 1]);
  assert.match(await messages(server, "mailbox=Sent"), /^\{[^\n]*\}\nSubject: one\r\n\r\nhello\r\n$/);
});

Deno.test("what is no such stream is refused with words, and nothing is stored", async () => {
  await using server = await testServer();
  const good = frame({}, "A: b\n\n");
  const cases: readonly (readonly [BodyInit, string, string, number, RegExp])[] = [
    ["hello\n", "mailbox=INBOX", FRAMES_TYPE, 422, /not JSON/],
    [good + '{"size":10}\nabc', "mailbox=INBOX", FRAMES_TYPE, 422, /ends within a message/],
    [good + good.slice(0, 5), "mailbox=INBOX", FRAMES_TYPE, 422, /ends within/],
    [good, "", FRAMES_TYPE, 422, /mailbox/],
    [good, "mailbox=Nowhere", FRAMES_TYPE, 404, /no mailbox Nowhere/],
    [good, "mailbox=Other Users/bob@example.test/INBOX", FRAMES_TYPE, 404, /no mailbox/],
    [good, "mailbox=INBOX", "application/json", 415, /message\/rfc822 or application\/vnd\.palomar\.messages/],
    [good, "mailbox=INBOX", "text/plain", 415, /Content-Type/],
    [good.repeat(1001), "mailbox=INBOX", FRAMES_TYPE, 413, /at most 1000/],
  ];
  for (const [body, query, type, expected, words] of cases) {
    const { status, json } = await post(server, body, query, type);
    assert.deepEqual([status, words.test(json.detail)], [expected, true], `${query} ${type}: ${JSON.stringify(json)}`);
  }
  assert.equal(await messages(server, "mailbox=INBOX"), "");
  const missing = await server.admin("GET", `${ACCOUNT}/messages?mailbox=Nowhere`);
  assert.equal(missing.status, 404);
});

Deno.test("a body that breaks off stores nothing", async () => {
  await using server = await testServer();
  const broken = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode(frame({}, "A: b\n\n") + '{"size":10}\nab'));
      controller.error(new Error("gone"));
    },
  });
  const { status } = await post(server, broken as unknown as BodyInit);
  assert.ok(status === 400 || status === 422, String(status));
  assert.equal(await messages(server, "mailbox=INBOX"), "");
});

Deno.test("mailboxes are listed, made, and take over what they were elsewhere", async () => {
  await using server = await testServer();
  const put = async (body: Record<string, unknown>) => {
    const response = await server.admin("PUT", `${ACCOUNT}/mailboxes`, body);
    return { status: response.status, json: await response.json() };
  };
  const made = await put({ mailbox: "Work/2024", subscribed: true, uidValidity: 1_700_000_000, uidNext: 9 });
  assert.equal(made.status, 200);
  const { uidValidity, uidNext, subscribed, adopted } = made.json;
  assert.deepEqual([uidValidity, uidNext, subscribed, adopted], [1_700_000_000, 9, true, true]);
  assert.equal((await put({ mailbox: "Work/2024", uidValidity: 1_800_000_000 })).json.adopted, false);
  assert.equal((await put({ mailbox: "Work", role: "sent" })).json.role, null); // Sent has it
  const { mailboxes } = await (await server.admin("GET", `${ACCOUNT}/mailboxes`)).json();
  assert.ok(mailboxes.some(({ mailbox }: { mailbox: string }) => mailbox === "Work/2024"));
  for (
    const [body, status] of [
      [{ mailbox: "a//b" }, 422],
      [{ mailbox: "a\u0001" }, 422],
      [{ mailbox: "Other Users/bob@example.test/X" }, 409],
      [{ mailbox: "Work", uidValidity: 0 }, 422],
      [{ mailbox: "Work", role: "inbox" }, 422],
    ] as const
  ) assert.equal((await put(body)).status, status, JSON.stringify(body));
});
