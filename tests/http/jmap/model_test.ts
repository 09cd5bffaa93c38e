/**
 * IMAP and JMAP on one account at once: whatever each does in any order, a JMAP client that follows changes, queries and
 * counts knows what IMAP shows.
 */
import assert from "node:assert/strict";
import type { Invocation } from "../../../src/jmap/mod.ts";
import { testServer } from "../../../src/server/test_server.ts";
import { JmapClient } from "./client.ts";
import { runModel } from "./model_run.ts";

const ALICE = "alice@example.test";
const STEPS = 120;

Deno.test("RFC 8621: what IMAP and JMAP do to one account is the same to both, in any order", async () => {
  await using server = await testServer();
  const alice = new JmapClient(server, "alice");
  const random = randomNumbers(8621);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const imap = server.connect("imap");
  let tag = 0;
  const say = async (command: string): Promise<string> => {
    const name = `t${++tag}`;
    return await imap.ask(`${name} ${command}`, `${name} `);
  };
  await imap.until("* OK");
  await say("LOGIN alice@example.test alice");
  const { list } = await alice.call("Mailbox/get");
  const boxes: { id: string; path: string }[] = list
    .filter(({ role }: { role: string }) => ["inbox", "archive", "trash"].includes(role))
    .map(({ id, name }: { id: string; name: string }) => ({ id, path: name === "Inbox" ? "INBOX" : name }));
  const known = new Map<string, string>();
  let state = (await alice.call("Email/get", { ids: [] }))["state"];
  const query = { filter: { inMailbox: boxes[0]!.id }, sort: [{ property: "receivedAt", isAscending: true }] };
  const first = await alice.call("Email/query", query);
  let [ids, queryState]: [string[], string] = [first["ids"], first["queryState"]];
  for (let step = 0; step < STEPS; step++) {
    const box = pick(boxes);
    const emails = [...known.keys()];
    switch (random(8)) {
      case 0:
      case 1:
        await server.deliver(
          `Message-ID: <${step}@x>\nIn-Reply-To: <${random(step + 1)}@x>\nSubject: s\n\n${step}`,
          ALICE,
        );
        break;
      case 2:
        await say(`SELECT ${box.path}`);
        await say(
          `STORE 1:${1 + random(3)} ${pick(["+", "-"])}FLAGS (${
            pick(["\\Seen", "\\Deleted", "\\Flagged k1", "\\Draft"])
          })`,
        );
        break;
      case 3:
        await say(`SELECT ${box.path}`);
        await say(`${pick(["COPY", "MOVE"])} ${1 + random(3)} ${pick(boxes).path}`);
        break;
      case 4:
        await say(`SELECT ${box.path}`);
        await say("EXPUNGE");
        break;
      case 5:
        if (emails.length > 0) {
          await alice.call("Email/set", {
            update: { [pick(emails)]: { "keywords/$seen": pick([true, null]), [`mailboxIds/${box.id}`]: true } },
          });
        }
        break;
      case 6:
        if (emails.length > 0) await alice.call("Email/set", { destroy: [pick(emails)] });
        break;
      case 7: {
        const mailboxIds = { [box.id]: true };
        await alice.call("Email/set", { create: { k: { mailboxIds, subject: `${step}`, keywords: { k2: true } } } });
      }
    }
    if (random(3) > 0 && step < STEPS - 1) continue;
    state = await follow(alice, known, state, 1 + random(5));
    const shown = await seenByImap(say, boxes.map(({ path }) => path));
    assert.deepEqual(new Map([...known].sort()), shown, `step ${step}`);
    const changes = await alice.call("Email/queryChanges", { ...query, sinceQueryState: queryState });
    ids = ids.filter((id) => !changes["removed"].includes(id));
    for (const { id, index } of changes["added"]) ids.splice(index, 0, id);
    queryState = changes["newQueryState"];
    const again = await alice.call("Email/query", query);
    assert.deepEqual(ids, again["ids"], `step ${step}`);
    await checkCounts(alice, known, boxes);
  }
});

/** Changes in pages, with what became of each. */
async function follow(
  alice: JmapClient,
  known: Map<string, string>,
  since: string,
  maxChanges: number,
): Promise<string> {
  for (let state = since;;) {
    const calls: Invocation[] = [
      ["Email/changes", { sinceState: state, maxChanges }, "c"],
      ...["created", "updated"].map((path): Invocation => [
        "Email/get",
        { "#ids": { resultOf: "c", name: "Email/changes", path: `/${path}` }, properties: ["keywords", "mailboxIds"] },
        path,
      ]),
    ];
    const responses = await alice.calls(calls);
    // deno-lint-ignore no-explicit-any
    const [changes, created, updated] = responses.map(([, args]) => args as Record<string, any>) as any[];
    for (const id of changes.destroyed) known.delete(id);
    for (const { id, keywords, mailboxIds } of [...created.list, ...updated.list]) {
      known.set(id, textOf(Object.keys(keywords), Object.keys(mailboxIds).length));
    }
    state = changes.newState;
    if (!changes.hasMoreChanges) return state;
  }
}

function textOf(keywords: readonly string[], mailboxes: number): string {
  return `${[...keywords].sort()} ${mailboxes}`;
}

const KEYWORDS: Readonly<Record<string, string>> = {
  "\\Seen": "$seen",
  "\\Answered": "$answered",
  "\\Flagged": "$flagged",
  "\\Draft": "$draft",
};

/** Emails as IMAP shows them, without what is marked \Deleted. */
async function seenByImap(
  say: (command: string) => Promise<string>,
  paths: readonly string[],
): Promise<Map<string, string>> {
  const found = new Map<string, { keywords: readonly string[]; count: number }>();
  for (const path of paths) {
    await say(`EXAMINE ${path}`);
    const text = await say("FETCH 1:* (FLAGS EMAILID)");
    for (const [, one = ""] of text.matchAll(/\* \d+ FETCH \((.*)\)\r\n/g)) {
      const flags = /FLAGS \(([^)]*)\)/.exec(one)![1]!.split(" ").filter((flag) => flag !== "");
      const id = /EMAILID \(([^)]*)\)/.exec(one)?.[1];
      if (id === undefined || flags.includes("\\Deleted")) continue;
      const keywords = flags.filter((flag) => flag !== "\\Recent").map((flag) => KEYWORDS[flag] ?? flag);
      found.set(id, { keywords, count: (found.get(id)?.count ?? 0) + 1 });
    }
  }
  return new Map(
    Array.from(found, ([id, { keywords, count }]): [string, string] => [id, textOf(keywords, count)]).sort(),
  );
}

/** What a mailbox counts is what is in it. */
async function checkCounts(
  alice: JmapClient,
  known: ReadonlyMap<string, string>,
  boxes: readonly { readonly id: string }[],
): Promise<void> {
  const properties = ["mailboxIds", "keywords", "threadId"];
  const { list } = await alice.call("Email/get", { ids: [...known.keys()], properties });
  const { list: counted } = await alice.call("Mailbox/get", { ids: boxes.map(({ id }) => id) });
  for (const box of counted) {
    const inside = list.filter(({ mailboxIds }: { mailboxIds: object }) => box.id in mailboxIds);
    assert.equal(box.totalEmails, inside.length);
    const unread = inside.filter(({ keywords }: { keywords: Record<string, true> }) =>
      !keywords["$seen"] && !keywords["$draft"]
    );
    assert.equal(box.unreadEmails, unread.length);
    assert.equal(box.totalThreads, new Set(inside.map(({ threadId }: { threadId: string }) => threadId)).size);
  }
}

function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 4294967296 * below);
  };
}

Deno.test("RFC 8620 5.2 and 5.6: clients that follow changes, the owner's and another's, know what is there, whatever happens at once", async () => {
  for (const seed of [2, 11, 1020]) await runModel(seed, 60);
});
