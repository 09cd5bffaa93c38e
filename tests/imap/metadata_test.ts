/** Annotations at their bounds, octets that are no text, and what the operator says. */
import assert from "node:assert/strict";
import { METADATA_LIMITS } from "../../src/contract/mod.ts";
import { House } from "./house.ts";

Deno.test("SETMETADATA tells which bound a value or a number of entries goes beyond, and keeps octets", async () => {
  const house = await House.build();
  const client = house.connect();
  await client.command("LOGIN user secret");
  const octets = "\0\x01\xff\r\n\0";
  assert.match(await client.command(`SETMETADATA INBOX (/private/x ~{${octets.length}+}\r\n${octets})`), /^t OK/);
  assert.equal(
    await client.command("GETMETADATA INBOX /private/x"),
    `* METADATA "INBOX" (/private/x ~{6}\r\n${octets})\r\nt OK Done\r\n`,
  );
  const { value, entries, name } = METADATA_LIMITS;
  const large = (size: number) => `SETMETADATA INBOX (/private/x {${size}+}\r\n${"x".repeat(size)})`;
  assert.match(await client.command(large(value)), /^t OK/);
  assert.match(await client.command(large(value + 1)), /^t NO \[METADATA MAXSIZE 32768\]/);
  const many = Array.from({ length: entries }, (_, i) => `/private/${i} "v"`).join(" ");
  assert.match(await client.command(`SETMETADATA INBOX (${many})`), /^t NO \[METADATA TOOMANY\]/);
  assert.match(await client.command(`SETMETADATA INBOX (${many} /private/x NIL)`), /^t OK/);
  assert.match(await client.command(`SETMETADATA INBOX (/private/y "v")`), /^t NO \[METADATA TOOMANY\]/);
  const asked = (count: number) => Array.from({ length: count }, (_, i) => `/private/${i}`).join(" ");
  assert.match(await client.command(`GETMETADATA INBOX (${asked(entries)})`), /^\* METADATA .*\r\nt OK/);
  assert.match(await client.command(`GETMETADATA INBOX (${asked(entries + 1)})`), /^t BAD/);
  assert.match(await client.command(`GETMETADATA INBOX /private/${"x".repeat(name)}`), /^t BAD/);
  await house.close();
  assert.deepEqual(house.bugs, []);
});

Deno.test("GETMETADATA tells what the operator says of the server, which nobody changes", async () => {
  const house = await House.build();
  const client = house.connect({ contact: "mailto:postmaster@example.org", comment: "Gr\u00fc\u00dfe" });
  await client.command("LOGIN user secret");
  assert.equal(
    await client.command('GETMETADATA "" (/shared/comment /shared/admin)'),
    '* METADATA "" (/shared/comment {7}\r\nGr\xc3\xbc\xc3\x9fe /shared/admin "mailto:postmaster@example.org")\r\n' +
      "t OK Done\r\n",
  );
  assert.match(
    await client.command('GETMETADATA (DEPTH 1) "" /shared'),
    /\/shared\/admin "mailto.* \/shared\/comment /,
  );
  assert.match(await client.command('SETMETADATA "" (/shared/admin NIL)'), /^t NO \[NOPERM\]/);
  assert.match(await client.command('SETMETADATA "" (/shared/vendor/x/y "z")'), /^t NO \[NOPERM\]/);
  assert.match(await client.command("GETMETADATA INBOX /shared/admin"), /\(\/shared\/admin NIL\)/);
  await house.close();
  assert.deepEqual(house.bugs, []);
});
