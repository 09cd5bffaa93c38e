import assert from "node:assert/strict";
import { formatWay, parseWay } from "../../../src/mta/queue/mod.ts";

Deno.test("parseWay() reads hosts, addresses and domains, and formatWay() has one spelling for each", () => {
  const table: readonly (readonly [string, string | null])[] = [
    ["MX.Example.net:2525", "mx.example.net:2525"],
    ["example.net", "example.net"],
    ["b\u00fccher.example", "xn--bcher-kva.example"],
    ["192.0.2.1", "192.0.2.1:25"],
    ["[192.0.2.1]:26", "192.0.2.1:26"],
    ["2001:DB8::1", "[2001:db8::1]:25"],
    ["[2001:db8::1]:26", "[2001:db8::1]:26"],
    ["[IPv6:2001:db8::1]", "[2001:db8::1]:25"],
    ["mx.example:0", null],
    ["mx.example:65536", null],
    ["mx.example:", null],
    ["mx.example:2x", null],
    [":25", null],
    ["", null],
    ["a b", null],
    ["[mx.example]:25", null],
    ["a@b.example", null],
    ["x".repeat(301), null],
  ];
  for (const [text, wanted] of table) {
    const way = parseWay(text);
    assert.equal(way && formatWay(way), wanted, text);
    if (wanted !== null) assert.deepEqual(parseWay(wanted), way, wanted);
  }
});
