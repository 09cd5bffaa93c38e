import assert from "node:assert/strict";
import { latin1String } from "../../src/base/bytes.ts";
import { StorageError } from "../../src/storage/storage.ts";
import { House } from "./house.ts";

/** One base64 part of `size` octets. */
function message(octets: Uint8Array): Uint8Array {
  const lines = octets.toBase64().match(/.{1,76}/g)!.join("\r\n");
  return new TextEncoder().encode(
    `Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines}\r\n`,
  );
}

async function houseWith(octets: Uint8Array): Promise<House> {
  const house = await House.build();
  await house.give([{ path: "INBOX", octets: message(octets) }]);
  return house;
}

Deno.test("BINARY of a part of many pages is the part, its size is told before, and partials cut it", async () => {
  const octets = Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * 7 + (i >> 8)) & 255);
  const house = await houseWith(octets);
  const client = house.connect();
  await client.command("LOGIN user secret");
  await client.command("SELECT INBOX");
  assert.match(await client.command("FETCH 1 BINARY.SIZE[1]"), /BINARY\.SIZE\[1\] 1000000\)/);
  const whole = await client.command("FETCH 1 BINARY.PEEK[1]");
  const head = "* 1 FETCH (BINARY[1] ~{1000000}\r\n";
  assert.equal(whole.slice(0, head.length), head);
  assert.ok(whole.slice(head.length) === latin1String(octets) + ")\r\nt OK Fetched\r\n");
  for (const [from, count] of [[0, 10], [196_600, 20], [999_990, 100], [2_000_000, 5]] as const) {
    const wanted = latin1String(octets.subarray(from, from + count));
    const sent = await client.command(`FETCH 1 BINARY.PEEK[1]<${from}.${count}>`);
    assert.match(sent, new RegExp(`^\\* 1 FETCH \\(BINARY\\[1\\]<${from}> ~\\{${wanted.length}\\}\r\n`));
    assert.ok(sent.endsWith(wanted + ")\r\nt OK Fetched\r\n"));
  }
  await house.close();
  assert.deepEqual(house.bugs, []);
});

Deno.test("BINARY cuts the connection where the store fails inside a literal, and says NO where it fails before", async () => {
  const house = await houseWith(new Uint8Array(1_000_000));
  const perform = house.storage.perform;
  let reads = 0;
  let failAt = 6; // 6 pages to count, then the second of the sending
  house.storage.perform = ((op: string, args: unknown) => {
    if (op === "blob.read" && ++reads > failAt) return Promise.reject(new StorageError("unavailable", "gone"));
    return perform(op as never, args as never);
  }) as typeof perform;
  const client = house.connect();
  await client.command("LOGIN user secret");
  await client.command("SELECT INBOX");
  failAt = 2;
  assert.equal(
    await client.command("FETCH 1 BINARY.PEEK[1]"),
    "t NO [UNAVAILABLE] Temporarily unavailable; try again later\r\n",
  );
  reads = 0;
  failAt = 7;
  const cut = await client.command("FETCH 1 BINARY.PEEK[1]");
  assert.ok(client.closed);
  assert.ok(cut.startsWith("* 1 FETCH (BINARY[1] ~{1000000}\r\n") && !cut.includes("t NO") && cut.length > 100_000);
  await house.close();
  assert.deepEqual(house.bugs, []);
});
