/** Email/query, queryChanges and changes, threads and counts, over a whole server (RFC 8621 sections 2 to 4). */
import assert from "node:assert/strict";
import { testServer } from "../../../src/server/test_server.ts";
import { JmapClient } from "./client.ts";

const ALICE = "alice@example.test";

function mail(subject: string, more = "", body = "body"): string {
  return `From: Carol <carol@example.net>\nTo: ${ALICE}\nSubject: ${subject}\n${more}\n${body}\n`;
}

type Ids = readonly string[];

async function withMail() {
  const server = await testServer();
  await server.deliver(mail("first", "Message-ID: <1@x>\n", "apples and pears"), ALICE);
  await server.clock.advance(60_000);
  await server.deliver(mail("Re: first", "Message-ID: <2@x>\nIn-Reply-To: <1@x>\n"), ALICE);
  await server.clock.advance(60_000);
  await server.deliver(
    mail(
      "other",
      "Content-Type: multipart/mixed; boundary=b\n",
      "--b\n\ntext\n--b\nContent-Type: application/pdf\n\nx\n--b--",
    ),
    ALICE,
  );
  const alice = new JmapClient(server, "alice");
  await alice.session();
  const { list } = await alice.call("Mailbox/get");
  const boxes = Object.fromEntries(list.map(({ id, role }: Record<string, string>) => [role, id]));
  const query = async (filter: object | null, more = {}): Promise<Ids> =>
    (await alice.call("Email/query", { filter: filter as never, ...more }))["ids"];
  return { server, alice, boxes, query };
}

Deno.test("RFC 8621 section 4.4: emails are found by each condition, newest first", async () => {
  const { server, boxes, query } = await withMail();
  try {
    assert.deepEqual(await query(null), ["e3", "e2", "e1"]);
    assert.deepEqual(await query({ inMailbox: boxes["inbox"] }), ["e3", "e2", "e1"]);
    assert.deepEqual(await query({ inMailbox: boxes["junk"] }), []);
    assert.deepEqual(await query({ inMailboxOtherThan: [boxes["inbox"]] }), []);
    assert.deepEqual(await query({ subject: "first" }), ["e2", "e1"]);
    assert.deepEqual(await query({ body: "pears" }), ["e1"]);
    assert.deepEqual(await query({ body: '"apples and" pears' }), ["e1"]);
    assert.deepEqual(await query({ text: "carol" }), ["e3", "e2", "e1"]);
    assert.deepEqual(await query({ from: "carol", to: "alice", cc: "x" }), []);
    assert.deepEqual(await query({ header: ["In-Reply-To"] }), ["e2"]);
    assert.deepEqual(await query({ header: ["in-reply-to", "1@x"] }), ["e2"]);
    assert.deepEqual(await query({ hasAttachment: true }), ["e3"]);
    assert.deepEqual(await query({ hasAttachment: false }), ["e2", "e1"]);
    assert.deepEqual(await query({ hasKeyword: "$seen" }), []);
    assert.deepEqual(await query({ notKeyword: "$SEEN" }), ["e3", "e2", "e1"]);
    assert.deepEqual(await query({ minSize: 100_000 }), []);
    assert.deepEqual(await query({ maxSize: 100_000 }), ["e3", "e2", "e1"]);
    const day = (offset: number) => new Date(server.clock.wall() + offset).toISOString().replace(/\.\d+Z/, "Z");
    assert.deepEqual(await query({ after: day(-90_000) }), ["e3", "e2"]);
    assert.deepEqual(await query({ before: day(-90_000) }), ["e1"]);
    const not = { operator: "NOT", conditions: [{ subject: "first" }] };
    assert.deepEqual(await query(not), ["e3"]);
    assert.deepEqual(await query({ operator: "OR", conditions: [not, { body: "pears" }] }), ["e3", "e1"]);
    assert.deepEqual(
      await query({ operator: "AND", conditions: [{ subject: "first" }, { header: ["in-reply-to"] }] }),
      ["e2"],
    );
  } finally {
    await server.stop();
  }
});

Deno.test("RFC 8621 sections 4.4.2 and 4.4.3: orders, collapsed threads, and parts of the list", async () => {
  const { server, alice, query } = await withMail();
  try {
    const sort = (property: string, isAscending = true, more = {}) => ({ sort: [{ property, isAscending, ...more }] });
    assert.deepEqual(await query(null, sort("receivedAt")), ["e1", "e2", "e3"]);
    assert.deepEqual(await query(null, sort("subject")), ["e2", "e1", "e3"]);
    assert.deepEqual(await query(null, sort("from")), ["e3", "e2", "e1"]);
    assert.deepEqual(await query(null, sort("hasKeyword", false, { keyword: "$flagged" })), ["e3", "e2", "e1"]);
    assert.equal((await query(null, sort("size", false)))[0], "e3");
    assert.deepEqual(await query(null, { collapseThreads: true }), ["e3", "e2"]);
    assert.deepEqual(await query(null, { collapseThreads: true, ...sort("receivedAt") }), ["e1", "e3"]);
    assert.deepEqual(await query(null, { position: 1, limit: 1 }), ["e2"]);
    assert.deepEqual(await query(null, { position: -1 }), ["e1"]);
    assert.deepEqual(await query(null, { anchor: "e2", anchorOffset: -1, limit: 2 }), ["e3", "e2"]);
    const total = await alice.call("Email/query", { calculateTotal: true, limit: 1, position: 2 });
    assert.deepEqual([total["total"], total["position"], total["ids"]], [3, 2, ["e1"]]);
    const error = (args: object) => alice.fails("Email/query", args as never);
    assert.equal(await error({ anchor: "e9" }), "anchorNotFound");
    assert.equal(await error(sort("nothing")), "unsupportedSort");
    assert.equal(await error({ filter: { nothing: 1 } }), "unsupportedFilter");
    assert.equal(await error({ filter: { minSize: "1" } }), "invalidArguments");
    assert.equal(await error({ filter: { operator: "XOR", conditions: [] } }), "invalidArguments");
    assert.equal(await error({ limit: -1 }), "invalidArguments");
    let deep: object = { subject: "x" };
    for (let i = 0; i < 1000; i++) deep = { operator: "NOT", conditions: [deep] };
    assert.equal(await error({ filter: deep }), "unsupportedFilter");
  } finally {
    await server.stop();
  }
});

Deno.test("RFC 8621 sections 2, 3, 4.3 and 4.5: counts, threads and changes follow what IMAP does", async () => {
  const { server, alice, boxes } = await withMail();
  try {
    const counts = async (role: string) => {
      const { list } = await alice.call("Mailbox/get", { ids: [boxes[role]!] }) as unknown as {
        list: [Record<string, number>];
      };
      const [box] = list;
      return [box["totalEmails"], box["unreadEmails"], box["totalThreads"], box["unreadThreads"]];
    };
    assert.deepEqual(await counts("inbox"), [3, 3, 2, 2]);
    const before = await alice.call("Email/query", { collapseThreads: true });
    const state = (await alice.call("Email/changes", { sinceState: "1" }))["newState"]!;
    const imap = server.connect("imap");
    await imap.until("* OK");
    await imap.ask("a LOGIN alice@example.test alice", "a OK");
    await imap.ask("b SELECT INBOX", "b OK");
    await imap.ask("c STORE 1,3 +FLAGS (\\Seen)", "c OK");
    await imap.ask("d MOVE 2 Trash", "d OK");
    assert.deepEqual(await counts("inbox"), [2, 0, 2, 0]);
    assert.deepEqual(await counts("trash"), [1, 1, 1, 1]);
    const news = await alice.call("Email/changes", { sinceState: state });
    assert.deepEqual([news["created"], news["updated"].toSorted(), news["destroyed"]], [[], [
      "e1",
      "e2",
      "e3",
    ], []]);
    assert.deepEqual((await alice.call("Thread/changes", { sinceState: state }))["updated"], []);
    const threads = await alice.call("Thread/get", { ids: ["t1", "t9"] });
    assert.deepEqual([threads["list"], threads["notFound"]], [[{ id: "t1", emailIds: ["e1", "e2"] }], ["t9"]]);
    await imap.ask("e STORE 1 +FLAGS (\\Deleted)", "e OK");
    assert.deepEqual(await counts("inbox"), [1, 0, 1, 0]);
    const after = await alice.call("Email/queryChanges", {
      collapseThreads: true,
      sinceQueryState: before["queryState"]!,
    });
    assert.deepEqual(after["removed"].toSorted(), ["e1", "e2", "e3"]);
    assert.deepEqual(after["added"], [{ id: "e3", index: 0 }, { id: "e2", index: 1 }]);
    const ended = await alice.call("Email/changes", { sinceState: news["newState"]! });
    assert.deepEqual(ended["destroyed"], ["e1"]);
    const page = await alice.call("Email/changes", { sinceState: state, maxChanges: 1 });
    assert.equal(page["hasMoreChanges"], true);
    assert.equal(await alice.fails("Email/changes", { sinceState: "999" }), "cannotCalculateChanges");
    assert.equal(await alice.fails("Email/queryChanges", { sinceQueryState: "0", maxChanges: 1 }), "tooManyChanges");
  } finally {
    await server.stop();
  }
});
