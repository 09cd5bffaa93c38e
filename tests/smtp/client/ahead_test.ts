/** Commands behind a message: what is said when, and what servers may do about it. */
import assert from "node:assert/strict";
import type { BlobId, EnvelopeSender, OutgoingMail } from "../../../src/contract/mod.ts";
import {
  type AttemptResult,
  type ClientState,
  isFinished,
  outcomeOf,
  smtpClient,
  type SmtpClientOptions,
} from "../../../src/smtp/client/mod.ts";
import { Player } from "../../support/run_machine.ts";

const SENDER: EnvelopeSender = {
  reversePath: "a@here.example",
  size: null,
  body: "7bit",
  smtputf8: false,
  requireTls: false,
  ret: null,
  envid: null,
};
const mail = (i: number, more: Partial<OutgoingMail> = {}): OutgoingMail => ({
  sender: SENDER,
  recipients: [{ forwardPath: `r${i}@there.example`, notify: null, orcpt: null }],
  blobId: `b${i}` as BlobId,
  size: 7,
  prefix: new Uint8Array(),
  utf8Headers: false,
  ...more,
});

/** Mails in their order over one connection, after the greeting and EHLO; each is given as soon as it is asked for. */
function going(mails: readonly OutgoingMail[], offers = "PIPELINING", more: Partial<SmtpClientOptions> = {}) {
  const left = mails.slice(1);
  const reuse = { messages: 100, ms: 300_000, ahead: true };
  const options = { ...mails[0]!, hostname: "here.example", tls: "none" as const, reuse, ...more };
  const player = new Player<ClientState>(smtpClient(options), { "relay.next": () => left.shift() ?? null });
  const lines = ["there.example", ...offers.split(" ")];
  player.feed("220 there\r\n");
  player.feed(lines.map((line, i) => `250${i === lines.length - 1 ? " " : "-"}${line.replace("=", " ")}\r\n`).join(""));
  let before = player.played.sent.length;
  /** What is said in answer to the server. */
  const hear = (text: string): string => {
    if (!player.played.closed) player.feed(text);
    const said = player.played.sent.slice(before);
    before = player.played.sent.length;
    return said;
  };
  const kinds = mails.map((_, i) => () => {
    const came = outcomeOf(player.state, i);
    return came === null || came === "untouched" ? came : came.recipients.map(({ kind }) => kind).join();
  });
  return { player, hear, came: () => kinds.map((kind) => kind()) };
}

const group = (i: number, more = "") =>
  `MAIL FROM:<a@here.example>${more}\r\nRCPT TO:<r${i}@there.example>\r\nDATA\r\n`;
const body = (i: number) => `«b${i} 0-7 dotStuffed».\r\n`;
const YES = "250 ok\r\n250 ok\r\n354 go\r\n";

Deno.test("the next commands leave with the end of the message, and the next message after its 354", () => {
  const { hear, came, player } = going([mail(0), mail(1), mail(2)]);
  assert.equal(hear(YES), body(0) + group(1));
  assert.deepEqual(came(), [null, null, null]);
  assert.equal(hear("250 2.0.0 taken\r\n"), "");
  assert.deepEqual(came(), ["delivered", null, null]);
  assert.equal(hear(YES), body(1) + group(2));
  // Replies to both in one piece, and the refusal of the second in the same.
  assert.equal(hear("250 2.0.0 taken\r\n250 ok\r\n550 5.1.1 no\r\n554 nobody\r\n"), "QUIT\r\n");
  assert.deepEqual(came().slice(1), ["delivered", "permanent"]);
  assert.equal(isFinished(player.state), true);
});

Deno.test("nothing goes ahead without PIPELINING, behind a large message, a chunk, or beyond the server's limits", () => {
  const binary = { sender: { ...SENDER, body: "binarymime" as const } };
  const cases: readonly (readonly [string, OutgoingMail, string])[] = [
    ["PIPELINING", mail(0, { size: 300_000 }), YES],
    ["PIPELINING CHUNKING BINARYMIME", mail(0, binary), "250 ok\r\n250 ok\r\n"],
    ["PIPELINING LIMITS=MAILMAX=1", mail(0), YES],
  ];
  for (const [offers, first, replies] of cases) {
    const { hear, player } = going([first, mail(1)], offers);
    assert.doesNotMatch(hear(replies), /MAIL/, offers);
    assert.equal(player.played.calls.length, 0, offers);
  }
  const { hear } = going([mail(0), mail(1)], "SIZE");
  for (const reply of ["250 ok\r\n", "250 ok\r\n", "354 go\r\n"]) assert.doesNotMatch(hear(reply), /r1@there/);
});

Deno.test("after a chunk that failed RSET goes before the next transaction", () => {
  const { hear } = going(
    [mail(0, { sender: { ...SENDER, body: "binarymime" } }), mail(1)],
    "PIPELINING CHUNKING BINARYMIME",
  );
  assert.equal(hear("250 ok\r\n250 ok\r\n"), "BDAT 7 LAST\r\n«b0 0-7»");
  assert.equal(hear("451 4.3.0 later\r\n"), `RSET\r\n${group(1)}`);
});

Deno.test("421, nonsense or too many replies in place of the answer end both, and only the first may be there", () => {
  for (const reply of ["421 4.3.2 bye\r\n", "hello\r\n", "999 what\r\n"]) {
    const { hear, came, player } = going([mail(0), mail(1)]);
    hear(YES);
    assert.equal(hear(reply), "", "QUIT would be read as a message");
    assert.deepEqual(came(), ["temporary", "untouched"]);
    assert.equal((outcomeOf(player.state, 0) as AttemptResult).tryNextHost, false);
    assert.equal(player.played.closed, true);
  }
  const { hear, came } = going([mail(0), mail(1)]);
  hear(YES);
  hear("250 taken\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken before it was sent\r\n");
  assert.deepEqual(came(), ["delivered", "temporary"]);
});

Deno.test("a message that the server cannot carry is refused in its turn, and the one after it goes", () => {
  const { hear, came } = going([mail(0), mail(1, { size: 5000 }), mail(2)], "PIPELINING SIZE=1000");
  assert.equal(hear(YES), body(0));
  assert.equal(hear("250 taken\r\n"), group(2, " SIZE=7"));
  assert.deepEqual(came().slice(1), ["permanent", null]);
});

Deno.test("LMTP: all answers to a message come before those to the commands behind it", () => {
  const two = mail(0, { recipients: [...mail(0).recipients, ...mail(9).recipients] });
  const { hear, came } = going([two, mail(1)], "PIPELINING", { profile: "lmtp" });
  assert.equal(hear("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"), body(0) + group(1));
  assert.equal(hear("250 a\r\n"), "");
  assert.deepEqual(came(), [null, null]);
  assert.equal(hear("451 b\r\n"), "");
  assert.deepEqual(came(), ["delivered,temporary", null]);
  assert.equal(hear(YES), body(1));
  assert.equal(hear("250 a\r\n"), "QUIT\r\n");
});

Deno.test("a server that stops sends what is out to its end, and nothing that is ahead", () => {
  const { hear, came, player } = going([mail(0), mail(1)]);
  hear(YES);
  player.input({ type: "shutdown" });
  assert.deepEqual(came(), [null, "untouched"]);
  assert.equal(hear("250 taken\r\n250 ok\r\n250 ok\r\n354 go\r\n"), "");
  assert.equal((outcomeOf(player.state, 0) as AttemptResult).recipients[0]!.kind, "delivered");
  assert.equal(player.played.closed, true);
});
