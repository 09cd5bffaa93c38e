/** Emails as they are made, changed, copied and imported (RFC 8621 sections 4.6 to 4.8, RFC 8620 sections 5.3 and 5.4). */
import assert from "node:assert/strict";
import { scene } from "../scene.ts";

const text = { textBody: [{ partId: "1", type: "text/plain" }], bodyValues: { 1: { value: "x" } } };

async function opened() {
  const s = await scene();
  const { drafts } = s.boxes as Record<string, string>;
  const place = { mailboxIds: { [drafts!]: true } };
  const refused = (email: object) => s.refused("Email/set", { create: { k: { ...place, ...email } } });
  const create = async (email: object): Promise<string> => {
    const { created, notCreated } = await s.call("Email/set", { create: { k: { ...place, ...email } } });
    assert.ok(created, JSON.stringify(notCreated));
    return created.k.id;
  };
  return { s, place, refused, create };
}

Deno.test("RFC 8621 4.6: Email/set invalidProperties: every rule of creation, with the properties that break it", async () => {
  const { s, refused } = await opened();
  await using _ = s;
  const part = (more: object) => ({ ...text, textBody: [{ ...text.textBody[0], ...more }] });
  const body = (more: object) => ({
    bodyStructure: { partId: "1", type: "text/plain", ...more },
    bodyValues: text.bodyValues,
  });
  const { blobId } = await s.alice.upload("octets", "application/x");
  const rules: [object, ...string[]][] = [
    // Header fields.
    [{ headers: [] }, "headers"],
    [{ from: [], "header:From": " a@x" }, "from", "header:From"],
    [{ subject: "a", "header:SUBJECT:asText": "b" }, "subject", "header:SUBJECT:asText"],
    [{ "header:X": " a", "header:x:all": [" b"] }, "header:X", "header:x:all"],
    [{ "header:From:asDate": "2020-01-01T00:00:00Z" }, "header:From:asDate"],
    [{ "header:Subject:asAddresses": [] }, "header:Subject:asAddresses"],
    [{ "header:a b": "x" }, "header:a b"],
    [{ "header:X:asNothing": "x" }, "header:X:asNothing"],
    [{ "header:Content-Type": " text/plain" }, "header:Content-Type"],
    [{ "header:content-x": " a" }, "header:content-x"],
    [{ subject: 5 }, "subject"],
    [{ from: "a@x" }, "from"],
    [{ to: [{ name: "x" }] }, "to"],
    [{ cc: [{ email: "a\r\nb@x" }] }, "cc"],
    [{ messageId: ["a b"] }, "messageId"],
    [{ references: [5] }, "references"],
    [{ sentAt: "today" }, "sentAt"],
    [{ "header:X": " a\r\nY: b" }, "header:X"],
    [{ "header:X:all": " a" }, "header:X:all"],
    [{ "header:List-Post:asURLs": ["<x>"] }, "header:List-Post:asURLs"],
    // What the server sets, and what there is not.
    [{ id: "e1", size: 5, preview: "x" }, "id", "size", "preview"],
    [{ blobId: "e1", threadId: "t1", hasAttachment: false, other: 1 }, "blobId", "threadId", "hasAttachment", "other"],
    // Mailboxes, keywords, dates.
    [{ mailboxIds: {} }, "mailboxIds"],
    [{ mailboxIds: { m1: false } }, "mailboxIds"],
    [{ mailboxIds: null }, "mailboxIds"],
    [{ mailboxIds: { mzzz: true } }, "mailboxIds"],
    [{ keywords: [] }, "keywords"],
    [{ keywords: { a: false } }, "keywords"],
    ...["", "a b", "(", ")", "{", "]", "%", "*", '"', "\\", "\\Seen", "ä", "a".repeat(256)].map((
      keyword,
    ): [object, string] => [
      { keywords: { [keyword]: true } },
      `keywords/${keyword.slice(0, 60)}`,
    ]),
    [{ receivedAt: "2020-01-01T00:00:00+01:00" }, "receivedAt"],
    // The body.
    [{ ...text, ...body({}) }, "bodyStructure", "textBody", "htmlBody", "attachments"],
    [{ ...body({}), attachments: [] }, "bodyStructure", "textBody", "htmlBody", "attachments"],
    [{ textBody: [] }, "textBody"],
    [{ ...text, textBody: [...text.textBody, ...text.textBody] }, "textBody"],
    [part({ type: "text/html" }), "textBody"],
    [{ htmlBody: [{ partId: "1", type: "text/plain" }], bodyValues: text.bodyValues }, "htmlBody"],
    [{ htmlBody: "x" }, "htmlBody"],
    [{ attachments: {} }, "attachments"],
    [{ attachments: [5] }, "attachments/0"],
    [part({ blobId }), "textBody/0/partId", "textBody/0/blobId"],
    [{ attachments: [{ type: "a/b" }] }, "attachments/0/partId", "attachments/0/blobId"],
    [{ attachments: [{ blobId: 5 }] }, "attachments/0/blobId"],
    [part({ partId: "2" }), "textBody/0/partId"],
    [part({ partId: "toString" }), "textBody/0/partId"],
    [part({ charset: "utf-8" }), "textBody/0/charset"],
    [part({ size: 1 }), "textBody/0/size"],
    [part({ headers: [] }), "textBody/0/headers"],
    [part({ other: 1 }), "textBody/0/other"],
    [part({ "header:Content-Transfer-Encoding": " 8bit" }), "textBody/0/header:Content-Transfer-Encoding"],
    [part({ "header:content-transfer-encoding:asText": "8bit" }), "textBody/0/header:Content-Transfer-Encoding"],
    [part({ "header:Content-Type": " text/plain" }), "textBody/0/type"],
    [part({ cid: "a", "header:Content-ID": " <b>" }), "textBody/0/cid"],
    [
      part({ disposition: "inline", name: "x", "header:Content-Disposition": " inline" }),
      "textBody/0/disposition",
      "textBody/0/name",
    ],
    [part({ language: "de" }), "textBody/0/language"],
    [part({ location: "a b" }), "textBody/0/location"],
    [part({ cid: "<a>" }), "textBody/0/cid"],
    [part({ name: "a\nb" }), "textBody/0/name"],
    [part({ disposition: "in line" }), "textBody/0/disposition"],
    [part({ subParts: [] }), "textBody/0/subParts"],
    [{ subject: "s", ...body({ "header:Subject": " t" }) }, "bodyStructure/header:Subject"],
    [{ bodyStructure: { type: "multipart/mixed", partId: "1" } }, "bodyStructure/partId"],
    [{ bodyStructure: { type: "multipart/mixed", blobId } }, "bodyStructure/blobId"],
    [{ bodyStructure: { type: "multipart/mixed", subParts: {} } }, "bodyStructure/subParts"],
    [
      { bodyStructure: { type: "multipart/mixed", subParts: [{ type: "x" }] } },
      "bodyStructure/subParts/0/type",
      "bodyStructure/subParts/0/partId",
      "bodyStructure/subParts/0/blobId",
    ],
    [{ bodyStructure: [] }, "bodyStructure"],
    [{ bodyStructure: { "header:Content-Type": " multipart/mixed; boundary=x", subParts: [] } }, "bodyStructure/type"],
    [body({ "header:Content-Type": " text/plain; charset=iso-8859-1", type: undefined }), "bodyStructure/charset"],
    // Body values.
    [{ bodyValues: [] }, "bodyValues"],
    [{ bodyValues: { 1: "x" } }, "bodyValues"],
    ...["isEncodingProblem", "isTruncated"].map((name): [object, string] => [
      { ...text, bodyValues: { 1: { value: "x", [name]: true } } },
      "bodyValues",
    ]),
    // All at once.
    [{ subject: 5, keywords: 5, preview: "x", textBody: [] }, "preview", "keywords", "subject", "textBody"],
  ];
  for (const [email, ...properties] of rules) {
    const [type, ...told] = await refused(email);
    assert.deepEqual([type, told.toSorted()], ["invalidProperties", properties.toSorted()], JSON.stringify(email));
  }
});

Deno.test("RFC 8621 4.6: Email/set: what is left out or null is the default, and the message is as it was said", async () => {
  const { s, create } = await opened();
  await using _ = s;
  const id = await create({
    ...text,
    keywords: null,
    receivedAt: null,
    sentAt: null,
    messageId: null,
    to: [],
    headers: undefined,
    bodyStructure: null,
    bodyValues: { 1: { value: "x\r\ny", isEncodingProblem: false, isTruncated: false }, unused: { value: "" } },
    "header:X-Two:asText:all": ["a", "ü"],
    "header:X-Group:asGroupedAddresses": [{ name: "G", addresses: [{ name: "Ü", email: "u@x" }] }, {
      name: null,
      addresses: [{ email: "v@x" }],
    }],
    "header:Date": undefined,
  });
  const properties = [
    "keywords",
    "to",
    "sentAt",
    "messageId",
    "receivedAt",
    "header:X-Two:asText:all",
    "header:X-Group:asGroupedAddresses",
    "bodyValues",
    "header:MIME-Version:asText",
  ];
  const { list: [email] } = await s.call("Email/get", { ids: [id], properties, fetchAllBodyValues: true });
  assert.deepEqual([email.keywords, email.to, email["header:MIME-Version:asText"]], [{}, null, "1.0"]);
  assert.equal(email.sentAt, email.receivedAt);
  assert.match(email.messageId[0], /^[^@]+@example\.test$/);
  assert.deepEqual(email["header:X-Two:asText:all"], ["a", "ü"]);
  assert.deepEqual(
    email["header:X-Group:asGroupedAddresses"].map((
      { name, addresses }: Record<string, object[]>,
    ) => [name, addresses!.length]),
    [["G", 1], [null, 1]],
  );
  assert.equal(email.bodyValues["1"].value, "x\ny");
  const { blobId } = await s.alice.upload("%PDF", "application/pdf");
  const whole = await create({
    bodyStructure: {
      type: "multipart/mixed",
      disposition: "inline",
      cid: "root@x",
      language: ["de"],
      "header:X-Root": " r",
      subParts: [
        {
          partId: "1",
          "header:Content-Type": " text/plain; format=flowed",
          language: ["en", "de"],
          location: "https://x/",
        },
        { blobId, type: "application/pdf", name: "ü.pdf", size: 99, cid: "c@x" },
        { type: "multipart/alternative", subParts: [{ partId: "h", type: "text/html" }] },
      ],
    },
    bodyValues: { 1: { value: "a" }, h: { value: "<p>" } },
  });
  const { list: [{ bodyStructure, "header:X-Root": root }] } = await s.call("Email/get", {
    ids: [whole],
    properties: ["bodyStructure", "header:X-Root"],
  });
  const [first, second, third] = bodyStructure.subParts;
  assert.deepEqual([root, bodyStructure.cid, bodyStructure.disposition, bodyStructure.language], [
    " r",
    "root@x",
    "inline",
    ["de"],
  ]);
  assert.deepEqual([first.type, first.language, first.location], ["text/plain", ["en", "de"], "https://x/"]);
  assert.deepEqual([second.name, second.size, second.cid, second.disposition], ["ü.pdf", 4, "c@x", "attachment"]);
  assert.deepEqual([third.type, third.subParts[0].type], ["multipart/alternative", "text/html"]);
});

Deno.test("RFC 8621 4.6: Email/set blobNotFound, tooManyKeywords, overQuota, tooLarge: what cannot be made", async () => {
  const { s, place, refused, create } = await opened();
  await using _ = s;
  const [one, two] = ["b" + "0".repeat(64), "e999_1"];
  const { notCreated } = await s.call("Email/set", {
    create: { k: { ...place, attachments: [{ blobId: one }, { blobId: two }, { blobId: one }] } },
  });
  assert.deepEqual([notCreated.k.type, notCreated.k.notFound], ["blobNotFound", [one, two]]);
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, true]));
  assert.deepEqual(await refused({ keywords: many(101) }), ["tooManyKeywords"]);
  const id = await create({ ...text, keywords: many(100) });
  const update = (patch: object) => s.refused("Email/set", { update: { [id]: patch } });
  assert.deepEqual(await update({ "keywords/another": true }), ["tooManyKeywords"]);
  assert.deepEqual(await update({ keywords: many(101) }), ["tooManyKeywords"]);
  assert.deepEqual(await update({ "keywords/another": true, "keywords/k0": null }), ["ok"]);
  const long = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${i}`.padEnd(255, "x"), true]));
  assert.deepEqual(await update({ keywords: long }), ["tooManyKeywords"], "none is left out in silence");
  await s.server.admin("PATCH", "/api/v1/accounts/alice@example.test", { quota: { bytes: null, messages: 1 } });
  assert.deepEqual(await refused(text), ["overQuota"]);
  const { composeEmail } = await import("../../../../src/jmap/email/compose.ts");
  const { runProgram } = await import("../../../support/run_program.ts");
  const facts = { now: 0, random: "r", domain: "x", attachments: 10 };
  const answers = {
    "blob.read": () => new Uint8Array(0),
    "blob.index": () => ({ size: 6, root: {} }),
  };
  const attachments = [{ blobId: one }, { blobId: one }];
  const program = composeEmail({ accountId: "a1", ownerId: "a1" } as never, { attachments } as never, facts, []);
  assert.throws(() => runProgram(program, answers as never), { type: "tooLarge" });
});

Deno.test("RFC 8620 5.3: Email/set invalidPatch, invalidProperties, notFound, willDestroy: patches, and whole objects sent back", async () => {
  const { s, create } = await opened();
  await using _ = s;
  const { drafts, inbox } = s.boxes as Record<string, string>;
  const id = await create({
    ...text,
    subject: "s",
    from: [{ email: "alice@example.test" }],
    keywords: { a: true, b: true },
  });
  const update = (patch: object, more = {}) => s.refused("Email/set", { update: { [id]: patch }, ...more });
  const now = async () => {
    const { list: [{ keywords, mailboxIds }] } = await s.call("Email/get", {
      ids: [id],
      properties: ["keywords", "mailboxIds"],
    });
    return [Object.keys(keywords).toSorted(), Object.keys(mailboxIds).toSorted()];
  };
  const patches: [object, string, ...string[]][] = [
    [{ keywords: { a: true }, "keywords/b": true }, "invalidPatch"],
    [{ "keywords/a/b": true }, "invalidPatch"],
    [{ "nothing/a": true }, "invalidPatch"],
    [{ "mailboxIds/x": 5 }, "invalidProperties", "mailboxIds/x"],
    [{ "keywords/c": false }, "invalidProperties", "keywords/c"],
    [{ "keywords/(": true, "keywords/c": "x" }, "invalidProperties", "keywords/(", "keywords/c"],
    [{ keywords: [] }, "invalidProperties", "keywords"],
    [{ mailboxIds: null }, "invalidProperties", "mailboxIds"],
    [{ mailboxIds: {} }, "invalidProperties", "mailboxIds"],
    [{ [`mailboxIds/${drafts}`]: null }, "invalidProperties", "mailboxIds"],
    [{ "mailboxIds/mzzz": true }, "invalidProperties", "mailboxIds"],
    [{ subject: "t", size: 1, "keywords/c": true }, "invalidProperties", "subject", "size"],
    [{ "from/0": null }, "invalidProperties", "from"],
    [{ other: 1 }, "invalidProperties", "other"],
    [{ "header:Subject:asDate": null }, "invalidProperties", "header:Subject:asDate"],
  ];
  for (const [patch, ...wanted] of patches) assert.deepEqual(await update(patch), wanted, JSON.stringify(patch));
  assert.deepEqual(await now(), [["a", "b"], [drafts]], "nothing is half done");
  const { list: [whole] } = await s.call("Email/get", { ids: [id] });
  assert.deepEqual(await update(whole), ["ok"], "a whole object is a patch");
  assert.deepEqual(await update({ ...whole, keywords: { c: true } }), ["ok"]);
  assert.deepEqual(await update({ "keywords/D": true, "keywords/none": null, [`mailboxIds/${inbox}`]: true }), ["ok"]);
  assert.deepEqual(await now(), [["c", "d"], [drafts, inbox].sort()]);
  assert.deepEqual(await update({ "keywords/a~1b": true, "keywords/c": null, "keywords/d": null }), ["ok"]);
  assert.deepEqual((await now())[0], ["a/b"]);
  assert.deepEqual(await update({ keywords: null }), ["ok"]);
  assert.deepEqual((await now())[0], []);
  const both = await s.call("Email/set", { update: { [id]: { "keywords/x": true } }, destroy: [id] });
  assert.deepEqual([both["notUpdated"][id].type, both["destroyed"]], ["willDestroy", [id]]);
  assert.deepEqual(await update({ "keywords/x": true }), ["notFound"]);
  assert.deepEqual(await update(whole), ["notFound"]);
  assert.deepEqual(await s.refused("Email/set", { destroy: [id] }), ["notFound"]);
  // What is made is known by its creation id in the same call.
  const email = { mailboxIds: { [drafts!]: true } };
  const made = await s.call("Email/set", {
    create: { a: email, b: email },
    update: { "#a": { "keywords/made": true } },
    destroy: ["#b"],
  });
  const a = made["created"].a.id;
  assert.deepEqual([made["updated"], made["destroyed"]], [{ [a]: null }, [made["created"].b.id]]);
  assert.deepEqual(Object.keys(made["created"].a).toSorted(), ["blobId", "id", "size", "threadId"]);
  const { newState } = made;
  assert.equal((await s.call("Email/get", { ids: [] }))["state"], newState);
});

Deno.test("RFC 8621 4.7: Email/copy notFound, invalidProperties, forbidden: between accounts, and what becomes of the original", async () => {
  const { s } = await opened();
  await using _ = s;
  await s.server.deliver("From: a@example.net\nSubject: theirs\n\nx", "bob@example.test");
  await s.share("bob", "INBOX", "lrswite");
  await s.alice.session();
  const [{ id, size, receivedAt }] = (await s.bob.call("Email/get", { properties: ["size", "receivedAt"] }))["list"];
  await s.bob.call("Email/set", { update: { [id]: { "keywords/$flagged": true } } });
  const { inbox } = s.boxes as Record<string, string>;
  const args = { fromAccountId: s.bob.accountId };
  const copy = async (email: object, more: object = {}) =>
    await s.call("Email/copy", { ...args, create: { k: email }, ...more });
  const refused = (email: object) => s.refused("Email/copy", { ...args, create: { k: email } });
  const mailboxIds = { [inbox!]: true };
  assert.deepEqual(await refused({ id: "ezzz", mailboxIds }), ["notFound"]);
  assert.deepEqual(await refused({ id: 5, mailboxIds }), ["invalidProperties", "id"]);
  assert.deepEqual(await refused({ id }), ["invalidProperties", "mailboxIds"]);
  assert.deepEqual(await refused({ id, mailboxIds, subject: "x" }), ["invalidProperties", "subject"]);
  const { created } = await copy({ id, mailboxIds });
  const { list: [same] } = await s.call("Email/get", {
    ids: [created.k.id],
    properties: ["size", "keywords", "receivedAt", "header:Return-Path"],
  });
  assert.deepEqual([same.size, created.k.size, same.keywords, same.receivedAt], [
    size,
    size,
    { $flagged: true },
    receivedAt,
  ]);
  assert.notEqual(same["header:Return-Path"], null, "the message is all of it");
  const changed = await copy({ id, mailboxIds, keywords: { x: true }, receivedAt: "2001-01-01T00:00:00Z" });
  const { list: [other] } = await s.call("Email/get", {
    ids: [changed["created"].k.id],
    properties: ["keywords", "receivedAt"],
  });
  assert.deepEqual([other.keywords, other.receivedAt], [{ x: true }, "2001-01-01T00:00:00Z"]);
  const responses = (more: object) =>
    s.alice.calls([["Email/copy", { ...args, create: { k: { id, mailboxIds } }, ...more } as never, "c"]]);
  const mismatch = await responses({ onSuccessDestroyOriginal: true, destroyFromIfInState: "0" });
  assert.deepEqual(mismatch.map(([name, { type = null }, call]) => [name, type, call]), [["Email/copy", null, "c"], [
    "error",
    "stateMismatch",
    "c",
  ]]);
  const moved = await responses({ onSuccessDestroyOriginal: true });
  assert.deepEqual([moved[1]![0], moved[1]![1]["destroyed"], moved[1]![1]["accountId"]], [
    "Email/set",
    [id],
    s.bob.accountId,
  ]);
  assert.deepEqual((await s.bob.call("Email/get", { ids: [id] }))["notFound"], [id]);
  const nothing = await responses({ onSuccessDestroyOriginal: true });
  assert.deepEqual([nothing.length, Object.keys(nothing[0]![1]["notCreated"] as object)], [1, ["k"]]);
  // Into another's mailbox as far as rights go.
  const into = async (mailbox: string) => {
    const mine = (await s.call("Email/query"))["ids"][0];
    const answer = await s.alice.call("Email/copy", {
      accountId: s.bob.accountId,
      fromAccountId: s.alice.accountId,
      create: { k: { id: mine, mailboxIds: { [mailbox]: true } } },
    });
    return answer["notCreated"]?.k.type ?? "ok";
  };
  const [{ id: theirs }] = (await s.bob.call("Mailbox/query", { filter: { role: "inbox" } }))["ids"].map((
    id: string,
  ) => ({ id }));
  assert.equal(await into(theirs), "ok");
  await s.share("bob", "INBOX", "lrste");
  assert.equal(await into(theirs), "forbidden");
});

Deno.test("RFC 8621 4.8: Email/import invalidProperties, invalidEmail, overQuota, stateMismatch: what is uploaded becomes an email", async () => {
  const { s, place } = await opened();
  await using _ = s;
  const received =
    "Received: from a by b; Mon, 1 Jan 2018 00:00:00 +0000\r\nReceived: from c by a; Sun, 31 Dec 2017 00:00:00 +0000\r\n";
  const { blobId } = await s.alice.upload(
    `${received}From: ä@exämple.net\r\nSubject: Grüße\r\n\r\nhi\r\n`,
    "message/rfc822",
  );
  const words = (await s.alice.upload("no message at all", "text/plain"))["blobId"];
  const refused = (email: object) => s.refused("Email/import", { emails: { k: { blobId, ...place, ...email } } });
  const wrong: [object, string, ...string[]][] = [
    [{ blobId: "b" + "0".repeat(64) }, "invalidProperties", "blobId"],
    [{ blobId: undefined }, "invalidProperties", "blobId"],
    [{ blobId: 5, mailboxIds: {} }, "invalidProperties", "mailboxIds", "blobId"],
    [{ mailboxIds: undefined }, "invalidProperties", "mailboxIds"],
    [{ mailboxIds: { mzzz: true } }, "invalidProperties", "mailboxIds"],
    [{ keywords: { "(": true } }, "invalidProperties", "keywords/("],
    [{ receivedAt: "x" }, "invalidProperties", "receivedAt"],
    [{ subject: "x" }, "invalidProperties", "subject"],
    [{ blobId: words }, "invalidEmail"],
  ];
  for (const [email, ...told] of wrong) assert.deepEqual(await refused(email), told, JSON.stringify(email));
  const twice = {
    a: { blobId, ...place },
    b: { blobId, ...place, receivedAt: "2001-01-01T00:00:00Z", keywords: { x: true } },
  };
  const { created, oldState, newState } = await s.call("Email/import", { emails: twice });
  assert.notEqual(created.a.id, created.b.id);
  assert.notEqual(oldState, newState);
  const { list } = await s.call("Email/get", {
    ids: [created.a.id, created.b.id],
    properties: ["receivedAt", "subject", "from", "keywords"],
  });
  assert.deepEqual(list.map(({ receivedAt }: Record<string, string>) => receivedAt), [
    "2018-01-01T00:00:00Z",
    "2001-01-01T00:00:00Z",
  ]);
  assert.deepEqual([list[0].subject, list[0].from[0].email, list[1].keywords], ["Grüße", "ä@exämple.net", { x: true }]);
  assert.equal(await s.fails("Email/import", { emails: {}, ifInState: oldState }), "stateMismatch");
  const many = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`k${i}`, {}]));
  assert.equal(await s.fails("Email/import", { emails: many }), "requestTooLarge");
  assert.equal(await s.fails("Email/copy", { fromAccountId: "azzz", create: many }), "fromAccountNotFound");
  await s.server.admin("PATCH", "/api/v1/accounts/alice@example.test", { quota: { bytes: 10, messages: null } });
  assert.deepEqual(await refused({}), ["overQuota"]);
  // Nobody imports what another uploaded.
  const { list: [box] } = await s.bob.call("Mailbox/get");
  const answer = await s.bob.call("Email/import", { emails: { k: { blobId, mailboxIds: { [box.id]: true } } } });
  assert.deepEqual(answer["notCreated"].k.properties, ["blobId"]);
});
