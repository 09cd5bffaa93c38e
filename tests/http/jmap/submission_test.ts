/** Mailbox/set and query, identities, sending, answers while away, quotas and snippets (RFC 8621 sections 2, 5 to 8; RFC 9425). */
import assert from "node:assert/strict";
import { testServer } from "../../../src/server/test_server.ts";
import { JmapClient, USING } from "./client.ts";

const ALL = [...USING, ...["submission", "vacationresponse", "quota"].map((name) => `urn:ietf:params:jmap:${name}`)];

async function opened() {
  const server = await testServer();
  const alice = new JmapClient(server, "alice");
  const call = (name: string, args: object = {}) => alice.call(name, args as never, ALL);
  const fails = (name: string, args: object = {}) => alice.fails(name, args as never, ALL);
  const { list } = await call("Mailbox/get");
  const boxes = Object.fromEntries(list.map(({ id, role }: Record<string, string>) => [role, id]));
  return { server, alice, call, fails, boxes };
}

Deno.test("RFC 8621 section 2.5: mailboxes are made in any order, moved, and destroyed with what is in them", async () => {
  const { server, call, fails, boxes } = await opened();
  try {
    const made = await call("Mailbox/set", {
      create: {
        child: { name: "Child", parentId: "#top" },
        top: { name: "Top", sortOrder: 5, isSubscribed: true },
        bad: { name: "a/b" },
      },
    });
    assert.deepEqual(Object.keys(made["created"]).sort(), ["child", "top"]);
    assert.deepEqual(made["notCreated"].bad.properties, ["name"]);
    const { top, child } = made["created"];
    const [box] = (await call("Mailbox/get", { ids: [child.id] }))["list"];
    assert.deepEqual([box.name, box.parentId, box.totalEmails], ["Child", top.id, 0]);
    const query = async (args: object) => (await call("Mailbox/query", args))["ids"];
    assert.deepEqual(await query({ filter: { parentId: top.id } }), [child.id]);
    assert.deepEqual(await query({ filter: { hasAnyRole: false }, sortAsTree: true, sort: [{ property: "name" }] }), [
      top.id,
      child.id,
    ]);
    assert.deepEqual(await query({ filter: { name: "CHIL" }, filterAsTree: true }), []);
    assert.deepEqual(await query({ filter: { role: "inbox" } }), [boxes.inbox]);
    const before = await call("Mailbox/query");
    const changes = async (state: string) => await call("Mailbox/queryChanges", { sinceQueryState: state });
    assert.deepEqual((await changes(before["queryState"]))["removed"], []);
    const update = async (id: string, patch: object) =>
      (await call("Mailbox/set", { update: { [id]: patch } }))["notUpdated"]?.[id].type ?? "ok";
    assert.equal(await update(child.id, { parentId: null, name: "Free" }), "ok");
    assert.ok((await changes(before["queryState"]))["added"].some(({ id }: { id: string }) => id === child.id));
    assert.equal(await update(boxes.inbox, { name: "x" }), "forbidden");
    assert.equal(await update(boxes.sent, { role: "drafts" }), "invalidProperties");
    assert.equal(await update(child.id, { totalEmails: 1 }), "invalidProperties");
    assert.equal(await update("mzzz", { name: "x" }), "notFound");
    await server.deliver("Subject: x\n\nx", "alice@example.test");
    const destroy = async (ids: string[], more = {}) =>
      (await call("Mailbox/set", { destroy: ids, ...more }))["notDestroyed"];
    assert.equal((await destroy([boxes.inbox]))[boxes.inbox].type, "forbidden");
    await call("Email/set", { update: { e1: { mailboxIds: { [child.id]: true } } } });
    assert.equal((await destroy([child.id]))[child.id].type, "mailboxHasEmail");
    assert.equal(await destroy([child.id, top.id], { onDestroyRemoveEmails: true }), null);
    assert.deepEqual((await call("Email/get", { ids: ["e1"] }))["notFound"], ["e1"]);
    assert.equal(await fails("Mailbox/query", { filter: { nothing: 1 } }), "unsupportedFilter");
    assert.equal(await fails("Mailbox/query", { sort: [{ property: "role" }] }), "unsupportedSort");
  } finally {
    await server.stop();
  }
});

Deno.test("RFC 8621 section 7: a draft is sent, moved to Sent, and its fate is told", async () => {
  const { server, alice, call, boxes } = await opened();
  try {
    const draft = {
      mailboxIds: { [boxes.drafts]: true },
      keywords: { $draft: true },
      from: [{ email: "alice@example.test" }],
      to: [{ email: "bob@example.test" }],
      bcc: [{ email: "alice@example.test" }],
      subject: "sent by JMAP",
      textBody: [{ partId: "1" }],
      bodyValues: { 1: { value: "Hello Bob" } },
    };
    const responses = await alice.calls([
      ["Email/set", { create: { d: draft } } as never, "0"],
      ["EmailSubmission/set", {
        create: { s: { identityId: "own", emailId: "#d" } },
        onSuccessUpdateEmail: {
          "#s": { [`mailboxIds/${boxes.drafts}`]: null, [`mailboxIds/${boxes.sent}`]: true, "keywords/$draft": null },
        },
      } as never, "1"],
    ], ALL);
    assert.deepEqual(responses.map(([name]) => name), ["Email/set", "EmailSubmission/set", "Email/set"]);
    // deno-lint-ignore no-explicit-any
    const [made, sent, moved] = responses.map(([, args]) => args) as any[];
    const { id, undoStatus } = sent.created.s;
    const emailId = made.created.d.id;
    assert.deepEqual([undoStatus, Object.keys(moved.updated)], ["final", [emailId]]);
    const submission = (await call("EmailSubmission/get", { ids: [id] }))["list"][0];
    assert.deepEqual(submission.envelope.rcptTo.map(({ email }: { email: string }) => email), [
      "bob@example.test",
      "alice@example.test",
    ]);
    assert.equal(submission.deliveryStatus["bob@example.test"].delivered, "yes");
    const email = (await call("Email/get", { ids: [emailId], properties: ["mailboxIds", "keywords"] }))["list"][0];
    assert.deepEqual(email, { id: emailId, mailboxIds: { [boxes.sent]: true }, keywords: {} });
    const bob = new JmapClient(server, "bob");
    const { ids } = await bob.call("Email/query");
    const got = (await bob.call("Email/get", { ids, properties: ["subject", "bcc", "preview"] }))["list"][0];
    assert.deepEqual([got.subject, got.bcc, got.preview], ["sent by JMAP", null, "Hello Bob"]);
    assert.deepEqual((await call("EmailSubmission/query", { filter: { emailIds: [emailId] } }))["ids"], [id]);
  } finally {
    await server.stop();
  }
});

Deno.test("RFC 8621 section 7.5: what waits for its time can be taken back, and nobody sends as another", async () => {
  const { server, call, boxes } = await opened();
  try {
    const make = async (from: string) =>
      (await call("Email/set", {
        create: {
          d: {
            mailboxIds: { [boxes.drafts]: true },
            from: [{ email: from }],
            to: [{ email: "x@elsewhere.test" }],
            subject: "s",
          },
        },
      }))["created"].d.id;
    const mine = await make("alice@example.test");
    const send = async (submission: object) => {
      const { created, notCreated } = await call("EmailSubmission/set", {
        create: { s: { identityId: "own", ...submission } },
      });
      return created?.s ?? notCreated.s.type;
    };
    const envelope = (mailFrom: string, parameters: object | null, ...to: string[]) => ({
      mailFrom: { email: mailFrom, parameters },
      rcptTo: to.map((email) => ({ email })),
    });
    const held = await send({
      emailId: mine,
      envelope: envelope("alice@example.test", { HOLDFOR: "3600" }, "x@elsewhere.test"),
    });
    assert.equal(held.undoStatus, "pending");
    const undo = async (id: string) =>
      (await call("EmailSubmission/set", { update: { [id]: { undoStatus: "canceled" } } }))["notUpdated"]?.[id].type ??
        "ok";
    assert.deepEqual((await call("EmailSubmission/query", { filter: { undoStatus: "pending" } }))["ids"], [held.id]);
    assert.equal(await undo(held.id), "ok");
    assert.deepEqual((await server.storage.perform("queue.count", {})).ready, 0);
    const [status] = (await call("EmailSubmission/get", { ids: [held.id] }))["list"];
    assert.equal(status.undoStatus, "canceled");
    const local = await send({ emailId: mine, envelope: envelope("alice@example.test", null, "bob@example.test") });
    assert.equal(await undo(local.id), "cannotUnsend");
    assert.equal(
      await send({ emailId: mine, envelope: envelope("bob@example.test", null, "x@y.test") }),
      "forbiddenMailFrom",
    );
    assert.equal(await send({ emailId: await make("bob@example.test") }), "forbiddenFrom");
    assert.equal(await send({ emailId: "e999" }), "invalidProperties");
    assert.equal(await send({ emailId: mine, identityId: "i9" }), "invalidProperties");
    assert.equal(await send({ emailId: mine, envelope: envelope("alice@example.test", null) }), "noRecipients");
    assert.equal(
      await send({ emailId: mine, envelope: envelope("alice@example.test", null, "a b", "x>@y") }),
      "invalidRecipients",
    );
    assert.equal(
      await send({ emailId: mine, envelope: envelope("alice@example.test", null, "nobody@example.test") }),
      "invalidRecipients",
    );
    const smuggled = envelope("alice@example.test", { "RET": "FULL\r\nX" }, "x@y.test");
    assert.equal(await send({ emailId: mine, envelope: smuggled }), "invalidProperties");
  } finally {
    await server.stop();
  }
});

Deno.test("RFC 8621 sections 5, 6 and 8, RFC 9425: identities, vacation, quotas, snippets", async () => {
  const { server, call, fails } = await opened();
  try {
    const identities = await call("Identity/get");
    assert.deepEqual(
      identities["list"].map(({ id, email, mayDelete }: Record<string, unknown>) => [id, email, mayDelete]),
      [
        ["own", "alice@example.test", false],
      ],
    );
    const state = identities["state"];
    const set = await call("Identity/set", {
      create: { a: { name: "A", email: "alice@example.test" }, b: { email: "bob@example.test" } },
      update: { own: { name: "Alice", textSignature: "-- A" } },
    });
    const { notDestroyed } = await call("Identity/set", { destroy: ["own"] });
    assert.deepEqual([set["notCreated"].b.type, notDestroyed.own.type], ["forbiddenFrom", "forbidden"]);
    const changes = await call("Identity/changes", { sinceState: state });
    assert.deepEqual([changes["created"], changes["updated"]], [[set["created"].a.id], ["own"]]);
    const [own] = (await call("Identity/get", { ids: ["own"] }))["list"];
    assert.deepEqual([own.name, own.textSignature, own.email], ["Alice", "-- A", "alice@example.test"]);

    const vacation = { isEnabled: true, subject: "away", textBody: "back soon", toDate: "2030-01-01T00:00:00Z" };
    assert.deepEqual((await call("VacationResponse/set", { update: { singleton: vacation } }))["updated"], {
      singleton: null,
    });
    const [away] = (await call("VacationResponse/get"))["list"];
    assert.deepEqual(away, { id: "singleton", ...vacation, fromDate: null, htmlBody: null });
    const refused = await call("VacationResponse/set", {
      create: { x: {} },
      destroy: ["singleton"],
      update: { y: {} },
    });
    assert.deepEqual(
      [refused["notCreated"].x.type, refused["notDestroyed"].singleton.type, refused["notUpdated"].y.type],
      ["singleton", "singleton", "notFound"],
    );
    assert.deepEqual((await call("Quota/get"))["list"], []);
    await server.admin("PATCH", "/api/v1/accounts/alice@example.test", { quota: { bytes: 1000, messages: null } });
    const [quota] = (await call("Quota/get"))["list"];
    assert.deepEqual([quota.resourceType, quota.hardLimit, quota.scope], ["octets", 1000, "account"]);

    await server.admin("PATCH", "/api/v1/accounts/alice@example.test", { quota: { bytes: null, messages: null } });
    await server.deliver("Subject: <b> apples\n\nI like APPLES & pears", "alice@example.test");
    const snippets = await call("SearchSnippet/get", { filter: { text: "apples" }, emailIds: ["e1", "e9"] });
    assert.deepEqual(snippets["list"], [{
      emailId: "e1",
      subject: "&lt;b&gt; <mark>apples</mark>",
      preview: "I like <mark>APPLES</mark> &amp; pears ",
    }]);
    assert.deepEqual(snippets["notFound"], ["e9"]);
    assert.equal(await fails("VacationResponse/get", { properties: ["x"] }), "invalidArguments");
  } finally {
    await server.stop();
  }
});
