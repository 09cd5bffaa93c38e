import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { keyRecord } from "../../../src/mailauth/dkim/key_record.ts";
import { publicKey, verifySignature } from "../../../src/mailauth/dkim/public_key.ts";
import { dkimRecord } from "../../../src/mailauth/mod.ts";
import { generateDkimKey } from "../../../src/server/dkim_keys.ts";

/** RFC 8463 appendix A.2. */
const ED = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const RSA = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byY" +
  "zCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB";

const RECORDS: readonly (readonly [text: string, type: "rsa" | "ed25519", said: string])[] = [
  [`v=DKIM1; k=rsa; p=${RSA}`, "rsa", "key"],
  [`v=DKIM1; k=RSA; p=${RSA}`, "rsa", "key"],
  [`p=${RSA}`, "rsa", "key"],
  [`p=${RSA};`, "rsa", "key"],
  [`k=rsa;t=s ; p=${RSA.replace(/(.{20})/g, "$1 ")} ; n=a note = of (somebody)`, "rsa", "key strict"],
  [`v=DKIM1; g=; t=y:s:unknown; h=sha1:sha256; s=other : email; p=${RSA}`, "rsa", "key testing strict"],
  [`v=DKIM1; g=nobody; p=${RSA}`, "rsa", "key"],
  [`v=DKIM1; k=ed25519; p=${ED}`, "ed25519", "key"],
  [`v=DKIM1; k=ed25519; p=${ED.replace("=", "")}`, "ed25519", "key"],
  [`v=DKIM1; k=rsa; p=`, "rsa", "permerror: the key is revoked"],
  [`v=DKIM1; k=rsa; p= ;`, "rsa", "permerror: the key is revoked"],
  [`v=DKIM1; k=ed25519; p=${ED}`, "rsa", "permerror: the key is of another type than the signature"],
  [`v=DKIM1; p=${RSA}`, "ed25519", "permerror: the key is of another type than the signature"],
  [`v=DKIM1; k=dsa; p=${RSA}`, "rsa", "permerror: the type of the key is not known"],
  [`v=DKIM1; h=sha1; p=${RSA}`, "rsa", "permerror: the key is not for SHA-256"],
  [`v=DKIM1; s=tlsrpt; p=${RSA}`, "rsa", "permerror: the key is not for mail"],
  [`k=rsa; v=DKIM1; p=${RSA}`, "rsa", "permerror: v= is not the first tag of the key record"],
  [`v=DKIM1; k=rsa`, "rsa", "permerror: the key record has no p="],
  [`v=DKIM1; p=${RSA}; p=${RSA}`, "rsa", "permerror: in the key record the tag p occurs twice"],
  [`v=DKIM1; p=${RSA};; k=rsa`, "rsa", "permerror: in the key record a tag has no value"],
  [`v=DKIM1; p=!!!`, "rsa", "permerror: the key is malformed"],
  [`v=DKIM1; p=${RSA.slice(0, 40)}`, "rsa", "permerror: the key is malformed"],
  [`v=DKIM1; p=${ED}`, "rsa", "permerror: the key is malformed"],
  [`v=DKIM1; k=ed25519; p=${RSA}`, "ed25519", "permerror: the key is malformed"],
  [`v=DKIM1; p=${"A".repeat(4000)}`, "rsa", "policy: the key is too large"],
  [`v=DKIM1; n=${"x".repeat(9000)}; p=${RSA}`, "rsa", "permerror: the key record is too long"],
  ["v=spf1 -all", "rsa", "foreign"],
  ["v=DKIM1.0; p=x", "rsa", "foreign"],
  ["v=dkim1; p=x", "rsa", "foreign"],
  ["a wildcard says this", "rsa", "foreign"],
  ["", "rsa", "foreign"],
  ["x=1", "rsa", "foreign"],
];

for (const [text, type, said] of RECORDS) {
  Deno.test(`keyRecord() for ${type} of ${text.length > 70 ? text.slice(0, 70) + "…" : text || "nothing"} is ${said}`, () => {
    const read = keyRecord(text, type);
    const got = read === "foreign"
      ? read
      : "key" in read
      ? ["key", ...(read.testing ? ["testing"] : []), ...(read.strict ? ["strict"] : [])].join(" ")
      : `${read.result}: ${read.reason}`;
    assert.equal(got, said);
  });
}

/** DER of an RSAPublicKey. */
function rsaDer(modulus: Uint8Array, exponent: Uint8Array): Uint8Array {
  const header = (tag: number, length: number) => [tag, 0x82, length >> 8, length & 255];
  const content = [
    ...header(2, modulus.length + 1),
    0,
    ...modulus,
    ...header(2, exponent.length),
    ...exponent,
  ];
  return Uint8Array.of(...header(0x30, content.length), ...content);
}

function modulus(bits: number): Uint8Array {
  const octets = new Uint8Array(bits / 8).fill(0xab);
  octets[0] = 0x80;
  return octets;
}

const KEYS: readonly (readonly [name: string, octets: Uint8Array, unfit: string | null])[] = [
  ["1024 bits", rsaDer(modulus(1024), Uint8Array.of(1, 0, 1)), null],
  ["4096 bits", rsaDer(modulus(4096), Uint8Array.of(1, 0, 1)), null],
  ["an exponent of three", rsaDer(modulus(2048), Uint8Array.of(3)), null],
  ["1016 bits", rsaDer(modulus(1016), Uint8Array.of(1, 0, 1)), "weak"],
  ["1023 bits", rsaDer(Uint8Array.of(0x7f, ...modulus(1016)), Uint8Array.of(1, 0, 1)), "weak"],
  ["512 bits and many zeros", rsaDer(Uint8Array.of(...new Uint8Array(100), ...modulus(512)), Uint8Array.of(3)), "weak"],
  ["no bits at all", rsaDer(new Uint8Array(300), Uint8Array.of(3)), "weak"],
  ["4104 bits", rsaDer(modulus(4104), Uint8Array.of(1, 0, 1)), "huge"],
  ["16384 bits", rsaDer(modulus(16384), Uint8Array.of(1, 0, 1)), "huge"],
  ["an exponent of 4096 bits", rsaDer(modulus(4096), modulus(4096)), "huge"],
  ["an exponent of five octets", rsaDer(modulus(2048), Uint8Array.of(1, 0, 0, 0, 1)), "huge"],
  ["an exponent of one", rsaDer(modulus(2048), Uint8Array.of(1)), "malformed"],
  ["an exponent of nothing", rsaDer(modulus(2048), Uint8Array.of(0)), "malformed"],
  ["an even exponent", rsaDer(modulus(2048), Uint8Array.of(1, 0, 0)), "malformed"],
  ["an even modulus", rsaDer(modulus(2048).with(-1, 2), Uint8Array.of(3)), "malformed"],
  ["octets behind it", Uint8Array.of(...rsaDer(modulus(1024), Uint8Array.of(3)), 0), "malformed"],
  ["its end cut off", rsaDer(modulus(1024), Uint8Array.of(3)).slice(0, -1), "malformed"],
  ["nothing", new Uint8Array(0), "malformed"],
  ["a length of four octets", Uint8Array.of(0x30, 0x84, 0, 0, 0, 1, 0), "malformed"],
  ["an endless length", Uint8Array.of(0x30, 0x80, 2, 1, 3, 0, 0), "malformed"],
];

for (const [name, octets, unfit] of KEYS) {
  Deno.test(`publicKey() of RSA with ${name} is ${unfit ?? "taken"}`, () => {
    const read = publicKey("rsa", octets);
    assert.equal("unfit" in read ? read.unfit : null, unfit);
    // Numbers that are no key at all: the answer is no, and it comes.
    const length = "key" in read ? read.signatureLength : 128;
    for (const octet of [0, 1, 255]) {
      assert.equal(verifySignature(read, Uint8Array.of(1), new Uint8Array(length).fill(octet)), false);
    }
  });
}

Deno.test("publicKey() reads a bare RSAPublicKey and one in a SubjectPublicKeyInfo alike", () => {
  const { publicKey: made } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  for (const type of ["pkcs1", "spki"] as const) {
    const read = publicKey("rsa", new Uint8Array(made.export({ type, format: "der" })));
    assert.ok("key" in read && read.key.equals(made), type);
  }
});

Deno.test("generateDkimKey() makes keys whose records verify, in strings of at most 255 octets", async () => {
  for (const kind of ["rsa", "ed25519"] as const) {
    const { privateKey, record } = await generateDkimKey(kind);
    assert.match(privateKey.reveal(), /^-----BEGIN PRIVATE KEY-----\n/);
    assert.equal(record.strings.join(""), record.text);
    assert.equal(record.strings.length, kind === "rsa" ? 2 : 1);
    assert.ok(record.strings.every((one) => one.length <= 255));
    const read = keyRecord(record.text, kind);
    assert.ok(typeof read !== "string" && "key" in read);
    assert.equal(read.key.key.asymmetricKeyDetails?.modulusLength, kind === "rsa" ? 2048 : undefined);
  }
});

Deno.test("dkimRecord() refuses keys that DKIM has not", () => {
  const { publicKey: made } = generateKeyPairSync("x25519", {
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  assert.throws(() => dkimRecord(made as string), TypeError);
});
