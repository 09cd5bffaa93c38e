import assert from "node:assert/strict";
import { ask, type LogEvent, logEvent, OpFailed, type Program, sendLine } from "../../src/contract/mod.ts";
import { type Perform, runProgram } from "../../src/server/run_program.ts";

const noLog = (): void => {};

Deno.test("runProgram() awaits each question, logs each fact, and gives the result", async () => {
  function* program(): Program<string> {
    const first = yield* ask("clock.now", {});
    yield logEvent("info", "between", { first });
    const second = yield* ask("setting.get", { name: "x" });
    return `${first} ${second}`;
  }
  const asked: unknown[] = [];
  const logged: LogEvent[] = [];
  const perform = ((op: string, args: unknown) => {
    asked.push([op, args]);
    return op === "clock.now" ? 7 : Promise.resolve("value"); // at once, or later
  }) as Perform;
  assert.equal(await runProgram(program(), perform, (event) => logged.push(event)), "7 value");
  assert.deepEqual(asked, [["clock.now", {}], ["setting.get", { name: "x" }]]);
  assert.deepEqual(logged.map(({ event }) => event), ["between"]);
});

for (
  const [what, error, reason] of [
    ["a full disk", Object.assign(new Error("no space"), { reason: "full" }), "full"],
    ["a store that is away", Object.assign(new Error("away"), { reason: "unavailable" }), "unavailable"],
    ["a bug", new TypeError("x is undefined"), "bug"],
    ["no error at all", undefined, "bug"],
  ] as const
) {
  Deno.test(`runProgram() throws ${what} into the program as OpFailed with its reason`, async () => {
    function* program(): Program<unknown> {
      try {
        return yield* ask("clock.now", {});
      } catch (failed) {
        assert.ok(failed instanceof OpFailed);
        return [failed.op, failed.reason];
      }
    }
    for (
      const perform of [
        (() => Promise.reject(error)) as Perform,
        (() => {
          throw error;
        }) as Perform,
      ]
    ) {
      assert.deepEqual(await runProgram(program(), perform, noLog), ["clock.now", reason]);
    }
  });
}

Deno.test("runProgram() rejects with what the program lets pass, its reason kept", async () => {
  function* program(): Program<number> {
    return yield* ask("clock.now", {});
  }
  const perform = (() => Promise.reject(Object.assign(new Error("no space"), { reason: "full" }))) as Perform;
  await assert.rejects(runProgram(program(), perform, noLog), { name: "OpFailed", reason: "full" });
});

Deno.test("runProgram() refuses effects that need a connection", async () => {
  function* program(): Program<void> {
    yield sendLine("250 hello");
  }
  await assert.rejects(
    runProgram(program(), (() => 0) as unknown as Perform, noLog),
    /without a connection yielded send/,
  );
});

Deno.test("runProgram() lets others have a turn when a program has worked for its slice, and else goes on", async () => {
  function* program(): Program<number> {
    let steps = 0;
    for (; steps < 12; steps++) {
      const end = performance.now() + 3;
      while (performance.now() < end) { /* as a signature is checked */ }
      yield* ask("clock.now", {});
    }
    return steps;
  }
  const turns = async (sliceMs?: number): Promise<number> => {
    let count = 0;
    let timer = setTimeout(function again() {
      count++;
      timer = setTimeout(again, 0);
    }, 0);
    assert.equal(await runProgram(program(), (() => 7) as unknown as Perform, noLog, sliceMs), 12);
    clearTimeout(timer);
    return count;
  };
  assert.equal(await turns(), 0);
  assert.ok(await turns(10) > 0);
});
