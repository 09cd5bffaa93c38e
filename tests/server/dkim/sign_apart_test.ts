import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { Secret } from "../../../src/base/secret.ts";
import { DkimSigningKey } from "../../../src/mailauth/mod.ts";
import { prepareApart, signApart } from "../../../src/server/dkim/sign_apart.ts";

Deno.test("signApart() gives the signature that the key itself gives, prepared or not", async () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const ed25519 = generateKeyPairSync("ed25519").privateKey;
  const sources = [
    rsa.export({ type: "pkcs8", format: "pem" }),
    rsa.export({ type: "pkcs1", format: "pem" }),
    ed25519.export({ type: "pkcs8", format: "pem" }),
  ];
  const data = new TextEncoder().encode("from:a@b.example\r\n");
  for (const pem of sources) {
    const privateKey = new Secret(pem as string);
    const key = DkimSigningKey.read({ domain: "b.example", selector: "s", privateKey });
    assert.ok(typeof key !== "string");
    const wanted = key.sign(data);
    assert.deepEqual(await signApart(key, data), wanted);
    await prepareApart(key, privateKey);
    assert.deepEqual(await signApart(key, data), wanted);
    await prepareApart(key, new Secret("no key"));
    assert.deepEqual(await signApart(key, data), wanted);
  }
});
