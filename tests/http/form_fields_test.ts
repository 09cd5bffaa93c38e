import assert from "node:assert/strict";
import { latin1Bytes, latin1String } from "../../src/base/bytes.ts";
import { readForm } from "../../src/http/form_fields.ts";
import { steadily } from "../../src/http/request_body.ts";

const URLENCODED = "application/x-www-form-urlencoded";
const read = (type: string, body: string) =>
  readForm(type, latin1Bytes(body))?.map(([name, value]) => [name, latin1String(value)]) ?? null;

Deno.test("readForm() gives octets as they were sent", () => {
  assert.deepEqual(read(URLENCODED, "a=1&b=%00%ff+x&c&=d&e=%zz%4&a=%26"), [
    ["a", "1"],
    ["b", "\0\xff x"],
    ["c", ""],
    ["", "d"],
    ["e", "%zz%4"],
    ["a", "&"],
  ]);
  assert.deepEqual(read(URLENCODED, ""), []);
  const type = 'multipart/form-data; boundary="b"';
  const part = (name: string, value: string, more = "") =>
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\n${more}\r\n${value}\r\n`;
  assert.deepEqual(
    read(
      type,
      part("a", "\xff\0\n.") + part("m", "--c\r\n\r\nx\r\n--c--", "Content-Type: message/rfc822\r\n") + "--b--\r\n",
    ),
    [["a", "\xff\0\n."], ["m", "--c\r\n\r\nx\r\n--c--"]],
  );
});

Deno.test("readForm() takes no form that is none, or that has too many fields", () => {
  const many = "a=1&".repeat(201);
  const parts = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n".repeat(201) + "--b--";
  for (
    const [type, body] of [
      ["text/plain", "a=1"],
      ["", "a=1"],
      ["multipart/form-data", "--b\r\n\r\nx\r\n--b--"],
      ["multipart/form-data; boundary=b\r\nX: y", "--b\r\n\r\nx\r\n--b--"],
      ["multipart/form-data; boundary=b", "nothing"],
      ["multipart/form-data; boundary=b", parts],
      [URLENCODED, many],
    ] as const
  ) assert.equal(read(type, body), null, type);
  const began = performance.now();
  read("multipart/form-data; boundary=b", "--b\r\n--b\r\n-".repeat(200_000));
  read(URLENCODED, "%".repeat(2_000_000));
  assert.ok(performance.now() - began < 5_000);
});

Deno.test("steadily() gives up who says nothing, and one that breaks off", async () => {
  let cancelled = 0;
  const silent = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(1)),
    cancel: () => void cancelled++,
  });
  await assert.rejects(Array.fromAsync(steadily(silent, 5)), /did not come in time/);
  assert.equal(cancelled, 1);
  const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("gone")) });
  await assert.rejects(Array.fromAsync(steadily(broken, 5)), /broke off/);
});
