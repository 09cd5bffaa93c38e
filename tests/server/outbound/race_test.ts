/** Several addresses of one host: which is tried when, on a clock that the test moves. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { race } from "../../../src/server/outbound/race.ts";

/** When an address answers or fails, milliseconds after it is dialled. */
type Fate = { readonly after: number; readonly works: boolean };

/** Runs a race on a simulated clock; what happened, in order, with the time. */
async function run(fates: Readonly<Record<string, Fate>>, stopAt = Infinity) {
  let now = 0;
  const due: { at: number; act: () => void }[] = [];
  const log: string[] = [];
  const later = (ms: number, act: () => void) => void due.push({ at: now + ms, act });
  const stop = new AbortController();
  let open = 0;
  let most = 0;
  if (stopAt < Infinity) later(stopAt, () => stop.abort());
  const racing = race(Object.keys(fates), stop.signal, {
    dial: (host, signal) => {
      const { after, works } = fates[host]!;
      log.push(`${now} ${host}`);
      most = Math.max(most, ++open);
      return new Promise<string>((resolve, reject) => {
        const end = (act: () => void) => () => {
          open--;
          act();
        };
        later(after, end(() => works ? resolve(`to ${host}`) : reject(new Error(host))));
        signal.addEventListener("abort", () => reject(new Error("given up")));
      });
    },
    pause: (ms, signal) =>
      new Promise((resolve) => {
        later(ms, resolve);
        signal.addEventListener("abort", () => resolve());
      }),
    close: (connection) => log.push(`${now} closed ${connection}`),
  });
  let over = false;
  void racing.then(() => over = true);
  for (let turns = 0; !over; turns++) {
    assert.ok(turns < 10_000, "the race ends");
    for (let i = 0; i < 20; i++) await Promise.resolve();
    const next = due.sort((a, b) => a.at - b.at).shift();
    if (!next || over) continue;
    now = next.at;
    next.act();
  }
  return { result: await racing, log, now, most };
}

Deno.test("race() tries the next address after a quarter of a second, or as soon as one fails", async () => {
  const silent = { after: 30_000, works: false };
  const { result, log, now } = await run({
    six: silent,
    refused: { after: 10, works: false },
    four: { after: 20, works: true },
    more: { after: 1, works: true },
  });
  assert.deepEqual(log, ["0 six", "250 refused", "260 four"]);
  assert.equal(now, 280);
  assert.ok(result.kind === "won");
  assert.equal(result.connection, "to four");
  assert.deepEqual(result.lost.map(({ host }) => host), ["refused"]); // the silent one was given up, not lost
});

Deno.test("race() lets a slow first address win where it answers before the others", async () => {
  const { result, log } = await run({ slow: { after: 300, works: true }, other: { after: 5_000, works: true } });
  assert.ok(result.kind === "won" && result.host === "slow");
  assert.deepEqual(log, ["0 slow", "250 other"]);
});

Deno.test("race() says of each address why there is nobody, and keeps few attempts in the air", async () => {
  const dead = Array.from({ length: 12 }, (_, i) => [`a${i}`, { after: 30_000, works: false }] as const);
  const { result, most, now } = await run(Object.fromEntries(dead));
  assert.ok(result.kind === "lost");
  assert.equal(result.lost.length, 12);
  assert.equal(most, 4);
  assert.equal(Math.trunc(now / 1000), 90); // three rounds of four
});

Deno.test("race() ends at once when it is stopped", async () => {
  const { result, now } = await run({ a: { after: 30_000, works: true }, b: { after: 30_000, works: true } }, 400);
  assert.deepEqual([result.kind, result.lost.length, now], ["lost", 0, 400]);
});

Deno.test("race() connects where any address works, whatever the others do, and leaves no connection behind", async () => {
  const fate = fc.record({ after: fc.integer({ min: 0, max: 2000 }), works: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(fate, { maxLength: 9 }), async (fates) => {
      const { result, log } = await run(Object.fromEntries(fates.map((one, i) => [`h${i}`, one])));
      assert.equal(result.kind === "won", fates.some(({ works }) => works));
      const dialed = log.filter((line) => !line.includes("closed"));
      if (result.kind === "lost") assert.equal(result.lost.length, fates.length);
      else assert.ok(!result.lost.some(({ host }) => fates[Number(host.slice(1))]!.works));
      assert.deepEqual(dialed.map((line) => line.split(" ")[1]), fates.slice(0, dialed.length).map((_, i) => `h${i}`));
    }),
    { numRuns: 150 },
  );
});
