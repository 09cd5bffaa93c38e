/** Keys of the configuration, from a file or the environment. */
import assert from "node:assert/strict";
import { Secret } from "../../../src/base/secret.ts";
import { packingOf } from "../../../src/server/store_packing.ts";

const KEY = new Uint8Array(32).fill(9);
const cipher = "chacha20-poly1305";

Deno.test("packingOf() reads keys from a file or the configuration, and says which file is wrong and what to do", async () => {
  const keyFile = await Deno.makeTempFile();
  const fromFile = () => packingOf({ encryption: { key: null, keyFile, cipher } });
  try {
    await Deno.writeTextFile(keyFile, `# ours\n${KEY.toBase64()}\n`);
    assert.deepEqual((await fromFile()).keys, [KEY]);
    await Deno.writeTextFile(keyFile, "hunter2");
    const wrong = {
      reason: "unavailable",
      message: /^the file .* \(storage\.encryption\.keyFile\): key 1 is not .*urandom/,
    };
    await assert.rejects(fromFile(), wrong);
  } finally {
    await Deno.remove(keyFile);
  }
  await assert.rejects(fromFile(), /storage\.encryption\.keyFile\) cannot be read/);
  const key = new Secret(KEY.toHex());
  assert.deepEqual((await packingOf({ encryption: { key, keyFile: null, cipher } })).keys, [KEY]);
  assert.deepEqual(await packingOf({ compression: "none" }), { compression: "none", keys: [] });
});
