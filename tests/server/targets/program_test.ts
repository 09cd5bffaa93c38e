/** Programs: what they get, what their ends mean, and those that do not behave. */
import assert from "node:assert/strict";
import { readExit } from "../../../src/server/targets/exit_codes.ts";
import { targetFacts } from "../../../src/server/targets/targets.ts";
import { programPlace } from "../../../src/server/targets/program.ts";
import { fillIn, harmless, programWords } from "../../../src/server/targets/program_words.ts";
import { folder, message, NOW, program, said, SIGNAL, way } from "./support.ts";

const sh = (script: string, ...args: string[]) => ["/bin/sh", "-c", script, "sh", ...args];
const run = async (config: ReturnType<typeof program>, given = message("Subject: x\n\nhello\n"), signal = SIGNAL) =>
  said(await programPlace(config, () => NOW)(given, way(), signal));

Deno.test("a program gets the message with LF, or CRLF, or behind a From_ line", async () => {
  await using here = await folder();
  const to = `${here.path}/out`;
  const config = { environment: { TO: to } };
  assert.match(await run(program(sh('cat > "$TO"'), config)), /^delivered 2\.0\.0 exit code 0$/);
  assert.equal(await Deno.readTextFile(to), "Subject: x\n\nhello\n");
  await run(program(sh('cat > "$TO"'), { ...config, lineEnds: "crlf" }));
  assert.equal(await Deno.readTextFile(to), "Subject: x\r\n\r\nhello\r\n");
  await run(program(sh('cat > "$TO"'), { ...config, fromLine: true }));
  assert.match(await Deno.readTextFile(to), /^From bob@example\.net Sat Jan {2}2 03:04:05 2027\nSubject: x\n/);
});

Deno.test("a program is told who it is for by words of its command and by variables, and nothing of ours", async () => {
  const script =
    'echo "$1|$2|$SENDER|$RECIPIENT|$USER|$EXTENSION|$DOMAIN|$LOCAL|${HOME-none}|${PALOMAR_ADMIN__TOKEN-none}"';
  Deno.env.set("PALOMAR_ADMIN__TOKEN", "secret");
  try {
    const config = program(sh(script, "-f{sender}", "{user}@{domain}"));
    const given = message("x: y\n\n", { recipient: "alice+lists@example.org", sender: "" });
    assert.match(
      await run(config, given),
      /: -f\|alice@example\.org\|MAILER-DAEMON\|alice\+lists@example\.org\|alice\|lists\|example\.org\|alice\+lists\|none\|none$/,
    );
  } finally {
    Deno.env.delete("PALOMAR_ADMIN__TOKEN");
  }
});

Deno.test("command injection: what strangers write is one argument, no option, and nothing a shell would read", () => {
  const hostile = "$(id)`id`;|&<>'\"\\\n -rf*?{}()[]#~";
  assert.match(harmless(hostile), /^[A-Za-z_-]*$/);
  const words = programWords(
    message("", { sender: '-oQ/tmp"$(id) x"@example.net' }),
    way({ account: "-rf@example.org" }),
  );
  assert.equal(fillIn("{sender}", words), "_oQ/tmp___id__x_@example.net");
  assert.equal(fillIn("{user}", words), "_rf");
  assert.equal(fillIn("--from={sender}", words), "--from=-oQ/tmp___id__x_@example.net");
  assert.equal(fillIn("{__proto__}{constructor}", words), "{__proto__}{constructor}");
  assert.equal(harmless("x".repeat(5_000)).length, 1_000);
});

Deno.test("exit codes: 0 is delivered, what is proven permanent is, all else waits", () => {
  const kinds = (codes: readonly number[]) => codes.map((code) => readExit(code, "").results[0]!.kind);
  assert.deepEqual(new Set(kinds([0, 99])), new Set(["delivered"]));
  assert.deepEqual(new Set(kinds([65, 67, 68, 69, 76, 77, 100])), new Set(["permanent"]));
  assert.deepEqual(new Set(kinds([1, 2, 64, 70, 71, 72, 73, 74, 75, 78, 111, 126, 127, 255])), new Set(["temporary"]));
  assert.equal(said(readExit(67, "gone")), "permanent 5.1.1 there is no such user (exit code 67): gone");
  assert.deepEqual([readExit(75, "").busy, readExit(127, "").busy], [false, true]);
});

Deno.test("what a program says stands in the result as one line without controls", async () => {
  assert.equal(
    await run(program(sh("printf 'a\\nb\\033[1mc' >&2; exit 77"))),
    "permanent 5.7.0 it may not take the message (exit code 77): a b?[1mc",
  );
});

Deno.test("a program that never ends is ended at its time, with all that it started", async () => {
  await using here = await folder();
  const script = `sleep 100 & echo $! > ${here.path}/pid; trap '' TERM; sleep 100`;
  const before = performance.now();
  assert.equal(await run(program(sh(script), { timeout: 300 })), "temporary 4.3.0 it did not end within 0.3 seconds");
  assert.ok(performance.now() - before < 5_000);
  const child = Number(await Deno.readTextFile(`${here.path}/pid`));
  const state = await Deno.readTextFile(`/proc/${child}/stat`).catch(() => "gone");
  assert.match(state, /^gone$|\) Z /);
});

Deno.test("a program whose children keep its output open is not waited for", async () => {
  const before = performance.now();
  assert.match(await run(program(sh("sleep 100 & exit 0"))), /^delivered/);
  assert.ok(performance.now() - before < 4_000);
});

Deno.test("endless output: it is read to its bound, and the program is ended", async () => {
  assert.equal(await run(program(["/usr/bin/yes"])), "temporary 4.3.0 it wrote more than 100000 octets");
});

Deno.test("a program that reads nothing of a large message may still say that it has it", async () => {
  assert.match(await run(program(["/bin/true"]), message("x".repeat(3_000_000))), /^delivered/);
});

Deno.test("a program that is not there, that crashes, or that the server's end cuts off is tried again", async () => {
  const missing = await programPlace(program(["/nonexistent/program"]), () => NOW)(message(""), way(), SIGNAL);
  assert.match(said(missing), /^temporary 4\.3\.5 it cannot be started: /);
  assert.equal(missing.busy, true);
  assert.match(await run(program(sh("kill -SEGV $$"))), /^temporary 4\.3\.0 it was ended by SIGSEGV/);
  const cut = new AbortController();
  setTimeout(() => cut.abort(), 100);
  assert.equal(await run(program(sh("sleep 100")), message(""), cut.signal), "temporary 4.3.0 the server stops");
});

Deno.test("a message that cannot be read does not reach a program as if it was whole", async () => {
  const broken = {
    ...message(""),
    async *octets() {
      yield new Uint8Array(10);
      await Promise.resolve();
      throw new Error("the disk");
    },
  };
  assert.match(await run(program(sh("cat >/dev/null; sleep 5")), broken), /^temporary .*cannot be read/);
});

Deno.test({
  name: "without the run permission a program is off, and says which permission it wants; places are not",
  permissions: { run: false },
  async fn() {
    const path = "/srv/{user}";
    const maildirs = { home: { path, create: true, quota: null } };
    const facts = await targetFacts({ programs: { learn: program(["/bin/learn"]) }, maildirs, mboxes: {}, http: {} });
    assert.match(facts.get("program:learn")?.off ?? "", /may not run programs \(deno run --allow-run=\/bin\/learn\)/);
    assert.equal(facts.get("maildir:home")?.off, null);
  },
});
