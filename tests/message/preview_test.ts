import assert from "node:assert/strict";
import { latin1Bytes, utf8Bytes } from "../../src/base/bytes.ts";
import { plainText } from "../../src/message/html_text.ts";
import { indexMessage, PREVIEW_OCTETS, previewPart, previewText } from "../../src/message/mod.ts";

function preview(message: string): string {
  const octets = utf8Bytes(message.replaceAll("\n", "\r\n"));
  const part = previewPart(indexMessage(octets).root);
  if (part === null) return "(none)";
  return previewText(part, octets.subarray(part.bodyStart, Math.min(part.bodyEnd, part.bodyStart + PREVIEW_OCTETS)));
}

Deno.test("a preview is one line of at most 200 characters", () => {
  assert.equal(preview("Subject: x\n\nHello\n\n  world,\tand  all\n"), "Hello world, and all");
  const long = preview(`Content-Type: text/plain; charset=utf-8\n\n${"𝄞a ".repeat(500)}`);
  assert.equal([...long].length, 200);
  assert.equal(preview("\n\n\n"), "");
  assert.equal(preview("Subject: x\n\n\u200b-----------\n=====\n"), "");
});

Deno.test("a preview leaves out what others wrote and the signature, unless nothing else is there", () => {
  assert.equal(preview("Subject: x\n\n> before\nYes.\n-- \nAlice\n"), "Yes.");
  assert.equal(preview("Subject: x\n\n> all of it\n"), "> all of it");
});

Deno.test("a preview is of the first text that is to be read", () => {
  const parts = (type: string, ...parts: string[]) =>
    `Content-Type: multipart/${type}; boundary=b\n\n${parts.map((part) => `--b\n${part}\n`).join("")}--b--\n`;
  const plain = "Content-Type: text/plain\n\nplain";
  const html = "Content-Type: text/html\n\n<p>rich</p>";
  const attached = "Content-Type: text/plain\nContent-Disposition: attachment\n\nattached";
  assert.equal(preview(parts("alternative", html, plain)), "plain");
  assert.equal(preview(parts("alternative", html)), "rich");
  assert.equal(preview(parts("mixed", attached, html, plain)), "rich");
  assert.equal(preview(parts("mixed", attached)), "(none)");
  assert.equal(preview(parts("encrypted", plain)), "(none)");
  assert.equal(preview("Content-Type: image/png\n\nx"), "(none)");
});

Deno.test("the words of HTML: no tags, comments, styles, scripts; entities read", () => {
  const words = (html: string) => plainText(html).replace(/\s+/g, " ").trim();
  assert.equal(words("<p>a<br>b</p><div>c</div>"), "a b c");
  assert.equal(words("a<b>b</b>c<!-- <p> -->d"), "abcd");
  assert.equal(words("<STYLE>x</style >a<script>if (1 </ 2) {}</script>b"), "a b");
  assert.equal(words("&lt;&#65;&#x42;&auml;&nosuch;&amp;amp; 1 < 2"), "<ABä&nosuch;&amp; 1 < 2");
  assert.equal(words("&#0;&#xd800;&#99999999;x"), "x");
  assert.equal(words("<a href='x"), "");
  assert.equal(words("a<!-- never closed"), "a");
  assert.equal(words("a<style>never closed"), "a");
});

Deno.test("hostile HTML takes linear time", () => {
  for (const piece of ["<", "</", "<!--", "<style>", "<style></sty", "&#", "&amp", "<a ", "</style"]) {
    plainText(piece.repeat(100_000 / piece.length)); // quadratic would take minutes
  }
  assert.equal(previewText({ ...stub, encoding: "base64" }, latin1Bytes("=".repeat(10_000))), "");
});

const stub = indexMessage(latin1Bytes("Subject: x\r\n\r\nx")).root;
