import assert from "node:assert/strict";
import { latin1String } from "../../src/base/bytes.ts";
import { sendLong } from "../../src/imap/long_line.ts";

Deno.test("sendLong() waits for the client between pieces, and sends every octet once", () => {
  for (const length of [0, 1, 65_536, 65_537, 200_000]) {
    const text = "0123456789".repeat(length / 10 + 1).slice(0, length);
    const kinds: string[] = [];
    let sent = "";
    for (const effect of sendLong(text)) {
      kinds.push(effect.type);
      if (effect.type !== "send") continue;
      assert.ok(effect.bytes.length <= 65_536);
      sent += latin1String(effect.bytes);
    }
    assert.equal(sent, text);
    const pieces = Math.ceil(length / 65_536);
    assert.equal(kinds.join(" "), Array(pieces).fill("send").join(" call "), `${length}`);
  }
});
