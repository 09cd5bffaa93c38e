import assert from "node:assert/strict";
import { Secret } from "../../src/base/secret.ts";
import { digest, hmac } from "../../src/base/hash.ts";
import { utf8Bytes } from "../../src/base/bytes.ts";
import type { Credentials } from "../../src/contract/mod.ts";
import { dummyCredentials, makeCredentials, passwordProblem, verifyPassword } from "../../src/server/credentials.ts";

async function made(password: string): Promise<Credentials> {
  const result = await makeCredentials(new Secret(password));
  assert.ok(!("refused" in result));
  return result;
}

Deno.test("verifyPassword() takes the right password, first by hash and then by memory, and no other", async () => {
  const credentials = await made("pass wörd");
  assert.match(credentials.password.reveal(), /^\$scrypt\$ln=15,r=8,p=1\$[^$]{24}\$[^$]{44}$/);
  assert.equal(await verifyPassword(new Secret("pass wörd"), credentials), true);
  assert.equal(await verifyPassword(new Secret("pass wörd"), credentials), true);
  assert.equal(await verifyPassword(new Secret("pass wörD"), credentials), false);
  assert.equal(await verifyPassword(new Secret("pass wörd "), credentials), false);
});

Deno.test("verifyPassword() forgets a remembered password when it is changed", async () => {
  const old = await made("one password");
  assert.equal(await verifyPassword(new Secret("one password"), old), true);
  assert.equal(await verifyPassword(new Secret("one password"), await made("another")), false);
});

Deno.test("makeCredentials() takes the same password typed on two keyboards as one (RFC 4013)", async () => {
  const credentials = await made("caf\u00e9");
  assert.equal(await verifyPassword(new Secret("cafe\u0301"), credentials), true);
});

Deno.test("makeCredentials() counts every octet of a long password", async () => {
  const credentials = await made("x".repeat(1023) + "a");
  assert.equal(await verifyPassword(new Secret("x".repeat(1023) + "b"), credentials), false);
});

Deno.test("makeCredentials() makes the keys of SCRAM-SHA-256 (RFC 5802 section 3)", async () => {
  const { scramSha256: keys } = await made("pencil");
  const { pbkdf2Sync } = await import("node:crypto");
  const salted = new Uint8Array(pbkdf2Sync("pencil", keys.salt, keys.iterations, 32, "sha256"));
  assert.ok(keys.iterations >= 4096);
  assert.deepEqual(keys.storedKey.reveal(), digest("sha256", hmac("sha256", salted, utf8Bytes("Client Key"))));
  assert.deepEqual(keys.serverKey.reveal(), hmac("sha256", salted, utf8Bytes("Server Key")));
});

for (
  const [what, password] of [
    ["an empty one", ""],
    ["NUL", "a\0b"],
    ["1025 octets", "x".repeat(1025)],
    ["1026 octets in 513 characters", "é".repeat(513)],
    ["half a character", "a\ud800"],
    ["a control character", "a\x07"],
  ] as const
) {
  Deno.test(`makeCredentials() refuses ${what} with words, and verifyPassword() says no`, async () => {
    const secret = new Secret(password);
    assert.notEqual(passwordProblem(secret), null);
    const result = await makeCredentials(secret);
    assert.ok("refused" in result && result.text.length > 0);
    assert.equal(await verifyPassword(secret, dummyCredentials()), false);
  });
}

Deno.test("dummyCredentials() look like real ones and fit nothing", async () => {
  const dummy = dummyCredentials();
  assert.match(dummy.password.reveal(), /^\$scrypt\$ln=15,r=8,p=1\$[^$]{24}\$[^$]{44}$/);
  assert.equal(await verifyPassword(new Secret("anything"), dummy), false);
});

Deno.test("verifyPassword() says no where the stored hash is broken or would cost too much", async () => {
  const good = await made("right");
  const [salt, hash] = good.password.reveal().split("$").slice(3);
  for (
    const stored of [
      "",
      "right",
      "$scrypt$ln=15,r=8,p=1$$",
      `$scrypt$ln=30,r=8,p=1$${salt}$${hash}`,
      `$scrypt$ln=15,r=8000,p=1$${salt}$${hash}`,
      `$scrypt$ln=15,r=8,p=0$${salt}$${hash}`,
      `$scrypt$ln=15,r=8$${salt}$${hash}`,
      `$bcrypt$ln=15,r=8,p=1$${salt}$${hash}`,
      `$scrypt$ln=15,r=8,p=1$${salt}$!!!!`,
    ]
  ) {
    assert.equal(await verifyPassword(new Secret("right"), { ...good, password: new Secret(stored) }), false, stored);
  }
});

Deno.test("verifyPassword() answers many at once, each for itself", async () => {
  const [one, two] = await Promise.all([made("one"), made("two")]);
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, i) => verifyPassword(new Secret(i % 2 ? "one" : `two`), i % 4 < 2 ? one : two)),
  );
  assert.deepEqual(answers, [false, true, true, false, false, true, true, false]);
});
