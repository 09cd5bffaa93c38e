/** Email/get and Email/parse over a whole server (RFC 8621 sections 4.1, 4.2 and 4.9). */
import assert from "node:assert/strict";
import { testServer } from "../../../src/server/test_server.ts";
import { JmapClient } from "./client.ts";

const ALICE = "alice@example.test";
const B64 = (text: string) => btoa(text).replace(/(.{76})/g, "$1\n");

/** The structure of the example in section 4.1.4. */
function nested(): string {
  const part = (type: string, body: string, more = "") => `Content-Type: ${type}\n${more}\n${body}`;
  const multi = (type: string, name: string, ...parts: string[]) =>
    `Content-Type: multipart/${type}; boundary=${name}\n\n${
      parts.map((one) => `--${name}\n${one}\n`).join("")
    }--${name}--`;
  const inline = "Content-Disposition: inline\n";
  const inner = "Subject: inner\nFrom: x@example.net\n\ninside";
  return `From: =?utf-8?q?Ren=C3=A9?= <rene@example.net>, "Team" : a@b.c, Bo <b@b.c>;\nTo: ${ALICE}\nSubject: =?utf-8?b?w6TDtsO8?=\n` +
    "Date: Tue, 24 Nov 2026 10:00:00 +0100\nMessage-ID: <m1@example.net>\nReferences: <a@x>\n <b@x>\n" +
    "List-Post: <mailto:l@example.net> (yes)\nX-Two: one\nX-Two:  two\n" +
    multi(
      "mixed",
      "m",
      part("text/plain", "A", inline),
      multi(
        "mixed",
        "n",
        multi(
          "alternative",
          "o",
          multi(
            "mixed",
            "p",
            part("text/plain", "B", inline),
            part("image/jpeg", "C", inline),
            part("text/plain", "D", inline),
          ),
          multi("related", "q", part("text/html", "<p>E</p>"), part("image/jpeg", "F")),
        ),
        part(
          "image/jpeg; name=g.jpg",
          B64("GGGG"),
          "Content-Disposition: attachment\nContent-Transfer-Encoding: base64\n",
        ),
        part("application/x-excel", "H", "Content-ID: <h@x>\n"),
        part("message/rfc822", inner),
      ),
      part("text/plain", "K", inline),
    ) + "\n";
}

async function opened(mail: string) {
  const server = await testServer();
  await server.deliver(mail, ALICE);
  const alice = new JmapClient(server, "alice");
  await alice.session();
  const get = async (properties: string[] | null, more = {}) =>
    (await alice.call("Email/get", { ids: ["e1"], properties, ...more }))["list"][0];
  return { server, alice, get };
}

Deno.test("RFC 8621 section 4.1.4: text, HTML and attachments of the example, with their octets", async () => {
  const { server, alice, get } = await opened(nested());
  try {
    const email = await get(["textBody", "htmlBody", "attachments", "hasAttachment", "bodyValues", "preview"], {
      fetchTextBodyValues: true,
      fetchHTMLBodyValues: true,
    });
    const values = email.bodyValues;
    assert.deepEqual(email.textBody.map(({ partId, type }: Record<string, string>) => values[partId!]?.value ?? type), [
      "A",
      "B",
      "image/jpeg",
      "D",
      "K",
    ]);
    assert.deepEqual(email.htmlBody.map(({ partId }: Record<string, string>) => values[partId!]?.value), [
      "A",
      "<p>E</p>",
      "K",
    ]);
    const attached = email.attachments;
    assert.deepEqual(attached.map(({ type }: Record<string, string>) => type), [
      "image/jpeg",
      "image/jpeg",
      "image/jpeg",
      "application/x-excel",
      "message/rfc822",
    ]);
    assert.deepEqual([attached[2].name, attached[2].size, attached[3].cid, email.hasAttachment], [
      "g.jpg",
      4,
      "h@x",
      true,
    ]);
    assert.equal(email.preview, "A");
    const blob = await alice.fetch(`/jmap/download/${alice.accountId}/${attached[2].blobId}/g.jpg`);
    assert.equal(await blob.text(), "GGGG");
    const { parsed, notFound, notParsable } = await alice.call("Email/parse", {
      blobIds: [attached[4].blobId, attached[2].blobId, "e9", "x"],
      properties: ["subject", "textBody", "blobId", "id", "bodyValues"],
      fetchTextBodyValues: true,
    });
    assert.deepEqual([notFound, notParsable], [["e9", "x"], [attached[2].blobId]]);
    const inner = parsed[attached[4].blobId];
    assert.deepEqual([inner.subject, inner.id, inner.bodyValues["1"].value], ["inner", null, "inside"]);
    const text = await alice.fetch(`/jmap/download/${alice.accountId}/${inner.textBody[0].blobId}/x`);
    assert.equal(await text.text(), "inside");
    const { bodyStructure } = await get(["bodyStructure"], { bodyProperties: ["type", "partId", "subParts"] });
    assert.deepEqual([bodyStructure.type, bodyStructure.partId, bodyStructure.subParts.length], [
      "multipart/mixed",
      null,
      3,
    ]);
  } finally {
    await server.stop();
  }
});

Deno.test("RFC 8621 sections 4.1.2 and 4.1.3: header fields in each form", async () => {
  const { server, alice, get } = await opened(nested());
  try {
    const forms = [
      "from",
      "subject",
      "sentAt",
      "messageId",
      "references",
      "inReplyTo",
      "header:From:asGroupedAddresses",
      "header:LIST-POST:asURLs",
      "header:x-two",
      "header:X-Two:all",
      "header:x-two:asText:all",
      "header:X-None",
      "header:X-None:all",
    ];
    const email = await get(forms);
    assert.deepEqual(email.from, [
      { name: "René", email: "rene@example.net" },
      { name: null, email: "a@b.c" },
      { name: "Bo", email: "b@b.c" },
    ]);
    assert.deepEqual(email["header:From:asGroupedAddresses"].map(({ name }: { name: string }) => name), [null, "Team"]);
    assert.deepEqual([email.subject, email.sentAt], ["äöü", "2026-11-24T09:00:00Z"]);
    assert.deepEqual([email.messageId, email.references, email.inReplyTo], [["m1@example.net"], ["a@x", "b@x"], null]);
    assert.deepEqual(email["header:LIST-POST:asURLs"], ["mailto:l@example.net"]);
    assert.deepEqual([email["header:x-two"], email["header:X-Two:all"]], ["  two", [" one", "  two"]]);
    assert.deepEqual(email["header:x-two:asText:all"], ["one", "two"]);
    assert.deepEqual([email["header:X-None"], email["header:X-None:all"]], [null, []]);
    for (
      const property of ["header:From:asDate", "header:Subject:asURLs", "header:", "header:a b", "nothing", "__proto__"]
    ) {
      assert.equal(
        await alice.fails("Email/get", { ids: ["e1"], properties: [property] }),
        "invalidArguments",
        property,
      );
    }
    const { headers } = await get(["headers"]);
    assert.deepEqual(headers.find(({ name }: { name: string }) => name === "X-Two"), { name: "X-Two", value: " one" });
    assert.equal(headers[0].name, "Return-Path");
  } finally {
    await server.stop();
  }
});

Deno.test("RFC 8621 section 4.2: texts are cut between characters, and outside of tags", async () => {
  const html = 'Content-Type: text/html; charset=utf-8\n\nää<a href="https://example.com/">x</a>\n';
  const { server, get } = await opened(`From: a@b.c\n${html}`);
  try {
    const cut = async (maxBodyValueBytes: number) => {
      const email = await get(["bodyValues"], { fetchAllBodyValues: true, maxBodyValueBytes });
      return [email.bodyValues["1"].value, email.bodyValues["1"].isTruncated];
    };
    assert.deepEqual(await cut(3), ["ä", true]);
    assert.deepEqual(await cut(10), ["ää", true]);
    assert.deepEqual((await cut(0))[1], false);
    const all = await get(null);
    assert.deepEqual(all.bodyValues, {});
    assert.deepEqual([all.keywords, all.threadId, all.blobId], [{}, "t1", "e1"]);
    assert.equal(Object.keys(all).length, 24);
  } finally {
    await server.stop();
  }
});
