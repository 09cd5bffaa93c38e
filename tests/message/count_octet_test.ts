import assert from "node:assert/strict";
import { countOctet } from "../../src/message/count_octet.ts";

Deno.test("countOctet() counts as a loop does, however the octets lie", () => {
  const octets = new Uint8Array(512);
  let seed = 7;
  // Octets that differ from the one in a bit, neighbours that carry, and the one itself.
  const some = [0, 1, 9, 10, 11, 127, 128, 138, 255, 0x8a, 0xf5];
  for (let i = 0; i < octets.length; i++) {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    octets[i] = some[(seed >> 8) % some.length]!;
  }
  for (const octet of [10, 0, 255, 128]) {
    for (let start = 0; start < 9; start++) {
      for (let end = start; end < 70; end++) {
        const chunk = octets.subarray(start, end);
        for (const from of [0, 1, 3, 6].filter((one) => one <= chunk.length)) {
          const wanted = chunk.subarray(from).filter((one) => one === octet).length;
          assert.equal(countOctet(chunk, from, octet), wanted, `${octet} ${start} ${end} ${from}`);
        }
      }
    }
    assert.equal(countOctet(octets, 0, octet), octets.filter((one) => one === octet).length);
  }
});
