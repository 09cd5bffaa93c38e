import assert from "node:assert/strict";
import { runMain } from "./command_line.ts";

const check = (stdin: string | Uint8Array, ...more: string[]) => runMain(["sieve", "check", "-", ...more], { stdin });

Deno.test("sieve check says that a script can run", async () => {
  assert.deepEqual(await check("keep;"), { code: 0, out: "", err: "- can run.\n" });
  assert.deepEqual(JSON.parse((await check("keep;", "--json")).out), []);
});

Deno.test("sieve check names all errors with line and column", async () => {
  const { code, out } = await check('fileinto "a";\nkeep;\n  frobnicate;\n');
  assert.equal(code, 1);
  assert.match(out, /^-:1:1: .*\n-:3:3: .*\n$/);
  const { out: json } = await check('fileinto "a";', "--json");
  assert.equal(JSON.parse(json)[0].line, 1);
});

Deno.test("sieve check reads a file, and refuses what is none, too large or not UTF-8", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${cwd}/good.sieve`, "discard;");
    assert.equal((await runMain(["sieve", "check", "good.sieve"], { cwd })).code, 0);
    assert.match((await runMain(["sieve", "check", "none.sieve"], { cwd })).err, /none\.sieve cannot be read/);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
  assert.match((await check(new Uint8Array((1 << 20) + 1))).err, /more than 1048576 octets/);
  assert.match((await check(new Uint8Array([0xff]))).err, /not UTF-8/);
});
