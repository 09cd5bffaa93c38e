/** Mailboxes and threads (RFC 8621 sections 2 and 3). */
import assert from "node:assert/strict";
import { JmapClient } from "../client.ts";
import { ALL, type Scene, scene } from "../scene.ts";

type Box = Record<string, unknown> & { readonly id: string };

async function make(s: Scene, name: string, more: object = {}): Promise<string> {
  const { created, notCreated } = await s.call("Mailbox/set", { create: { k: { name, ...more } } });
  assert.ok(created, JSON.stringify(notCreated));
  return created.k.id;
}

async function boxOf(s: Scene, id: string): Promise<Box> {
  return (await s.call("Mailbox/get", { ids: [id] }))["list"][0];
}

const mail = (id: number, more = "") => `From: a@example.net\nMessage-ID: <${id}@x>\nSubject: s\n${more}\nbody ${id}`;

Deno.test("RFC 8621 2.1: Mailbox/get: a mailbox has all its properties and rights", async () => {
  await using s = await scene();
  const box = await boxOf(s, s.boxes["inbox"]!);
  assert.deepEqual(box, {
    id: s.boxes["inbox"],
    name: "Inbox",
    parentId: null,
    role: "inbox",
    sortOrder: 0,
    totalEmails: 0,
    unreadEmails: 0,
    totalThreads: 0,
    unreadThreads: 0,
    myRights: {
      mayReadItems: true,
      mayAddItems: true,
      mayRemoveItems: true,
      maySetSeen: true,
      maySetKeywords: true,
      mayCreateChild: true,
      mayRename: false,
      mayDelete: false,
      maySubmit: true,
    },
    isSubscribed: true,
  });
});

Deno.test("RFC 8621 2: unread threads: what is in the trash is a thread of its own", async () => {
  await using s = await scene();
  const { inbox, trash, archive } = s.boxes as Record<string, string>;
  await s.deliver(mail(1));
  await s.deliver(mail(2, "In-Reply-To: <1@x>\n"));
  const move = async (id: string, patch: object) => {
    assert.deepEqual(await s.refused("Email/set", { update: { [id]: patch } }), ["ok"]);
  };
  const counts = async (id: string) => {
    const box = await boxOf(s, id);
    return [box["totalEmails"], box["unreadEmails"], box["totalThreads"], box["unreadThreads"]];
  };
  assert.deepEqual(await counts(inbox!), [2, 2, 1, 1]);
  // The example of the section: an unread one in the trash, a read one in the inbox.
  await move("e1", { mailboxIds: { [trash!]: true } });
  await move("e2", { "keywords/$seen": true });
  assert.deepEqual([await counts(trash!), await counts(inbox!)], [[1, 1, 1, 1], [1, 0, 1, 0]]);
  // An unread one elsewhere counts in all mailboxes of its thread.
  await move("e1", { mailboxIds: { [archive!]: true } });
  assert.deepEqual([await counts(archive!), await counts(inbox!)], [[1, 1, 1, 1], [1, 0, 1, 1]]);
  const { state } = await s.call("Mailbox/get", { ids: [] });
  await move("e1", { "keywords/$draft": true });
  assert.deepEqual([await counts(archive!), await counts(inbox!)], [[1, 0, 1, 0], [1, 0, 1, 0]]);
  // The inbox has no other email, and another count.
  const changes = await s.call("Mailbox/changes", { sinceState: state });
  assert.deepEqual(changes["updated"].toSorted(), [archive, inbox].sort());
  assert.deepEqual(changes["updatedProperties"], ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"]);
  // A role that moves changes what counts.
  await move("e1", { "keywords/$draft": null });
  const before = (await s.call("Mailbox/get", { ids: [] }))["state"];
  await s.call("Mailbox/set", { update: { [trash!]: { role: null }, [archive!]: { role: "trash" } } });
  assert.deepEqual([(await boxOf(s, archive!))["role"], await counts(inbox!)], ["trash", [1, 0, 1, 0]]);
  const moved = await s.call("Mailbox/changes", { sinceState: before });
  assert.ok(moved["updated"].includes(inbox));
});

Deno.test("RFC 8621 2.2: Mailbox/changes: in parts as small as one likes, each mailbox once", async () => {
  await using s = await scene();
  const { state } = await s.call("Mailbox/get", { ids: [] });
  const [a, b] = [await make(s, "A"), await make(s, "B")];
  await s.call("Mailbox/set", { update: { [a]: { name: "A2" } }, create: { c: { name: "C" } } });
  const { archive } = s.boxes;
  await s.call("Mailbox/set", { destroy: [b, archive], update: { [s.boxes["sent"]!]: { sortOrder: 3 } } });
  const told: Record<string, string> = {};
  let [since, pages] = [state, 0];
  for (let more = true; more; pages++) {
    const page = await s.call("Mailbox/changes", { sinceState: since, maxChanges: 1 });
    for (const kind of ["created", "updated", "destroyed"]) {
      for (const id of page[kind]) {
        assert.ok(!(id in told), id);
        told[id] = kind;
      }
    }
    assert.ok(page["created"].length + page["updated"].length + page["destroyed"].length <= 1);
    [since, more] = [page["newState"], page["hasMoreChanges"]];
  }
  const { list, state: last } = await s.call("Mailbox/get");
  const c = list.find(({ name }: Box) => name === "C").id;
  assert.deepEqual(told, {
    [a]: "created",
    [b]: "destroyed",
    [c]: "created",
    [archive!]: "destroyed",
    [s.boxes["sent"]!]: "updated",
  });
  assert.deepEqual([since, pages], [last, 5]);
  const all = await s.call("Mailbox/changes", { sinceState: state });
  assert.deepEqual([all["created"].toSorted(), all["updatedProperties"], all["hasMoreChanges"]], [
    [a, c].sort(),
    null,
    false,
  ]);
});

Deno.test("RFC 8621 2.3: Mailbox/query: parentId, name, role, hasAnyRole, isSubscribed; sortOrder and name; as a tree", async () => {
  await using s = await scene();
  const a = await make(s, "b", { sortOrder: 1 });
  const child = await make(s, "Ä child", { parentId: a, isSubscribed: false });
  const z = await make(s, "A", { sortOrder: 2, isSubscribed: false });
  const low = await make(s, "z low", { parentId: z });
  const query = async (args: object) => (await s.call("Mailbox/query", args))["ids"];
  assert.deepEqual(await query({ filter: { parentId: a } }), [child]);
  assert.deepEqual((await query({ filter: { parentId: null } })).includes(child), false);
  assert.deepEqual(await query({ filter: { name: "CHIL" } }), [child]);
  assert.deepEqual(await query({ filter: { name: "inbo" } }), [s.boxes["inbox"]]);
  assert.deepEqual(await query({ filter: { role: "junk" } }), [s.boxes["junk"]]);
  assert.deepEqual((await query({ filter: { role: null } })).toSorted(), [a, child, z, low].sort());
  assert.equal((await query({ filter: { hasAnyRole: true } })).length, 6);
  assert.deepEqual((await query({ filter: { isSubscribed: false, hasAnyRole: false } })).toSorted(), [child, z].sort());
  const own = { filter: { hasAnyRole: false } };
  const by = (...properties: object[]) => ({ ...own, sort: properties });
  assert.deepEqual(await query(by({ property: "sortOrder", isAscending: false }, { property: "name" })), [
    z,
    a,
    child,
    low,
  ]);
  assert.deepEqual(await query(by({ property: "name" })), [z, child, a, low]);
  assert.deepEqual(await query(by({ property: "name", collation: "i;ascii-casemap" })), [z, a, low, child]);
  assert.deepEqual(await query({ ...by({ property: "name" }), sortAsTree: true }), [z, low, a, child]);
  assert.deepEqual(await query({ filter: { name: "l" }, filterAsTree: true }), []);
  const notLow = await query({ filter: { operator: "NOT", conditions: [{ name: "low" }] }, filterAsTree: true });
  assert.deepEqual(notLow.toSorted(), [...await query({ filter: { hasAnyRole: true } }), child, a, z].sort());
  for (const filter of [{ parentId: 5 }, { name: null }, { role: 5 }, { hasAnyRole: "x" }, { isSubscribed: null }]) {
    assert.equal(await s.fails("Mailbox/query", { filter }), "invalidArguments", JSON.stringify(filter));
  }
});

Deno.test("RFC 8621 2.4: Mailbox/queryChanges: what is spliced is what is asked for again", async () => {
  await using s = await scene();
  const args = { filter: { hasAnyRole: false }, sort: [{ property: "name" }] };
  let { ids, queryState } = await s.call("Mailbox/query", args);
  const follow = async () => {
    const changes = await s.call("Mailbox/queryChanges", {
      ...args,
      sinceQueryState: queryState,
      calculateTotal: true,
    });
    ids = ids.filter((id: string) => !changes["removed"].includes(id));
    for (const { id, index } of changes["added"]) ids.splice(index, 0, id);
    queryState = changes["newQueryState"];
    const again = await s.call("Mailbox/query", args);
    assert.deepEqual([ids, changes["total"]], [again["ids"], again["ids"].length]);
  };
  const [a, b] = [await make(s, "A"), await make(s, "B")];
  await follow();
  await s.call("Mailbox/set", { update: { [a]: { name: "C" } } });
  await follow();
  await s.call("Mailbox/set", { update: { [b]: { role: "archive" }, [s.boxes["archive"]!]: { role: null } } });
  await follow();
  await s.call("Mailbox/set", { destroy: [a] });
  await follow();
});

Deno.test("RFC 8621 2.5: Mailbox/set invalidProperties: names, roles, parents, orders, and what the server sets", async () => {
  await using s = await scene();
  const refused = (box: object) => s.refused("Mailbox/set", { create: { k: box } });
  const wrong: [object, string[]][] = [
    [{}, ["name"]],
    [{ name: "" }, ["name"]],
    [{ name: 5 }, ["name"]],
    [{ name: "a/b" }, ["name"]],
    [{ name: "a\u0007" }, ["name"]],
    [{ name: "ä".repeat(128) }, ["name"]],
    [{ name: "Sent" }, ["name"]],
    [{ name: "inbox" }, ["name"]],
    [{ name: "x", parentId: "mzzz" }, ["parentId"]],
    [{ name: "x", parentId: 5 }, ["parentId"]],
    [{ name: "x", parentId: "#none" }, ["parentId"]],
    [{ name: "x", role: "inbox" }, ["role"]],
    [{ name: "x", role: "sent" }, ["role"]],
    [{ name: "x", role: "nothing" }, ["role"]],
    [{ name: "x", role: "Sent" }, ["role"]],
    [{ name: "x", sortOrder: -1 }, ["sortOrder"]],
    [{ name: "x", sortOrder: 2 ** 31 }, ["sortOrder"]],
    [{ name: "x", sortOrder: 1.5, isSubscribed: "yes" }, ["sortOrder", "isSubscribed"]],
    [{ name: "x", id: "m1", totalEmails: 0, myRights: {} }, ["id", "totalEmails", "myRights"]],
    [{ name: "x", other: 1 }, ["other"]],
  ];
  for (const [box, properties] of wrong) {
    assert.deepEqual(await refused(box), ["invalidProperties", ...properties], JSON.stringify(box));
  }
  const { created } = await s.call("Mailbox/set", {
    create: { k: { name: "e\u0301", sortOrder: null, parentId: null }, l: { name: "ä".repeat(127) } },
  });
  const { parentId: _, ...unsaid } = await boxOf(s, created.k.id);
  assert.deepEqual(created.k, unsaid, "what was not said is told");
  assert.equal(unsaid["name"], "é");
  const id = created.k.id;
  assert.equal((await boxOf(s, id))["isSubscribed"], true);
  assert.deepEqual(await refused({ name: "é" }), ["invalidProperties", "name"]);
  // A whole object may be sent back; what the server sets stays as it is, and nothing else may be said of it.
  for (const one of [id, s.boxes["inbox"]!]) {
    assert.deepEqual(await s.refused("Mailbox/set", { update: { [one]: await boxOf(s, one) } }), ["ok"]);
  }
  const update = (patch: object, one = id) => s.refused("Mailbox/set", { update: { [one]: patch } });
  assert.deepEqual(await update({ id: "m1", totalEmails: 1, unreadThreads: 0, name: "x" }), [
    "invalidProperties",
    "id",
    "totalEmails",
  ]);
  assert.equal((await boxOf(s, id))["name"], "é", "nothing is half done");
  assert.deepEqual(await update({ name: null }), ["invalidProperties", "name"]);
  assert.deepEqual(await update({ parentId: id }), ["invalidProperties", "parentId"]);
  assert.deepEqual(await update({ "name/x": "y" }), ["invalidPatch"]);
  assert.deepEqual(await update({ "myRights/mayDelete": true }), ["invalidPatch"]);
  assert.deepEqual(await update({ name: "x" }, s.boxes["inbox"]), ["forbidden"]);
  assert.deepEqual(await update({ role: null }, s.boxes["inbox"]), ["forbidden"]);
  assert.deepEqual(await update({ name: "n\u0303" }), ["ok"]);
  let deep = id;
  for (let i = 1; i < 50; i++) deep = await make(s, "d", { parentId: deep });
  assert.deepEqual(await refused({ name: "x", parentId: deep }), ["invalidProperties", "parentId"]);
  assert.deepEqual(await update({ parentId: deep }), ["invalidProperties", "parentId"]);
});

Deno.test("RFC 8621 2.5: Mailbox/set mailboxHasChild, mailboxHasEmail, forbidden: what cannot be destroyed", async () => {
  await using s = await scene();
  const parent = await make(s, "P");
  const child = await make(s, "C", { parentId: parent });
  const { inbox } = s.boxes as Record<string, string>;
  await s.deliver(mail(1));
  await s.deliver(mail(2));
  await s.call("Email/set", {
    update: { e1: { mailboxIds: { [child]: true } }, e2: { [`mailboxIds/${child}`]: true } },
  });
  const destroy = (id: string, more = {}) => s.refused("Mailbox/set", { destroy: [id], ...more });
  assert.deepEqual(await destroy(parent), ["mailboxHasChild"]);
  assert.deepEqual(await destroy(parent, { onDestroyRemoveEmails: true }), ["mailboxHasChild"]);
  assert.deepEqual(await destroy(child), ["mailboxHasEmail"]);
  assert.deepEqual(await destroy(inbox!), ["forbidden"]);
  assert.deepEqual(await destroy("mzzz"), ["notFound"]);
  const { destroyed } = await s.call("Mailbox/set", { destroy: [parent, child], onDestroyRemoveEmails: true });
  assert.deepEqual(destroyed.toSorted(), [parent, child].sort());
  const { list, notFound } = await s.call("Email/get", { ids: ["e1", "e2"], properties: ["mailboxIds"] });
  assert.deepEqual([list, notFound], [[{ id: "e2", mailboxIds: { [inbox!]: true } }], ["e1"]]);
});

Deno.test("RFC 8620 5.3: Mailbox/set: names and roles are exchanged, creations are named before and after they are made", async () => {
  await using s = await scene();
  const [a, b, c] = [await make(s, "A"), await make(s, "B"), await make(s, "C")];
  const set = async (args: object) => await s.call("Mailbox/set", args);
  const names = async () => {
    const { list } = await s.call("Mailbox/get", { ids: [a, b, c], properties: ["name", "role"] });
    return list.map(({ name, role }: Box) => role ? `${name} ${role}` : name);
  };
  const swapped = await set({ update: { [a]: { name: "B" }, [b]: { name: "A" } } });
  assert.deepEqual([swapped["notUpdated"], await names()], [null, ["B", "A", "C"]]);
  await set({ update: { [a]: { name: "A" }, [b]: { name: "C" }, [c]: { name: "B" } } });
  assert.deepEqual(await names(), ["A", "C", "B"]);
  await set({ update: { [a]: { name: "D" }, [b]: { name: "A" } } });
  assert.deepEqual(await names(), ["D", "A", "B"]);
  const { archive, junk } = s.boxes as Record<string, string>;
  const roles = await set({ update: { [archive!]: { role: "junk" }, [junk!]: { role: "archive" } } });
  assert.equal(roles["notUpdated"], null);
  assert.equal((await boxOf(s, junk!))["role"], "archive");
  // Who is in the way stays, and so do all.
  const blocked = await set({ update: { [a]: { name: "B" }, [b]: { name: "D" }, [c]: { name: "B" } } });
  assert.deepEqual(Object.keys(blocked["notUpdated"]), [a, b]);
  assert.deepEqual(await names(), ["D", "A", "B"]);
  const made = await set({
    create: {
      one: { name: "one", parentId: "#two" },
      two: { name: "two" },
      x: { name: "x", parentId: "#y" },
      y: { name: "y", parentId: "#x" },
    },
    update: { "#one": { sortOrder: 7 }, [a]: { parentId: "#two" }, "#none": {} },
    destroy: ["#never"],
  });
  assert.deepEqual(Object.keys(made["notCreated"]), ["x", "y"]);
  assert.deepEqual([made["notUpdated"]["#none"].type, made["notDestroyed"]["#never"].type], ["notFound", "notFound"]);
  const one = await boxOf(s, made["created"].one.id);
  assert.deepEqual([one["sortOrder"], one["parentId"], (await boxOf(s, a))["parentId"]], [
    7,
    made["created"].two.id,
    made["created"].two.id,
  ]);
  const gone = await set({ create: { z: { name: "z" } }, destroy: ["#z"] });
  assert.deepEqual(gone["destroyed"], [gone["created"].z.id]);
});

Deno.test("RFC 8621 9.5: forbidden: another's mailboxes as far as rights go, and nothing of the others", async () => {
  await using s = await scene();
  const bob = (name: string, args: object) => s.bob.call(name, args as never, ALL);
  const { list } = await bob("Mailbox/get", {});
  const inbox = list.find(({ role }: Box) => role === "inbox").id;
  const sent = list.find(({ role }: Box) => role === "sent").id;
  await s.server.deliver(mail(1), "bob@example.test");
  await s.server.deliver(mail(2), "bob@example.test");
  const { ids: [second, first] } = await bob("Email/query", {});
  await bob("Email/set", { update: { [second]: { mailboxIds: { [sent]: true } } } });
  await s.share("bob", "INBOX", "lrsw");
  await s.alice.session();
  const own = s.alice.accountId;
  const alice = new JmapClient(s.server, "alice");
  alice.accountId = s.bob.accountId;
  const call = (name: string, args: object = {}) => alice.call(name, args as never, ALL);
  assert.deepEqual((await call("Mailbox/get")).list.map(({ id }: Box) => id), [inbox]);
  const unknown = await call("Mailbox/get", { ids: [sent, "mzzz", s.boxes["inbox"]!] });
  assert.deepEqual(unknown["notFound"], [sent, "mzzz", s.boxes["inbox"]]);
  assert.deepEqual((await call("Email/get", { ids: [first, second, "ezzz"], properties: ["id"] }))["notFound"], [
    second,
    "ezzz",
  ]);
  assert.deepEqual((await call("Email/query"))["ids"], [first]);
  const [{ threadId }] = (await bob("Email/get", { ids: [second], properties: ["threadId"] }))["list"];
  assert.deepEqual((await call("Thread/get", { ids: [threadId] }))["notFound"], [threadId]);
  for (const id of [second, "ezzz"]) {
    const parsed = await call("Email/parse", { blobIds: [id] });
    assert.deepEqual(parsed["notFound"], [id]);
    assert.equal((await alice.fetch(`/jmap/download/${s.bob.accountId}/${id}/x`)).status, 404);
    assert.deepEqual((await call("SearchSnippet/get", { emailIds: [id] }))["notFound"], [id]);
  }
  const refused = async (name: string, args: object) => {
    const answer = await call(name, args);
    const [error] = ["notCreated", "notUpdated", "notDestroyed"].flatMap((key) => Object.values(answer[key] ?? {}));
    return (error as Box | undefined)?.["type"] ?? "ok";
  };
  assert.equal(
    await refused("Email/set", { update: { [first]: { "keywords/x": true, "keywords/$seen": true } } }),
    "ok",
  );
  assert.equal(await refused("Email/set", { update: { [second]: { "keywords/x": true } } }), "notFound");
  assert.equal(await refused("Email/set", { destroy: [first] }), "forbidden");
  assert.equal(await refused("Email/set", { create: { k: { mailboxIds: { [inbox]: true } } } }), "forbidden");
  assert.equal(await refused("Email/set", { create: { k: { mailboxIds: { [sent]: true } } } }), "invalidProperties");
  assert.equal(await refused("Mailbox/set", { create: { k: { name: "x" } } }), "forbidden");
  assert.equal(await refused("Mailbox/set", { create: { k: { name: "x", parentId: inbox } } }), "forbidden");
  assert.equal(await refused("Mailbox/set", { update: { [sent]: { name: "x" } } }), "notFound");
  // What is one's own of another's mailbox is a change of it.
  const { state } = await call("Mailbox/get");
  assert.equal(await refused("Mailbox/set", { update: { [inbox]: { isSubscribed: true } } }), "ok");
  assert.deepEqual((await call("Mailbox/changes", { sinceState: state }))["updated"], [inbox]);
  assert.equal((await bob("Mailbox/get", { ids: [inbox] })).list[0].isSubscribed, true);
  // Rights that change make what was known before nothing to go on from.
  const { newState } = await call("Email/changes", { sinceState: state });
  await s.share("bob", "Sent", "lr");
  assert.equal(await alice.fails("Email/changes", { sinceState: newState }, ALL), "cannotCalculateChanges");
  assert.equal(await alice.fails("Mailbox/changes", { sinceState: newState }, ALL), "cannotCalculateChanges");
  assert.equal((await call("Email/get", { ids: [second], properties: ["id"] })).list.length, 1);
  assert.equal(alice.accountId === own, false);
});

Deno.test("RFC 8621 3.1: Thread/get: emails of a thread, the oldest first", async () => {
  await using s = await scene();
  await s.deliver(mail(1));
  await s.server.clock.advance(1000);
  await s.deliver(mail(2, "References: <1@x>\n"));
  await s.deliver(mail(3));
  const { drafts } = s.boxes as Record<string, string>;
  const old = {
    mailboxIds: { [drafts!]: true },
    receivedAt: "2001-01-01T00:00:00Z",
    subject: "Re: s",
    references: ["2@x"],
  };
  const { created } = await s.call("Email/set", { create: { k: old } });
  const { list } = await s.call("Thread/get", { ids: [created.k.threadId, "t9"], properties: ["emailIds"] });
  assert.deepEqual(list, [{ id: created.k.threadId, emailIds: [created.k.id, "e1", "e2"] }]);
});

Deno.test("RFC 8621 3.2: Thread/changes: a thread that is new is told as new, in however small parts", async () => {
  await using s = await scene();
  await s.deliver(mail(1));
  const { state } = await s.call("Thread/get", { ids: [] });
  await s.deliver(mail(2));
  await s.deliver(mail(3, "In-Reply-To: <2@x>\n"));
  await s.deliver(mail(4, "In-Reply-To: <1@x>\n"));
  await s.call("Email/set", { update: { e2: { "keywords/$seen": true } } });
  const pages: unknown[] = [];
  for (let since = state, more = true; more;) {
    const page = await s.call("Thread/changes", { sinceState: since, maxChanges: 1 });
    for (const kind of ["created", "updated", "destroyed"]) for (const id of page[kind]) pages.push(`${kind} ${id}`);
    [since, more] = [page["newState"], page["hasMoreChanges"]];
  }
  const [first, other] = (await s.call("Email/get", { ids: ["e1", "e2"], properties: ["threadId"] }))["list"]
    .map((one: Box) => one["threadId"]);
  assert.equal(pages[0], `created ${other}`);
  assert.ok(pages.includes(`updated ${first}`) && !pages.includes(`created ${first}`), pages.join());
  const whole = await s.call("Thread/changes", { sinceState: state });
  assert.deepEqual([whole["created"], whole["updated"]], [[other], [first]]);
  const { newState } = whole;
  await s.call("Email/set", { destroy: ["e2", "e3", "e4"] });
  const gone = await s.call("Thread/changes", { sinceState: newState });
  assert.deepEqual([gone["destroyed"], gone["updated"]], [[other], [first]]);
});
