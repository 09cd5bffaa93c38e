/** Blobs: copied, made of pieces, read in ranges, looked up (RFC 8620 section 6.3, RFC 9404); quotas (RFC 9425). */
import assert from "node:assert/strict";
import { testServer } from "../../../src/server/test_server.ts";
import { BlobBudget } from "../../../src/jmap/blob/budget.ts";
import { JMAP_LIMITS } from "../../../src/jmap/mod.ts";
import { JmapClient, USING } from "./client.ts";

const BLOB = [...USING, "urn:ietf:params:jmap:blob"];
const QUOTA = [...USING, "urn:ietf:params:jmap:quota"];
const MAIL =
  "Subject: hello\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nHi Alice\n--x\nContent-Type: text/plain\n" +
  "Content-Transfer-Encoding: base64\n\n/+8gMDEyMzQ1Njc4OQ==\n--x--\n";

async function opened() {
  const server = await testServer();
  const alice = new JmapClient(server, "alice");
  const call = (name: string, args: object = {}) => alice.call(name, args as never, BLOB);
  const fails = (name: string, args: object = {}) => alice.fails(name, args as never, BLOB);
  return { server, alice, call, fails };
}

Deno.test("RFC 9404 section 4.1: blobs are made of text, Base64 and ranges of blobs of the same call, in any order", async () => {
  const { server, alice, call } = await opened();
  try {
    const session = await alice.session() as never as { accounts: Record<string, { accountCapabilities: never }> };
    const told = session.accounts[alice.accountId]!.accountCapabilities["urn:ietf:params:jmap:blob"];
    assert.deepEqual(told["supportedTypeNames"], ["Mailbox", "Thread", "Email"]);
    assert.deepEqual(told["supportedDigestAlgorithms"], ["sha", "sha-256"]);
    assert.ok(told["maxDataSources"] >= 64);
    const made = await call("Blob/upload", {
      create: {
        cat: {
          type: "text/plain",
          data: [
            { "data:asText": "How" },
            { blobId: "#fox", offset: 3, length: 7 },
            { "data:asText": "was t" },
            { blobId: "#fox", offset: 1, length: 1 },
            { "data:asBase64": "YXQ/" },
          ],
        },
        fox: { data: [{ "data:asText": "The quick brown fox jumped over the lazy dog." }] },
        empty: { data: [] },
      },
    });
    assert.equal(made["notCreated"], null);
    assert.deepEqual([made["created"].cat.type, made["created"].cat.size], ["text/plain", 19]);
    assert.equal(made["created"].fox.type, "application/octet-stream");
    const { cat, fox } = made["created"];
    const got = await call("Blob/get", { ids: [cat.id, fox.id, "nothing", made["created"].empty.id] });
    assert.deepEqual(got["list"][0], { id: cat.id, "data:asText": "How quick was that?", size: 19 });
    assert.deepEqual(got["list"][2], { id: made["created"].empty.id, "data:asText": "", size: 0 });
    assert.deepEqual(got["notFound"], ["nothing"]);
    // It is a blob as every other.
    const down = await alice.fetch(`/jmap/download/${alice.accountId}/${cat.id}/a`);
    assert.equal(await down.text(), "How quick was that?");
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

Deno.test("RFC 9404 section 4.1: what is not exactly one source is refused, and the others are made", async () => {
  const { server, call, fails } = await opened();
  try {
    const fox =
      (await call("Blob/upload", { create: { f: { data: [{ "data:asText": "0123456789" }] } } }))["created"].f;
    const many = Array.from({ length: 65 }, () => ({ "data:asText": "x" }));
    const wrong: Record<string, readonly [string, unknown]> = {
      none: ["invalidProperties", {}],
      text: ["invalidProperties", { data: "x" }],
      two: ["invalidProperties", { data: [{ "data:asText": "x", "data:asBase64": "" }] }],
      nothing: ["invalidProperties", { data: [{}] }],
      base64: ["invalidProperties", { data: [{ "data:asBase64": "YXQ" }] }],
      spaced: ["invalidProperties", { data: [{ "data:asBase64": "YX Q=" }] }],
      past: ["invalidProperties", { data: [{ blobId: fox.id, offset: 8, length: 3 }] }],
      before: ["invalidProperties", { data: [{ blobId: fox.id, offset: -1 }] }],
      behind: ["invalidProperties", { data: [{ blobId: fox.id, offset: 11 }] }],
      ranged: ["invalidProperties", { data: [{ "data:asText": "x", offset: 0 }] }],
      unknown: ["blobNotFound", { data: [{ blobId: "b" + "0".repeat(64) }] }],
      itself: ["blobNotFound", { data: [{ blobId: "#itself" }] }],
      many: ["invalidProperties", { data: many }],
      type: ["invalidProperties", { data: [], type: "text" }],
      header: ["invalidProperties", { data: [], type: "a/b;\r\nx: y" }],
      extra: ["invalidProperties", { data: [], size: 1 }],
      null: ["invalidProperties", null],
    };
    const create = Object.fromEntries(Object.entries(wrong).map(([name, [, object]]) => [name, object]));
    const answer = await call("Blob/upload", { create: { ...create, right: { data: [{ "data:asText": "é" }] } } });
    for (const [name, [type]] of Object.entries(wrong)) assert.equal(answer["notCreated"][name]?.type, type, name);
    assert.equal(answer["created"].right.size, 2);
    assert.equal(await fails("Blob/upload", {}), "invalidArguments");
    // Small requests make no large blobs.
    const mega =
      (await call("Blob/upload", { create: { m: { data: [{ "data:asText": "x".repeat(2 ** 20) }] } } }))["created"].m;
    const large = { data: Array.from({ length: 60 }, () => ({ blobId: mega.id })) };
    assert.equal((await call("Blob/upload", { create: { large } }))["notCreated"].large.type, "tooLarge");
    const budget = BlobBudget.of({ limits: { ...JMAP_LIMITS, maxSizeUpload: 1 } });
    assert.throws(() => budget.read(256 * 2 ** 20 + 1), /too many octets/);
    assert.throws(() => budget.tell(2 ** 24 + 1), /16 MiB/);
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

Deno.test("RFC 9404 section 4.2: ranges, digests, and octets that are no text", async () => {
  const { server, call, fails } = await opened();
  try {
    await server.deliver(MAIL, "alice@example.test");
    const get = async (args: object) => (await call("Blob/get", args))["list"][0];
    // Decoded: ff ef, and " 0123456789".
    const part = await get({ ids: ["e1_2"] });
    assert.deepEqual(part, { id: "e1_2", "data:asBase64": "/+8gMDEyMzQ1Njc4OQ==", isEncodingProblem: true, size: 13 });
    assert.deepEqual(await get({ ids: ["e1_2"], offset: 3, length: 4, properties: ["data"] }), {
      id: "e1_2",
      "data:asText": "0123",
    });
    assert.deepEqual(await get({ ids: ["e1_2"], offset: 0, length: 1, properties: ["data:asText", "data:asBase64"] }), {
      id: "e1_2",
      "data:asText": null,
      "data:asBase64": "/w==",
      isEncodingProblem: true,
    });
    assert.deepEqual(await get({ ids: ["e1_2"], offset: 11, length: 9, properties: ["data:asText", "size"] }), {
      id: "e1_2",
      "data:asText": "89",
      size: 13,
      isTruncated: true,
    });
    const past = await get({ ids: ["e1_2"], offset: 50 });
    assert.deepEqual([past["data:asText"], past.isTruncated, past.size], ["", true, 13]);
    const { fox } = (await call("Blob/upload", { create: { fox: { data: [{ "data:asText": "abc" }] } } }))["created"];
    // FIPS 180-2, appendices A.1 and B.1.
    assert.deepEqual(await get({ ids: [fox.id], properties: ["digest:sha", "digest:sha-256"] }), {
      id: fox.id,
      "digest:sha": "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
      "digest:sha-256": "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
    });
    const email = await get({ ids: ["e1"], properties: ["data:asText", "size"] });
    assert.match(email["data:asText"], /^Return-Path:[^]*Subject: hello/);
    assert.equal(email.size, new TextEncoder().encode(email["data:asText"]).length);
    assert.equal(
      await get({ ids: ["e1"], offset: 3, length: 9, properties: ["data"] }).then((one) => one["data:asText"]),
      email["data:asText"].slice(3, 12),
    );
    for (
      const args of [
        {},
        { ids: null },
        { ids: ["e1"], properties: ["digest:md5"] },
        { ids: ["e1"], properties: ["__proto__"] },
        { ids: ["e1"], offset: -1 },
        { ids: ["e1"], length: 0.5 },
      ]
    ) assert.equal(await fails("Blob/get", args), "invalidArguments", JSON.stringify(args));
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

Deno.test("RFC 9404 section 4.3: which emails, threads and mailboxes have a blob", async () => {
  const { server, alice, call, fails } = await opened();
  try {
    await server.deliver(MAIL, "alice@example.test");
    await server.deliver(MAIL, "alice@example.test");
    await server.deliver(MAIL, "bob@example.test");
    const unused = await alice.upload("nothing has it");
    const whole = await alice.upload(await (await alice.fetch(`/jmap/download/${alice.accountId}/e1/a`)).bytes());
    const { list: boxes } = await call("Mailbox/get");
    const inbox = boxes.find(({ role }: { role: string }) => role === "inbox");
    await call("Email/import", { emails: { i: { blobId: whole["blobId"], mailboxIds: { [inbox.id]: true } } } });
    const look = (args: object) => call("Blob/lookup", { typeNames: ["Mailbox", "Thread", "Email"], ...args });
    const found = await look({ ids: ["e1", "e2_2", unused["blobId"], whole["blobId"], "e3", "e1_9", "x"] });
    const byId = Object.fromEntries(
      found["list"].map((one: { id: string; matchedIds: unknown }) => [one.id, one.matchedIds]),
    );
    assert.deepEqual(byId["e1"], { Mailbox: [inbox.id], Thread: ["t1"], Email: ["e1"] });
    assert.deepEqual(byId["e2_2"].Email, ["e2"]);
    assert.deepEqual(byId[unused["blobId"]], { Mailbox: [], Thread: [], Email: [] });
    assert.deepEqual(byId[whole["blobId"]].Email, ["e4"]);
    assert.deepEqual(found["notFound"], ["e3", "e1_9", "x"]);
    assert.deepEqual((await look({ ids: ["e1"], typeNames: ["Email"] }))["list"][0].matchedIds, { Email: ["e1"] });
    assert.equal(await fails("Blob/lookup", { ids: ["e1"], typeNames: ["Todo"] }), "unknownDataType");
    assert.equal(await fails("Blob/lookup", { ids: ["e1"] }), "invalidArguments");
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

Deno.test("RFC 8620 section 6.3: what one may read of another's is copied, and nothing else", async () => {
  const { server, alice, fails } = await opened();
  try {
    const bob = new JmapClient(server, "bob");
    await bob.session();
    await server.deliver(MAIL, "bob@example.test");
    const secret = await bob.upload("of Bob alone");
    const args = { fromAccountId: bob.accountId, blobIds: ["e1", secret["blobId"]] };
    assert.equal(await fails("Blob/copy", args), "fromAccountNotFound");
    const imap = server.connect("imap");
    await imap.until("* OK");
    await imap.ask("a LOGIN bob@example.test bob", "a OK");
    await imap.ask("b SETACL INBOX alice@example.test lr", "b OK");
    await alice.session();
    const asAlice = new JmapClient(server, "alice");
    await server.clock.advance(6000);
    await asAlice.session();
    const copied = await asAlice.call("Blob/copy", { ...args, blobIds: [...args.blobIds, "e1_2"] } as never, BLOB);
    assert.deepEqual(Object.keys(copied["copied"]), ["e1", "e1_2"]);
    assert.deepEqual(copied["notCopied"], { [secret["blobId"]]: { type: "notFound" } });
    const ids = Object.values(copied["copied"]) as string[];
    const { list } = await asAlice.call("Blob/get", { ids } as never, BLOB);
    assert.match(list[0]["data:asText"], /Subject: hello/);
    assert.equal(list[1].size, 13);
    assert.equal(
      await asAlice.fails(
        "Blob/copy",
        { accountId: bob.accountId, fromAccountId: asAlice.accountId, blobIds: [] } as never,
      ),
      "accountReadOnly",
    );
    assert.equal(await asAlice.fails("Blob/copy", { fromAccountId: bob.accountId } as never), "invalidArguments");
    assert.equal(await asAlice.fails("Blob/copy", { accountId: "a99", ...args } as never), "accountNotFound");
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

Deno.test("RFC 9425 section 4: quotas are found and sorted, and their changes told", async () => {
  await using server = await testServer();
  const alice = new JmapClient(server, "alice");
  const call = (name: string, args: object = {}) => alice.call(name, args as never, QUOTA);
  const patch = (quota: object) => server.admin("PATCH", "/api/v1/accounts/alice@example.test", { quota });
  const none = await call("Quota/get");
  assert.deepEqual(none["list"], []);
  assert.ok((await patch({ bytes: 1_000_000, messages: 10 })).ok);
  const { list, state } = await call("Quota/get");
  assert.deepEqual(list[1], {
    id: "messages",
    resourceType: "count",
    used: 0,
    hardLimit: 10,
    scope: "account",
    name: "alice@example.test",
    types: ["Email"],
    warnLimit: null,
    softLimit: null,
    description: null,
  });
  const changes = async (sinceState: string, name = "Quota/changes") =>
    await call(name, { [name === "Quota/changes" ? "sinceState" : "sinceQueryState"]: sinceState });
  assert.deepEqual((await changes(none["state"]))["updated"], ["octets", "messages"]);
  assert.deepEqual((await changes(state))["updated"], []);
  const query = async (args: object) => (await call("Quota/query", args))["ids"];
  assert.deepEqual(await query({ filter: { resourceType: "count" } }), ["messages"]);
  assert.deepEqual(await query({ filter: { name: "ALICE", scope: "account", type: "Email" } }), ["octets", "messages"]);
  assert.deepEqual(await query({ filter: { operator: "NOT", conditions: [{ type: "Mail" }, { scope: "global" }] } }), [
    "octets",
    "messages",
  ]);
  await server.deliver("Subject: x\n\nx", "alice@example.test");
  assert.deepEqual(await query({ sort: [{ property: "used" }] }), ["messages", "octets"]);
  assert.deepEqual(await query({ sort: [{ property: "used", isAscending: false }], position: 1, limit: 1 }), [
    "messages",
  ]);
  const news = await changes(state, "Quota/queryChanges");
  assert.deepEqual(news["added"], [{ id: "octets", index: 0 }, { id: "messages", index: 1 }]);
  assert.deepEqual([...news["removed"]].sort(), ["messages", "octets"]);
  const before = (await call("Quota/get"))["state"];
  assert.ok((await patch({ bytes: 1_000_000, messages: null })).ok);
  const gone = await changes(before);
  assert.deepEqual([gone["updated"], gone["destroyed"]], [["octets"], ["messages"]]);
  const fails = (name: string, args: object) => alice.fails(name, args as never, QUOTA);
  assert.equal(await fails("Quota/query", { filter: { used: 1 } }), "unsupportedFilter");
  assert.equal(await fails("Quota/query", { filter: { name: 1 } }), "invalidArguments");
  assert.equal(await fails("Quota/query", { filter: { operator: "XOR", conditions: [] } }), "invalidArguments");
  assert.equal(await fails("Quota/query", { sort: [{ property: "__proto__" }] }), "unsupportedSort");
  assert.equal(await fails("Quota/changes", { sinceState: "999999" }), "cannotCalculateChanges");
});
