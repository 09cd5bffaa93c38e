/** Broken commands, made from sound ones: whatever a client sends, the server answers, and nothing is a bug. */
import assert from "node:assert/strict";
import { cuts } from "./cuts.ts";
import { House } from "./house.ts";
import { mutate } from "./mutations.ts";
import { fixture, sentLines, transcripts } from "./transcript.ts";

const ROUNDS = Number(Deno.env.get("IMAP_FUZZ_ROUNDS") ?? 4);
Deno.test("mutated commands are answered one by one, and never a bug", async () => {
  const lines = transcripts().flatMap(sentLines);
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const next = cuts(seed, 1 << 20);
    const pick = <T>(from: readonly T[]): T => from[next() % from.length]!;
    const house = await House.build();
    for (const name of ["plain", "nested", "encoded"]) await house.give([{ path: "INBOX", octets: fixture(name) }]);
    for (let session = 0; session < 10; session++) {
      const client = house.connect();
      client.send("l LOGIN user secret\r\ns SELECT INBOX\r\n");
      for (let i = 0; i < 40; i++) client.send(mutate(pick(lines), next, pick) + "\r\n", cuts(seed + i));
      await client.receive();
      client.send("\r\nDONE\r\n*\r\n");
      await client.receive();
      // A literal that was announced may still be waited for; an octet at a time, it ends or the session does.
      for (let i = 0; i < 200 && !client.closed; i++) {
        client.send("\r\nz NOOP\r\n");
        if ((await client.receive()).includes("z OK")) break;
      }
      client.hangUp();
      assert.deepEqual(house.bugs, [], `seed ${seed}, session ${session}`);
    }
    await house.close();
  }
});
