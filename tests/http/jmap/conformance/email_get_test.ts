/** Emails as they are read (RFC 8621 sections 4.1, 4.2, 4.3, 4.9 and 5). */
import assert from "node:assert/strict";
import { Call } from "../../../../src/jmap/call.ts";
import { Room } from "../../../../src/jmap/room.ts";
import { type Scene, scene } from "../scene.ts";

type Part = Record<string, unknown> & { readonly subParts?: readonly Part[] };

async function get(s: Scene, id: string, properties: readonly string[] | null, more: object = {}) {
  const { list, notFound } = await s.call("Email/get", { ids: [id], properties, ...more });
  assert.deepEqual(notFound, []);
  return list[0];
}

/** Delivers a message and answers its id. */
async function delivered(s: Scene, message: string): Promise<string> {
  await s.deliver(message);
  const { ids } = await s.call("Email/query", { limit: 1 });
  return ids[0];
}

const FORMS = ["Raw", "Text", "Addresses", "GroupedAddresses", "MessageIds", "Date", "URLs"];
/** Which forms each field may be had in (sections 4.1.2.1 to 4.1.2.7). */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(["Subject", "Comments", "Keywords"].map((name) => [name, ["Text"]])),
  ...Object.fromEntries(
    ["From", "Sender", "Reply-To", "To", "Cc", "Bcc"].flatMap((name) => [name, `Resent-${name}`])
      .map((name) => [name, ["Addresses", "GroupedAddresses"]]),
  ),
  ...Object.fromEntries(
    ["Message-ID", "In-Reply-To", "References", "Resent-Message-ID"].map((name) => [name, ["MessageIds"]]),
  ),
  ...Object.fromEntries(["Date", "Resent-Date"].map((name) => [name, ["Date"]])),
  ...Object.fromEntries(
    ["Help", "Unsubscribe", "Subscribe", "Post", "Owner", "Archive"].map((name) => [`List-${name}`, ["URLs"]]),
  ),
  Received: [],
  "Return-Path": [],
  "List-Id": FORMS,
  "X-Anything": FORMS,
  "MIME-Version": FORMS,
};

Deno.test("RFC 8621 4.1.2: invalidArguments: Email/get and Email/parse give each field in its forms, and in no others", async () => {
  await using s = await scene();
  const id = await delivered(s, "Subject: x\n\nx");
  const [right, wrong]: [string[], string[]] = [[], []];
  for (const [name, forms] of Object.entries(ALLOWED)) {
    for (const form of FORMS) {
      const list = form === "Raw" || forms.includes(form) ? right : wrong;
      list.push(`header:${name}:as${form}`, `header:${name}:as${form}:all`);
    }
  }
  const email = await get(s, id, right);
  for (const property of right) assert.ok(property in email, property);
  const calls = wrong.flatMap((property): [string, object][] => [
    ["Email/get", { ids: [id], properties: [property] }],
    ["Email/get", { ids: [], bodyProperties: [property] }],
    ["Email/parse", { blobIds: [], properties: [property] }],
  ]);
  for (let at = 0; at < calls.length; at += 60) {
    const page = calls.slice(at, at + 60).map(([name, args]) => [name, args, name + JSON.stringify(args)] as never);
    for (const [name, { type }, id] of await s.alice.calls(page)) {
      assert.deepEqual([name, type], ["error", "invalidArguments"], id);
    }
  }
  for (
    const property of [
      "header:",
      "header:a b",
      "header:a:b",
      "header:ä",
      "header:x:astext",
      "header:x:asNothing",
      "header:x:all:asText",
      "header:x:asText:all:all",
      "Header:x",
      "bodyStructure/type",
      "",
      "constructor",
    ]
  ) assert.equal(await s.fails("Email/get", { ids: [id], properties: [property] }), "invalidArguments", property);
});

Deno.test("RFC 8621 4.1.2.1: raw fields: octets that are no UTF-8 are replaced, NUL goes, folds stay", async () => {
  await using s = await scene();
  const text = "From: a@example.net\nX-Bad: a\xffb\xc3\xa4\nX-Fold: one\n two\nX-Empty:\nX-Two: 1\nx-two: 2\n\nx";
  const up = await s.alice.upload(Uint8Array.from(text, (c) => c.charCodeAt(0)), "message/rfc822");
  const properties = [
    "header:X-Bad",
    "header:X-Fold",
    "header:x-fold:asText",
    "header:X-Empty",
    "header:X-TWO",
    "header:X-two:all",
    "header:X-None",
    "header:X-None:all",
  ];
  const { parsed } = await s.call("Email/parse", { blobIds: [up["blobId"]], properties });
  assert.deepEqual(parsed[up["blobId"]], {
    "header:X-Bad": " a\ufffdbä",
    "header:X-Fold": " one\n two",
    "header:x-fold:asText": "one two",
    "header:X-Empty": "",
    "header:X-TWO": " 2",
    "header:X-two:all": [" 1", " 2"],
    "header:X-None": null,
    "header:X-None:all": [],
  });
});

Deno.test("RFC 8621 4.1.2.2: texts: encoded words are decoded where they stand rightly, and normalized", async () => {
  await using s = await scene();
  const texts: [string, string][] = [
    ["=?utf-8?q?e=CC=81?=", "é"],
    ["  =?iso-8859-1?q?a=E4?= =?iso-8859-1?q?b?= c", "aäb c"],
    // RFC 2047 section 5 wants white space there; programs that leave it out are many (see clarifications.md).
    ["Re:=?utf-8?q?y?=", "Re:y"],
    ["=?utf-8?q?a=00=07b?=", "ab"],
    ["one\n two", "one two"],
  ];
  for (const [raw, text] of texts) {
    const id = await delivered(s, `From: a@example.net\nSubject: ${raw}\n\nx`);
    assert.equal((await get(s, id, ["subject"]))["subject"], text, raw);
    await s.call("Email/set", { destroy: [id] });
  }
});

Deno.test("RFC 8621 4.1.2.3: addresses and groups, as in the example of the section", async () => {
  await using s = await scene();
  const list =
    '"  James Smythe" <james@example.com>, Friends:\n jane@example.com, =?UTF-8?Q?John_Sm=C3=AEth?=\n <john@example.com>;';
  const id = await delivered(
    s,
    `From: a@example.net (A B)\nTo: ${list}\nCc: broken, "q \\"x" <q@x>, ;\nReply-To: \n\nx`,
  );
  const email = await get(s, id, [
    "to",
    "header:To:asGroupedAddresses",
    "from",
    "cc",
    "replyTo",
    "bcc",
    "header:To:asAddresses:all",
  ]);
  const [james, jane, john] = [
    { name: "James Smythe", email: "james@example.com" },
    { name: null, email: "jane@example.com" },
    { name: "John Smîth", email: "john@example.com" },
  ];
  assert.deepEqual(email.to, [james, jane, john]);
  assert.deepEqual(email["header:To:asAddresses:all"], [[james, jane, john]]);
  assert.deepEqual(email["header:To:asGroupedAddresses"], [
    { name: null, addresses: [james] },
    { name: "Friends", addresses: [jane, john] },
  ]);
  assert.deepEqual(email.from, [{ name: "A B", email: "a@example.net" }]);
  assert.deepEqual(email.cc, [{ name: null, email: "broken" }, { name: 'q "x', email: "q@x" }]);
  assert.deepEqual([email.replyTo, email.bcc], [[], null]);
});

Deno.test("RFC 8621 4.1.2.5: message ids, dates and URLs, and null where there is no sense in them", async () => {
  await using s = await scene();
  const id = await delivered(
    s,
    "From: a@example.net\nMessage-ID: (c) <a@x> (c)\nReferences: <a@x>\n <b@x>\nIn-Reply-To: none\n" +
      "Date: Tue, 24 Nov 2026 10:00:00 +0100 (x)\nResent-Date: never\nList-Post: NO (closed)\n" +
      "List-Help: <mailto:a@x>\n (c), <https://x/\n y>\n\nx",
  );
  assert.deepEqual(
    await get(s, id, [
      "messageId",
      "references",
      "inReplyTo",
      "sentAt",
      "header:Resent-Date:asDate",
      "header:List-Post:asURLs",
      "header:List-Help:asURLs",
    ]),
    {
      id,
      messageId: ["a@x"],
      references: ["a@x", "b@x"],
      inReplyTo: null,
      sentAt: "2026-11-24T09:00:00Z",
      "header:Resent-Date:asDate": null,
      "header:List-Post:asURLs": null,
      "header:List-Help:asURLs": ["mailto:a@x", "https://x/y"],
    },
  );
});

Deno.test("RFC 8621 4.1.1: keywords are in lower case, \\Recent and \\Deleted are none, sizes are those of the download", async () => {
  await using s = await scene();
  const id = await delivered(s, "Subject: x\n\nx");
  const imap = s.server.connect("imap");
  await imap.until("* OK");
  await imap.ask("a LOGIN alice@example.test alice", "a OK");
  await imap.ask("b SELECT INBOX", "b OK");
  await imap.ask("c STORE 1 +FLAGS (\\Seen \\Answered \\Flagged \\Draft $Forwarded MixedCase)", "c OK");
  const email = await get(s, id, null);
  assert.deepEqual(email.keywords, {
    $seen: true,
    $answered: true,
    $flagged: true,
    $draft: true,
    $forwarded: true,
    mixedcase: true,
  });
  const octets = await (await s.alice.fetch(`/jmap/download/${s.alice.accountId}/${email.blobId}/x`)).bytes();
  assert.equal(email.size, octets.length);
  assert.match(email.receivedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  await imap.ask("d STORE 1 +FLAGS (\\Deleted)", "d OK");
  assert.deepEqual((await s.call("Email/get", { ids: [id] }))["notFound"], [id]);
  assert.equal((await s.call("Mailbox/get", { ids: [s.boxes["inbox"]] }))["list"][0].totalEmails, 0);
});

const part = (type: string, body: string, more = "") => `Content-Type: ${type}\n${more}\n${body}`;
const multi = (subtype: string, name: string, ...parts: string[]) =>
  `Content-Type: multipart/${subtype}; boundary=${name}\n\n${
    parts.map((one) => `--${name}\n${one}\n`).join("")
  }--${name}--`;
const inline = "Content-Disposition: inline\n";

Deno.test("RFC 8621 4.1.4: what is text, HTML and attachment of alternatives, related parts and mixtures", async () => {
  await using s = await scene();
  const text = part("text/plain", "T");
  const html = part("text/html", "H");
  const image = part("image/png", "I");
  const cases: [string, string, string, string, boolean][] = [
    // message; textBody; htmlBody; attachments; hasAttachment
    [text, "T", "T", "", false],
    [html, "H", "H", "", false],
    [multi("alternative", "a", text, html), "T", "H", "", false],
    [multi("alternative", "a", html), "H", "H", "", false],
    [multi("alternative", "a", text), "T", "T", "", false],
    [multi("alternative", "a", text, html, part("text/calendar", "C")), "T", "H", "C", true],
    [multi("alternative", "a", text, multi("related", "r", html, image)), "T", "H", "I", true],
    [multi("related", "r", html, image), "H", "H", "I", true],
    [multi("related", "r", html, part("image/png", "I", inline)), "H", "H", "I", false],
    [multi("mixed", "m", text, image), "T I", "T I", "", false],
    [multi("mixed", "m", text, part("image/png", "I", "Content-Disposition: attachment\n")), "T", "T", "I", true],
    [multi("mixed", "m", text, part("text/plain; name=n.txt", "N")), "T", "T", "N", true],
    [multi("mixed", "m", part("text/plain; name=n.txt", "N")), "N", "N", "", false],
    [multi("mixed", "m", multi("alternative", "a", text, html), text), "T T", "H T", "", false],
    [multi("mixed", "m", text, part("message/rfc822", "Subject: s\n\ns")), "T", "T", "s", true],
    [multi("digest", "d", "Subject: s\n\ns"), "", "", "?", true],
    [part("application/pdf", "P"), "", "", "P", true],
    [part("video/mp4", "V"), "V", "V", "", false],
    [multi("alternative", "a", text, image, html), "T", "H", "I", true],
    [multi("mixed", "m"), "", "", "", false],
    [multi("signed", "g", text, part("application/pgp-signature", "S")), "T", "T", "S", true],
  ];
  for (const [message, ...wanted] of cases) {
    const id = await delivered(s, `From: a@example.net\nMIME-Version: 1.0\n${message}\n`);
    const email = await get(s, id, ["textBody", "htmlBody", "attachments", "hasAttachment"]);
    const bodies = async (parts: readonly Part[]) => {
      const found = [];
      for (const { blobId } of parts) {
        const octets = await (await s.alice.fetch(`/jmap/download/${s.alice.accountId}/${blobId}/x`)).text();
        found.push(octets.trim().split("\n").at(-1)!);
      }
      return found.join(" ");
    };
    const attached = await bodies(email.attachments);
    assert.deepEqual(
      [
        await bodies(email.textBody),
        await bodies(email.htmlBody),
        wanted[2] === "?" ? "?" : attached,
        email.hasAttachment,
      ],
      wanted,
      message,
    );
    for (const one of [...email.textBody, ...email.htmlBody, ...email.attachments]) assert.ok(!("subParts" in one));
    await s.call("Email/set", { destroy: [id] });
  }
});

Deno.test("RFC 8621 4.1.4: parts have all their properties, decoded", async () => {
  await using s = await scene();
  const id = await delivered(
    s,
    "From: a@example.net\nMIME-Version: 1.0\n" + multi(
      "mixed",
      "m",
      "\nno header",
      part(
        "TEXT/HTML; charset=ISO-8859-1",
        "=E4",
        "Content-Transfer-Encoding: quoted-printable\nContent-Language: de, en\n",
      ),
      part(
        "application/octet-stream; name=old",
        "QUJD",
        "Content-Transfer-Encoding: BASE64\nContent-Disposition: ATTACHMENT; filename*=utf-8''%c3%a4.bin\n" +
          "Content-ID: <c@x>\nContent-Location: https://x/\n",
      ),
      part('application/x; name="=?utf-8?q?=C3=BC?="', "x", "Content-Transfer-Encoding: x-none\n"),
      multi("mixed", "n"),
    ) + "\n",
  );
  const bodyProperties = [
    "partId",
    "blobId",
    "size",
    "name",
    "type",
    "charset",
    "disposition",
    "cid",
    "language",
    "location",
    "subParts",
    "headers",
    "header:Content-Type",
  ];
  const { bodyStructure } = await get(s, id, ["bodyStructure"], { bodyProperties });
  const plain = ({ blobId: _, headers: __, "header:Content-Type": ___, ...rest }: Part) => rest;
  assert.deepEqual([bodyStructure.partId, bodyStructure.blobId, bodyStructure.type], [null, null, "multipart/mixed"]);
  const none = { name: null, disposition: null, cid: null, language: null, location: null, subParts: null };
  assert.deepEqual(bodyStructure.subParts.map(plain), [
    { ...none, partId: "1", size: 9, type: "text/plain", charset: "us-ascii" },
    { ...none, partId: "2", size: 1, type: "text/html", charset: "ISO-8859-1", language: ["de", "en"] },
    {
      partId: "3",
      size: 3,
      name: "ä.bin",
      type: "application/octet-stream",
      charset: null,
      disposition: "attachment",
      cid: "c@x",
      language: null,
      location: "https://x/",
      subParts: null,
    },
    { ...none, partId: "4", size: 1, name: "ü", type: "application/x", charset: null },
    { ...none, partId: null, size: 0, type: "multipart/mixed", charset: null, subParts: [] },
  ]);
  const { headers, "header:Content-Type": raw } = bodyStructure.subParts[1];
  assert.deepEqual(headers[0], { name: "Content-Type", value: " TEXT/HTML; charset=ISO-8859-1" });
  assert.equal(raw, " TEXT/HTML; charset=ISO-8859-1");
  const [, html, file] = bodyStructure.subParts;
  for (const [blobId, octets] of [[html.blobId, [0xe4]], [file.blobId, [65, 66, 67]]]) {
    const down = await s.alice.fetch(`/jmap/download/${s.alice.accountId}/${blobId}/x`);
    assert.deepEqual([...await down.bytes()], octets);
  }
});

Deno.test("RFC 8621 4.2: body values: which are fetched, what they say of themselves, and where they are cut", async () => {
  await using s = await scene();
  const utf8 = "text/plain; charset=utf-8";
  const id = await delivered(
    s,
    "From: a@example.net\nMIME-Version: 1.0\n" + multi(
      "mixed",
      "m",
      multi("alternative", "a", part(utf8, "aä€😀\nb"), part("text/html; charset=utf-8", 'x<a href="y">z</a>')),
      part("text/csv; charset=x-none", "1,2", "Content-Disposition: attachment\n"),
      part(utf8, "q", "Content-Disposition: attachment\nContent-Transfer-Encoding: x-none\n"),
      part(
        "text/plain; charset=utf-8",
        "=FF",
        "Content-Disposition: attachment\nContent-Transfer-Encoding: quoted-printable\n",
      ),
    ) + "\n",
  );
  const values = async (more: object) => (await get(s, id, ["bodyValues"], more))["bodyValues"];
  assert.deepEqual(await values({}), {});
  assert.deepEqual(Object.keys(await values({ fetchTextBodyValues: true })), ["1.1"]);
  assert.deepEqual(Object.keys(await values({ fetchHTMLBodyValues: true })), ["1.2"]);
  const all = await values({ fetchAllBodyValues: true });
  assert.deepEqual(Object.keys(all).toSorted(), ["1.1", "1.2", "2", "3", "4"]);
  assert.deepEqual(all["1.1"], { value: "aä€😀\nb", isEncodingProblem: false, isTruncated: false });
  assert.deepEqual(["2", "3", "4"].map((one) => all[one].isEncodingProblem), [true, true, true]);
  const whole = "aä€😀\nb";
  const octets = new TextEncoder().encode(whole).length;
  for (let limit = 1; limit <= octets + 1; limit++) {
    const { value, isTruncated } = (await values({ fetchTextBodyValues: true, maxBodyValueBytes: limit }))["1.1"];
    assert.ok(new TextEncoder().encode(value).length <= limit && whole.startsWith(value) && value.isWellFormed());
    assert.equal(isTruncated, limit < octets);
  }
  for (let limit = 1; limit < 13; limit++) {
    const { value } = (await values({ fetchHTMLBodyValues: true, maxBodyValueBytes: limit }))["1.2"];
    assert.equal(value, "x", String(limit));
  }
});

Deno.test("RFC 8621 4.1.4: a preview is 256 characters at most, and whole ones", async () => {
  await using s = await scene();
  for (const body of ["😀".repeat(500), "a ".repeat(500), "é\n".repeat(400)]) {
    const id = await delivered(s, `From: a@example.net\nContent-Type: text/plain; charset=utf-8\n\n${body}`);
    const { preview } = await get(s, id, ["preview"]);
    assert.ok([...preview].length <= 256 && preview.length > 0 && preview.isWellFormed());
  }
});

Deno.test("RFC 8621 4.2: Email/get requestTooLarge: the default is all that the section lists, and answers have an end", async () => {
  await using s = await scene();
  const id = await delivered(s, "Subject: x\n\nx");
  assert.deepEqual(Object.keys(await get(s, id, null)).toSorted(), [
    ..."attachments bcc blobId bodyValues cc from hasAttachment htmlBody id inReplyTo keywords mailboxIds".split(" "),
    ..."messageId preview receivedAt references replyTo sender sentAt size subject textBody threadId to".split(" "),
  ]);
  const [{ partId: _, ...one }] = (await get(s, id, ["textBody"]))["textBody"];
  assert.deepEqual(Object.keys(one), [
    "blobId",
    "size",
    "name",
    "type",
    "charset",
    "disposition",
    "cid",
    "language",
    "location",
  ]);
  const properties = Array.from({ length: 600 }, (_, i) => `header:x${i}`);
  assert.equal(await s.fails("Email/get", { ids: [id], properties }), "requestTooLarge");
  assert.equal(await s.fails("Email/get", { ids: [id], bodyProperties: properties }), "requestTooLarge");
  const call = new Call({ answered: new Room(50) } as never, "Email/get", {});
  call.hold({ a: "x" });
  assert.throws(() => call.hold({ a: "x".repeat(50) }), { type: "requestTooLarge" });
});

Deno.test("RFC 8621 4.3: Email/changes: created, updated, destroyed, in parts of one, each in its order", async () => {
  await using s = await scene();
  const { state } = await s.call("Email/get", { ids: [] });
  for (let i = 0; i < 3; i++) await s.deliver(`Subject: ${i}\n\nx`);
  await s.call("Email/set", { update: { e1: { "keywords/a": true } }, destroy: ["e2"] });
  const told: string[] = [];
  for (let since = state, more = true; more;) {
    const page = await s.call("Email/changes", { sinceState: since, maxChanges: 1 });
    assert.ok(page["created"].length + page["updated"].length + page["destroyed"].length <= 1);
    for (const kind of ["created", "updated", "destroyed"]) for (const id of page[kind]) told.push(`${kind} ${id}`);
    [since, more] = [page["newState"], page["hasMoreChanges"]];
  }
  assert.deepEqual(told.filter((one) => one !== "destroyed e2").toSorted(), ["created e1", "created e3"]);
});

Deno.test("RFC 8621 4.9: Email/parse: messages that are attached in any encoding, their parts, and what is none", async () => {
  await using s = await scene();
  const inner = multi(
    "mixed",
    "i",
    part("text/plain; charset=utf-8", "inside ä"),
    part("image/png", "I", "Content-Disposition: attachment\n"),
  );
  const message = `From: in@example.net\nSubject: =?utf-8?q?in=C3=A4?=\nMIME-Version: 1.0\n${inner}\n`;
  const encoded = btoa(String.fromCharCode(...new TextEncoder().encode(message))).replace(/(.{76})/g, "$1\n");
  const id = await delivered(
    s,
    "From: a@example.net\nMIME-Version: 1.0\n" + multi(
      "mixed",
      "m",
      part("message/rfc822", encoded, "Content-Transfer-Encoding: base64\n"),
      part("application/octet-stream; name=mail.eml", encoded, "Content-Transfer-Encoding: base64\n"),
      part("message/rfc822", message),
      part("image/png", "iVBORw0K", "Content-Transfer-Encoding: base64\n"),
      part("text/plain", "just words\n\nand more"),
    ) + "\n",
  );
  const { attachments, textBody } = await get(s, id, ["attachments", "textBody"], {
    bodyProperties: ["blobId", "type"],
  });
  const blobIds = [...attachments, ...textBody].map(({ blobId }: Part) => blobId);
  const { parsed, notParsable, notFound } = await s.call("Email/parse", {
    blobIds: [...blobIds, ...blobIds, "e999", "b" + "0".repeat(64), "x", id],
    properties: [
      "id",
      "blobId",
      "threadId",
      "mailboxIds",
      "keywords",
      "receivedAt",
      "size",
      "subject",
      "bodyValues",
      "attachments",
      "from",
    ],
    fetchTextBodyValues: true,
  });
  assert.deepEqual(notFound, ["e999", "b" + "0".repeat(64), "x"]);
  assert.equal(notParsable.length, 2);
  const messages = Object.entries(parsed).filter(([blobId]) => blobId !== id) as [string, Record<string, never>][];
  assert.equal(messages.length, 3);
  for (const [blobId, email] of messages) {
    const { bodyValues, attachments: [image], size, ...rest } = email as unknown as Record<string, never> & {
      attachments: Part[];
    };
    assert.deepEqual(rest, {
      id: null,
      blobId,
      threadId: null,
      mailboxIds: null,
      keywords: null,
      receivedAt: null,
      subject: "inä",
      from: [{ name: null, email: "in@example.net" }],
    });
    assert.equal((bodyValues as unknown as Record<string, { value: string }>)["1"]!.value, "inside ä");
    assert.ok((size as unknown as number) >= message.length);
    const down = await s.alice.fetch(`/jmap/download/${s.alice.accountId}/${image!["blobId"]}/x`);
    assert.equal(await down.text(), "I");
  }
  assert.equal(parsed[id].size, (await get(s, id, ["size"]))["size"]);
  const keys = Object.keys((await s.call("Email/parse", { blobIds: [id] }))["parsed"][id]);
  assert.equal(keys.length, 17, "the default of the section");
  assert.equal(
    await s.fails("Email/parse", { blobIds: Array.from({ length: 2000 }, (_, i) => `e${i}`) }),
    "requestTooLarge",
  );
  // It can be imported as it can be parsed.
  const emails = { k: { blobId: blobIds[0], mailboxIds: { [s.boxes["inbox"]!]: true } } };
  const { created } = await s.call("Email/import", { emails });
  assert.equal((await get(s, created.k.id, ["subject"]))["subject"], "inä");
});

Deno.test("RFC 8621 5.1: SearchSnippet/get requestTooLarge, unsupportedFilter: words are marked, the rest is no HTML, 255 octets at most", async () => {
  await using s = await scene();
  const utf8 = "Content-Type: text/plain; charset=utf-8\n\n";
  const id = await delivered(
    s,
    `From: a@example.net\nSubject: <b> apples & pears\n${utf8}${"ä".repeat(300)} I <like> APPLES ${"€".repeat(300)}`,
  );
  const snippet = async (filter: object | null, one = id) => {
    const { list } = await s.call("SearchSnippet/get", { filter, emailIds: [one, one] });
    assert.equal(list.length, 1);
    assert.deepEqual(Object.keys(list[0]).toSorted(), ["emailId", "preview", "subject"]);
    return list[0];
  };
  const both = await snippet({ text: "apples" });
  assert.equal(both.subject, "&lt;b&gt; <mark>apples</mark> &amp; pears");
  assert.ok(both.preview.includes("I &lt;like&gt; <mark>APPLES</mark> €"), both.preview);
  assert.ok(new TextEncoder().encode(both.preview).length <= 255);
  assert.deepEqual(await snippet(null), { emailId: id, subject: null, preview: null });
  assert.deepEqual(await snippet({ text: "nothing" }), { emailId: id, subject: null, preview: null });
  assert.deepEqual((await snippet({ subject: "apples" })).preview, null);
  assert.deepEqual((await snippet({ body: '"like> apples"' })).subject, null);
  assert.deepEqual((await snippet({ operator: "NOT", conditions: [{ text: "apples" }] })).subject, null);
  assert.equal(
    (await snippet({ operator: "OR", conditions: [{ subject: "pears" }, { subject: "b" }] })).subject,
    "&lt;<mark>b</mark>&gt; apples &amp; <mark>pears</mark>",
  );
  const html = await delivered(
    s,
    "From: a@example.net\nContent-Type: text/html\n\n<head><title>apples</title></head><p title=apples>one &amp; <b>ap</b>ples</p>",
  );
  assert.match((await snippet({ body: "apples" }, html)).preview, /one &amp; <mark>apples<\/mark>/);
  assert.deepEqual((await s.call("SearchSnippet/get", { filter: null, emailIds: [id] }))["notFound"], null);
  assert.equal(await s.fails("SearchSnippet/get", { filter: { nothing: 1 }, emailIds: [] }), "unsupportedFilter");
  const many = Array.from({ length: 2000 }, (_, i) => `e${i}`);
  assert.equal(await s.fails("SearchSnippet/get", { filter: null, emailIds: many }), "requestTooLarge");
});
