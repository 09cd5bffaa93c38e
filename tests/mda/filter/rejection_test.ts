import assert from "node:assert/strict";
import { formatRefusal } from "../../../src/smtp/wire/mod.ts";
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
  for (const [reason, text] of cases) assert.equal(rejection(reason, true).text, text);
  assert.equal(rejection("x".repeat(10_000), true).text.length, 400);
  assert.deepEqual([rejection("x", true).code, rejection("x", false).enhanced], [550, "5.7.1"]);
});

Deno.test("rejection() keeps the words where the reply is not all of them; reject wants them told exactly", () => {
  assert.equal(rejection("No thanks", false).words, undefined);
  assert.deepEqual(rejection("Grüße", false).words, { text: "Grüße", exactly: true });
  assert.deepEqual(rejection("Grüße", true).words, { text: "Grüße", exactly: false });
  assert.deepEqual(rejection("one\r\ntwo", false).words, { text: "one\r\ntwo", exactly: false });
});

Deno.test("words in UTF-8 are a reply of whole lines, whatever is in them", () => {
  const said = (text: string) =>
    new TextDecoder("utf-8", { fatal: true }).decode(
      formatRefusal({ code: 550, enhanced: "5.7.1", text: "x", words: { text, exactly: true } }, true),
    );
  assert.equal(said("Grüße\r\nnein"), "550-5.7.1 Grüße\r\n550 5.7.1 nein\r\n");
  assert.equal(said("a\u0000b\u2028c\ud800\u0085d"), "550 5.7.1 a b c\ufffd d\r\n");
  for (const line of said("😀".repeat(500)).split("\r\n")) assert.ok(new TextEncoder().encode(line).length <= 510);
});
