/** Identities, submissions and answers while away (RFC 8621 sections 6 to 8). */
import assert from "node:assert/strict";
import { JMAP_LIMITS } from "../../../../src/jmap/mod.ts";
import { ALL, scene } from "../scene.ts";

type Told = Record<string, unknown>;

async function opened(options: Parameters<typeof scene>[0] = {}) {
  const s = await scene(options);
  const { drafts } = s.boxes as Record<string, string>;
  const from = [{ email: "alice@example.test" }];
  const draft = async (email: object): Promise<string> => {
    const { created, notCreated } = await s.call("Email/set", {
      create: { k: { mailboxIds: { [drafts!]: true }, from, ...email } },
    });
    assert.ok(created, JSON.stringify(notCreated));
    return created.k.id;
  };
  const send = async (submission: object) => {
    const { created, notCreated } = await s.call("EmailSubmission/set", {
      create: { s: { identityId: "own", ...submission } },
    });
    return (created?.s ?? notCreated.s) as Told & { id: string };
  };
  const envelope = (mailFrom: unknown, to: readonly unknown[], more: object = {}) => ({
    mailFrom: typeof mailFrom === "string" ? { email: mailFrom } : mailFrom,
    rcptTo: to.map((one) => typeof one === "string" ? { email: one } : one),
    ...more,
  });
  return { s, draft, send, envelope };
}

const ALICE = "alice@example.test";
const HOLD = { parameters: { HOLDFOR: "3600" } };

Deno.test("RFC 8621 6.1: Identity/get: the own identity is there, with all its properties", async () => {
  const { s } = await opened();
  await using _ = s;
  assert.deepEqual((await s.call("Identity/get"))["list"], [{
    id: "own",
    name: "",
    email: ALICE,
    replyTo: null,
    bcc: null,
    textSignature: "",
    htmlSignature: "",
    mayDelete: false,
  }]);
});

Deno.test("RFC 8621 6.3: Identity/set forbiddenFrom, forbidden, invalidProperties, invalidPatch: identities come, change and go", async () => {
  const { s } = await opened();
  await using _ = s;
  const refused = (args: object) => s.refused("Identity/set", args);
  const create = (identity: object) => refused({ create: { k: identity } });
  assert.deepEqual(await create({ email: "bob@example.test" }), ["forbiddenFrom"]);
  assert.deepEqual(await create({ email: "x@elsewhere.test" }), ["forbiddenFrom"]);
  const wrong: [object, ...string[]][] = [
    [{}, "email"],
    [{ email: 5, name: 5 }, "email", "name"],
    [{ email: "a b" }, "email"],
    [{ email: ALICE, mayDelete: true, id: "x" }, "mayDelete", "id"],
    [{ email: ALICE, replyTo: "x", bcc: [{ name: "x" }] }, "replyTo", "bcc"],
    [{ email: ALICE, replyTo: [{ email: "a@x", name: 5 }] }, "replyTo"],
    [{ email: ALICE, textSignature: 5, htmlSignature: [] }, "textSignature", "htmlSignature"],
  ];
  for (const [identity, ...properties] of wrong) {
    assert.deepEqual(await create(identity), ["invalidProperties", ...properties], JSON.stringify(identity));
  }
  const { created } = await s.call("Identity/set", { create: { k: { email: ALICE, name: "A", bcc: null } } });
  const { id, ...unsaid } = created.k;
  assert.deepEqual(unsaid, { replyTo: null, textSignature: "", htmlSignature: "", mayDelete: true });
  const { list: [whole], state } = await s.call("Identity/get", { ids: [id] });
  const update = (patch: object, one = id) => refused({ update: { [one]: patch } });
  assert.deepEqual(await update(whole), ["ok"]);
  assert.deepEqual(await update({ email: "bob@example.test", mayDelete: false }), [
    "invalidProperties",
    "email",
    "mayDelete",
  ]);
  assert.deepEqual(await update({ "replyTo/0": null }), ["invalidPatch"]);
  assert.deepEqual(await update({ name: 5 }), ["invalidProperties", "name"]);
  assert.deepEqual(await update({ name: null, replyTo: [{ name: null, email: "r@x" }] }), ["ok"]);
  assert.deepEqual(await update({ name: "Own" }, "own"), ["ok"]);
  assert.deepEqual(await refused({ destroy: ["own"] }), ["forbidden"]);
  const { list: [own, changed] } = await s.call("Identity/get", { ids: ["own", id] });
  assert.deepEqual([own.name, own.mayDelete, changed.name, changed.replyTo], ["Own", false, "", [{
    name: null,
    email: "r@x",
  }]]);
  // RFC 8621 section 6.2, in parts.
  const first = await s.call("Identity/changes", { sinceState: state, maxChanges: 1 });
  const second = await s.call("Identity/changes", { sinceState: first["newState"], maxChanges: 1 });
  assert.deepEqual([first["updated"], first["hasMoreChanges"], second["updated"], second["hasMoreChanges"]], [
    [id],
    true,
    ["own"],
    false,
  ]);
  const both = await s.call("Identity/set", {
    create: { n: { email: ALICE } },
    update: { "#n": { name: "N" } },
    destroy: [id],
  });
  assert.deepEqual([Object.values(both["updated"]), both["destroyed"], both["notUpdated"]], [[null], [id], null]);
});

Deno.test("RFC 8621 6.2: Identity/changes cannotCalculateChanges: what came, changed and went", async () => {
  const { s } = await opened();
  await using _ = s;
  const { state } = await s.call("Identity/get");
  const { created } = await s.call("Identity/set", { create: { a: { email: ALICE }, b: { email: ALICE } } });
  await s.call("Identity/set", { destroy: [created.b.id] });
  const changes = await s.call("Identity/changes", { sinceState: state });
  assert.deepEqual([changes["created"], changes["destroyed"]], [[created.a.id], [created.b.id]]);
  assert.equal(await s.fails("Identity/changes", { sinceState: "999" }), "cannotCalculateChanges");
});

Deno.test("RFC 8621 7.5: EmailSubmission/set invalidEmail, invalidProperties: what is no message to be sent", async () => {
  const { s, draft, send } = await opened();
  await using _ = s;
  const to = [{ email: "bob@example.test" }];
  const invalid = async (email: object) => {
    const { type, properties } = await send({ emailId: await draft({ to, ...email }) });
    return [type, ...(properties ?? []) as string[]];
  };
  const wrong: [object, ...string[]][] = [
    [{ from: null }, "from"],
    [{ from: [{ email: "no address" }] }, "from"],
    [{ from: [{ email: ALICE }, { email: "bob@example.test" }] }, "sender"],
    [{ sender: [{ email: ALICE }, { email: ALICE }] }, "sender"],
    [{ to: [{ email: "broken" }], cc: [{ email: "a@b@c" }] }, "to", "cc"],
    [{ sentAt: null, "header:Date": " never" }, "sentAt"],
    [{ "header:Subject:all": [" a", " b"] }, "subject"],
  ];
  for (const [email, ...properties] of wrong) {
    const { "header:Date": date, ...rest } = email as Record<string, unknown>;
    const described = date === undefined ? email : { ...rest, sentAt: undefined, "header:Date": date };
    assert.deepEqual(await invalid(described), ["invalidEmail", ...properties], JSON.stringify(email));
  }
  const right = await draft({ to });
  const refused = async (submission: object) => {
    const { type, properties } = await send(submission);
    return [type, ...(properties ?? []) as string[]];
  };
  const mailFrom = { email: ALICE };
  const broken: [object, ...string[]][] = [
    [{ emailId: "e999" }, "emailId"],
    [{ emailId: 5, identityId: 5 }, "identityId", "emailId"],
    [{ emailId: right, identityId: "i999" }, "identityId"],
    [{ emailId: right, undoStatus: "pending", sendAt: null, other: 1 }, "undoStatus", "sendAt", "other"],
    [{ emailId: right, envelope: 5 }, "envelope"],
    [{ emailId: right, envelope: {} }, "envelope/mailFrom", "envelope/rcptTo"],
    [{ emailId: right, envelope: { mailFrom, rcptTo: [5] } }, "envelope/rcptTo"],
    [{ emailId: right, envelope: { mailFrom: { email: "x" }, rcptTo: [] } }, "envelope/mailFrom"],
    [{ emailId: right, envelope: { mailFrom, rcptTo: to, more: 1 } }, "envelope/more"],
    ...[
      { FOO: "x" },
      { RET: "SOME" },
      { RET: "FULL\r\nX" },
      { HOLDFOR: "-1" },
      { HOLDFOR: "999999999" },
      { HOLDUNTIL: "x" },
      { HOLDFOR: "1", HOLDUNTIL: "2030-01-01T00:00:00Z" },
      { ENVID: "" },
      { RET: 5 },
      [],
    ].map(
      (parameters): [object, string] => [
        { emailId: right, envelope: { mailFrom: { email: ALICE, parameters }, rcptTo: to } },
        "envelope/mailFrom/parameters",
      ],
    ),
    ...[{ NOTIFY: "NEVER,SUCCESS" }, { NOTIFY: "x" }, { ORCPT: "x" }, { RET: "FULL" }].map((
      parameters,
    ): [object, string] => [
      { emailId: right, envelope: { mailFrom, rcptTo: [{ ...to[0], parameters }] } },
      "envelope/rcptTo/parameters",
    ]),
  ];
  for (const [submission, ...properties] of broken) {
    assert.deepEqual(await refused(submission), ["invalidProperties", ...properties], JSON.stringify(submission));
  }
});

Deno.test("RFC 8621 7.5: EmailSubmission/set noRecipients, tooManyRecipients, invalidRecipients, tooLarge: with what is to be done about it", async () => {
  const { s, draft, send, envelope } = await opened({ config: { limits: { messageSize: 100_000, recipients: 100 } } });
  await using _ = s;
  const emailId = await draft({ to: [] });
  assert.equal((await send({ emailId }))["type"], "noRecipients");
  assert.equal((await send({ emailId, envelope: envelope(ALICE, []) }))["type"], "noRecipients");
  const many = await send({
    emailId,
    envelope: envelope(ALICE, Array.from({ length: 101 }, (_, i) => `x${i}@y.test`)),
  });
  assert.deepEqual([many["type"], many["maxRecipients"]], ["tooManyRecipients", 100]);
  const broken = await send({ emailId, envelope: envelope(ALICE, ["a b@x", "bob@example.test", "x"]) });
  assert.deepEqual([broken["type"], broken["invalidRecipients"]], ["invalidRecipients", ["a b@x", "x"]]);
  const unknown = await send({
    emailId,
    envelope: envelope(ALICE, ["no1@example.test", "bob@example.test", "no2@example.test"]),
  });
  assert.deepEqual([unknown["type"], unknown["invalidRecipients"]], ["invalidRecipients", [
    "no1@example.test",
    "no2@example.test",
  ]]);
  const { blobId } = await s.alice.upload("x".repeat(90_000), "text/plain");
  const large = await send({
    emailId: await draft({ to: [{ email: "bob@example.test" }], attachments: [{ blobId, type: "text/plain" }] }),
  });
  assert.deepEqual([large["type"], large["maxSize"]], ["tooLarge", 100_000]);
  assert.deepEqual((await s.bob.call("Email/query"))["ids"], [], "nothing was sent to anybody");
});

Deno.test("RFC 8621 7.5: EmailSubmission/set forbiddenMailFrom, forbiddenFrom, forbiddenToSend, rateLimit: who may not send, or not so", async () => {
  const { s, draft, send, envelope } = await opened();
  await using _ = s;
  const to = [{ email: "bob@example.test" }];
  const emailId = await draft({ to });
  assert.equal(
    (await send({ emailId, envelope: envelope("bob@example.test", ["x@y.test"]) }))["type"],
    "forbiddenMailFrom",
  );
  assert.equal(
    (await send({ emailId: await draft({ to, from: [{ email: "bob@example.test" }] }) }))["type"],
    "forbiddenFrom",
  );
  const { submit } = await import("../../../../src/jmap/submission/submit.ts");
  const { Call } = await import("../../../../src/jmap/call.ts");
  const { runProgram } = await import("../../../support/run_program.ts");
  const header = new TextEncoder().encode(
    `From: ${ALICE}\r\nTo: bob@example.test\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n\r\n`,
  );
  const people = [{ name: null, mailbox: "alice", host: "example.test" }];
  const email = {
    emailId: "e1",
    blobSize: 10,
    header,
    envelope: { sender: [], from: people, to: people, cc: [], bcc: [] },
  };
  const type = (code: number, enhanced: string, recipients?: string[]) => {
    const context = { limits: JMAP_LIMITS, user: { accountId: "a1" }, createdIds: new Map() };
    const account = { accountId: "a1", name: ALICE, isPersonal: true, isReadOnly: false };
    const call = new Call(context as never, "EmailSubmission/set", {});
    const answers = {
      "object.list": () => ({ state: 1, objects: [] }),
      "email.objects": () => [email],
      "address.owned": () => true,
      "clock.now": () => 0,
      "mail.submit": () => ({ refused: { code, enhanced, text: "no" }, ...(recipients && { recipients }) }),
    };
    let error: unknown;
    try {
      runProgram(submit(call, account as never, { identityId: "own", emailId: "e1" }), answers as never);
    } catch (thrown) {
      error = thrown;
    }
    return (error as { type: string }).type;
  };
  assert.equal(type(550, "5.7.0"), "forbiddenToSend");
  assert.equal(type(550, "5.7.1"), "forbiddenFrom");
  assert.equal(type(550, "5.7.1", ["x@y"]), "forbiddenToSend");
  assert.equal(type(550, "5.1.1", ["x@y"]), "invalidRecipients");
  assert.equal(type(552, "5.3.4"), "tooLarge");
  assert.equal(type(451, "4.7.1"), "rateLimit");
  assert.equal(type(451, "4.7.1", ["x@y"]), "rateLimit");
});

Deno.test("RFC 8621 7.5: EmailSubmission/set cannotUnsend, notFound: what waits is taken back, and nothing else changes", async () => {
  const { s, draft, send, envelope } = await opened();
  await using _ = s;
  const emailId = await draft({ to: [{ email: "bob@example.test" }] });
  const held = await send({ emailId, envelope: envelope({ email: ALICE, ...HOLD }, ["x@elsewhere.test"]) });
  assert.equal(held["undoStatus"], "pending");
  const gone = await send({ emailId });
  assert.equal(gone["undoStatus"], "final");
  const update = (id: string, patch: object) => s.refused("EmailSubmission/set", { update: { [id]: patch } });
  assert.deepEqual(await update(gone.id, { undoStatus: "canceled" }), ["cannotUnsend"]);
  assert.deepEqual(await update("s999", { undoStatus: "canceled" }), ["notFound"]);
  assert.deepEqual(await update(held.id, { undoStatus: "final" }), ["invalidProperties", "undoStatus"]);
  assert.deepEqual(await update(held.id, { emailId: "e9", sendAt: null }), ["invalidProperties", "emailId", "sendAt"]);
  assert.deepEqual(await update(held.id, { "envelope/rcptTo": [] }), ["invalidProperties", "envelope"]);
  assert.deepEqual(await update(held.id, { "nothing/x": 1 }), ["invalidPatch"]);
  const { list: [whole] } = await s.call("EmailSubmission/get", { ids: [held.id] });
  assert.deepEqual(await update(held.id, whole), ["ok"]);
  assert.deepEqual(await update(held.id, { ...whole, undoStatus: "canceled" }), ["ok"]);
  assert.deepEqual(await update(held.id, { undoStatus: "canceled" }), ["ok"]);
  const { list: [canceled] } = await s.call("EmailSubmission/get", { ids: [held.id] });
  assert.deepEqual([canceled.undoStatus, canceled.deliveryStatus], ["canceled", null]);
  // To destroy one takes nothing back.
  const other = await send({ emailId, envelope: envelope({ email: ALICE, ...HOLD }, ["x@elsewhere.test"]) });
  assert.deepEqual(await s.refused("EmailSubmission/set", { destroy: [other.id] }), ["ok"]);
  assert.deepEqual(await s.refused("EmailSubmission/set", { destroy: [other.id] }), ["notFound"]);
  assert.equal((await s.server.storage.perform("queue.list", { after: null, limit: 9 })).length, 1);
});

Deno.test("RFC 8621 7.5: EmailSubmission/set: onSuccessUpdateEmail and onSuccessDestroyEmail are one Email/set behind it, for what went well", async () => {
  const { s, draft, envelope } = await opened();
  await using _ = s;
  const { sent, drafts } = s.boxes as Record<string, string>;
  const to = [{ email: "bob@example.test" }];
  const [a, b] = [await draft({ to }), await draft({ to })];
  const bad = envelope("bob@example.test", ["x@y.test"]);
  const set = (args: object) =>
    s.alice.calls([["EmailSubmission/set", args as never, "c"], ["Core/echo", {}, "d"]], ALL);
  const own = { identityId: "own" };
  const responses = await set({
    create: { x: { ...own, emailId: a }, y: { ...own, emailId: b }, z: { ...own, emailId: b, envelope: bad } },
    onSuccessUpdateEmail: {
      "#x": { [`mailboxIds/${sent}`]: true, [`mailboxIds/${drafts}`]: null },
      "#z": { "keywords/never": true },
    },
    onSuccessDestroyEmail: ["#y", "#none"],
  });
  assert.deepEqual(responses.map(([name, , id]) => [name, id]), [["EmailSubmission/set", "c"], ["Email/set", "c"], [
    "Core/echo",
    "d",
  ]]);
  const [[, made], [, emails]] = responses as unknown as [
    [string, Record<string, Record<string, Told>>],
    [string, Told],
  ];
  assert.deepEqual([Object.keys(emails["updated"] as object), emails["destroyed"], emails["notUpdated"]], [
    [a],
    [b],
    null,
  ]);
  assert.deepEqual(Object.keys(made["notCreated"]!), ["z"]);
  const failed = await set({ create: { z: { ...own, emailId: a, envelope: bad } }, onSuccessDestroyEmail: ["#z"] });
  assert.equal(failed.length, 2);
  // What of the emails fails is an error of its own: the message is sent.
  const { id } = made["created"]!["x"]!;
  const denied = await set({
    update: { [id as string]: { undoStatus: "canceled" } },
    onSuccessUpdateEmail: { [id as string]: { "keywords/x": true } },
  });
  assert.equal(denied.length, 2, "it could not be taken back");
  const refused = await set({ destroy: [id], onSuccessUpdateEmail: { [id as string]: { "subject": "x" } } });
  assert.deepEqual(
    (refused[1]![1] as Record<string, Record<string, Told>>)["notUpdated"]![a]!["type"],
    "invalidProperties",
  );
  // An email that went does not take its submission along.
  await s.call("Email/set", { destroy: [a] });
  const { list } = await s.call("EmailSubmission/get", { properties: ["emailId", "threadId"] });
  assert.equal(list.length, 1);
  assert.equal(list[0].emailId, b);
});

Deno.test("RFC 8621 7: the envelope is made from the header where none is given, without Bcc in what is sent", async () => {
  const { s, draft, send } = await opened();
  await using _ = s;
  await s.server.admin("POST", "/api/v1/aliases", { address: "sales@example.test", targets: [ALICE] });
  const people = (...emails: string[]) => emails.map((email) => ({ email }));
  const told = await send({
    emailId: await draft({
      to: people("bob@example.test", "BOB@example.test"),
      cc: people("alice@example.test"),
      bcc: people("bob@example.test"),
    }),
  });
  const envelope = told["envelope"] as { mailFrom: Told; rcptTo: Told[] };
  assert.deepEqual(envelope.mailFrom, { email: ALICE, parameters: null });
  assert.deepEqual(envelope.rcptTo.map(({ email }) => (email as string).toLowerCase()).toSorted(), [
    ALICE,
    "bob@example.test",
  ]);
  assert.deepEqual(Object.keys(told).toSorted(), [
    "deliveryStatus",
    "dsnBlobIds",
    "envelope",
    "id",
    "mdnBlobIds",
    "sendAt",
    "threadId",
    "undoStatus",
  ]);
  const { list: [got] } = await s.bob.call("Email/get", { properties: ["bcc"] });
  assert.equal(got.bcc, null);
  const alias = await send({
    emailId: await draft({ from: people("sales@example.test"), to: people("bob@example.test") }),
  });
  assert.equal((alias["envelope"] as { mailFrom: Told }).mailFrom["email"], "sales@example.test");
});

Deno.test("RFC 8621 7.1: EmailSubmission/get: what becomes of a message is followed to the end, and each step is a change", async () => {
  const { s, draft, send, envelope } = await opened();
  await using _ = s;
  const emailId = await draft({ to: [{ email: "bob@example.test" }] });
  const held = await send({
    emailId,
    envelope: envelope({ email: ALICE, ...HOLD }, ["x@nowhere.test", "y@nowhere.test"]),
  });
  const get = async () => (await s.call("EmailSubmission/get", { ids: [held.id] }))["list"][0];
  const status = async () => {
    const { deliveryStatus, undoStatus } = await get();
    return [undoStatus, ...Object.values(deliveryStatus as Record<string, Told>).map((one) => one["delivered"])];
  };
  assert.deepEqual(await status(), ["pending", "queued", "queued"]);
  const { state } = await s.call("EmailSubmission/get", { ids: [] });
  const query = { filter: { undoStatus: "pending" } };
  const before = await s.call("EmailSubmission/query", query);
  assert.deepEqual(before["ids"], [held.id]);
  await s.server.clock.advance(3_700_000);
  for (let i = 0; i < 200 && (await status())[1] === "queued"; i++) await s.server.clock.advance(3_600_000);
  assert.deepEqual(await status(), ["final", "no", "no"]);
  const { deliveryStatus, sendAt } = await get();
  for (const one of Object.values(deliveryStatus as Record<string, Told>)) {
    assert.match(one["smtpReply"] as string, /^[2-5]\d\d [2-5]\.\d+\.\d+ \S/);
    assert.equal(one["displayed"], "unknown");
  }
  assert.equal(sendAt, held["sendAt"]);
  const changes = await s.call("EmailSubmission/changes", { sinceState: state });
  assert.deepEqual(changes["updated"], [held.id]);
  const moved = await s.call("EmailSubmission/queryChanges", { ...query, sinceQueryState: before["queryState"] });
  assert.deepEqual([moved["removed"], moved["added"]], [[held.id], []]);
});

Deno.test("RFC 8621 7.3: EmailSubmission/query: every condition and order", async () => {
  const { s, draft, send, envelope } = await opened();
  await using _ = s;
  const to = [{ email: "bob@example.test" }];
  const [first, second] = [await draft({ to, subject: "1" }), await draft({ to, subject: "2" })];
  const { created } = await s.call("Identity/set", { create: { k: { email: ALICE } } });
  const a = (await send({ emailId: second })).id;
  await s.server.clock.advance(5000);
  const b = (await send({
    emailId: first,
    identityId: created.k.id,
    envelope: envelope({ email: ALICE, ...HOLD }, ["x@y.test"]),
  })).id;
  const { list } = await s.call("EmailSubmission/get", { ids: [a, b] });
  const [one, two] = list;
  const query = async (filter: object | null, ...sort: object[]) =>
    (await s.call("EmailSubmission/query", { filter, sort }))["ids"];
  assert.deepEqual(await query(null), [b, a]);
  assert.deepEqual(await query({ identityIds: ["own"] }), [a]);
  assert.deepEqual(await query({ identityIds: [] }), []);
  assert.deepEqual(await query({ emailIds: [first, "x"] }), [b]);
  assert.deepEqual(await query({ threadIds: [one.threadId] }), [a]);
  assert.deepEqual(await query({ undoStatus: "pending" }), [b]);
  assert.deepEqual(await query({ undoStatus: "final", before: two.sendAt }), [a]);
  assert.deepEqual(await query({ after: two.sendAt }), [b]);
  assert.deepEqual(await query(null, { property: "sentAt" }), [a, b]);
  assert.deepEqual(await query(null, { property: "emailId" }), [b, a]);
  assert.deepEqual(await query(null, { property: "threadId", isAscending: false }), [a, b]);
  for (
    const filter of [
      { identityIds: "own" },
      { emailIds: [5] },
      { threadIds: null },
      { undoStatus: 5 },
      { before: "x" },
      { after: 5 },
    ]
  ) {
    assert.equal(await s.fails("EmailSubmission/query", { filter }), "invalidArguments", JSON.stringify(filter));
  }
});

Deno.test("RFC 8621 7.4: EmailSubmission/queryChanges tooManyChanges: what is spliced is what is there", async () => {
  const { s, draft, send } = await opened();
  await using _ = s;
  const emailId = await draft({ to: [{ email: "bob@example.test" }] });
  let { ids, queryState } = await s.call("EmailSubmission/query");
  for (let i = 0; i < 3; i++) {
    const { id } = await send({ emailId });
    if (i === 2) await s.call("EmailSubmission/set", { destroy: [ids[0]] });
    assert.equal(
      await s.fails("EmailSubmission/queryChanges", { sinceQueryState: queryState, maxChanges: 1 }),
      "tooManyChanges",
    );
    const changes = await s.call("EmailSubmission/queryChanges", { sinceQueryState: queryState });
    ids = ids.filter((one: string) => !changes["removed"].includes(one));
    for (const { id, index } of changes["added"]) ids.splice(index, 0, id);
    queryState = changes["newQueryState"];
    assert.ok(ids.includes(id));
    assert.deepEqual(ids, (await s.call("EmailSubmission/query"))["ids"]);
  }
});

Deno.test("RFC 8621 7.2: EmailSubmission/changes cannotCalculateChanges: in parts", async () => {
  const { s, draft, send } = await opened();
  await using _ = s;
  const emailId = await draft({ to: [{ email: "bob@example.test" }] });
  const { state } = await s.call("EmailSubmission/get");
  const [a, b] = [(await send({ emailId })).id, (await send({ emailId })).id];
  const first = await s.call("EmailSubmission/changes", { sinceState: state, maxChanges: 1 });
  const second = await s.call("EmailSubmission/changes", { sinceState: first["newState"] });
  assert.deepEqual([first["created"], first["hasMoreChanges"], second["created"], second["hasMoreChanges"]], [
    [a],
    true,
    [b],
    false,
  ]);
  assert.equal(await s.fails("EmailSubmission/changes", { sinceState: "1~2" }), "cannotCalculateChanges");
});

Deno.test("RFC 8621 8.1: VacationResponse/get: there is one, always", async () => {
  const { s } = await opened();
  await using _ = s;
  const none = {
    id: "singleton",
    isEnabled: false,
    fromDate: null,
    toDate: null,
    subject: null,
    textBody: null,
    htmlBody: null,
  };
  const { list, notFound } = await s.call("VacationResponse/get", { ids: ["singleton", "x"] });
  assert.deepEqual([list, notFound], [[none], ["x"]]);
});

Deno.test("RFC 8621 8.2: VacationResponse/set singleton, notFound, invalidProperties, invalidPatch: and who writes is answered", async () => {
  const { s } = await opened();
  await using _ = s;
  const refused = (args: object) => s.refused("VacationResponse/set", args);
  const update = (patch: object) => refused({ update: { singleton: patch } });
  assert.deepEqual(await refused({ create: { k: {} } }), ["singleton"]);
  assert.deepEqual(await refused({ destroy: ["singleton"] }), ["singleton"]);
  assert.deepEqual(await refused({ update: { other: {} } }), ["notFound"]);
  const wrong: [object, ...string[]][] = [
    [{ isEnabled: null, fromDate: "x" }, "isEnabled", "fromDate"],
    [{ toDate: "2026-01-01T00:00:00+01:00" }, "toDate"],
    [{ subject: 5, textBody: [], htmlBody: {} }, "subject", "textBody", "htmlBody"],
    [{ subject: "a\nb" }, "subject"],
    [{ id: "x" }, "id"],
    [{ other: 1 }, "other"],
    [{ textBody: "x".repeat(70_000) }, "textBody"],
  ];
  for (const [patch, ...properties] of wrong) {
    assert.deepEqual(await update(patch), ["invalidProperties", ...properties], JSON.stringify(patch).slice(0, 80));
  }
  assert.deepEqual(await update({ "subject/x": "y" }), ["invalidPatch"]);
  const { state } = await s.call("VacationResponse/get");
  assert.deepEqual(
    await update({ id: "singleton", isEnabled: true, subject: "Away", htmlBody: "<p>Back <b>soon</b></p>" }),
    ["ok"],
  );
  const { list: [away], state: later } = await s.call("VacationResponse/get");
  assert.deepEqual([away.htmlBody, away.textBody], ["<p>Back <b>soon</b></p>", null]);
  assert.equal(typeof later, typeof state);
  assert.deepEqual(await update(away), ["ok"]);
  const answer = async () => {
    const message = "From: bob@example.test\nTo: alice@example.test\nSubject: hi\n\nx";
    await s.server.deliver(message, ALICE, "bob@example.test");
    await s.server.clock.advance(1000);
    const properties = ["subject", "textBody", "htmlBody", "bodyValues"];
    return (await s.bob.call("Email/get", { properties, fetchAllBodyValues: true }))["list"][0];
  };
  const got = await answer();
  assert.equal(got.subject, "Away");
  const value = (parts: { partId: string }[]) => got.bodyValues[parts[0]!.partId]!.value.trim();
  assert.match(value(got.textBody), /^Back soon$/);
  assert.equal(value(got.htmlBody), "<p>Back <b>soon</b></p>");
  assert.deepEqual(await update({ htmlBody: null, textBody: null }), ["ok"], "the server finds words of its own");
});
