import assert from "node:assert/strict";
import { IMAP_LIMITS, imapSession } from "../../src/imap/mod.ts";
import type { AccountId, EmailRow, MailboxChanges, MailboxSnapshot } from "../../src/contract/mod.ts";
import { type Answers, play, Player } from "../support/run_machine.ts";

const options = { hostname: "imap.example.org", allowPlaintextAuth: true, startTls: true };
const mailbox = {
  mailboxId: "m1",
  ownerId: "a",
  rights: "lrswipkxtea",
  path: "INBOX",
  role: "inbox",
  subscribed: true,
  uidValidity: 7,
  uidNext: 12,
  highestModseq: 5,
  messages: 2,
  unseen: 1,
  size: 60,
  deleted: 0,
};
const header = new TextEncoder().encode("X-P: 1\r\nSubject: hi\r\n there\r\nTo: b\r\n\r\n");
const row = (uid: number): EmailRow =>
  ({
    uid,
    modseq: 5,
    emailId: `e${uid}`,
    threadId: "t1",
    flags: uid === 10 ? ["\\Seen"] : [],
    internalDate: Date.UTC(2024, 0, 2, 3, 4, 5),
    saveDate: 0,
    size: 28,
    blobId: `b${uid}`,
    blobSize: 20,
    prefix: new TextEncoder().encode("X-P: 1\r\n"),
    header,
  }) as unknown as EmailRow;

function world(): Answers {
  return {
    "auth.password": ({ password }) =>
      password.reveal() === "pw"
        ? { accountId: "a" as AccountId, login: "u@x", scopes: null }
        : { refused: "credentials" },
    "mailbox.open": () =>
      ({ mailbox, uids: Uint32Array.of(10, 11), firstUnseen: 11, keywords: [] }) as unknown as MailboxSnapshot,
    "mailbox.watch": () => true,
    "mailbox.unwatch": () => true,
    "mailbox.changes": ({ since }) =>
      ({ mailboxId: "m1", modseq: since, changed: [], vanished: [], deleted: false }) as unknown as MailboxChanges,
    "mailbox.list": () => [mailbox] as never,
    "email.read": ({ ranges }) => ({
      rows: [10, 11].filter((uid) => ranges.some(({ first, last }) => uid >= first && uid <= last)).map(row),
      next: null,
    }),
    "email.marks": ({ ranges }) => {
      const uids = [10, 11].filter((uid) => ranges.some(({ first, last }) => uid >= first && uid <= last));
      const rows = uids.map(row);
      return {
        uids: Uint32Array.from(uids),
        modseqs: Float64Array.from(rows, ({ modseq }) => modseq),
        flags: rows.map(({ flags }) => flags),
        next: null,
      };
    },
    "email.flags": ({ ranges }) =>
      ({
        changed: ranges.map(({ first }) => ({ uid: first, modseq: 6, flags: ["\\Seen"] })),
        modified: [],
        modseq: 6,
      }) as never,
    "email.search": () => ({ uids: [10, 11, 99], modseq: 5 }) as never,
    "body.seal": () => ({ blobId: "b12", size: 5 }) as never,
    "clock.now": () => 0,
    "email.append": () => ({ uidValidity: 7, uids: [12] }) as never,
  };
}

const CLIENT = "a LOGIN u {2}\r\npw\r\nb SELECT inbox\r\nc FETCH 1:* (FLAGS UID)\r\nd UID FETCH 11 BODY[]<4.10>\r\n" +
  "e FETCH 1 BODY.PEEK[HEADER.FIELDS (Subject)]\r\nf SEARCH ALL\r\ng APPEND INBOX (\\Seen) {5+}\r\nhello\r\n" +
  'h LIST "" *\r\ni STORE 2 +FLAGS.SILENT (\\Seen)\r\nj FETCH 3 UID\r\nk IDLE\r\nDONE\r\nl LOGOUT\r\n';

Deno.test("a whole dialogue goes the same way however it is cut", () => {
  const whole = play(imapSession(options), CLIENT, world());
  const has = (line: string): void => assert.ok(whole.sent.includes(line + "\r\n"), `${line}\n${whole.sent}`);
  has("+ OK");
  has("* 2 EXISTS");
  has("b OK [READ-WRITE] Selected");
  has("* 1 FETCH (FLAGS (\\Seen) UID 10)\r\n* 2 FETCH (FLAGS () UID 11)");
  // The partial range crosses from the delivery's prefix into the blob.
  has("* 2 FETCH (UID 11 BODY[]<4> {10}\r\n 1\r\n«b11 0-6» FLAGS (\\Seen))");
  has("* 1 FETCH (BODY[HEADER.FIELDS (SUBJECT)] {23}\r\nSubject: hi\r\n there\r\n\r\n)");
  has("* SEARCH 1 2");
  has("g OK [APPENDUID 7 12] Appended");
  has('* LIST (\\HasNoChildren) "/" "INBOX"');
  has("j BAD The message number does not exist");
  has("k OK Idle ended");
  assert.deepEqual([...whole.bodies.values()], ["hello"]);
  assert.ok(whole.closed);
  for (const size of [1, 2, 3, 7, 50]) assert.equal(play(imapSession(options), CLIENT, world(), size).sent, whole.sent);
});

Deno.test("IDLE tells news at once, own changes are not told twice, and FETCH holds EXPUNGE back", () => {
  const player = new Player(imapSession(options), world());
  player.feed("a LOGIN u pw\r\nb SELECT INBOX\r\nc STORE 2 +FLAGS.SILENT (\\Seen)\r\n");
  const news = (modseq: number, more: Partial<Record<keyof MailboxChanges, unknown>>): void =>
    player.input({
      type: "changes",
      changes: { mailboxId: "m1", modseq, changed: [], vanished: [], deleted: false, ...more } as MailboxChanges,
    });
  player.played.sent = "";
  news(6, { changed: [{ uid: 11, modseq: 6, flags: ["\\Seen"] }] });
  player.feed("d IDLE\r\n");
  assert.equal(player.played.sent, "+ idling\r\n");
  news(8, { changed: [{ uid: 12, modseq: 7, flags: [] }] });
  assert.equal(player.played.sent, "+ idling\r\n* 3 EXISTS\r\n");
  player.feed("DONE\r\n");
  player.played.sent = "";
  news(9, { vanished: [10] });
  player.feed("e FETCH 2 UID\r\n");
  assert.equal(player.played.sent, "* 2 FETCH (UID 11)\r\ne OK [EXPUNGEISSUED] Fetched\r\n");
  player.feed("f NOOP\r\n");
  assert.ok(player.played.sent.endsWith("* 1 EXPUNGE\r\nf OK Done\r\n"));
});

Deno.test("literals that are refused are never read as commands", () => {
  const bomb = `a LOGIN {5000+}\r\n${"x LOGOUT\r\n".repeat(500)} p\r\nb NOOP\r\n`;
  const { sent, closed } = play(imapSession(options), bomb, world());
  assert.ok(sent.includes("a NO [LIMIT]") && sent.endsWith("b OK Done\r\n") && !closed, sent);
  const waiting = play(imapSession(options), "a LOGIN {99999999}\r\nb NOOP\r\n", world());
  assert.ok(!waiting.sent.includes("\n+ ") && waiting.sent.endsWith("b OK Done\r\n"), waiting.sent);
  assert.ok(play(imapSession(options), "a LOGIN {9999999999999999999999+}\r\n", world()).closed);
});

Deno.test("logins: the same words for every wrong one, none before TLS, NUL refused, STARTTLS takes nothing along", () => {
  const { sent } = play(imapSession(options), "a LOGIN u no\r\nb LOGIN u {4}\r\npw\0x\r\n", world());
  assert.equal(sent.split("[AUTHENTICATIONFAILED] The login name or the password is wrong").length, 3, sent);
  const strict = { ...options, allowPlaintextAuth: false };
  const clear = play(imapSession(strict), "a LOGIN u pw\r\n", world());
  assert.ok(clear.sent.includes("LOGINDISABLED") && clear.sent.includes("a NO [PRIVACYREQUIRED]"), clear.sent);
  const injected = play(imapSession(strict), "a STARTTLS\r\nb NOOP\r\n", world());
  assert.ok(injected.closed && !injected.sent.includes("b OK"), injected.sent);
  const begun = play(imapSession(strict), ["a STARTTLS\r\n", "b LOGIN u pw\r\n"], world());
  assert.ok(begun.sent.includes("b OK [CAPABILITY"), begun.sent);
});

Deno.test("nested searches, endless errors and silence come to an end", () => {
  const deep = `a LOGIN u pw\r\nb SELECT INBOX\r\nc SEARCH ${"NOT ".repeat(1000)}ALL\r\n`;
  assert.ok(play(imapSession(options), deep, world()).sent.endsWith("c BAD The search is nested too deep\r\n"));
  assert.ok(play(imapSession(options), "x\r\n".repeat(IMAP_LIMITS.badCommands), world()).closed);
  const silent = new Player(imapSession(options), world());
  assert.equal(silent.deadline, IMAP_LIMITS.loginMs);
  silent.now = IMAP_LIMITS.loginMs;
  silent.input({ type: "deadline" });
  assert.ok(silent.played.closed && silent.played.sent.endsWith("* BYE Not logged in in time\r\n"));
});
