/** What a connection costs in trips and in time, on a clock that nobody waits for. */
import assert from "node:assert/strict";
import { isFinished, outcome, verdictText } from "../../src/smtp/client/mod.ts";
import { mail, Pair, TEXT } from "./pair_clock.ts";

Deno.test("pair: a first message takes three and a half trips to the server and back, each further one two", () => {
  const pair = new Pair(50, mail("r0@there.example"));
  // The greeting is half a trip; then EHLO; MAIL, RCPT and DATA at once; the message.
  pair.run(349);
  assert.equal(isFinished(pair.state), false);
  pair.run(350);
  assert.equal(isFinished(pair.state), true);
  for (let i = 1; i <= 10; i++) {
    assert.equal(pair.send(mail(`r${i}@there.example`)), true);
    pair.run(350 + i * 200);
    assert.equal(isFinished(pair.state), true, `${i}`);
    assert.equal(outcome(pair.state).recipients[0]!.kind, "delivered");
  }
  assert.equal(pair.got.length, 11);
  for (const [i, text] of pair.got.entries()) assert.equal(text, `r${i}@there.example ${TEXT}`);
});

Deno.test("pair: a connection is kept for five seconds, and then left politely", () => {
  const pair = new Pair(10, mail("r0@there.example"));
  pair.run(4_000);
  assert.equal(pair.send(mail("r1@there.example")), true);
  pair.run(8_000);
  assert.equal(pair.got.length, 2);
  pair.run(9_500);
  assert.equal(pair.send(mail("r2@there.example")), false);
  pair.run();
  assert.ok(pair.now < 10_000, String(pair.now));
  assert.equal(outcome(pair.state).recipients[0]!.kind, "delivered");
});

Deno.test("pair: a server that falls silent at any octet costs minutes and no message, and none is taken for sent", () => {
  const whole = new Pair(1, mail("r0@there.example"));
  whole.run(4_000);
  let silent = 0;
  for (let octets = 0; octets < 400; octets += 3) {
    const pair = new Pair(1, mail("r0@there.example"));
    pair.muteAfter = octets;
    pair.run();
    const [result] = outcome(pair.state).recipients;
    if (result!.kind === "delivered") continue;
    silent++;
    assert.equal(result!.kind, "temporary", verdictText(result!));
    assert.ok(pair.now >= 60_000 && pair.now <= 31 * 60_000, `${octets}: ${pair.now}`);
    // Another host may be asked unless this one has the whole message.
    assert.equal(outcome(pair.state).tryNextHost, pair.got.length === 0, String(octets));
  }
  assert.ok(silent > 50);
});

Deno.test("pair: a second message that the server hears of and never answers is no result of the first", () => {
  const pair = new Pair(1, mail("r0@there.example"));
  pair.run(1_000);
  assert.equal(outcome(pair.state).recipients[0]!.kind, "delivered");
  pair.muteAfter = 0;
  pair.send(mail("r1@there.example"));
  pair.run();
  const second = outcome(pair.state);
  assert.equal(second.recipients[0]!.kind, "temporary");
  assert.equal(second.reused, true);
  assert.equal(second.tryNextHost, true);
  assert.equal(pair.got.length, 1);
});
