/** The process of a filter, seen from outside: what programs can do that got out of their realm. */
import assert from "node:assert/strict";
import { Cell, type CellAnswer } from "../../../src/server/typed_filters/cell.ts";

const JOB = { source: "", input: "[]" };

/** What is heard of a program in a cell, and whether the cell has ended. */
async function heard(program: string, { timeMs = 1_000, outOfTurn = false } = {}): Promise<(CellAnswer | boolean)[]> {
  const dir = await Deno.makeTempDir();
  const file = `${dir}/program.ts`;
  await Deno.writeTextFile(
    file,
    `const say = (text) => Deno.stdout.writeSync(new TextEncoder().encode(text + "\\n"));\n${program}`,
  );
  const cell = new Cell({ timeMs, memory: 32 << 20, startMs: 20_000, program: new URL(`file://${file}`) });
  try {
    const answer = await cell.run(JOB);
    if (!outOfTurn) return [answer, cell.ended];
    for (let i = 0; i < 500 && !cell.ended; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    return [answer, await cell.run(JOB), cell.ended];
  } finally {
    cell.end();
    await Deno.remove(dir, { recursive: true });
  }
}

const ANSWERS = "for await (const _ of Deno.stdin.readable) ";

Deno.test("Cell has no permission, and nothing of our environment", async () => {
  const [answer] = await heard(`say('"up"');
const tries = {
  read: () => Deno.readTextFileSync("/etc/hostname"),
  write: () => Deno.writeTextFileSync("/tmp/x", "x"),
  env: () => Deno.env.get("PATH"),
  run: () => new Deno.Command("/bin/true").outputSync(),
  sys: () => Deno.hostname(),
  net: () => Deno.connect({ hostname: "127.0.0.1", port: 1 }),
  ffi: () => Deno.dlopen("libc.so.6", {}),
  file: () => import("" + "file:///etc/hostname"),
  remote: () => import("" + "https://jsr.io/@std/assert/1.0.0/mod.ts"),
  npm: () => import("" + "npm:hono"),
};
${ANSWERS} {
  const got = [];
  for (const [name, attempt] of Object.entries(tries)) {
    try { await attempt(); got.push(name); } catch (error) { if (!/NotCapable|TypeError/.test(error.name)) got.push(name + " " + error); }
  }
  say(JSON.stringify({ said: got.join() }));
}`);
  assert.deepEqual(answer, { said: "" });
});

Deno.test("Cell ends what speaks out of turn, in other words, without an end, or leaves", async () => {
  const up = `say('"up"');\n`;
  const [twice, forged, wordy, flood, gone, deaf, early, silent] = await Promise.all([
    heard(`${up}${ANSWERS} { say('{"said":"[]"}'); say('{"said":"mine"}'); }`, {
      outOfTurn: true,
    }),
    heard(`${up}${ANSWERS} say('{"said":5}');`),
    heard(`${up}${ANSWERS} say("[");`),
    heard(`${up}${ANSWERS} for (const octets = new Uint8Array(65536).fill(120);;) Deno.stdout.writeSync(octets);`),
    heard(`${up}${ANSWERS} Deno.exit(0);`),
    heard(`${up}${ANSWERS} { for (;;); }`, { timeMs: 10 }),
    heard(`say('{"said":"mine"}'); ${up}${ANSWERS} say('{"said":"[]"}');`),
    heard(`Deno.exit(0);`),
  ]);
  assert.deepEqual(twice, [{ said: "[]" }, "unready", true]);
  assert.deepEqual(forged, ["broken", true]);
  assert.deepEqual(wordy, ["broken", true]);
  assert.deepEqual(flood, ["broken", true]);
  assert.deepEqual(gone, ["broken", true]);
  assert.deepEqual(deaf, ["over", true]);
  assert.deepEqual(early, ["unready", true]);
  assert.deepEqual(silent, ["unready", true]);
});

Deno.test("Cell's failed is one line of the owner's", async () => {
  const [answer] = await heard(`say('"up"');\n${ANSWERS} say(JSON.stringify({ failed: "a\\r\\nb\\0c".repeat(200) }));`);
  assert(typeof answer === "object" && "failed" in answer);
  assert.doesNotMatch(answer.failed, /[\r\n\0]/);
  assert(answer.failed.length <= 300);
});
