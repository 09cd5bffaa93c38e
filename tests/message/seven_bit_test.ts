import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, latin1Bytes, latin1String } from "../../src/base/bytes.ts";
import { encodingField, MessageIndexer, SevenBitEncoder, sevenBitSteps } from "../../src/message/mod.ts";
import { decodeBase64 } from "../../src/base/base64.ts";

function index(text: string) {
  const indexer = new MessageIndexer();
  indexer.push(latin1Bytes(text));
  return indexer.finish();
}

const shown = (text: string) =>
  sevenBitSteps(index(text))?.map((step) => `${step.kind} ${JSON.stringify(text.slice(step.start, step.end))}`) ?? null;

Deno.test("sevenBitSteps() covers every octet once, in order, whatever the structure", () => {
  const inner = "Subject: in\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xe4\r\n";
  const texts = [
    "Subject: x\r\n\r\nh\xe4llo\r\n",
    "Subject: x\r\n\r\n",
    "Subject: x",
    "",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\npre\r\n--b\r\n\r\none\r\n--b\r\n" +
    "Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n\x89\r\n--b\r\n" +
    `Content-Type: message/rfc822\r\n\r\n${inner}\r\n--b--\r\nepilogue\r\n`,
    "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\xe4\r\n--b\r\n\r\nsig\r\n--b--\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ncut off",
  ];
  for (const text of texts) {
    let at = 0;
    for (const step of sevenBitSteps(index(text))!) {
      assert.equal(step.start, at, text);
      at = step.end;
    }
    assert.equal(at, text.length, text);
  }
});

Deno.test("sevenBitSteps() encodes leaves, and leaves alone what is encoded or signed", () => {
  assert.deepEqual(shown("A: b\r\n\r\n\xe4\r\n"), ['part "A: b\\r\\n\\r\\n\xe4\\r\\n"']);
  assert.deepEqual(shown("Content-Transfer-Encoding: base64\r\n\r\nQQ==\r\n")!.map((step) => step.slice(0, 4)), [
    "copy",
  ]);
  const signed = shown(
    "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xe4\r\n--b\r\n\r\nsig\r\n--b--\r\n",
  );
  assert.ok(signed!.slice(1).every((step) => step.startsWith("copy")), String(signed));
});

Deno.test("encodingField() says the encoding in place of what was said, and that it is MIME", () => {
  const make = (header: string, encoding: "quoted-printable" | "7bit", root: boolean) =>
    latin1String(encodingField(latin1Bytes(header), encoding, root));
  assert.equal(
    make(
      "A: b\r\nContent-Transfer-Encoding: 8bit\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n",
      "quoted-printable",
      true,
    ),
    "A: b\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
  );
  assert.equal(
    make("A: b\r\n\r\n", "quoted-printable", true),
    "A: b\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n" +
      "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
  );
  assert.equal(make("\r\n", "quoted-printable", false), "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
  assert.equal(
    make("Content-Transfer-Encoding:\r\n 8bit\r\n\r\n", "7bit", false),
    "Content-Transfer-Encoding: 7bit\r\n\r\n",
  );
  assert.equal(make("A: b\r\n\r\n", "7bit", true), "A: b\r\n\r\n");
});

/** RFC 2045 section 6.7, for what an encoder writes. */
const decoded = (text: string) =>
  text.replaceAll("=\r\n", "").replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));

Deno.test("SevenBitEncoder gives lines of 76 at most that decode to what came, however it is cut", () => {
  const octets = fc.uint8Array({ maxLength: 400 });
  const text = fc.array(fc.constantFrom("\xe4", " ", "\r\n", "\n", "\r", ".", "=", "ab", "\t"), { maxLength: 60 })
    .map((pieces) => latin1Bytes(pieces.join("")));
  fc.assert(fc.property(fc.oneof(octets, text), fc.integer({ min: 1, max: 90 }), (bytes, size) => {
    for (const encoding of ["quoted-printable", "base64"] as const) {
      const encoder = new SevenBitEncoder(encoding);
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) pieces.push(encoder.push(bytes.slice(at, at + size)));
      pieces.push(encoder.end());
      const out = latin1String(concatBytes(pieces));
      assert.ok(out.split("\r\n").every((line) => line.length <= 76));
      assert.match(out, /^[\t\n\r -~]*$/);
      const back = encoding === "base64" ? latin1String(decodeBase64(out.replaceAll("\r\n", ""))!) : decoded(out);
      assert.equal(back, latin1String(bytes));
    }
  }));
});

Deno.test("SevenBitEncoder holds no endless line", () => {
  const encoder = new SevenBitEncoder("quoted-printable");
  const line = "\xe4".repeat(50_000);
  const out = [line, line, line].map((piece) => latin1String(encoder.push(latin1Bytes(piece))));
  assert.ok(out.some((piece) => piece.length > 0));
  assert.equal(decoded(out.join("") + latin1String(encoder.end())), line.repeat(3));
});
