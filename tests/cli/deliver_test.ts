/** `palomar deliver`, as fetchmail and other mail servers call a delivery agent. */
import assert from "node:assert/strict";
import { latin1String, utf8Bytes } from "../../src/base/bytes.ts";
import { type Admin, adminOver } from "../../src/cli/admin.ts";
import { readDeliverArguments } from "../../src/cli/deliver_arguments.ts";
import { readDelivered } from "../../src/cli/sendmail/delivered_message.ts";
import { deliveryExit, worstOf } from "../../src/cli/sendmail/exit_codes.ts";
import { type TestServer, testServer } from "../../src/server/test_server.ts";
import { type Ended, runMain } from "./command_line.ts";

const HELD = { config: { outbound: { hold: true }, limits: { messageSize: "64KB" } } };
const TEXT = "From: zoe@there.example\nSubject: hi\n\nhello\n";

async function deliver(server: TestServer, line: string, stdin: string | Uint8Array = TEXT): Promise<Ended> {
  const openAdmin = (): Promise<Admin> =>
    Promise.resolve(adminOver(async (method, path, body) => {
      const type = typeof body === "string" ? "application/json" : "message/rfc822";
      const headers = {
        authorization: "Bearer test-server-admin-token",
        ...(body === null ? {} : { "content-type": type }),
      };
      const request = new Request(`http://localhost${path}`, { method, headers, body: body as BodyInit | null });
      const response = await server.server.fetch(request);
      return { status: response.status, text: await response.text() };
    }, { online: true, stream: () => Promise.reject(new Error("no streams here")), close: () => Promise.resolve() }));
  return await runMain(["deliver", ...line.split(" ").filter((word) => word !== "")], { stdin }, { openAdmin });
}

async function mailbox(server: TestServer, who = "alice", name = "INBOX"): Promise<string> {
  const imap = server.connect("imap");
  await imap.until("* OK");
  await imap.ask(`a LOGIN ${who}@example.test ${who}`, "a OK");
  await imap.ask(`b SELECT ${name}`, "b ");
  const text = await imap.ask("c FETCH 1:* BODY.PEEK[]", "c ");
  imap.close();
  return text;
}

async function script(server: TestServer, content: string): Promise<void> {
  const address = "alice@example.test";
  await server.storage.perform("sieve.put", { address, name: "main", content });
  await server.storage.perform("sieve.activate", { address, name: "main" });
}

const queued = (server: TestServer) => server.storage.perform("queue.list", { after: null, limit: 10 });

Deno.test("deliver puts the message on stdin into each mailbox, as it is", async () => {
  await using server = await testServer(HELD);
  const { code, out, err } = await deliver(
    server,
    "-f zoe@there.example -d alice@example.test -- bob <bob@example.test>",
  );
  assert.deepEqual([code, out, err], [0, "", ""]);
  const seen = await mailbox(server);
  assert.match(
    seen,
    /Return-Path: <zoe@there\.example>\r\nDelivered-To: alice@example\.test\r\nReceived: from localhost/,
  );
  assert.ok(seen.includes("\r\nFrom: zoe@there.example\r\nSubject: hi\r\n\r\nhello\r\n"));
  assert.equal((await mailbox(server, "bob")).split("hello").length, 2);
});

Deno.test("deliver runs the account's script", async () => {
  await using server = await testServer(HELD);
  await script(server, 'require ["fileinto", "mailbox"]; fileinto :create "Lists";');
  assert.equal((await deliver(server, "alice")).code, 0);
  assert.match(await mailbox(server, "alice", "Lists"), /hello/);
});

Deno.test("deliver ends with the codes of sysexits.h, and says why", async () => {
  await using server = await testServer(HELD);
  const unknown = await deliver(server, "nobody@example.test");
  assert.equal(unknown.code, 67);
  assert.match(unknown.err, /nobody@example\.test: 550 5\.1\.1 /);
  assert.equal((await deliver(server, "bob nobody")).code, 67);
  assert.match(await mailbox(server, "bob"), /hello/);
  assert.equal((await deliver(server, "zoe@there.example")).code, 77); // nothing is relayed
  assert.equal((await deliver(server, "")).code, 64);
  assert.equal((await deliver(server, "-x alice")).code, 64);
  assert.equal((await deliver(server, "alice", "")).code, 65);
  assert.equal((await deliver(server, "alice", "From a@b Mon\n")).code, 65);
  assert.equal((await deliver(server, "alice", "x".repeat(70_000))).code, 65);
  assert.equal((await deliver(server, "alice", "x\n".repeat(32_000))).code, 65); // larger with CRLF
  assert.equal((await deliver(server, "alice", "Received: x\n".repeat(500) + "\nx")).code, 77); // a loop
  const gone = await runMain(["deliver", "a"], {
    stdin: TEXT,
    env: { PALOMAR_STORAGE__DRIVER: "memory" },
    cwd: "/nonexistent",
  });
  assert.equal(gone.code, 75, gone.err);
});

Deno.test("deliver to a full mailbox is tried again later, to one that is too small never", async () => {
  await using server = await testServer(HELD);
  const quota = (bytes: number | null, messages: number | null) =>
    server.storage.perform("account.change", { address: "alice@example.test", quota: { bytes, messages } } as never);
  await quota(null, 0);
  assert.equal((await deliver(server, "alice")).code, 75);
  await quota(10, null);
  assert.equal((await deliver(server, "alice")).code, 69);
});

Deno.test("deliver -e tells a refusal, without it the sender is told", async () => {
  await using server = await testServer(HELD);
  await script(server, 'require "reject"; reject "Not this";');
  const refused = await deliver(server, "-e -f zoe@there.example alice bob");
  assert.equal(refused.code, 77);
  assert.match(refused.err, /alice@example\.test: 550 5\.7\.1 .*Not this/);
  assert.deepEqual(await queued(server), []);
  assert.match(await mailbox(server, "bob"), /hello/);
  const returned = await deliver(server, "-f zoe@there.example -a list@there.example alice");
  assert.deepEqual([returned.code, returned.err], [0, ""]);
  const [row] = await queued(server);
  assert.deepEqual([row!.recipient.forwardPath, row!.sender.reversePath, row!.recipient.orcpt], [
    "alice@example.test",
    "zoe@there.example",
    "rfc822;list@there.example",
  ]);
  // Nobody can be told: then the caller is.
  assert.equal((await deliver(server, "-f <> alice")).code, 77);
  assert.doesNotMatch(await mailbox(server), /hello/);
});

Deno.test("deliver takes hostile senders, addresses and octets for what they are", async () => {
  await using server = await testServer(HELD);
  for (const sender of ["a@b\r\nX: y", "@@", "a@" + "b".repeat(3000), "__proto__@@", "\u0000@x"]) {
    const args = ["-f", sender].concat("alice").join("\u0001");
    const call = readDeliverArguments(args.split("\u0001"));
    assert.ok(!("wrong" in call) && call.sender === sender);
  }
  assert.equal((await deliver(server, "-f @@ alice")).code, 0);
  assert.match(await mailbox(server), /Return-Path: <>\r\n/);
  assert.equal((await deliver(server, `${"a".repeat(5000)}@example.test a@b@c`)).code, 67);
  assert.equal((await deliver(server, "--proto alice")).code, 64);
  assert.equal((await deliver(server, "-d")).code, 64);
  assert.equal((await deliver(server, "x@example.test ".repeat(1001))).code, 64);
  const many = Array.from({ length: 300 }, (_, i) => `nobody${i}@example.test`).join(" ");
  assert.equal((await deliver(server, `${many} bob`)).code, 67);
  const octets = Uint8Array.from({ length: 3000 }, (_, i) => i % 256);
  assert.equal((await deliver(server, "bob", octets)).code, 0);
});

Deno.test("readDelivered() drops a From line and knows the sender by Return-Path before it", () => {
  const read = (text: string) => {
    const { message, sender } = readDelivered(utf8Bytes(text));
    return [latin1String(message), sender];
  };
  assert.deepEqual(read("From a@b Mon Jan 1\nSubject: x\n\nFrom c"), ["Subject: x\r\n\r\nFrom c\r\n", "a@b"]);
  assert.deepEqual(read(">From a@b Mon\nReturn-Path: <c@d>\n\n")[1], "c@d");
  assert.deepEqual(read("Return-Path: <>\n\n")[1], "");
  assert.deepEqual(read("From: a@b\n\nReturn-Path: <c@d>\n"), ["From: a@b\r\n\r\nReturn-Path: <c@d>\r\n", ""]);
  assert.equal(read("From " + "x".repeat(100_000))[0], "");
  assert.deepEqual(read(""), ["", ""]);
});

Deno.test("deliveryExit() and worstOf(): what may still succeed decides", () => {
  const table: readonly [string, number][] = [
    ["550 5.1.1 x", 67],
    ["550 5.2.1 x", 67],
    ["452 4.2.2 x", 75],
    ["552 5.2.2 x", 69],
    ["552 5.3.4 x", 65],
    ["554 5.6.0 x", 65],
    ["550 5.7.1 x", 77],
    ["nonsense", 75],
  ];
  for (const [reply, code] of table) assert.equal(deliveryExit(reply), code, reply);
  assert.equal(worstOf([0, 67, 75, 77]), 75);
  assert.equal(worstOf([0, 65, 67, 77, 69]), 77);
  assert.equal(worstOf([0, 64]), 64);
  assert.equal(worstOf([]), 0);
});
