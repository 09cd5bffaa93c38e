import assert from "node:assert/strict";
import { pbkdf2Sync } from "node:crypto";
import fc from "fast-check";
import { encodeBase64 } from "../../../src/base/base64.ts";
import { latin1Bytes, utf8Bytes } from "../../../src/base/bytes.ts";
import { Secret } from "../../../src/base/secret.ts";
import type {
  Args,
  BlobId,
  Effect,
  EnvelopeRecipient,
  EnvelopeSender,
  Input,
  OutgoingMail,
} from "../../../src/contract/mod.ts";
import {
  type AttemptResult,
  type ClientState,
  isFinished,
  isIdle,
  outcome,
  smtpClient,
  type SmtpClientOptions,
} from "../../../src/smtp/client/mod.ts";
import { Player, TEST_SESSION } from "../../support/run_machine.ts";

const SENDER: EnvelopeSender = {
  reversePath: "a@here.example",
  size: null,
  body: "7bit",
  smtputf8: false,
  requireTls: false,
  ret: null,
  envid: null,
};
const rcpt = (forwardPath: string, more: Partial<EnvelopeRecipient> = {}): EnvelopeRecipient => ({
  forwardPath,
  notify: null,
  orcpt: null,
  ...more,
});
const BLOB = "b1" as BlobId;

function options(more: Partial<SmtpClientOptions> = {}): SmtpClientOptions {
  return {
    hostname: "here.example",
    sender: SENDER,
    recipients: [rcpt("b@there.example")],
    blobId: BLOB,
    size: 100,
    prefix: latin1Bytes("Received: x\r\n"),
    tls: "opportunistic",
    ...more,
  };
}

/** Plays the server's lines (the client needs no question answered) and gives what was sent and what came of it. */
function talk(server: readonly string[], more: Partial<SmtpClientOptions> = {}, size = Infinity) {
  const player = new Player<ClientState>(smtpClient(options(more)), {});
  for (const piece of server) if (!player.played.closed) player.feed(piece, size);
  return { player, sent: player.played.sent, result: outcome(player.state), closed: player.played.closed };
}

const kinds = (result: AttemptResult) => result.recipients.map((one) => `${one.kind} ${one.code} ${one.enhanced}`);
const EHLO = "250-there.example\r\n250-PIPELINING\r\n250-SIZE 10000\r\n250-8BITMIME\r\n250-DSN\r\n250 SMTPUTF8\r\n";
const PLAIN_EHLO = "250 there.example\r\n";

const BODY = "Received: x\r\n«b1 0-100 dotStuffed».\r\n";

Deno.test("the client pipelines where the server offers it, whatever the pieces of the replies", () => {
  for (const size of [Infinity, 1, 7]) {
    const { sent, result, closed } = talk(
      [
        "220 there.example ESMTP\r\n",
        EHLO,
        "250 ok\r\n250 2.1.5 ok\r\n354 go\r\n",
        "250 2.0.0 Queued as 7\r\n",
        "221 bye\r\n",
      ],
      {},
      size,
    );
    assert.equal(
      sent,
      "EHLO here.example\r\nMAIL FROM:<a@here.example> SIZE=113\r\nRCPT TO:<b@there.example>\r\nDATA\r\n" + BODY +
        "QUIT\r\n",
    );
    assert.deepEqual(kinds(result), ["delivered 250 2.0.0"]);
    assert.equal(result.recipients[0]!.text, "Queued as 7");
    assert.equal(result.serverName, "there.example");
    assert.equal(closed, true);
  }
});

Deno.test("the client waits for every reply where PIPELINING is not offered", () => {
  const player = new Player<ClientState>(smtpClient(options()), {});
  const expect: [string, string][] = [
    ["220 x\r\n", "EHLO here.example\r\n"],
    [PLAIN_EHLO, "MAIL FROM:<a@here.example>\r\n"],
    ["250 ok\r\n", "RCPT TO:<b@there.example>\r\n"],
    ["250 ok\r\n", "DATA\r\n"],
    ["354 go\r\n", BODY],
    ["250 ok\r\n", "QUIT\r\n"],
  ];
  for (const [server, client] of expect) {
    const before = player.played.sent.length;
    player.feed(server);
    assert.equal(player.played.sent.slice(before), client);
  }
  assert.equal(isFinished(player.state), true);
});

Deno.test("the client greets with HELO where EHLO is refused by 5yz", () => {
  const { sent, result } = talk([
    "220 x\r\n",
    "502 what\r\n",
    "250 x\r\n",
    "250 ok\r\n",
    "250 ok\r\n",
    "354 go\r\n",
    "250 ok\r\n",
  ]);
  assert.match(sent, /^EHLO here\.example\r\nHELO here\.example\r\nMAIL FROM:<a@here\.example>\r\n/);
  assert.deepEqual(kinds(result), ["delivered 250 2.0.0"]);
});

Deno.test("the client starts TLS and greets again", () => {
  const { sent, result } = talk([
    "220 x\r\n",
    "250-x\r\n250 STARTTLS\r\n",
    "220 go\r\n",
    EHLO,
    "250 ok\r\n250 ok\r\n354 go\r\n",
    "250 ok\r\n",
  ]);
  assert.match(sent, /^EHLO here\.example\r\nSTARTTLS\r\nEHLO here\.example\r\nMAIL/);
  assert.equal(result.tls?.version, "TLSv1.3");
  assert.deepEqual(kinds(result), ["delivered 250 2.0.0"]);
});

Deno.test("the client goes on in clear where TLS is only wished for and refused", () => {
  const { sent, result } = talk([
    "220 x\r\n",
    "250-x\r\n250 STARTTLS\r\n",
    "454 no\r\n",
    "250 ok\r\n",
    "250 ok\r\n",
    "354 go\r\n",
    "250 ok\r\n",
  ]);
  assert.match(sent, /STARTTLS\r\nMAIL FROM/);
  assert.equal(result.tls, null);
  assert.equal(result.recipients[0]!.kind, "delivered");
});

Deno.test("the client sends nothing in clear where TLS is required", () => {
  for (const server of [["220 x\r\n", PLAIN_EHLO], ["220 x\r\n", "250-x\r\n250 STARTTLS\r\n", "454 no\r\n"]]) {
    const { sent, result, closed } = talk(server, { tls: "required" });
    assert.doesNotMatch(sent, /MAIL/);
    assert.deepEqual(kinds(result), ["temporary 451 4.7.10"]);
    assert.equal(result.tryNextHost, true);
    assert.equal(closed, true);
  }
});

Deno.test("the client closes when octets come behind the reply to STARTTLS", () => {
  const { sent, result } = talk(["220 x\r\n", "250-x\r\n250 STARTTLS\r\n", "220 go\r\n250-evil\r\n250 ok\r\n"]);
  assert.doesNotMatch(sent, /MAIL/);
  assert.deepEqual(kinds(result), ["temporary 451 4.7.5"]);
});

Deno.test("a TLS handshake that breaks is told apart, so that a try without TLS can follow", () => {
  const player = new Player<ClientState>(smtpClient(options()), {});
  player.feed("220 x\r\n");
  player.feed("250-x\r\n250 STARTTLS\r\n");
  player.state.phase = "tls";
  player.input({ type: "closed" });
  assert.equal(outcome(player.state).tlsFailed, true);
  assert.equal(outcome(player.state).tryNextHost, true);
});

Deno.test("every recipient has its own result", () => {
  const { result } = talk(
    [
      "220 x\r\n",
      EHLO,
      "250 ok\r\n550 5.1.1 No such user\r\n250 ok\r\n452 4.2.2 Full\r\n552 too many\r\n354 go\r\n",
      "250 ok\r\n",
    ],
    { recipients: [rcpt("a@t.example"), rcpt("b@t.example"), rcpt("c@t.example"), rcpt("d@t.example")] },
  );
  assert.deepEqual(kinds(result), [
    "permanent 550 5.1.1",
    "delivered 250 2.0.0",
    "temporary 452 4.2.2",
    "temporary 552 5.0.0",
  ]);
  assert.equal(result.tryNextHost, false);
});

Deno.test("a refused MAIL is everyone's result, and the empty 354 is ended", () => {
  const { sent, result } = talk(["220 x\r\n", EHLO, "550 5.7.1 Not you\r\n503 no\r\n354 go\r\n", "554 empty\r\n"]);
  assert.deepEqual(kinds(result), ["permanent 550 5.7.1"]);
  assert.match(sent, /DATA\r\n\.\r\nQUIT\r\n$/);
});

Deno.test("a refusal after DATA is the result of all who were taken", () => {
  const { result } = talk(
    ["220 x\r\n", EHLO, "250 ok\r\n250 ok\r\n550 5.1.1 no\r\n354 go\r\n", "554 5.7.1 Spam\r\n"],
    { recipients: [rcpt("a@t.example"), rcpt("b@t.example")] },
  );
  assert.deepEqual(kinds(result), ["permanent 554 5.7.1", "permanent 550 5.1.1"]);
});

Deno.test("421 at any point is temporary and lets other hosts be tried, unless the message was sent", () => {
  const cases: [string[], boolean][] = [
    [["421 busy\r\n"], true],
    [["220 x\r\n", "421 busy\r\n"], true],
    [["220 x\r\n", EHLO, "250 ok\r\n421 4.3.2 going down\r\n"], true],
    [["220 x\r\n", EHLO, "250 ok\r\n250 ok\r\n354 go\r\n", "421 4.3.2 going down\r\n"], false],
  ];
  for (const [server, next] of cases) {
    const { result, closed } = talk(server);
    assert.equal(result.recipients[0]!.kind, "temporary");
    assert.equal(result.recipients[0]!.code, 421);
    assert.equal(result.tryNextHost, next);
    assert.equal(closed, true);
  }
});

Deno.test("a host that greets with 554 is no verdict on the message", () => {
  const { result } = talk(["554 no mail here\r\n"]);
  assert.equal(result.recipients[0]!.kind, "temporary");
  assert.equal(result.tryNextHost, true);
});

Deno.test("a connection that ends is temporary; after the final dot no other host is tried", () => {
  const phases: [string[], boolean, RegExp][] = [
    [[], true, /before its greeting/],
    [["220 x\r\n"], true, /after EHLO/],
    [["220 x\r\n", EHLO], true, /being sent/],
    [["220 x\r\n", EHLO, "250 ok\r\n250 ok\r\n354 go\r\n"], false, /after the end/],
  ];
  for (const [server, next, text] of phases) {
    const { player } = talk(server);
    player.input({ type: "closed" });
    const result = outcome(player.state);
    assert.equal(result.recipients[0]!.kind, "temporary");
    assert.match(result.recipients[0]!.text, text);
    assert.equal(result.tryNextHost, next);
  }
});

Deno.test("a recipient that was delivered stays delivered when the end of QUIT is lost", () => {
  const { player } = talk(["220 x\r\n", EHLO, "250 ok\r\n250 ok\r\n354 go\r\n", "250 ok\r\n"]);
  player.input({ type: "closed" });
  assert.deepEqual(kinds(outcome(player.state)), ["delivered 250 2.0.0"]);
});

Deno.test("deadlines are those of RFC 5321 section 4.5.3.2, and a stall is temporary", () => {
  const minutes = (server: string[]) => talk(server).player.deadline! / 60_000;
  assert.equal(minutes([]), 5);
  assert.equal(minutes(["220 x\r\n"]), 5);
  assert.equal(minutes(["220 x\r\n", PLAIN_EHLO, "250 ok\r\n", "250 ok\r\n"]), 2);
  assert.equal(minutes(["220 x\r\n", EHLO, "250 ok\r\n250 ok\r\n354 go\r\n"]), 10);
  const { player } = talk(["220 x\r\n"]);
  player.input({ type: "deadline" });
  assert.equal(player.played.closed, true);
  assert.match(outcome(player.state).recipients[0]!.text, /did not answer in time after EHLO/);
});

Deno.test("nonsense, endless lines and endless replies end the attempt as temporary", () => {
  const hostile = [
    "HTTP/1.1 400 Bad\r\n",
    "220\n",
    "220 a\rb\r\n",
    "220-a\r\n250 b\r\n",
    "220 " + "x".repeat(5000),
    "220-x\r\n".repeat(500),
    "999 x\r\n",
    "1e2 x\r\n",
    "\0\0\0\0\r\n",
  ];
  for (const greeting of hostile) {
    const { result, closed } = talk([greeting]);
    assert.equal(closed, true, JSON.stringify(greeting.slice(0, 20)));
    assert.deepEqual(kinds(result), ["temporary 451 4.5.0"]);
  }
});

Deno.test("controls in a reply never come out", () => {
  const { result } = talk(["220 x\r\n", EHLO, "250 ok\r\n550 5.1.1 \x1b[2J\0 no\x9b\x7f\r\n503 x\r\n"]);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(result.recipients[0]!.text, /[\x00-\x1f\x7f-\x9f]/);
});

Deno.test("the client logs in by PLAIN or LOGIN, only under TLS where TLS was asked for", () => {
  const auth = { username: "u", password: new Secret("p") };
  const plain = talk(["220 x\r\n", "250-x\r\n250 AUTH PLAIN LOGIN\r\n", "235 ok\r\n"], { auth, tls: "none" });
  assert.match(plain.sent, /AUTH PLAIN AHUAcA==\r\nMAIL/);
  const login = talk(["220 x\r\n", "250-x\r\n250 AUTH LOGIN\r\n", "334 x\r\n", "334 x\r\n", "235 ok\r\n"], {
    auth,
    tls: "none",
  });
  assert.match(login.sent, /AUTH LOGIN\r\ndQ==\r\ncA==\r\nMAIL/);
  const clear = talk(["220 x\r\n", "250-x\r\n250 AUTH PLAIN\r\n"], { auth });
  assert.doesNotMatch(clear.sent, /AUTH/);
  assert.deepEqual(kinds(clear.result), ["temporary 451 4.7.11"]);
});

Deno.test("a refused login is temporary: our mistake returns nobody's mail", () => {
  const auth = { username: "u", password: new Secret("p") };
  const { result, sent } = talk(["220 x\r\n", "250-x\r\n250 AUTH PLAIN\r\n", "535 5.7.8 no\r\n"], {
    auth,
    tls: "none",
  });
  assert.deepEqual(kinds(result), ["temporary 451 4.7.8"]);
  assert.doesNotMatch(sent, /MAIL/);
});

Deno.test("what the server cannot carry is permanent before anything is sent", () => {
  const cases: [Partial<SmtpClientOptions>, string, string][] = [
    [{ size: 20_000 }, EHLO, "permanent 552 5.3.4"],
    [{ sender: { ...SENDER, body: "8bitmime" } }, PLAIN_EHLO, "permanent 554 5.6.3"],
    [{ sender: { ...SENDER, body: "binarymime" } }, EHLO, "permanent 554 5.6.3"],
    [{ sender: { ...SENDER, smtputf8: true } }, PLAIN_EHLO, "permanent 553 5.6.7"],
    [{ sender: { ...SENDER, reversePath: "jürgen@here.example" } }, PLAIN_EHLO, "permanent 553 5.6.7"],
    [{ recipients: [rcpt("jürgen@there.example")] }, PLAIN_EHLO, "permanent 553 5.6.7"],
  ];
  for (const [more, ehlo, expected] of cases) {
    const { result, sent } = talk(["220 x\r\n", ehlo], more);
    assert.deepEqual(kinds(result), [expected]);
    assert.doesNotMatch(sent, /MAIL/);
  }
});

Deno.test("REQUIRETLS needs TLS and the other side's word", () => {
  const sender = { ...SENDER, requireTls: true };
  assert.deepEqual(kinds(talk(["220 x\r\n", PLAIN_EHLO], { sender }).result), ["temporary 451 4.7.10"]);
  const without = talk(["220 x\r\n", "250-x\r\n250 STARTTLS\r\n", "220 go\r\n", EHLO], { sender });
  assert.deepEqual(kinds(without.result), ["permanent 550 5.7.30"]);
  const offered = talk(["220 x\r\n", "250-x\r\n250 STARTTLS\r\n", "220 go\r\n", "250-x\r\n250 REQUIRETLS\r\n"], {
    sender,
  });
  assert.match(offered.sent, /MAIL FROM:<a@here.example> REQUIRETLS\r\n$/);
});

Deno.test("SMTPUTF8 addresses go as UTF-8 where offered; a Unicode domain alone goes as A-labels", () => {
  const utf8 = talk(["220 x\r\n", EHLO], {
    sender: { ...SENDER, smtputf8: true },
    recipients: [rcpt("jürgen@bücher.example")],
  });
  const line = String.fromCharCode(...utf8Bytes("RCPT TO:<jürgen@bücher.example>\r\n"));
  assert.ok(utf8.sent.includes(line));
  assert.match(utf8.sent, /MAIL FROM:<a@here.example> SIZE=113 SMTPUTF8\r\n/);
  const ascii = talk(["220 x\r\n", PLAIN_EHLO, "250 ok\r\n"], { recipients: [rcpt("info@bücher.example")] });
  assert.match(ascii.sent, /RCPT TO:<info@xn--bcher-kva.example>\r\n/);
});

Deno.test("DSN parameters are passed on where offered, in xtext", () => {
  const more = {
    sender: { ...SENDER, ret: "headers" as const, envid: "a+b c" },
    recipients: [
      rcpt("b@there.example", { notify: ["success", "failure"], orcpt: "rfc822;b=b@x.example" }),
      rcpt("c@there.example", { notify: [] }),
    ],
  };
  const { sent } = talk(["220 x\r\n", EHLO], more);
  assert.match(sent, / RET=HDRS ENVID=a\+2Bb\+20c\r\n/);
  assert.match(sent, /RCPT TO:<b@there.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b\+3Db@x.example\r\n/);
  assert.match(sent, /RCPT TO:<c@there.example> NOTIFY=NEVER\r\n/);
  assert.doesNotMatch(talk(["220 x\r\n", PLAIN_EHLO, "250 ok\r\n"], more).sent, /NOTIFY|RET=/);
});

Deno.test("an original recipient in UTF-8 goes as it is where it may, and else in ASCII (RFC 6533)", () => {
  const orcpt = "utf-8;jür+x\\x{3D}@bücher.example";
  const recipients = [
    rcpt("b@t.example", { orcpt }),
    rcpt("c@t.example", { orcpt: `utf-8;${"ü".repeat(100)}@t.example` }),
  ];
  const ehlo = "250-x\r\n250-DSN\r\n250 SMTPUTF8\r\n";
  const utf8 = talk(["220 x\r\n", ehlo, "250 ok\r\n"], { sender: { ...SENDER, smtputf8: true }, recipients });
  const line = "RCPT TO:<b@t.example> ORCPT=utf-8;jür\\x{2B}x\\x{3D}@bücher.example\r\n";
  assert.ok(utf8.sent.includes(String.fromCharCode(...utf8Bytes(line))), utf8.sent);
  const ascii = talk(["220 x\r\n", "250-x\r\n250-PIPELINING\r\n250 DSN\r\n"], { recipients }).sent;
  assert.ok(ascii.includes(" ORCPT=utf-8;j\\x{FC}r\\x{2B}x\\x{3D}@b\\x{FC}cher.example\r\n"), ascii);
  assert.match(ascii, /RCPT TO:<c@t\.example>\r\n/); // too long that way
});

Deno.test("odd addresses are quoted, and none can bring a second command", () => {
  const { sent, result } = talk(["220 x\r\n", EHLO], {
    recipients: [rcpt('"a b"@t.example'), rcpt("a b@t.example"), rcpt("postmaster"), rcpt("x>\r\nRSET\r\n@t.example")],
  });
  assert.match(sent, /RCPT TO:<"a b"@t.example>\r\nRCPT TO:<"a b"@t.example>\r\nRCPT TO:<postmaster>\r\nDATA\r\n$/);
  assert.equal(result.recipients[3]!.kind, "permanent");
});

Deno.test("a binary message goes by BDAT as it is", () => {
  const ehlo = "250-x\r\n250-CHUNKING\r\n250 BINARYMIME\r\n";
  const { sent, result } = talk(["220 x\r\n", ehlo, "250 ok\r\n", "250 ok\r\n", "250 ok\r\n"], {
    sender: { ...SENDER, body: "binarymime" },
  });
  assert.match(
    sent,
    /BODY=BINARYMIME\r\nRCPT TO:<b@there.example>\r\nBDAT 113 LAST\r\nReceived: x\r\n«b1 0-100»QUIT\r\n$/,
  );
  assert.equal(result.recipients[0]!.kind, "delivered");
});

Deno.test("more recipients than the server takes go in several transactions", () => {
  const recipients = Array.from({ length: 5 }, (_, i) => rcpt(`r${i}@t.example`));
  const ehlo = "250-x\r\n250-PIPELINING\r\n250 LIMITS MAILMAX=10 RCPTMAX=2\r\n";
  const batch = (n: number) => "250 ok\r\n".repeat(n + 1) + "354 go\r\n";
  const { sent, result } = talk(
    ["220 x\r\n", ehlo, batch(2), "250 one\r\n", batch(2), "450 4.2.0 two\r\n", batch(1), "250 three\r\n"],
    { recipients },
  );
  assert.equal(sent.split("MAIL FROM").length - 1, 3);
  assert.deepEqual(result.recipients.map((one) => one.text), ["one", "one", "two", "two", "three"]);
});

Deno.test("LMTP has a reply for each recipient that was taken", () => {
  const { sent, result } = talk(
    ["220 x\r\n", EHLO, "250 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n", "250 a\r\n", "452 4.2.2 c full\r\n"],
    { profile: "lmtp", recipients: [rcpt("a@t.example"), rcpt("b@t.example"), rcpt("c@t.example")] },
  );
  assert.match(sent, /^LHLO /);
  assert.deepEqual(kinds(result), ["delivered 250 2.0.0", "permanent 550 5.0.0", "temporary 452 4.2.2"]);
});

Deno.test("shutdown before the message ends the attempt; after it the reply is waited for", () => {
  const before = talk(["220 x\r\n", EHLO]).player;
  before.input({ type: "shutdown" });
  assert.equal(before.played.closed, true);
  const after = talk(["220 x\r\n", EHLO, "250 ok\r\n250 ok\r\n354 go\r\n"]).player;
  after.input({ type: "shutdown" });
  assert.equal(after.played.closed, false);
});

const next = (more: Partial<OutgoingMail> = {}): OutgoingMail => ({
  sender: SENDER,
  recipients: [rcpt("c@there.example")],
  blobId: "b2" as BlobId,
  size: 7,
  prefix: new Uint8Array(),
  utf8Headers: false,
  ...more,
});

/** A client with `reuse` that is given these messages one by one; then nothing more. */
function reusing(mails: readonly OutgoingMail[], more: Partial<SmtpClientOptions> = {}, now = 0) {
  const left = [...mails];
  const reuse = { messages: 100, ms: 300_000 };
  return new Player<ClientState>(smtpClient(options({ reuse, ...more })), {
    "relay.next": () => left.shift() ?? null,
  }, { now });
}

const HELLO = ["220 there.example ESMTP\r\n", EHLO];
const TAKEN = ["250 ok\r\n250 2.1.5 ok\r\n354 go\r\n", "250 2.0.0 Queued\r\n"];

Deno.test("the next message goes over the same connection, however its replies are cut", () => {
  for (const size of [Infinity, 1, 5]) {
    const player = reusing([next()]);
    for (const piece of [...HELLO, ...TAKEN, ...TAKEN]) player.feed(piece, size);
    assert.equal(
      player.played.sent,
      "EHLO here.example\r\nMAIL FROM:<a@here.example> SIZE=113\r\nRCPT TO:<b@there.example>\r\nDATA\r\n" + BODY +
        "MAIL FROM:<a@here.example> SIZE=7\r\nRCPT TO:<c@there.example>\r\nDATA\r\n«b2 0-7 dotStuffed».\r\nQUIT\r\n",
    );
    assert.deepEqual(kinds(outcome(player.state)), ["delivered 250 2.0.0"]);
    assert.equal(outcome(player.state).reused, true);
  }
});

Deno.test("a connection is used for so many messages and so long, and then says QUIT", () => {
  const few = reusing([next(), next(), next()], { reuse: { messages: 2, ms: 1000 } });
  for (const piece of [...HELLO, ...TAKEN, ...TAKEN]) few.feed(piece);
  assert.equal(few.played.calls.length, 1);
  assert.match(few.played.sent, /QUIT\r\n$/);
  const old = reusing([next()], { reuse: { messages: 9, ms: 1000 } });
  for (const piece of HELLO) old.feed(piece);
  old.now = 1000;
  for (const piece of TAKEN) old.feed(piece);
  assert.equal(old.played.calls.length, 0);
  assert.match(old.played.sent, /QUIT\r\n$/);
});

/** A client whose question for the next message is never answered. */
function idling(more: Partial<SmtpClientOptions> = {}) {
  const session = smtpClient(options({ reuse: { messages: 9, ms: 300_000 }, ...more }));
  const sent: Effect[] = [];
  let { state } = session;
  const input = (one: Input, now = 0) => {
    const step = session.machine.step(state, one, now);
    state = step.state;
    sent.push(...step.effects);
    return step.effects;
  };
  input({ type: "opened", session: TEST_SESSION });
  for (const text of [...HELLO, ...TAKEN]) input({ type: "bytes", chunk: latin1Bytes(text) });
  return { input, state: () => state, deadline: () => session.machine.deadline(state) };
}

Deno.test("an idle connection waits a few seconds, says QUIT, and takes back its question", () => {
  const { input, deadline, state } = idling();
  assert.equal(isIdle(state()), true);
  assert.equal(deadline(), 5_000);
  const effects = input({ type: "deadline" }, 5_000);
  assert.deepEqual(effects.map((effect) => effect.type), ["cancel", "send"]);
  assert.equal(isFinished(state()), true);
  // An answer that was under way comes too late and changes nothing.
  assert.deepEqual(input({ type: "answer", id: 1, op: "relay.next", value: next() }, 5_000), []);
  assert.deepEqual(kinds(outcome(state())), ["delivered 250 2.0.0"]);
});

Deno.test("whatever ends an idle connection leaves the last message's result alone", () => {
  const ends: readonly Input[] = [
    { type: "closed" },
    { type: "shutdown" },
    { type: "bytes", chunk: latin1Bytes("421 4.4.2 Idle too long\r\n") },
    { type: "bytes", chunk: latin1Bytes("250 what\r\n") },
    { type: "bytes", chunk: latin1Bytes("nonsense\r\n") },
    { type: "answer", id: 1, op: "relay.next", value: null },
    { type: "failed", id: 1, op: "relay.next", reason: "bug", text: "" },
  ];
  for (const end of ends) {
    const { input, state } = idling();
    input(end);
    assert.deepEqual(kinds(outcome(state())), ["delivered 250 2.0.0"], end.type);
    assert.equal(isIdle(state()), false);
    assert.equal(outcome(state()).tryNextHost, false);
  }
});

Deno.test("what the server cannot carry leaves the connection to the next message", () => {
  const player = reusing([next()], { size: 20_000 });
  for (const piece of [...HELLO]) player.feed(piece);
  assert.match(player.played.sent, /^EHLO here\.example\r\nMAIL FROM:<a@here\.example> SIZE=7\r\n/);
});

Deno.test("RSET goes with the next MAIL where a transaction was left open", () => {
  const player = reusing([next()]);
  const refusal = "250 ok\r\n550 5.1.1 no\r\n503 5.5.1 nobody\r\n";
  for (const piece of [...HELLO, refusal]) player.feed(piece);
  assert.match(
    player.played.sent,
    /DATA\r\nRSET\r\nMAIL FROM:<a@here\.example> SIZE=7\r\nRCPT TO:<c@there\.example>\r\n/,
  );
  for (const piece of ["250 ok\r\n" + TAKEN[0], TAKEN[1]!]) player.feed(piece);
  assert.deepEqual(kinds(outcome(player.state)), ["delivered 250 2.0.0"]);
});

Deno.test("a reply that was there before its command is an answer to nothing", () => {
  const early: readonly (readonly [readonly string[], number])[] = [
    [["220 x\r\n250 x\r\n"], 0],
    [["220 x\r\n", PLAIN_EHLO + "250 ok\r\n"], 0],
    [["220 x\r\n", PLAIN_EHLO, "250 ok\r\n250 ok\r\n"], 0],
    // Not one of these octets can be the reply to a message that was not sent yet.
    [[...HELLO, "250 ok\r\n250 ok\r\n354 go\r\n250 2.0.0 got it\r\n"], 1],
  ];
  for (const [server, sent] of early) {
    const { result, closed } = talk(server);
    assert.deepEqual(kinds(result), ["temporary 451 4.5.0"]);
    assert.equal(result.tryNextHost, sent === 0);
    assert.equal(closed, true);
  }
});

Deno.test("the client logs in by SCRAM where it is offered, and believes no server that does not know the password", () => {
  const auth = { username: "user", password: new Secret("pencil"), nonce: "rOprNGfwEbeRWgbNEkqO" };
  const b64 = (text: string) => encodeBase64(utf8Bytes(text));
  const first = b64("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  const last = b64("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  const hello = ["220 x\r\n", "250-x\r\n250 AUTH LOGIN PLAIN SCRAM-SHA-256\r\n", `334 ${first}\r\n`];
  const salted = ({ password, salt, iterations }: Args<"relay.derive">) =>
    new Uint8Array(pbkdf2Sync(password.reveal(), salt, iterations, 32, "sha256"));
  const run = (rest: readonly string[]) => {
    const player = new Player<ClientState>(smtpClient(options({ auth, tls: "none" })), { "relay.derive": salted });
    for (const piece of [...hello, ...rest]) if (!player.played.closed) player.feed(piece, 3);
    return player;
  };
  const good = run([`334 ${last}\r\n`, "235 ok\r\n"]);
  assert.match(good.played.sent, /AUTH SCRAM-SHA-256 biws[\w=+/]+\r\nYz1[\w=+/]+\r\n\r\nMAIL FROM/);
  for (const rest of [["235 ok\r\n"], [`334 ${b64("v=AAAA")}\r\n`], ["334 !\r\n"], [`334 ${last}\r\n`, "334 \r\n"]]) {
    const bad = run(rest);
    assert.doesNotMatch(bad.played.sent, /MAIL FROM/);
    assert.equal(bad.played.closed, true);
    assert.deepEqual(kinds(outcome(bad.state)), ["temporary 451 4.7.8"]);
  }
  const refusedNow = run(["535 5.7.8 no\r\n"]);
  assert.deepEqual(kinds(outcome(refusedNow.state)), ["temporary 451 4.7.8"]);
});

Deno.test("a server that takes so many messages a connection (MAILMAX) is not asked for more", () => {
  const player = reusing([next(), next(), next()]);
  const limits = EHLO.replace("250 SMTPUTF8", "250-SMTPUTF8\r\n250 LIMITS MAILMAX=2 RCPTMAX=100");
  for (const piece of [HELLO[0]!, limits, ...TAKEN, ...TAKEN]) player.feed(piece);
  assert.equal(player.played.calls.length, 1);
  assert.match(player.played.sent, /QUIT\r\n$/);
});

Deno.test("whatever a server says, in whatever pieces, nothing is taken for delivered that was not sent and taken", () => {
  const line = fc.constantFrom(
    "220 x",
    "250 ok",
    "250-x\r\n250-PIPELINING\r\n250 CHUNKING",
    "250-x\r\n250 AUTH PLAIN",
    "354 go",
    "421 bye",
    "450 4.2.1 later",
    "503 5.5.1 disorder",
    "550 5.1.1 no",
    "250-unfinished",
    "2",
    "nonsense",
    "334 ",
    "235 in",
  );
  const steps = fc.array(fc.oneof(line.map((text) => text + "\r\n"), fc.constantFrom("250 cut", "\r\n", "\r")), {
    maxLength: 25,
  });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 40 }), fc.boolean(), (pieces, size, hello) => {
      const recipients = [rcpt("b@there.example"), rcpt("c@there.example")];
      const player = reusing([next(), next()], { recipients });
      const results: string[] = [];
      for (const piece of [...(hello ? HELLO : []), ...pieces]) {
        if (player.played.closed) break;
        player.feed(piece, size);
        results.push(kinds(outcome(player.state)).join());
      }
      const bodies = player.played.sent.split("dotStuffed»").length - 1;
      const delivered = outcome(player.state).recipients.some((result) => result.kind === "delivered");
      assert.ok(!delivered || bodies > 0);
      assert.ok(player.played.sent.split("QUIT").length <= 2);
      assert.ok(bodies <= player.played.sent.split("MAIL FROM").length - 1);
      if (!player.played.closed) player.input({ type: "closed" });
      assert.equal(outcome(player.state).recipients.length, player.state.mail.recipients.length);
      assert.equal(isFinished(player.state), true);
    }),
    { numRuns: 400 },
  );
});

Deno.test("SCRAM that is offered and refused is followed by PLAIN, once, and only under TLS", () => {
  const auth = { username: "user", password: new Secret("pencil"), nonce: "n" };
  const ehlo = "250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN SCRAM-SHA-256\r\n";
  const run = (server: readonly string[], tls: "none" | "required") => talk(server, { auth, tls });
  const secured = run(["220 x\r\n", ehlo, "220 go\r\n", ehlo, "535 5.7.8 no keys\r\n", "235 in\r\n"], "required");
  assert.match(secured.sent, /AUTH SCRAM-SHA-256 \S+\r\nAUTH PLAIN \S+\r\nMAIL FROM/);
  const wrong = run(["220 x\r\n", ehlo, "220 go\r\n", ehlo, "535 no\r\n", "535 5.7.8 no\r\n"], "required");
  assert.deepEqual(kinds(wrong.result), ["temporary 451 4.7.8"]);
  const clear = run(["220 x\r\n", ehlo, "535 5.7.8 no keys\r\n"], "none");
  assert.doesNotMatch(clear.sent, /PLAIN/);
  assert.deepEqual(kinds(clear.result), ["temporary 451 4.7.8"]);
});
