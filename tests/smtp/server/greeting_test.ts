import assert from "node:assert/strict";
import { SMTP_LIMITS, smtpSession } from "../../../src/smtp/server/mod.ts";
import type { AnswerOf } from "../../../src/contract/mod.ts";
import { type Answers, LATER, play, Player, type PlayOptions, TEST_SESSION } from "../../support/run_machine.ts";

type Verdict = AnswerOf<"client.verify">;
const OPTIONS = {
  profile: "mx",
  hostname: "mail.example.test",
  limits: SMTP_LIMITS,
  startTls: false,
  requireTls: false,
  allowPlaintextAuth: false,
  mechanisms: [],
  verifyClient: true,
} as const;
const answers = (verdict: Verdict): Answers => ({ "client.verify": () => verdict });
const later: Answers = { "client.verify": () => LATER };
const answer = (value: Verdict) => ({ type: "answer", id: 1, op: "client.verify", value }) as const;
const REFUSE: Verdict = { ok: true, early: "refuse" };
const ALLOW: Verdict = { ok: true, early: "allow" };

/** A client that sends `early` before the answer comes. */
function talks(early: string, value: Verdict, options: PlayOptions = {}) {
  return play(smtpSession(OPTIONS), early, later, Infinity, { ...options, after: [answer(value)] });
}

Deno.test("the greeting waits for the verdict on the client", () => {
  const player = new Player(smtpSession(OPTIONS), later);
  assert.equal(player.played.sent, "");
  player.input(answer(REFUSE));
  assert.match(player.played.sent, /^220 mail\.example\.test ESMTP\r\n$/);
  assert.match(play(smtpSession(OPTIONS), "EHLO x\r\n", answers(REFUSE), 1).sent, /^220 .*\r\n250-/);
});

Deno.test("a client that talks before the greeting is told no, or only noted", () => {
  const refused = talks("EHLO spam\r\nMAIL FROM:<a@b>\r\n", REFUSE);
  assert.equal(refused.sent, "554 5.5.1 Wait for the greeting before you send anything\r\n");
  assert.ok(refused.closed);
  assert.deepEqual(refused.logs.map(({ event, fields }) => [event, fields.kind ?? fields.reason]), [
    ["smtp.abuse", "earlyTalker"],
    ["smtp.refused", "octets before the greeting"],
  ]);
  const noted = talks("EHLO spam\r\n", ALLOW);
  assert.match(noted.sent, /^220 .*\r\n250-mail/);
  assert.deepEqual(noted.logs.map(({ fields }) => fields.kind), ["earlyTalker"]);
});

Deno.test("commands behind EHLO before its reply are refused where that is wished, and only before the first", () => {
  const strict = play(smtpSession(OPTIONS), "EHLO x\r\nMAIL FROM:<a@b>\r\n", answers(REFUSE));
  assert.match(strict.sent, /^220 .*\r\n554 5\.5\.1 Wait for the reply before you send more\r\n$/);
  assert.equal(strict.calls.length, 1);
  const polite = play(smtpSession(OPTIONS), ["EHLO x\r\n", "NOOP\r\nEHLO y\r\nNOOP\r\n"], answers(REFUSE));
  assert.equal(polite.sent.match(/^250 /gm)?.length, 4);
  assert.match(play(smtpSession(OPTIONS), "HELO x\r\nNOOP\r\n", answers(ALLOW)).sent, /250 2\.0\.0 Ok\r\n$/);
});

Deno.test("a refused client hears why; one that could not be judged is greeted", () => {
  const refusal = { code: 554, enhanced: "5.7.1", text: "Not you" };
  const refused = play(smtpSession(OPTIONS), "", answers({ refused: refusal }));
  assert.deepEqual([refused.sent, refused.closed], ["554 5.7.1 Not you\r\n", true]);
  const failed = new Player(smtpSession(OPTIONS), later);
  failed.input({ type: "failed", id: 1, op: "client.verify", reason: "unavailable", text: "x" });
  assert.match(failed.played.sent, /^220 /);
});

Deno.test("little is read before the greeting, and who leaves or waits too long ends", () => {
  const session = smtpSession(OPTIONS);
  let { state } = session;
  const step = (input: Parameters<typeof session.machine.step>[1], now = 0) => {
    const done = session.machine.step(state, input, now);
    state = done.state;
    return done.effects;
  };
  step({ type: "opened", session: { ...TEST_SESSION } });
  assert.ok(session.machine.wantsBytes(state));
  step({ type: "bytes", chunk: new Uint8Array(10) });
  assert.ok(!session.machine.wantsBytes(state)); // back-pressure: one chunk is enough to know
  const effects = step({ type: "closed" });
  assert.deepEqual(effects, [{ type: "cancel", id: 1 }]);
  const slow = new Player(smtpSession(OPTIONS), later);
  assert.equal(slow.deadline, SMTP_LIMITS.handshakeMs);
});
