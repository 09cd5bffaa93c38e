import assert from "node:assert/strict";
import * as fc from "fast-check";
import { Secret } from "../../src/base/secret.ts";
import { createLogger, type LogLevel } from "../../src/server/log.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

function logger(format: "json" | "text", level: LogLevel = "debug") {
  const written: string[] = [];
  const log = createLogger({ format, level, write: (text) => written.push(text), now: () => NOW });
  return { log, written };
}

Deno.test("createLogger() prints one JSON object a line, time first", () => {
  const { log, written } = logger("json");
  log.log("info", "login", { user: "alice", tls: null, tries: 2, ok: true });
  log.flush();
  assert.deepEqual(written, [
    '{"time":"2026-01-02T03:04:05.678Z","level":"info","event":"login","user":"alice","tls":null,"tries":2,"ok":true}\n',
  ]);
});

Deno.test("createLogger() prints a readable line, and leaves out what is not there", () => {
  const { log, written } = logger("text");
  log.log("warn", "login.refused", { user: "alice", reason: "wrong password", tls: null, tries: 2 });
  log.flush();
  assert.deepEqual(written, ['03:04:05.678 warn  login.refused user=alice reason="wrong password" tries=2\n']);
});

Deno.test("createLogger() joins the lines of one turn, and leaves out what is below its level", async () => {
  const { log, written } = logger("text", "warn");
  log.log("debug", "a");
  log.log("info", "b");
  log.log("warn", "c");
  log.log("error", "d");
  assert.equal(written.length, 0);
  await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(written.length, 1);
  assert.deepEqual(written[0]!.trimEnd().split("\n").map((line) => line.split(" ").at(-1)), ["c", "d"]);
});

for (const format of ["json", "text"] as const) {
  Deno.test(`createLogger() as ${format}: remote text cannot forge a line, a field or a terminal command`, () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.oneof(fc.constantFrom("\r", "\n", "\x1b", "\x9b", "\x7f", '"', "=", "\\", " "), fc.string()),
        }),
        (text) => {
          const { log, written } = logger(format);
          log.log("info", "event", { remote: text });
          log.flush();
          const out = written.join("");
          assert.equal(out.split("\n").length, 2);
          // deno-lint-ignore no-control-regex -- they are what must not be there
          assert.ok(!/[\x00-\x09\x0b-\x1f\x7f-\x9f]/.test(out), JSON.stringify(out));
          if (format === "json" && text.length <= 1000) assert.equal(JSON.parse(out).remote, text);
        },
      ),
    );
  });
}

Deno.test("createLogger() cuts long values and prints no secret", () => {
  const { log, written } = logger("json");
  log.log("info", "event", { long: "x".repeat(100_000), secret: String(new Secret("hunter2")) });
  log.flush();
  assert.ok(written.join("").length < 2_000);
  assert.ok(!written.join("").includes("hunter2"));
});
