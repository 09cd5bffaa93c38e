import fc from "fast-check";
import assert from "node:assert/strict";
import { latin1Bytes, utf8Bytes } from "../../src/base/bytes.ts";
import { buildMessage } from "../../src/message/build.ts";
import { indexMessage, LIMITS, MessageIndexer } from "../../src/message/indexer.ts";
import type { MessageIndex, Part } from "../../src/message/model.ts";

const index = (text: string) => indexMessage(latin1Bytes(text));
const body = (text: string, part: Part) => text.slice(part.bodyStart, part.bodyEnd);
const header = (text: string, part: Part) => text.slice(part.headerStart, part.bodyStart);

function indexIn(bytes: Uint8Array, sizes: readonly number[]): MessageIndex {
  const indexer = new MessageIndexer();
  let at = 0;
  for (let n = 0; at < bytes.length; n++) {
    const chunk = bytes.slice(at, at + Math.max(1, sizes[n % sizes.length] ?? 1));
    indexer.push(chunk);
    at += chunk.length;
    chunk.fill(0xaa); // chunks are borrowed
  }
  return indexer.finish();
}

Deno.test("MessageIndexer reads a plain message", () => {
  const text = "From: A <a@x.example>\r\nSubject: Hello\r\n there\r\nDate: Tue, 24 Nov 2026 06:07:41 +0000\r\n" +
    "Message-ID: <1@x>\r\nReferences: <a@x>\r\n <b@x>\r\nIn-Reply-To: <b@x>\r\n\r\none\r\ntwo\r\n";
  const found = index(text);
  assert.equal(found.size, text.length);
  assert.equal(found.envelope.subject, "Hello there");
  assert.equal(found.envelope.messageId, "<1@x>");
  assert.equal(found.envelope.sentAt, Date.UTC(2026, 10, 24, 6, 7, 41));
  assert.deepEqual(found.envelope.from, [{ name: "A", mailbox: "a", host: "x.example" }]);
  assert.deepEqual(found.references, ["a@x", "b@x"]);
  assert.equal(found.root.lines, 2);
  assert.equal(body(text, found.root), "one\r\ntwo\r\n");
  assert.deepEqual([found.root.type, found.root.subtype, found.root.encoding], ["text", "plain", "7bit"]);
});

Deno.test("MessageIndexer gives the line end before a boundary to the boundary", () => {
  const text = 'Content-Type: multipart/mixed; boundary="b"\r\n\r\npreamble\r\n--b\r\n\r\none\r\n\r\n--b  \r\n' +
    "Content-Type: text/html\r\n\r\ntwo\r\n--bc\r\n--b--\r\nepilogue\r\n--b\r\n";
  const { root } = index(text);
  assert.deepEqual(root.parts.map((part) => body(text, part)), ["one\r\n", "two\r\n--bc"]);
  assert.deepEqual(root.parts.map((part) => part.lines), [1, 2]);
  assert.equal(header(text, root.parts[1]!), "Content-Type: text/html\r\n\r\n");
  assert.equal(root.bodyEnd, text.length);
});

Deno.test("MessageIndexer lets a parent's boundary end its children", () => {
  const text =
    "Content-Type: multipart/mixed; boundary=out\n\n--out\nContent-Type: multipart/alternative; boundary=in\n\n" +
    "--in\n\ninner\n--out\n\nouter\n--out--\n";
  const { root } = index(text);
  assert.equal(root.parts.length, 2);
  assert.equal(body(text, root.parts[0]!.parts[0]!), "inner");
  assert.equal(body(text, root.parts[1]!), "outer");
});

Deno.test("MessageIndexer reads messages inside messages, and digests", () => {
  const text = "Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nSubject: in\r\n\r\nhi\r\n--d\r\n" +
    "Content-Type: message/rfc822\r\n\r\nSubject: in2\r\n\r\nhi2\r\n--d--\r\n";
  const { root } = index(text);
  assert.deepEqual(root.parts.map((part) => `${part.type}/${part.subtype}`), ["message/rfc822", "message/rfc822"]);
  assert.deepEqual(root.parts.map((part) => part.message!.envelope.subject), ["in", "in2"]);
  assert.deepEqual(root.parts.map((part) => body(text, part.message!.root)), ["hi", "hi2"]);
  assert.equal(body(text, root.parts[0]!), "Subject: in\r\n\r\nhi");
  const opaque = index("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA0K\r\n");
  assert.equal(opaque.root.message, null);
});

Deno.test("MessageIndexer makes sense of broken messages", () => {
  const cases: readonly [string, string][] = [
    ["", ""],
    ["\r\n", ""],
    ["\r\nbody", "body"],
    ["Subject: x", ""],
    ["Subject: x\r\n", ""],
    ["Subject: x\r\nno colon here\r\nmore", "no colon here\r\nmore"],
    ["just text\n", "just text\n"],
    [" folded first\n", " folded first\n"],
    ["From me@x Tue\nSubject: x\n\nbody", "body"],
    ["Subject: x\0y\n\nb\0dy", "b\0dy"],
    ["Subject: x\n\nbare\rCR", "bare\rCR"],
    ["Content-Type: multipart/mixed\n\n--b\n\nx\n--b--", "--b\n\nx\n--b--"],
  ];
  for (const [text, expected] of cases) assert.equal(body(text, index(text).root), expected, JSON.stringify(text));
  assert.equal(index("Subject: a\nSubject: b\n\n").envelope.subject, "a");
  assert.equal(indexMessage(utf8Bytes("Subject: ü\n\n")).envelope.subject, "ü");
  assert.equal(index("Subject: \xfc\n\n").envelope.subject, "ü");
  const cut = index("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n--b\n\nx");
  assert.deepEqual(cut.root.parts.map((part) => part.subtype), ["html", "plain"]);
  assert.deepEqual(cut.root.parts.map((part) => part.lines), [0, 1]);
});

Deno.test("MessageIndexer gives the same index for any chunks", () => {
  const line = fc.constantFrom(
    "--a\r\n",
    "--a--\r\n",
    "--b\n",
    "--b--\n",
    "--a \t\r\n",
    "--",
    "-",
    "\r\n",
    "\n",
    "\r",
    "text\r\n",
    "Content-Type: multipart/mixed; boundary=a\r\n",
    "Content-Type: multipart/digest;\n boundary=b\n",
    "Content-Type: message/rfc822\r\n",
    "Subject: s\r\n",
    " fold\r\n",
    "no field\r\n",
    "x",
  );
  const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), sizes, (lines, cuts) => {
      const bytes = latin1Bytes("Content-Type: multipart/mixed; boundary=a\r\n" + lines.join(""));
      const whole = indexMessage(bytes);
      assert.deepEqual(indexIn(bytes, cuts), whole);
      assert.deepEqual(indexIn(bytes, [1]), whole);
      assertNested(whole.root, 0, bytes.length);
    }),
    { numRuns: 500, seed: 7 },
  );
});

function assertNested(part: Part, start: number, end: number): void {
  assert.ok(start <= part.headerStart && part.headerStart <= part.bodyStart);
  assert.ok(part.bodyStart <= part.bodyEnd && part.bodyEnd <= end, JSON.stringify([part, start, end]));
  let at = part.bodyStart;
  for (const child of part.parts) {
    assertNested(child, at, part.bodyEnd);
    at = child.bodyEnd;
  }
  if (part.message) assertNested(part.message.root, part.bodyStart, part.bodyEnd);
}

Deno.test("MessageIndexer bounds what it keeps and says so", () => {
  const many = index("X: y\n".repeat(LIMITS.headerFields + 5) + "\nbody");
  assert.deepEqual(many.truncated, ["headers"]);
  const big = index(`Subject: s\nX: ${"y".repeat(LIMITS.headerOctets)}\n\nbody`);
  assert.deepEqual(big.truncated, ["headerSize"]);
  assert.equal(big.envelope.subject, "s");
  assert.equal(big.root.bodyEnd - big.root.bodyStart, 4);
  const long = latin1Bytes(`X: ${"y".repeat(600_000)}\n\nbody`);
  assert.deepEqual(indexIn(long, [60_000]), indexMessage(long));
  const parts = index("Content-Type: multipart/mixed; boundary=b\n\n" + "--b\n\n\n".repeat(100_000));
  assert.deepEqual(parts.truncated, ["parts"]);
  assert.equal(parts.root.parts.length, LIMITS.parts - 1);
  let deep = "";
  for (let i = 0; i < 10_000; i++) deep += `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n`;
  const nested = index(deep);
  assert.deepEqual(nested.truncated, ["nesting"]);
  const messages = index("Content-Type: message/rfc822\n\n".repeat(10_000));
  assert.deepEqual(messages.truncated, ["nesting"]);
});

Deno.test("MessageIndexer reads back what buildMessage() wrote", () => {
  const inner = buildMessage({ headers: [["Subject", "in"]], body: { type: "text/plain", text: "x" } }, "i");
  const bytes = buildMessage({
    headers: [["From", "Zoë <z@x.example>"], ["Subject", "s"]],
    body: {
      type: "multipart/mixed",
      parts: [
        {
          type: "multipart/alternative",
          parts: [{ type: "text/plain", text: "ü" }, { type: "text/html", text: "<p>" }],
        },
        { type: "message/rfc822", bytes: inner },
        { type: "application/pdf", bytes: new Uint8Array(1000), disposition: 'attachment; filename="a b.pdf"' },
      ],
    },
  }, "seed");
  const { root } = indexMessage(bytes);
  assert.deepEqual(root.parts.map((part) => part.subtype), ["alternative", "rfc822", "pdf"]);
  assert.deepEqual(root.parts[0]!.parts.map((part) => part.encoding), ["base64", "7bit"]);
  assert.equal(root.parts[1]!.message!.envelope.subject, "in");
  const message = root.parts[1]!;
  assert.deepEqual(bytes.slice(message.bodyStart, message.bodyEnd), inner);
  assert.deepEqual(root.parts[2]!.disposition, { type: "attachment", params: [["filename", "a b.pdf"]] });
});
