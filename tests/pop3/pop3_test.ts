import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeBase64 } from "../../src/base/base64.ts";
import { EMPTY, latin1Bytes } from "../../src/base/bytes.ts";
import type { AccountId, EmailRow } from "../../src/contract/mod.ts";
import { pop3Session } from "../../src/pop3/mod.ts";
import { type Answers, play, Player } from "../support/run_machine.ts";
import { WorldFails } from "../support/run_program.ts";

const OPTIONS = { hostname: "pop.ours.example", startTls: true, allowPlaintext: true };
const session = (more: Partial<typeof OPTIONS> = {}) => pop3Session({ ...OPTIONS, ...more });
const PREFIX = latin1Bytes("Return-Path: <>\r\n");

function row(uid: number): EmailRow {
  const structure = { bodyStart: 40 } as EmailRow["structure"];
  const email = { uid, emailId: uid === 9 ? "e5" : `e${uid}`, size: 100 + uid, blobId: `b${uid}`, blobSize: 83 + uid };
  return { ...email, prefix: PREFIX, structure } as unknown as EmailRow;
}

/** INBOX holds the UIDs 5, 6 and 9; 9 is the same email as 5; 6 can be taken away. */
function world(gone: ReadonlySet<number> = new Set()): Answers {
  return {
    "auth.password": ({ login, password }) =>
      login === "alice" && password.reveal() === "pass word"
        ? { accountId: "a1" as AccountId, login: "alice@ours.example", scopes: null }
        : { refused: "credentials" },
    "mailbox.open": () => ({ mailbox: { mailboxId: "m1" }, uids: new Uint32Array([5, 6, 9]) }) as never,
    "email.read": ({ ranges }) => ({
      rows: [5, 6, 9].filter((uid) => uid >= ranges[0]!.first && uid <= ranges[0]!.last && !gone.has(uid)).map(row),
      next: null,
    }),
    "email.expunge": ({ ranges }) => ({ vanished: ranges!.map(({ first }) => first), modseq: 1 }) as never,
  };
}

const LOGIN = "USER alice\r\nPASS pass word\r\n";
const GREETING = "+OK pop.ours.example POP3 ready\r\n";
const IN = GREETING + "+OK\r\n+OK 3 messages (320 octets)\r\n";

const DIALOGUE = LOGIN +
  "stat\r\nLIST\r\nLIST 2\r\nUIDL\r\nRETR 1\r\nTOP 2 3\r\nTOP 2 0\r\nDELE 1\r\nSTAT\r\nLIST\r\nRETR 1\r\n" +
  "RSET\r\nSTAT\r\nNOOP\r\nDELE 1\r\nDELE 2\r\nQUIT\r\n";
const REPLIES = IN + "+OK 3 320\r\n" +
  "+OK 3 messages (320 octets)\r\n1 105\r\n2 106\r\n3 109\r\n.\r\n" +
  "+OK 2 106\r\n" +
  "+OK\r\n1 e5\r\n2 e6\r\n3 e5.9\r\n.\r\n" +
  "+OK 105 octets\r\nReturn-Path: <>\r\n\u00abb5 0-88 dotStuffed\u00bb.\r\n" +
  "+OK\r\nReturn-Path: <>\r\n\u00abb6 0-40 dotStuffed\u00bb\u00abb6 40-89 dotStuffed 3\u00bb.\r\n" +
  "+OK\r\nReturn-Path: <>\r\n\u00abb6 0-40 dotStuffed\u00bb.\r\n" +
  "+OK Message 1 is marked\r\n+OK 2 215\r\n" +
  "+OK 2 messages (215 octets)\r\n2 106\r\n3 109\r\n.\r\n-ERR No such message\r\n" +
  "+OK 3 messages (320 octets)\r\n+OK 3 320\r\n+OK\r\n" +
  "+OK Message 1 is marked\r\n+OK Message 2 is marked\r\n+OK Goodbye\r\n";

for (const size of [Infinity, 1, 2, 7]) {
  Deno.test(`POP3 session gives the same replies in pieces of ${size}`, () => {
    const played = play(session(), DIALOGUE, world(), size);
    assert.equal(played.sent, REPLIES);
    assert.equal(played.closed, true);
    const removed = played.calls.filter((call) => call.op === "email.expunge").map((call) => call.args);
    assert.deepEqual(removed, [{ accountId: "a1", mailboxId: "m1", ranges: [{ first: 5, last: 6 }], always: true }]);
  });
}

Deno.test("POP3 session gives the same replies however the octets are cut", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: DIALOGUE.length }), { maxLength: 12 }), (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), DIALOGUE.length];
      const pieces = at.slice(1).map((end, i) => DIALOGUE.slice(at[i], end));
      assert.equal(play(session(), pieces, world()).sent, REPLIES);
    }),
    { numRuns: 50 },
  );
});

Deno.test("POP3 session removes nothing where QUIT never comes", () => {
  for (const type of ["closed", "deadline", "shutdown"] as const) {
    const played = play(session(), LOGIN + "DELE 1\r\n", world(), Infinity, { after: [{ type }] });
    assert.equal(played.calls.some((call) => call.op === "email.expunge"), false);
    assert.equal(played.sent.startsWith(IN + "+OK Message 1 is marked\r\n"), true);
    assert.equal(played.closed, type !== "closed");
  }
});

Deno.test("POP3 session says so where a message is gone meanwhile, and keeps the numbers", () => {
  const gone = new Set<number>();
  const player = new Player(session(), world(gone));
  player.feed(LOGIN);
  gone.add(6);
  player.feed("RETR 2\r\nTOP 2 1\r\nSTAT\r\nUIDL 3\r\n");
  const error = "-ERR The message was removed by another session\r\n";
  assert.equal(player.played.sent, IN + error + error + "+OK 3 320\r\n+OK 3 e5.9\r\n");
});

const HOSTILE: readonly (readonly [client: string, reply: RegExp])[] = [
  [":\r\n", /^-ERR Unknown/],
  ["a:b:c\r\n", /^-ERR Unknown/],
  ["\r\n", /^-ERR Unknown/],
  ["\0\0\0\r\n", /^-ERR Unknown/],
  ["NOOP\n", /^-ERR Lines end with CRLF/],
  ["NO\rOP\r\n", /^-ERR Lines end with CRLF/],
  ["\u00ff\u00fe\r\n", /^-ERR Unknown/],
  ["RETR 1\r\n", /^-ERR Unknown/],
  ["PASS x\r\n", /^-ERR Send USER first/],
  ["USER\r\n", /^-ERR/],
  ["USER a\0b\r\nPASS x\r\n", /^\+OK\r\n-ERR \[AUTH\]/],
  ["USER \u00ff\r\nPASS x\r\n", /^\+OK\r\n-ERR \[AUTH\]/],
  ["AUTH NTLM\r\n", /^-ERR Unknown auth/],
  ["AUTH PLAIN !!\r\n", /^-ERR The initial/],
  ["AUTH PLAIN\r\n*\r\n", /^\+ \r\n-ERR Authentication was given up/],
  ["USER " + "x".repeat(600) + "\r\n", /^-ERR The line is too long/],
  ["x".repeat(20_000), /^-ERR The line is too long/],
];

for (const [client, reply] of HOSTILE) {
  Deno.test(`POP3 session before login answers ${JSON.stringify(client.slice(0, 30))} in order`, () => {
    assert.match(play(session(), client, world()).sent.slice(GREETING.length), reply);
  });
}

for (
  const bad of [
    "RETR 0",
    "RETR 4",
    "RETR -1",
    "RETR 1 ",
    "RETR 0x1",
    "RETR 99999999999999999999",
    "DELE",
    "LIST x",
    "UIDL 4",
  ]
) {
  Deno.test(`POP3 session after login answers "${bad}" with no such message`, () => {
    assert.equal(play(session(), LOGIN + bad + "\r\n", world()).sent, IN + "-ERR No such message\r\n");
  });
}

Deno.test("POP3 session ends after too many bad commands and failed logins", () => {
  const bad = play(session(), "X\r\n".repeat(20), world());
  assert.equal(bad.closed, true);
  assert.equal(bad.sent.split("-ERR").length - 1, 10);
  const guess = play(session(), "USER alice\r\nPASS no\r\n".repeat(9), world());
  assert.equal(guess.calls.length, 3);
  assert.equal(guess.closed, true);
});

Deno.test("POP3 session offers no login before TLS unless it is allowed", () => {
  const played = play(session({ allowPlaintext: false }), "CAPA\r\n" + LOGIN + "AUTH PLAIN AGEAYg==\r\n", world());
  assert.equal(played.calls.length, 0);
  assert.match(played.sent, /\r\nSTLS\r\n/);
  assert.doesNotMatch(played.sent, /\r\n(USER|SASL)/);
});

Deno.test("POP3 session forgets after STLS what was said before", () => {
  const player = new Player(session(), world());
  player.feed("USER alice\r\n");
  player.feed("STLS\r\n");
  player.feed("PASS pass word\r\nSTLS\r\nCAPA\r\n");
  assert.match(
    player.played.sent,
    /TLS negotiation\r\n-ERR Send USER first\r\n-ERR STLS is not possible now\r\n\+OK Cap/,
  );
  assert.match(player.played.sent, /\r\nUSER\r\nSASL SCRAM-SHA-256 SCRAM-SHA-1 PLAIN OAUTHBEARER XOAUTH2\r\n/);
});

Deno.test("POP3 session ends where octets stand behind STLS", () => {
  const played = play(session(), "STLS\r\nUSER alice\r\n", world());
  assert.equal(played.sent, GREETING + "-ERR Commands behind STLS are not allowed\r\n");
  assert.equal(played.closed, true);
});

Deno.test("POP3 AUTH PLAIN logs in with an initial response and with a challenge", () => {
  const response = encodeBase64(latin1Bytes("\0alice\0pass word"));
  assert.equal(play(session(), `AUTH plain ${response}\r\n`, world()).sent, GREETING + IN.slice(GREETING.length + 5));
  const asked = play(session(), `AUTH PLAIN\r\n${response}\r\n`, world(), 1).sent;
  assert.equal(asked, GREETING + "+ \r\n" + IN.slice(GREETING.length + 5));
});

Deno.test("POP3 session turns a failure of the store into SYS/TEMP and goes on", () => {
  let broken = true;
  const base = world();
  const flaky: Answers = {
    ...base,
    "mailbox.open": (args) => {
      if (broken) throw new WorldFails();
      return base["mailbox.open"]!(args);
    },
  };
  const player = new Player(session(), flaky);
  player.feed(LOGIN);
  assert.match(player.played.sent, /\+OK\r\n-ERR \[SYS\/TEMP\] [^\r]+\r\n$/);
  broken = false;
  player.feed(LOGIN);
  assert.match(player.played.sent, /\+OK 3 messages/);
});

Deno.test("POP3 QUIT that cannot remove says so and closes", () => {
  const failing: Answers = {
    ...world(),
    "email.expunge": () => {
      throw new WorldFails("full");
    },
  };
  const played = play(session(), LOGIN + "DELE 3\r\nQUIT\r\n", failing);
  assert.match(played.sent, /-ERR \[SYS\/TEMP\] Marked messages were not removed\r\n$/);
  assert.equal(played.closed, true);
});

Deno.test("POP3 session waits a minute for a login and ten for a command", () => {
  const player = new Player(session(), world(), { now: 1_000 });
  assert.equal(player.deadline, 61_000);
  player.feed(LOGIN);
  player.now = 5_000;
  player.feed("NOOP\r\n");
  assert.equal(player.deadline, 605_000);
});

Deno.test("POP3 session reads a maildrop in pages and lists 100,000 messages", () => {
  const uids = Uint32Array.from({ length: 100_000 }, (_, i) => i + 1);
  const large: Answers = {
    ...world(),
    "mailbox.open": () => ({ mailbox: { mailboxId: "m1" }, uids }) as never,
    "email.read": ({ ranges, limit }) => {
      const first = ranges[0]!.first as number;
      const last = Math.min(first + limit - 1, uids.length);
      const rows = [];
      for (let uid = first; uid <= last; uid++) rows.push({ uid, size: 10, emailId: `e${uid}`, prefix: EMPTY });
      return { rows, next: last < uids.length ? last + 1 : null } as never;
    },
  };
  const { sent } = play(session(), LOGIN + "UIDL\r\n", large);
  assert.match(sent, /\+OK 100000 messages \(1000000 octets\)/);
  assert.ok(sent.endsWith("\r\n100000 e100000\r\n.\r\n"));
});
