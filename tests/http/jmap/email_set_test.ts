/** Email/set, import and copy over a whole server (RFC 8621 sections 4.6 to 4.8). */
import assert from "node:assert/strict";
import { testServer } from "../../../src/server/test_server.ts";
import { JmapClient } from "./client.ts";

async function opened() {
  const server = await testServer();
  const alice = new JmapClient(server, "alice");
  await alice.session();
  const { list } = await alice.call("Mailbox/get");
  const boxes = Object.fromEntries(list.map(({ id, role }: Record<string, string>) => [role, id]));
  const create = async (email: object) => await alice.call("Email/set", { create: { k: email as never } });
  const draft = { mailboxIds: { [boxes.drafts]: true }, keywords: { $draft: true, $seen: true } };
  return { server, alice, boxes, create, draft };
}

Deno.test("RFC 8621 section 4.6: a message of text, HTML, an image inside and files is written as it was said", async () => {
  const { server, alice, boxes, create, draft } = await opened();
  try {
    const file = await alice.upload("%PDF \xff\n".repeat(40_000), "application/pdf");
    const image = await alice.upload("GIF89a", "image/gif");
    const made = await create({
      ...draft,
      from: [{ name: "Älice", email: "alice@example.test" }],
      to: [{ name: 'B "b"', email: "bob@example.test" }],
      subject: "Grüße ".repeat(40).trim(),
      "header:X-Raw": " as it is",
      "header:List-Post:asURLs": ["mailto:l@example.net"],
      references: ["a@x", "b@x"],
      sentAt: "2026-11-24T10:00:00+01:00",
      textBody: [{ partId: "t", type: "text/plain" }],
      htmlBody: [{ partId: "h", type: "text/html" }],
      bodyValues: { t: { value: "Grüße\n.\nFrom me" }, h: { value: "<img src='cid:i@x'>" } },
      attachments: [
        { blobId: image["blobId"], type: "image/gif", disposition: "inline", cid: "i@x" },
        { blobId: file["blobId"], type: "application/pdf", name: "Rechnung für 2026.pdf" },
      ],
    });
    const { id, size } = made["created"].k;
    const email = (await alice.call("Email/get", {
      ids: [id],
      properties: [
        "subject",
        "from",
        "to",
        "references",
        "keywords",
        "mailboxIds",
        "size",
        "sentAt",
        "header:X-Raw",
        "messageId",
        "bodyStructure",
        "bodyValues",
        "attachments",
        "header:List-Post:asURLs",
      ],
      fetchAllBodyValues: true,
    }))["list"][0];
    assert.equal(email.subject, "Grüße ".repeat(40).trim());
    assert.deepEqual(email.from, [{ name: "Älice", email: "alice@example.test" }]);
    assert.deepEqual(email.to, [{ name: 'B "b"', email: "bob@example.test" }]);
    assert.deepEqual([email.references, email.sentAt, email["header:X-Raw"]], [
      ["a@x", "b@x"],
      "2026-11-24T09:00:00Z",
      " as it is",
    ]);
    assert.deepEqual(email["header:List-Post:asURLs"], ["mailto:l@example.net"]);
    assert.match(email.messageId[0], /^[0-9a-f]{36}@example\.test$/);
    assert.deepEqual([email.keywords, email.mailboxIds, email.size], [
      { $draft: true, $seen: true },
      draft.mailboxIds,
      size,
    ]);
    const types = (part: { type: string; subParts?: [] }): unknown =>
      part.subParts ? [part.type.slice(10), ...part.subParts.map(types)] : part.type;
    assert.deepEqual(types(email.bodyStructure), [
      "mixed",
      ["alternative", "text/plain", ["related", "text/html", "image/gif"]],
      "application/pdf",
    ]);
    assert.deepEqual(Object.values(email.bodyValues).map((one) => (one as { value: string }).value), [
      "Grüße\n.\nFrom me",
      "<img src='cid:i@x'>",
    ]);
    const pdf = email.attachments.find(({ type }: { type: string }) => type === "application/pdf");
    assert.deepEqual([pdf.name, pdf.size, pdf.disposition], ["Rechnung für 2026.pdf", file["size"], "attachment"]);
    const down = await alice.fetch(`/jmap/download/${alice.accountId}/${pdf.blobId}/x`);
    const up = await alice.fetch(`/jmap/download/${alice.accountId}/${file["blobId"]}/x`);
    assert.deepEqual(await down.bytes(), await up.bytes());
    // Forwarded as it is: the part of the draft, and the draft as a whole.
    const forward = await create({
      ...draft,
      subject: "Fwd",
      bodyStructure: {
        type: "multipart/mixed",
        subParts: [
          { partId: "1", type: "text/plain" },
          { blobId: pdf.blobId, type: "application/pdf" },
          { blobId: id, type: "message/rfc822" },
        ],
      },
      bodyValues: { 1: { value: "see below" } },
    });
    const again =
      (await alice.call("Email/get", { ids: [forward["created"].k.id], properties: ["attachments"] }))["list"][0];
    const copy = await alice.fetch(`/jmap/download/${alice.accountId}/${again.attachments[0].blobId}/x`);
    assert.equal((await copy.bytes()).length, file["size"]);
    assert.equal(again.attachments[1].type, "message/rfc822");
    const imap = server.connect("imap");
    await imap.until("* OK");
    await imap.ask("a LOGIN alice@example.test alice", "a OK");
    assert.match(await imap.ask("b SELECT Drafts", "b OK"), /\* 2 EXISTS/);
    assert.match(await imap.ask("c FETCH 1 (FLAGS)", "c OK"), /\\Seen \\Draft|\\Draft \\Seen/);
    assert.ok(boxes.inbox);
  } finally {
    await server.stop();
  }
});

Deno.test("RFC 8621 section 4.6: what contradicts itself or smuggles a field is refused by its property", async () => {
  const { server, alice, create, draft } = await opened();
  try {
    const refused = async (email: object) => {
      const { notCreated } = await create({ ...draft, ...email });
      assert.ok(notCreated, JSON.stringify(email));
      return [notCreated.k.type, ...(notCreated.k.properties ?? [])];
    };
    const text = { textBody: [{ partId: "1" }], bodyValues: { 1: { value: "x" } } };
    assert.deepEqual(await refused({ headers: [] }), ["invalidProperties", "headers"]);
    assert.deepEqual(await refused({ subject: "a", "header:Subject": " b" }), [
      "invalidProperties",
      "subject",
      "header:Subject",
    ]);
    assert.equal((await refused({ "header:From:asDate": "x" }))[0], "invalidProperties");
    assert.equal((await refused({ "header:X": " a\r\nBcc: evil@example.net" }))[0], "invalidProperties");
    assert.equal((await refused({ "header:X": " a\nBcc: x" }))[0], "invalidProperties");
    assert.equal((await refused({ "header:X\r\nY": " a" }))[0], "invalidProperties");
    assert.equal((await refused({ from: [{ email: "a@b.c>\r\nX: y" }] }))[0], "invalidProperties");
    assert.equal((await refused({ messageId: ["a b"] }))[0], "invalidProperties");
    assert.equal((await refused({ "header:Content-Type": " text/html" }))[0], "invalidProperties");
    assert.equal((await refused({ ...text, bodyStructure: { partId: "1" } }))[0], "invalidProperties");
    assert.equal((await refused({ textBody: [{ partId: "2" }], bodyValues: {} }))[0], "invalidProperties");
    assert.equal((await refused({ ...text, textBody: [{ partId: "1", blobId: "b" }] }))[0], "invalidProperties");
    assert.equal((await refused({ ...text, textBody: [{ partId: "1", charset: "x" }] }))[0], "invalidProperties");
    assert.equal(
      (await refused({ ...text, attachments: [{ blobId: "bx", type: "a/b\r\nX: y" }] }))[0],
      "invalidProperties",
    );
    assert.equal((await refused({ keywords: { "a b": true } }))[0], "invalidProperties");
    assert.equal((await refused({ mailboxIds: {} }))[0], "invalidProperties");
    assert.equal((await refused({ mailboxIds: { mzzz: true } }))[0], "invalidProperties");
    assert.equal((await refused({ receivedAt: "yesterday" }))[0], "invalidProperties");
    let deep: object = { type: "multipart/mixed", subParts: [] };
    for (let i = 0; i < 500; i++) deep = { type: "multipart/mixed", subParts: [deep] };
    assert.equal((await refused({ bodyStructure: deep }))[0], "invalidProperties");
    const missing = await create({ ...draft, attachments: [{ blobId: "b" + "0".repeat(64), type: "a/b" }] });
    assert.deepEqual([missing["notCreated"].k.type, missing["notCreated"].k.notFound], ["blobNotFound", [
      "b" + "0".repeat(64),
    ]]);
    // What is folded is one field; controls in texts are blanks.
    const made = await create({ ...draft, ...text, subject: "a\r\nBcc: x", "header:X": " a\r\n b" });
    const email =
      (await alice.call("Email/get", { ids: [made["created"].k.id], properties: ["subject", "bcc"] }))["list"][0];
    assert.deepEqual([email.subject, email.bcc], ["a  Bcc: x", null]);
  } finally {
    await server.stop();
  }
});

Deno.test("RFC 8621 sections 4.6, 4.8 and RFC 8620 section 5.3: updates by patch, creation ids, import, states", async () => {
  const { server, alice, boxes } = await opened();
  try {
    const up = await alice.upload("From: x@example.net\r\nSubject: imported\r\n\r\nhi\r\n", "message/rfc822");
    const place = { mailboxIds: { [boxes.inbox]: true }, receivedAt: "2020-01-02T03:04:05Z" };
    const responses = await alice.calls([
      ["Email/import", { emails: { i: { blobId: up["blobId"], ...place } } } as never, "0"],
      [
        "Email/set",
        { update: { "#i": { "keywords/$flagged": true, [`mailboxIds/${boxes.archive}`]: true } } } as never,
        "1",
      ],
      ["Email/get", { "#ids": { resultOf: "0", name: "Email/import", path: "/created/i/id" } } as never, "2"],
      ["Email/get", { ids: ["#i"], properties: ["keywords", "mailboxIds", "receivedAt", "subject"] }, "3"],
    ]);
    // deno-lint-ignore no-explicit-any
    const [imported, changed, wrong, got] = responses.map(([, args]) => args as Record<string, any>) as any[];
    const id = imported.created.i.id;
    assert.deepEqual(changed.updated, { [id]: null });
    assert.equal(wrong.type, "invalidArguments"); // an id is no list
    assert.deepEqual(got.list[0], {
      id,
      keywords: { $flagged: true },
      mailboxIds: { [boxes.inbox]: true, [boxes.archive]: true },
      receivedAt: "2020-01-02T03:04:05Z",
      subject: "imported",
    });
    const update = async (patch: object, more = {}) =>
      (await alice.call("Email/set", { update: { [id]: patch as never }, ...more }))["notUpdated"]?.[id].type ?? "ok";
    assert.equal(await update({ keywords: { a: true }, "keywords/b": true }), "invalidPatch");
    assert.equal(await update({ subject: "x" }), "invalidProperties");
    assert.equal(await update({ "keywords/a/b": true }), "invalidPatch");
    assert.equal(await update({ "keywords/a": false }), "invalidProperties");
    assert.equal(await update({ mailboxIds: {} }), "invalidProperties");
    assert.equal(await update({ keywords: { a: true } }, { destroy: [id] }), "willDestroy");
    const { notDestroyed, notUpdated } = await alice.call("Email/set", { destroy: [id], update: { e999: {} } });
    assert.deepEqual([notDestroyed[id].type, notUpdated.e999.type], ["notFound", "notFound"]);
    assert.equal(await alice.fails("Email/set", { ifInState: "1", destroy: [] }), "stateMismatch");
    assert.equal(await alice.fails("Email/set", { create: "x" }), "invalidArguments");
    assert.equal(await alice.fails("Email/copy", { fromAccountId: alice.accountId, create: {} }), "invalidArguments");
    assert.equal(await alice.fails("Email/copy", { fromAccountId: "a99", create: {} }), "fromAccountNotFound");
  } finally {
    await server.stop();
  }
});
