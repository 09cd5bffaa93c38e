import assert from "node:assert/strict";
import { parseArguments } from "../../src/cli/arguments.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { VERSION } from "../../src/server/version.ts";
import { testAdmin } from "../http/admin_over_memory.ts";
import { desk, runMain } from "./command_line.ts";

Deno.test("every command explains itself with examples that it would take", async () => {
  for (const command of COMMANDS) {
    const name = command.words.join(" ");
    const { code, out, err } = await runMain([...command.words, "--help"]);
    assert.deepEqual([code, err], [0, ""], name);
    assert.equal((await runMain([...command.words, "-h"])).out, out);
    assert.equal((await runMain(["help", ...command.words])).out, out);
    assert.ok(out.startsWith(`${command.summary}.\n\nUsage: palomar ${name}`), name);
    for (const option of [...command.options.map((one) => one.name), "config", "help"]) {
      assert.ok(out.includes(`  --${option}`), `${name} --${option}`);
    }
    assert.ok(command.examples.length > 0, name);
    for (const example of command.examples) {
      const words = example.replace(/^.*\| /, "").match(/"[^"]*"|\S+/g) ?? [];
      assert.deepEqual(words.slice(0, command.words.length + 1), ["palomar", ...command.words], example);
      if (command.ownArguments) continue;
      const options = [...command.options, { name: "config", value: "FILE", help: "" }];
      const { operands } = parseArguments(words.slice(command.words.length + 1), options);
      assert.ok(operands.length >= command.least && operands.length <= command.most, example);
    }
    assert.ok(Math.max(...out.split("\n").map((line) => line.length)) <= 120, name);
  }
});

Deno.test("help lists every command once, and nothing that is not there", async () => {
  const { code, out } = await runMain([]);
  assert.equal(code, 0);
  for (const same of [["help"], ["--help"], ["-h"]]) assert.equal((await runMain(same)).out, out);
  const listed = out.slice(out.indexOf("Commands:\n"), out.indexOf("\nEvery command")).split("\n").slice(1);
  assert.equal(listed.filter((line) => line !== "").length, COMMANDS.length);
  for (const { words } of COMMANDS) {
    assert.equal(listed.filter((line) => line.startsWith(`  ${words.join(" ")} `)).length, 1, words.join(" "));
  }
});

Deno.test("version prints the version", async () => {
  for (const args of [["version"], ["--version"]]) {
    assert.deepEqual(await runMain(args), { code: 0, out: `palomar ${VERSION}\n`, err: "" });
  }
  assert.equal(JSON.parse((await runMain(["version", "--json"])).out).palomar, VERSION);
});

Deno.test("what is no command ends with code 2 and words on stderr", async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["frobnicate", /no command "frobnicate"/],
    ["domain", /domain goes on with one of: add, list/],
    ["domain frob", /domain goes on with one of/],
    ["help frob", /no command/],
    ["domain add", /something is missing; it is: palomar domain add DOMAIN/],
    ["domain add a.example b.example", /too much/],
    ["domain list --jsn", /no option --jsn/],
    ["domain list --jso", /did you mean --json/],
    ["domain list --json=yes", /takes no value/],
    ["domain list --json --json", /twice/],
    ["domain list --config", /needs a value/],
    ["domain list -x", /no option/],
    ["__proto__ constructor", /no command/],
  ];
  for (const [line, words] of cases) {
    const { code, out, err } = await desk().run(line);
    assert.deepEqual([code, out], [2, ""], line);
    assert.match(err, words);
    assert.ok(err.startsWith("palomar: ") && err.endsWith("\n"), line);
  }
});

Deno.test("a wrong configuration ends with code 2 and every fault", async () => {
  const { code, err } = await runMain(["domain", "list"], {
    env: { PALOMAR_HOSTNAME: "x", PALOMAR_LIMITS__MESAGE_SIZE: "1MB" },
  });
  assert.equal(code, 2);
  assert.match(err, /PALOMAR_HOSTNAME: hostname: .*full name/);
  assert.match(err, /did you mean PALOMAR_LIMITS__MESSAGE_SIZE\?/);
  const missing = await runMain(["domain", "list", "--config", "/nonexistent/palomar.jsonc"]);
  assert.equal(missing.code, 2);
  assert.match(missing.err, /there is no such file/);
});

Deno.test("what may pass later ends with code 75", async () => {
  const failing = (reason: string) =>
    desk(testAdmin({ trusted: true, perform: () => Promise.reject(Object.assign(new Error("x"), { reason })) }));
  for (const reason of ["unavailable", "full", "bug"]) {
    const { code, out, err } = await failing(reason).run("domain list");
    assert.deepEqual([code, out], [75, ""], reason);
    assert.ok(err.startsWith("palomar: "));
  }
  const memory = await runMain(["domain", "list"], { env: { PALOMAR_STORAGE__DRIVER: "memory" } });
  assert.equal(memory.code, 75);
  assert.match(memory.err, /start it first/);
  const broken = await runMain(["domain", "list"], {}, { openAdmin: () => Promise.reject(new Error("no luck")) });
  assert.deepEqual([broken.code, broken.err], [75, "palomar: no luck\n"]);
});

Deno.test("behind -- everything is an operand", async () => {
  assert.deepEqual(parseArguments(["--", "--all", "-x"], []).operands, ["--all", "-x"]);
  const { code, err } = await desk().run("domain add -- --all");
  assert.equal(code, 1);
  assert.match(err, /should be a domain/);
});
