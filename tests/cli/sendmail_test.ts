/** `palomar sendmail`, as programs call it that know sendmail(8). */
import assert from "node:assert/strict";
import { latin1String, utf8Bytes } from "../../src/base/bytes.ts";
import { type Admin, adminOver } from "../../src/cli/admin.ts";
import { readSendmailArguments } from "../../src/cli/sendmail/arguments.ts";
import { exitOf } from "../../src/cli/sendmail/exit_codes.ts";
import { completed, qualified, readInput, recipientsOf } from "../../src/cli/sendmail/message.ts";
import { type TestServer, testServer } from "../../src/server/test_server.ts";
import { type Ended, runMain, type Terminal } from "./command_line.ts";

/** Nothing goes out, so that it can be seen. */
const HELD = { config: { outbound: { hold: true } } };
const TOKEN = "test-server-admin-token";

function overServer(server: TestServer): () => Promise<Admin> {
  return () =>
    Promise.resolve(adminOver(async (method, path, body) => {
      const type = typeof body === "string" ? "application/json" : "message/rfc822";
      const headers = { authorization: `Bearer ${TOKEN}`, ...(body === null ? {} : { "content-type": type }) };
      const request = new Request(`http://localhost${path}`, { method, headers, body: body as BodyInit | null });
      const response = await server.server.fetch(request);
      return { status: response.status, text: await response.text() };
    }, { online: true, stream: () => Promise.reject(new Error("no streams here")), close: () => Promise.resolve() }));
}

async function sendmail(server: TestServer, line: string, stdin: string, more: Terminal = {}): Promise<Ended> {
  const args = ["sendmail", ...line.split(" ").filter((word) => word !== "")];
  return await runMain(args, { stdin, env: { LOGNAME: "root" }, ...more }, { openAdmin: overServer(server) });
}

async function inbox(server: TestServer, who = "alice"): Promise<string> {
  const imap = server.connect("imap");
  await imap.until("* OK");
  await imap.ask(`a LOGIN ${who}@example.test ${who}`, "a OK");
  await imap.ask("b SELECT INBOX", "b OK");
  const text = await imap.ask("c FETCH 1:* BODY.PEEK[]", "c OK");
  imap.close();
  return text;
}

const queued = async (server: TestServer) => (await server.storage.perform("queue.list", { after: null, limit: 10 }));

Deno.test("sendmail -t delivers to To, Cc and Bcc, takes Bcc out, and adds what is missing", async () => {
  await using server = await testServer(HELD);
  const text = "To: Alice <alice@example.test>\nCc: bob\nBcc: zoe@there.example\nSubject: hi\n\nhello\n";
  const { code, err } = await sendmail(server, "-oi -t", text);
  assert.deepEqual([code, err], [0, ""]);
  const seen = await inbox(server);
  assert.match(seen, /Return-Path: <root@example\.test>\r\n/);
  assert.match(seen, /\r\nDate: .*\r\nMessage-ID: <.*@mail\.example\.test>\r\nFrom: root@example\.test\r\nTo: Alice/);
  assert.match(seen, /\r\nCc: bob@example\.test\r\nSubject: hi\r\n\r\nhello\r\n/);
  assert.ok(!seen.includes("zoe"));
  assert.equal(await inbox(server, "bob").then((all) => all.includes("hello")), true);
  const [row] = await queued(server);
  assert.deepEqual([row!.recipient.forwardPath, row!.sender.reversePath], ["zoe@there.example", "root@example.test"]);
});

Deno.test("sendmail takes recipients, sender, name and wishes about reports from its options", async () => {
  await using server = await testServer(HELD);
  const line = "-i -f ann@else.example -FAnn -N success,delay -R hdrs -V q7 -- zoe@there.example bob";
  assert.equal((await sendmail(server, line, "just text\n.\nmore")).code, 0);
  const [row] = await queued(server);
  assert.deepEqual(row!.recipient.notify, ["success", "delay"]);
  assert.deepEqual([row!.sender.reversePath, row!.sender.ret, row!.sender.envid], [
    "ann@else.example",
    "headers",
    "q7",
  ]);
  assert.match(await inbox(server, "bob"), /\r\nFrom: "?Ann"? <ann@else\.example>\r\n\r\njust text\r\n\.\r\nmore\r\n/);
});

Deno.test("sendmail as cron calls it: a dot ends the message, the null sender is one", async () => {
  await using server = await testServer(HELD);
  const text = "From: root (Cron Daemon)\nTo: alice\nSubject: Cron <root@host> ls\n\nout\n.\nnot this\n";
  assert.equal((await sendmail(server, "-FCronDaemon -f <> alice", text)).code, 0);
  const seen = await inbox(server);
  assert.match(seen, /Return-Path: <>\r\n/);
  assert.match(
    seen,
    /\r\nFrom: "?Cron Daemon"? <root@example\.test>\r\nTo: alice@example\.test\r\nSubject: Cron <root@host> ls\r\n/,
  );
  assert.match(seen, /\r\n\r\nout\r\n\)/);
});

Deno.test("sendmail ends with the codes of sysexits.h", async () => {
  await using server = await testServer({ config: { ...HELD.config, limits: { messageSize: "64KB" } } });
  const codeOf = async (line: string, text = "Subject: x\n\nx\n") => (await sendmail(server, line, text)).code;
  assert.equal(await codeOf("nobody"), 67);
  assert.equal(await codeOf("-t", "Subject: x\n\nx\n"), 64);
  assert.equal(await codeOf(""), 64);
  assert.equal(await codeOf("-Y alice"), 64);
  assert.equal(await codeOf("-f"), 64);
  assert.equal(await codeOf("-bd"), 64);
  assert.equal(await codeOf("-N sometimes alice"), 64);
  assert.equal(await codeOf("alice", "From: a@b\nFrom: c@d\n\nx\n"), 65);
  assert.equal(await codeOf("alice", "x".repeat(70_000)), 65);
  assert.equal(await codeOf("-bi"), 0);
  assert.equal(await codeOf("-q"), 0);
  assert.equal(await codeOf("-q15m"), 0);
  assert.equal(exitOf(503, "451 4.3.0 later"), 75);
  assert.equal(exitOf(422, "550 5.7.1 no"), 69);
  const gone = await runMain(["sendmail", "a"], { env: { PALOMAR_STORAGE__DRIVER: "memory" }, cwd: "/nonexistent" });
  assert.equal(gone.code, 75, gone.err);
  assert.equal((await runMain(["sendmail", "a"], { env: { PALOMAR_CONFIG: "/nonexistent/x" } })).code, 78);
});

Deno.test("sendmail -bp lists the queue", async () => {
  await using server = await testServer(HELD);
  await sendmail(server, "zoe@there.example", "x\n");
  const { code, out } = await sendmail(server, "-bp", "");
  assert.equal(code, 0);
  assert.match(out, /root@example\.test +zoe@there\.example/);
});

Deno.test("readSendmailArguments() reads letters in a row, values attached or apart, and passes over the rest", () => {
  const read = (line: string) => {
    const call = readSendmailArguments(line.split(" "));
    assert.ok(!("wrong" in call), JSON.stringify(call));
    return call;
  };
  assert.deepEqual(read("-ti a b").recipients, ["a", "b"]);
  assert.deepEqual([read("-ti").fromHeader, read("-ti").dots, read("-t").dots], [true, true, false]);
  assert.deepEqual([read("-fann x").sender, read("-r ann x").sender, read("-f <> x").sender], ["ann", "ann", ""]);
  assert.deepEqual(read("-oem -odb -oi -B8BITMIME -Am -v -h 5 -X log -L tag -- -odd@x").recipients, ["-odd@x"]);
  assert.equal(read("-tfann").sender, "ann");
});

Deno.test("readInput() ends lines with CRLF, and the message where its dot is", () => {
  const read = (text: string, dots: boolean) => latin1String(readInput(utf8Bytes(text), dots));
  assert.equal(read("a\nb\r\nc\rd", true), "a\r\nb\r\nc\r\nd\r\n");
  assert.equal(read("a\n.\nb\n", false), "a\r\n");
  assert.equal(read("a\n.\nb\n", true), "a\r\n.\r\nb\r\n");
  assert.equal(read(".\nb", false), "");
  assert.equal(read("a\n.", false), "a\r\n");
  assert.equal(read("a.\n..\n.b\n", false), "a.\r\n..\r\n.b\r\n");
  assert.equal(read("", false), "");
});

Deno.test("completed() gives text a header, and drops a mailbox file's From line", () => {
  const made = (text: string, name: string | null = null) =>
    latin1String(completed(utf8Bytes(text), "root@x.example", name));
  assert.equal(made("hello\r\n"), "From: root@x.example\r\n\r\nhello\r\n");
  assert.equal(made("\r\nhello\r\n"), "From: root@x.example\r\n\r\nhello\r\n");
  assert.equal(made("From a Mon\r\nFrom: b@c\r\n\r\nx"), "From: b@c\r\n\r\nx");
  assert.match(
    made("Subject: x\r\n\r\n", 'A "B"\r\nBcc: x'),
    /^From: "A \\"B\\" {2}Bcc: x" <root@x\.example>\r\nSubject/,
  );
  assert.match(made("Subject: x\r\n\r\n", "Zoë"), /^From: =\?utf-8\?[^ ]+\?= <root@x\.example>\r\n/i);
});

Deno.test("recipientsOf() reads lists, groups and folds, and Resent- fields before the others", () => {
  const of = (text: string) => recipientsOf(utf8Bytes(text));
  assert.deepEqual(of('To: a,\r\n "B, C" <d@e>, g: h@i;\r\nCC: a, "x y"@z\r\n\r\n'), ["a", "d@e", "h@i", '"x y"@z']);
  assert.deepEqual(of("To: a@b\r\nResent-To: c@d\r\nResent-Bcc: e@f\r\n\r\nTo: g@h"), ["c@d", "e@f"]);
  assert.deepEqual(of("To: \r\n\r\n"), []);
});

Deno.test("qualified() gives bare names a domain and leaves every other octet", () => {
  const made = (text: string) => latin1String(qualified(utf8Bytes(text), "x.example"));
  assert.equal(
    made("From: root\r\nX: root\r\nTo : a, b@c\r\n\r\nTo: z"),
    "From: root@x.example\r\nX: root\r\nTo: a@x.example, b@c\r\n\r\nTo: z",
  );
  for (const same of ["From:  a@b (c)\r\n\r\n", "To: g: root;\r\n\r\n", "no header", "To: \r\n\r\n"]) {
    assert.equal(made(same), same);
  }
});

const TALK = [
  "EHLO here",
  "MAIL FROM:<root@example.test> RET=HDRS ENVID=q7",
  "RCPT TO:<alice@example.test> NOTIFY=SUCCESS ORCPT=rfc822;al@old.example",
  "RCPT TO:<zoe@there.example> NOTIFY=NEVER",
  "RCPT TO:<max@there.example>",
  "DATA",
  "Subject: spoken",
  "",
  "..dot",
  ".",
  "MAIL FROM:<>",
  "RCPT TO:<nobody@example.test>",
  "DATA",
  "Subject: refused",
  "",
  ".",
  "QUIT",
  "",
].join("\r\n");

Deno.test("sendmail -bs speaks SMTP on stdin and stdout", async () => {
  await using server = await testServer(HELD);
  const { code, out, err } = await sendmail(server, "-bs", TALK);
  assert.deepEqual([code, err], [0, ""]);
  const codes = out.split("\r\n").filter((line) => /^\d{3} /.test(line)).map((line) => line.slice(0, 9));
  assert.deepEqual(codes, [
    "220 mail.",
    "250 HELP",
    ...["250 2.1.0", "250 2.1.5", "250 2.1.5", "250 2.1.5", "354 End d", "250 2.0.0"],
    ...["250 2.1.0", "250 2.1.5", "354 End d", "550 5.1.1", "221 2.0.0"],
  ], out);
  const rows = await queued(server);
  assert.deepEqual(
    rows.map(({ recipient, sender }) => [recipient.forwardPath, recipient.notify, sender.ret, sender.envid]),
    [
      ["alice@example.test", ["success"], "headers", "q7"], // its report
      ["zoe@there.example", [], "headers", "q7"],
      ["max@there.example", null, "headers", "q7"],
    ],
  );
  assert.match(await inbox(server), /Return-Path: <root@example\.test>[^]*Subject: spoken\r\n\r\n\.dot\r\n/);
});

Deno.test("sendmail -bs ends where its input ends, and bounds what it takes", async () => {
  await using server = await testServer({ config: { ...HELD.config, limits: { messageSize: "64KB" } } });
  const begin = "EHLO x\r\nMAIL FROM:<root@example.test>\r\n";
  const cut = await sendmail(server, "-bs", `${begin}RCPT TO:<alice@example.test>\r\nDATA\r\nSubject: half`);
  assert.equal(cut.code, 0);
  assert.match(cut.out, /\r\n354 [^\n]*\n$/);
  const big = `${begin}RCPT TO:<alice@example.test>\r\nDATA\r\n${`${"x".repeat(70)}\r\n`.repeat(1200)}.\r\nQUIT\r\n`;
  assert.match((await sendmail(server, "-bs", big)).out, /\r\n552 5\.3\.4 /);
  const many = Array.from({ length: 150 }, (_, i) => `RCPT TO:<${"n".repeat(60)}${i}@there.example>\r\n`).join("");
  assert.match((await sendmail(server, "-bs", `${begin}${many}QUIT\r\n`)).out, /\r\n452 4\.5\.3 /);
  assert.match((await sendmail(server, "-bs", "\0\xff garbage\r\n".repeat(50))).out, /\r\n421 /);
});

Deno.test("sendmail -XV gives each recipient elsewhere a sender of its own", async () => {
  await using server = await testServer(HELD);
  assert.equal((await sendmail(server, "-XV -f root@example.test zoe@there.example", "x\n")).code, 0);
  assert.equal((await queued(server))[0]!.sender.reversePath, "root+zoe=there.example@example.test");
});
