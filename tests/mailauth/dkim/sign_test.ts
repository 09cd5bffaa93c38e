import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { latin1Bytes, latin1String } from "../../../src/base/bytes.ts";
import { Secret } from "../../../src/base/secret.ts";
import { DkimSigningKey, signDkim } from "../../../src/mailauth/mod.ts";
import { runProgram } from "../../support/run_program.ts";
import { BLOB, NOW, octets, signed, testKey, verify, worldOf, zonesOf } from "./world.ts";

const ED = testKey("ed25519", "sender.example", "ed");
const RSA = testKey("rsa", "sender.example", "rsa");
const ZONES = zonesOf(ED, RSA);
const MESSAGE = octets(
  "From: a@sender.example\nTo: b@c.example\nSubject: x\nList-Id: <l.example>\nReceived: y\n\nHi\n",
);

function sign(message: Uint8Array, keys = [RSA, ED], expiresIn?: number) {
  const options = { now: NOW, keys: keys.map(({ key }) => key), ...(expiresIn === undefined ? {} : { expiresIn }) };
  return runProgram(signDkim({ blobId: BLOB, size: message.length }, options), worldOf(message, {}, 100)).result;
}

Deno.test("signDkim() makes a field for each key in lines of at most 78 characters", () => {
  const result = sign(MESSAGE);
  assert.ok("fields" in result);
  const lines = result.fields.split("\r\n");
  assert.equal(lines.pop(), "");
  assert.ok(lines.every((line) => line.length <= 78), result.fields);
  assert.equal(lines.filter((line) => line.startsWith("DKIM-Signature: v=1; a=")).length, 2);
  assert.ok(lines.every((line) => /^(DKIM-Signature:| \S)/.test(line)));
});

Deno.test("signDkim() signs what is there and seals what people see", () => {
  const result = sign(MESSAGE, [ED], 3600);
  assert.ok("fields" in result);
  const flat = result.fields.replace(/\r\n /g, " ");
  const tags = new Map(
    flat.slice(16).split(";").map((tag) => {
      const [name = "", ...value] = tag.split("=");
      return [name.trim(), value.join("=").replaceAll(" ", "")] as const;
    }),
  );
  assert.equal(tags.get("c"), "relaxed/relaxed");
  assert.equal(tags.get("t"), String(NOW / 1000));
  assert.equal(tags.get("x"), String(NOW / 1000 + 3600));
  assert.equal(
    tags.get("h"),
    "From:From:To:To:Cc:Subject:Subject:Date:Message-ID:Reply-To:In-Reply-To:References:MIME-Version:Content-Type:" +
      "Content-Transfer-Encoding:List-Id",
  );
  assert.equal(tags.has("l"), false);
  assert.equal(tags.has("i"), false);
});

Deno.test("signDkim() signs the message as it goes over the wire, with bare CR and LF made CRLF", () => {
  const stored = latin1Bytes("From: a@sender.example\nSubject: x\r y\r\n\r\none \rtwo\nthree\r");
  const sent = latin1Bytes("From: a@sender.example\r\nSubject: x\r\n y\r\n\r\none \r\ntwo\r\nthree\r\n");
  const result = sign(stored);
  assert.ok("fields" in result);
  const whole = new Uint8Array([...latin1Bytes(result.fields), ...sent]);
  assert.deepEqual(verify(whole, ZONES).map((one) => one.result), ["pass", "pass"]);
});

Deno.test("signDkim() signs octets before the blob with it", () => {
  const cut = MESSAGE.indexOf(10) + 1;
  const stored = { blobId: BLOB, size: MESSAGE.length - cut, prefix: MESSAGE.slice(0, cut) };
  const { result } = runProgram(signDkim(stored, { now: NOW, keys: [ED.key] }), worldOf(MESSAGE.slice(cut)));
  assert.deepEqual(result, sign(MESSAGE, [ED]));
});

Deno.test("signDkim() of odd bodies verifies", () => {
  for (const body of ["", "\n", "\n\n\n", " ", "a", "a\n\n", " a  b \n\t\n", "\xe9\xff\n", ".\n..\n"]) {
    const message = signed(octets(`From: a@sender.example\n\n${body}`), [RSA, ED], NOW, 60);
    assert.deepEqual(verify(message, ZONES).map((one) => one.result), ["pass", "pass"], JSON.stringify(body));
  }
  assert.equal(
    verify(signed(octets("From: a@sender.example"), [ED]).slice(), ZONES)[0]?.result,
    "pass",
    "no body at all",
  );
});

Deno.test("signDkim() expires when it says", () => {
  const message = signed(MESSAGE, [ED], NOW, 60);
  assert.equal(verify(message, ZONES, { now: NOW + 60_000 })[0]?.result, "pass");
  assert.equal(verify(message, ZONES, { now: NOW + 60_001 })[0]?.result, "policy");
});

Deno.test("signDkim() refuses a message without From, with two, and with a header that is too large", () => {
  assert.deepEqual(sign(octets("To: b@c.example\n\nHi\n")), { refused: "noFrom" });
  assert.deepEqual(sign(octets("From: a@b.example\nfrom : c@d.example\n\nHi\n")), { refused: "severalFrom" });
  const large = octets("From: a@b.example\nX: " + "y".repeat(600_000) + "\n\nHi\n");
  const { result } = runProgram(signDkim({ blobId: BLOB, size: large.length }, { now: NOW, keys: [] }), worldOf(large));
  assert.deepEqual(result, { refused: "headerTooLarge" });
});

Deno.test("signDkim() bounds how often it names a field", () => {
  const result = sign(octets("From: a@b.example\n" + "Resent-To: c@d.example\n".repeat(1000) + "\nHi\n"), [ED]);
  assert.ok("fields" in result && result.fields.length < 2000);
});

Deno.test("DkimSigningKey.read() says what is wrong, and shows nothing of a key", () => {
  const read = (pem: string, domain = "a.example", selector = "s") =>
    DkimSigningKey.read({ domain, selector, privateKey: new Secret(pem) });
  assert.equal(read("hello"), "malformed");
  assert.equal(read(ED.pem, "a"), "name");
  assert.equal(read(ED.pem, "a.example; x=y"), "name");
  assert.equal(read(ED.pem, "a.example", "s\r\nX"), "name");
  const pem = (bits: number) =>
    generateKeyPairSync("rsa", { modulusLength: bits }).privateKey.export({ type: "pkcs1", format: "pem" }) as string;
  assert.equal(read(pem(768)), "weak");
  assert.equal((read(pem(1024)) as DkimSigningKey).algorithm, "rsa-sha256");
  assert.equal((read(ED.pem, "B\u00fccher.Example") as DkimSigningKey).domain, "xn--bcher-kva.example");
  assert.doesNotMatch(Deno.inspect(ED.key, { depth: 9 }) + JSON.stringify(ED.key), /PRIVATE|MC4CAQ/);
  assert.equal(latin1String(ED.key.sign(new Uint8Array(0))).length, 64);
});
