/** RFC 8291, RFC 8292 and RFC 8030: sealed as the RFC has it, opened by other means, signed so that others can check. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeBase64Url, encodeBase64Url } from "../../src/base/base64.ts";
import { utf8Bytes, utf8String } from "../../src/base/bytes.ts";
import {
  encryptPush,
  isPoint,
  LONGEST_PLAIN,
  pushAnswer,
  pushDelay,
  pushRequest,
  topicOf,
  vapidAuthorization,
  vapidKey,
} from "../../src/web_push/mod.ts";
import { makeReceiver, openPush } from "./receiver.ts";

const url = (text: string): Uint8Array => decodeBase64Url(text)!;

Deno.test("encryptPush() gives the octets of the example of RFC 8291 section 5", () => {
  const keys = {
    p256dh: url("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
    auth: url("BTBZMqHH6r4Tts7J_aSIgg"),
  };
  const secrets = {
    privateKey: url("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
    salt: url("DGv6ra1nlYgDCS1FRnbzlw"),
  };
  assert.ok(isPoint(keys.p256dh));
  assert.equal(
    encodeBase64Url(encryptPush(utf8Bytes("When I grow up, I want to be a watermelon"), keys, secrets)),
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
  );
});

Deno.test("what encryptPush() seals WebCrypto opens, of every length up to the longest", async () => {
  const receiver = await makeReceiver();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: LONGEST_PLAIN }), async (plain) => {
      const { privateKey } = vapidKey(crypto.getRandomValues(new Uint8Array(32)));
      const salt = crypto.getRandomValues(new Uint8Array(16));
      const sealed = encryptPush(plain, receiver.keys, { privateKey: url(privateKey), salt });
      assert.deepEqual(await openPush(sealed, receiver), plain);
      assert.ok(sealed.length <= 4096);
    }),
    { numRuns: 20 },
  );
  const secrets = { privateKey: new Uint8Array(32).fill(1), salt: new Uint8Array(16) };
  assert.throws(() => encryptPush(new Uint8Array(LONGEST_PLAIN + 1), receiver.keys, secrets), RangeError);
  const nowhere = { ...receiver.keys, p256dh: new Uint8Array(65).fill(4) };
  assert.equal(isPoint(nowhere.p256dh), false);
  assert.throws(() => encryptPush(new Uint8Array(1), nowhere, secrets));
});

Deno.test("isPoint() takes points of the curve alone", async () => {
  const { keys: { p256dh } } = await makeReceiver();
  assert.ok(isPoint(p256dh));
  const off = p256dh.slice();
  off[64]! ^= 1;
  for (const wrong of [off, p256dh.subarray(1), new Uint8Array(65), new Uint8Array(0)]) {
    assert.equal(isPoint(wrong), false);
  }
  const tooLarge = p256dh.slice().fill(255, 1);
  assert.equal(isPoint(tooLarge), false);
});

Deno.test("vapidAuthorization() is a token for this origin that WebCrypto finds good, until half a day later", async () => {
  const key = vapidKey(crypto.getRandomValues(new Uint8Array(32)));
  const now = Date.UTC(2026, 0, 1);
  const text = vapidAuthorization(key, "https://push.example", "mailto:postmaster@example.org", now);
  const [, signed, signature, k] = /^vapid t=([\w-]+\.[\w-]+)\.([\w-]+), k=([\w-]+)$/.exec(text)!;
  assert.equal(k, key.publicKey);
  const [head, claims] = signed!.split(".").map((part) => JSON.parse(utf8String(url(part))));
  assert.deepEqual(head, { typ: "JWT", alg: "ES256" });
  assert.deepEqual(claims, {
    aud: "https://push.example",
    exp: now / 1000 + 43_200,
    sub: "mailto:postmaster@example.org",
  });
  const ecdsa = { name: "ECDSA", namedCurve: "P-256" };
  const check = await crypto.subtle.importKey("raw", new Uint8Array(url(k!)), ecdsa, false, ["verify"]);
  const verify = (octets: Uint8Array) =>
    crypto.subtle.verify(
      { name: "ECDSA", hash: "SHA-256" },
      check,
      new Uint8Array(url(signature!)),
      octets as BufferSource,
    );
  assert.equal(await verify(utf8Bytes(signed!)), true);
  assert.equal(await verify(utf8Bytes(signed + "x")), false);
});

Deno.test("RFC 8030 section 5: TTL, urgency and topic; JSON without keys (RFC 8620 section 7.2)", () => {
  const message = { body: '{"@type":"StateChange"}', ttl: 60, urgency: "low", topic: null } as const;
  const plain = pushRequest(message, null, null);
  assert.deepEqual(plain.headers, {
    "content-type": "application/json",
    "ttl": "60",
    "urgency": "low",
    "user-agent": "Palomar",
  });
  assert.equal(utf8String(plain.body), message.body);
  const topic = topicOf("s", ["b", "a"]);
  assert.match(topic, /^[\w-]{32}$/);
  assert.equal(topicOf("s", ["a", "b"]), topic);
  assert.notEqual(topicOf("t", ["a", "b"]), topic);
  assert.equal(pushRequest({ ...message, topic }, null, "vapid x").headers["topic"], topic);
});

Deno.test("pushAnswer() knows what is taken, gone, too large or to be tried again, and when", () => {
  const now = Date.UTC(2026, 0, 1);
  const later = (waitMs: number | null, tooOften = false) => ({ kind: "later", tooOften, waitMs });
  for (
    const [status, after, wanted] of [
      [201, null, { kind: "taken" }],
      [204, null, { kind: "taken" }],
      [404, null, { kind: "gone" }],
      [410, "5", { kind: "gone" }],
      [413, null, { kind: "tooLarge" }],
      [429, "120", later(120_000, true)],
      [429, null, later(null, true)],
      [503, new Date(now + 60_000).toUTCString(), later(60_000)],
      [503, "99999999999", later(null)],
      [503, "9999999", later(86_400_000)],
      [503, "soon", later(null)],
      [503, "-5", later(null)],
      [301, null, later(null)],
      [400, null, later(null)],
    ] as const
  ) assert.deepEqual(pushAnswer(status, after, now), wanted, `${status} ${after}`);
  assert.deepEqual([1, 2, 3, 30].map((failures) => pushDelay(failures, null, 0.5)), [
    15_000,
    30_000,
    60_000,
    3_600_000,
  ]);
  assert.equal(pushDelay(1, 500_000, 0), 500_000);
  assert.ok(pushDelay(1, null, 0) < pushDelay(1, null, 0.99));
});
