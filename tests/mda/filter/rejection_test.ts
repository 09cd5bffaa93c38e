import assert from "node:assert/strict";
import { rejection } from "../../../src/mda/filter/rejection.ts";

Deno.test("rejection() makes one line of ASCII, whatever the script said", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["No thanks", "No thanks"],
    ["one\r\n250 two\n\n three", "one 250 two three"],
    ["Grüße, ça va? Straße", "Grusse, ca va? Strasse"],
    ["\u4f60\u597d", "The recipient does not take this message"],
    ["", "The recipient does not take this message"],
    ["a\u0000b\u001b[31m", "a?b?[31m"],
  ];
  for (const [reason, text] of cases) assert.equal(rejection(reason).text, text);
  assert.equal(rejection("x".repeat(10_000)).text.length, 400);
  assert.deepEqual([rejection("x").code, rejection("x").enhanced], [550, "5.7.1"]);
});
