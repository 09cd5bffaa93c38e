/** 8-bit text on its way to a server that takes none. */
import assert from "node:assert/strict";
import type { Args } from "../../../src/contract/mod.ts";
import { memoryStorage } from "../../../src/storage/memory/mod.ts";
import { latin1Bytes, latin1String } from "../../../src/base/bytes.ts";
import { MessageIndexer } from "../../../src/message/mod.ts";
import { sevenBit } from "../../../src/server/outbound/seven_bit.ts";
import { friendly, house, peer, THERE } from "./house.ts";

async function converted(text: string): Promise<string | null> {
  const storage = memoryStorage();
  const indexer = new MessageIndexer();
  indexer.push(latin1Bytes(text));
  const writer = storage.createBlob();
  await writer.write(latin1Bytes(text));
  const sealed = await writer.seal(indexer.finish());
  const made = await sevenBit(sealed.blobId, storage);
  const result = made && latin1String(await storage.readBlob(made.blobId, 0, made.size));
  made?.release();
  sealed.release();
  await storage.close();
  return result;
}

const HEAD = "Subject: x\r\nMIME-Version: 1.0\r\n";

Deno.test("8-bit parts are encoded anew, everything else stays octet by octet", async () => {
  const inner = `${HEAD}Content-Transfer-Encoding: 8bit\r\n\r\ninner \xe4\r\n`;
  const text = `${HEAD}Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n` +
    "preamble\r\n--b\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" +
    "<p>gr\xfc\xdfe=\r\n--b\r\n\r\nplain=\r\n--b\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--b\r\n" +
    `Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${inner}--b--\r\n`;
  assert.equal(
    await converted(text),
    `${HEAD}Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 7bit\r\n\r\n` +
      "preamble\r\n--b\r\nContent-Type: text/html; charset=iso-8859-1\r\n" +
      "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>gr=FC=DFe=3D\r\n--b\r\n\r\nplain=\r\n--b\r\n" +
      "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n\r\n--b\r\n" +
      `Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n` +
      `Subject: x\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ninner =E4\r\n--b--\r\n`,
  );
});

Deno.test("binary parts are encoded whatever is in them", async () => {
  const text = `${HEAD}Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: binary\r\n\r\n` +
    "--b\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: binary\r\n\r\nP\nK\r\0\r\n--b\r\n" +
    "Content-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n\r\nbare\nline\r\n--b--\r\n";
  assert.equal(
    await converted(text),
    `${HEAD}Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 7bit\r\n\r\n` +
      "--b\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\nUApLDQA=\r\n\r\n--b\r\n" +
      "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nbare=0Aline\r\n--b--\r\n",
  );
});

Deno.test("a binary message goes to a server without BINARYMIME as Base64", async () => {
  const there = await peer((verb, line) => verb === "EHLO" ? "250-there\r\n250 8BITMIME" : friendly(verb, line));
  const home = await house({ zones: THERE, policy: { port: there.port } });
  home.text = `${HEAD}Content-Type: application/zip\r\nContent-Transfer-Encoding: binary\r\n\r\nPK\n\0`;
  await home.send(["bob@there.example"], { sender: { body: "binarymime" } });
  home.worker.start();
  await home.until("an empty queue", async () => (await home.rows()).length === 0);
  assert.deepEqual(await home.inbox(), []);
  assert.match(there.heard[0]!, /\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsKAA==\r\n\.\r\n/);
  await home.close();
  await there.close();
});

Deno.test("8-bit header fields, preambles and signed parts cannot be helped", async () => {
  const hopeless = [
    "Subject: gr\xfc\xdfe\r\n\r\n\xe4\r\n",
    `${HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\npr\xe4\r\n--b\r\n\r\nx\r\n--b--\r\n`,
    `${HEAD}Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xe4\r\n--b\r\n\r\nsig\r\n--b--\r\n`,
    `${HEAD}Content-Transfer-Encoding: base64\r\n\r\n\xe4\r\n`,
    `${HEAD}Content-Type: message/global\r\n\r\nSubject: \xe4\r\n\r\n`,
  ];
  for (const text of hopeless) assert.equal(await converted(text), null, text);
});

Deno.test("a message with 8-bit text goes to a server without 8BITMIME as quoted-printable", async () => {
  const there = await peer(friendly);
  const home = await house({ zones: THERE, policy: { port: there.port } });
  home.text =
    `From: alice@ours.example\r\n${HEAD}Content-Type: text/plain; charset=utf-8\r\n\r\ngr\u00fc\u00dfe\r\n.dot\r\n`;
  await home.send(["bob@there.example"], { sender: { body: "8bitmime" } });
  home.worker.start();
  await home.until("an empty queue", async () => (await home.rows()).length === 0);
  assert.deepEqual(await home.inbox(), []);
  assert.match(there.heard[0]!, /MAIL FROM:<alice@ours\.example>\r\n/);
  assert.match(
    there.heard[0]!,
    /\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ngr=C3=BC=C3=9Fe\r\n=2Edot\r\n\.\r\n/,
  );
  await home.close();
  await there.close();
});

Deno.test("a server with 8BITMIME gets it as it is", async () => {
  const there = await peer((verb, line) => verb === "EHLO" ? "250-there\r\n250 8BITMIME" : friendly(verb, line));
  const home = await house({ zones: THERE, policy: { port: there.port } });
  home.text = `${HEAD}\r\ngr\u00fc\u00dfe\r\n`;
  await home.send(["bob@there.example"], { sender: { body: "8bitmime" } });
  home.worker.start();
  await home.until("an empty queue", async () => (await home.rows()).length === 0);
  assert.match(there.heard[0]!, /BODY=8BITMIME\r\n/);
  assert.match(there.heard[0]!, /\r\n\r\ngr\xc3\xbc\xc3\x9fe\r\n\.\r\n/);
  await home.close();
  await there.close();
});

Deno.test("what is encoded anew is signed anew where the signature was ours, and not where it was another's", async () => {
  const asked: Args<"message.sign">[] = [];
  const there = await peer(friendly);
  const home = await house({
    zones: THERE,
    policy: { port: there.port },
    sign: (args) => {
      asked.push(args);
      return Promise.resolve({ fields: "DKIM-Signature: d=ours.example; b=new\r\n", domain: "ours.example" });
    },
  });
  home.text = `DKIM-Signature: d=other.example; b=theirs\r\n${HEAD}\r\ngr\u00fc\u00dfe\r\n`;
  home.worker.start();
  const signature = "DKIM-Signature: v=1;\r\n d=ours.example; b=old\r\n";
  for (const prefix of [`Delivered-To: x@y\r\n${signature}Received: us\r\n`, "Received: us\r\n"]) {
    await home.send(["bob@there.example"], { sender: { body: "8bitmime" }, prefix: latin1Bytes(prefix) });
    await home.until("an empty queue", async () => (await home.rows()).length === 0);
  }
  assert.equal(asked.length, 1);
  assert.deepEqual(asked[0]!.domains, ["ours.example"]);
  assert.equal(latin1String(asked[0]!.prefix), "Delivered-To: x@y\r\nReceived: us\r\n");
  assert.match(
    there.heard[0]!,
    /DATA\r\nDKIM-Signature: d=ours\.example; b=new\r\nDelivered-To: x@y\r\nReceived: us\r\nDKIM-Signature: d=other/,
  );
  assert.doesNotMatch(there.heard[0]!, /b=old/);
  await home.close();
  await there.close();
});
