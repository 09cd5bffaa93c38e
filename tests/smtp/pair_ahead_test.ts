/** Commands that go behind the end of the message before them: what they save, and that they cost no message. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type AttemptResult, isIdle, outcome, outcomeOf } from "../../src/smtp/client/mod.ts";
import { mail, Pair, TEXT } from "./pair_clock.ts";

const to = (i: number) => `r${i}@there.example`;
const NO = { code: 550, enhanced: "5.1.1", text: "No such user" };
const LATER = { code: 451, enhanced: "4.3.0", text: "Not now" };

/** Gives each message as soon as it is asked for, and notes what came of it, as a connection of the server does. */
function feed(pair: Pair, messages: number): (AttemptResult | "untouched" | null)[] {
  const came: (AttemptResult | "untouched" | null)[] = [null];
  pair.onStep = () => {
    for (const [i, result] of came.entries()) came[i] = result ?? outcomeOf(pair.state, i);
    if (came.length < messages && pair.asks && pair.send(mail(to(came.length)))) came.push(null);
  };
  return came;
}

Deno.test("pair: each further message takes one trip where its commands go ahead", () => {
  const pair = new Pair(50, mail(to(0)), true);
  const came = feed(pair, 11);
  pair.run(350 + 10 * 100);
  assert.equal(isIdle(pair.state), true);
  assert.equal(pair.got.length, 11);
  for (const [i, text] of pair.got.entries()) assert.equal(text, `${to(i)} ${TEXT}`);
  for (const result of came) assert.ok(result !== null && result !== "untouched");
});

Deno.test("pair: a message that is refused behind its dot says nothing about the one whose commands are out", () => {
  for (const refusal of [NO, LATER]) {
    const pair = new Pair(50, mail(to(0)), true);
    pair.refuse = { message: (rcpt) => rcpt === to(1) ? refusal : null };
    const came = feed(pair, 3);
    pair.run(2_000);
    const kinds = came.map((one) => one === null || one === "untouched" ? one : one.recipients[0]!.kind);
    assert.deepEqual(kinds, ["delivered", refusal === NO ? "permanent" : "temporary", "delivered"]);
    assert.deepEqual(pair.got, [`${to(0)} ${TEXT}`, `${to(2)} ${TEXT}`]);
  }
});

Deno.test("pair: a message waits half a minute behind another's answer, and then goes another way", () => {
  const pair = new Pair(1, mail(to(0)), true);
  pair.onStep = () => {
    if (pair.asks) pair.muteAfter = 0; // the message is out: not a word comes back
  };
  const came = feed(pair, 2);
  const step = pair.onStep;
  pair.onStep = () => {
    step();
    if (came.length === 2) pair.muteAfter = 0;
  };
  pair.run(29_000);
  assert.deepEqual(came, [null, null]);
  pair.run(31_000);
  assert.deepEqual(came, [null, "untouched"]);
  pair.run();
  const first = came[0] as unknown as AttemptResult;
  assert.equal(first.recipients[0]!.kind, "temporary");
  assert.equal(first.tryNextHost, false); // the server may have it
  assert.ok(pair.now >= 600_000 && pair.now < 620_000, String(pair.now)); // all the time that section 4.5.3.2.6 gives
  assert.equal(pair.got.length, 1);
});

Deno.test("pair: whatever is refused, wherever the connection breaks, in any pieces: none is lost, one at most unknown", () => {
  let broken = 0;
  let ahead = 0;
  fc.assert(
    fc.property(
      fc.record({
        latency: fc.constantFrom(0, 1, 50),
        fates: fc.array(fc.constantFrom("take", "take", "rcpt", "message", "later"), { minLength: 1, maxLength: 8 }),
        side: fc.constantFrom("client" as const, "server" as const),
        at: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 1500 })),
        sizes: fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 12 }),
        ahead: fc.boolean(),
      }),
      (run) => {
        const pair = new Pair(run.latency, mail(to(0)), run.ahead);
        const fate = (rcpt: string) => run.fates[Number(/\d+/.exec(rcpt)![0])];
        pair.refuse = {
          rcpt: (rcpt) => fate(rcpt) === "rcpt" ? NO : null,
          message: (rcpt) => fate(rcpt) === "message" ? NO : fate(rcpt) === "later" ? LATER : null,
        };
        pair.breakAfter[run.side] = run.at;
        let cuts = 0;
        pair.pieces = (text) => {
          const out: string[] = [];
          for (let at = 0; at < text.length;) {
            const size = run.sizes[cuts++ % run.sizes.length]!;
            out.push(text.slice(at, at + size));
            at += size;
          }
          return out;
        };
        const came = feed(pair, run.fates.length);
        pair.run();
        let unknown = 0;
        let taken = 0;
        for (const [i, one] of came.entries()) {
          const result = one ?? outcome(pair.state);
          const got = pair.got.filter((text) => text.startsWith(`${to(i)} `));
          taken += got.length;
          assert.ok(got.every((text) => text === `${to(i)} ${TEXT}`));
          assert.ok(got.length <= 1);
          if (result === "untouched") {
            ahead++;
            assert.equal(got.length, 0); // it is sent elsewhere at once
            continue;
          }
          const kind = result.recipients[0]!.kind;
          if (kind === "delivered") assert.equal(got.length, 1);
          if (kind === "permanent") assert.ok(fate(to(i)) === "rcpt" || fate(to(i)) === "message");
          if (kind === "temporary" && result.tryNextHost) assert.equal(got.length, 0);
          if (kind === "temporary" && got.length === 1) unknown++;
        }
        assert.equal(taken, pair.got.length);
        assert.ok(unknown <= 1);
        if (run.at < Infinity && came.length < run.fates.length) broken++;
        if (run.at === Infinity) assert.equal(came.length, run.fates.length);
      },
    ),
    { numRuns: 400 },
  );
  assert.ok(broken > 10 && ahead > 0, `${broken} ${ahead}`);
});
