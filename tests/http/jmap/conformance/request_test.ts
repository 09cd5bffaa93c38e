/** Requests as a whole, references, and creation ids (RFC 8620 sections 2 and 3). */
import assert from "node:assert/strict";
import { JMAP_LIMITS, parseIJson } from "../../../../src/jmap/mod.ts";
import { ALL, scene } from "../scene.ts";

Deno.test("RFC 8620 3.6.1: notJSON, notRequest, unknownCapability, limit: a request that is refused as a whole", async () => {
  await using s = await scene();
  const problem = async (body: unknown, headers?: HeadersInit) => {
    const response = await s.alice.post(body, headers);
    assert.deepEqual([response.status, response.headers.get("content-type")], [400, "application/problem+json"]);
    const { type, status, limit } = await response.json();
    assert.equal(status, 400);
    return [type.replace("urn:ietf:params:jmap:error:", ""), ...(limit ? [limit] : [])];
  };
  for (const type of ["text/plain", "application/jmap", "application/json2"]) {
    assert.deepEqual(await problem({ using: [], methodCalls: [] }, { "content-type": type }), ["notJSON"]);
  }
  for (
    const text of [
      "",
      "{",
      "\u0000",
      '{"using":[],"methodCalls":[],}',
      '{"using":[],"using":[],"methodCalls":[]}',
      '{"using":[],"methodCalls":[["Core/echo",{"a":1,"\\u0061":2},"c"]]}',
      '{"using":[],"methodCalls":[["Core/echo",{"a":"\\ud800"},"c"]]}',
      '{"using":[],"methodCalls":[["Core/echo",{"\\udc00":1},"c"]]}',
      `{"using":[],"methodCalls":[],"x":${"[".repeat(5000)}${"]".repeat(5000)}}`,
    ]
  ) assert.deepEqual(await problem(text), ["notJSON"], text.slice(0, 80));
  const octets = await s.alice.fetch("/jmap/api", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: new Uint8Array([0x22, 0xff, 0x22]),
  });
  assert.match((await octets.json()).type, /notJSON$/);
  for (
    const value of [
      null,
      [],
      "x",
      {},
      { using: [] },
      { methodCalls: [] },
      { using: "urn:ietf:params:jmap:core", methodCalls: [] },
      { using: [5], methodCalls: [] },
      { using: [], methodCalls: {} },
      { using: [], methodCalls: [["Core/echo", {}]] },
      { using: [], methodCalls: [["Core/echo", {}, "c", 1]] },
      { using: [], methodCalls: [["Core/echo", null, "c"]] },
      { using: [], methodCalls: [["Core/echo", [], "c"]] },
      { using: [], methodCalls: [[5, {}, "c"]] },
      { using: [], methodCalls: [["Core/echo", {}, 5]] },
      { using: [], methodCalls: [], createdIds: [] },
      { using: [], methodCalls: [], createdIds: { a: 5 } },
    ]
  ) assert.deepEqual(await problem(JSON.stringify(value)), ["notRequest"], JSON.stringify(value));
  assert.deepEqual(await problem({ using: ["urn:none"], methodCalls: [] }), ["unknownCapability"]);
  const calls = Array.from({ length: JMAP_LIMITS.maxCallsInRequest + 1 }, () => ["Core/echo", {}, "c"]);
  assert.deepEqual(await problem({ using: [], methodCalls: calls }), ["limit", "maxCallsInRequest"]);
  const long = `{"using":[],"methodCalls":[],"x":"${"y".repeat(JMAP_LIMITS.maxSizeRequest)}"}`;
  assert.deepEqual(await problem(long), ["limit", "maxSizeRequest"]);
  // What is not known on the request is passed over; a type may have parameters.
  const right = await s.alice.post({ using: [], methodCalls: [], more: 1 }, {
    "content-type": "Application/JSON; charset=utf-8",
  });
  assert.deepEqual([right.status, right.headers.get("content-type")], [200, "application/json"]);
});

Deno.test("RFC 8620 3.6.1: limit: maxConcurrentRequests, maxConcurrentUpload and maxSizeUpload are what the session says", async () => {
  await using s = await scene();
  const slow = (path: string, type: string) => {
    let end = () => {};
    const body = new ReadableStream({
      start: (controller) => {
        controller.enqueue(new Uint8Array(1));
        end = () => controller.close();
      },
    });
    const answer = s.alice.fetch(path, { method: "POST", headers: { "content-type": type }, body });
    return { answer, end: () => end() };
  };
  const one = JSON.stringify({ using: [], methodCalls: [] });
  const path = `/jmap/upload/${s.alice.accountId}`;
  for (
    const [limit, count, at, type] of [
      ["maxConcurrentRequests", JMAP_LIMITS.maxConcurrentRequests, "/jmap/api", "application/json"],
      ["maxConcurrentUpload", JMAP_LIMITS.maxConcurrentUpload, path, "text/plain"],
    ] as const
  ) {
    const open = Array.from({ length: count }, () => slow(at, type));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const refused = await s.alice.fetch(at, { method: "POST", headers: { "content-type": type }, body: one });
    assert.deepEqual([refused.status, (await refused.json()).limit], [400, limit]);
    for (const { end } of open) end();
    for (const { answer } of open) await (await answer).body?.cancel();
    const again = await s.alice.fetch(at, { method: "POST", headers: { "content-type": type }, body: one });
    assert.ok(again.ok);
    await again.body?.cancel();
  }
  const { capabilities } = await s.alice.session() as { capabilities: Record<string, Record<string, number>> };
  const { maxSizeUpload } = capabilities["urn:ietf:params:jmap:core"]!;
  const large = await s.alice.fetch(path, {
    method: "POST",
    headers: { "content-length": String(maxSizeUpload! + 1) },
    body: "x",
  });
  assert.deepEqual((await large.json()).limit, "maxSizeUpload");
});

Deno.test("RFC 8620 1.5: what is I-JSON, and what is not", () => {
  for (
    const text of ['{"a":{"a":[{"a":":{[\\""}]}}', '"\\\\"', "[]", "1e400", '{"":null}', '"\\ud83d\\ude00"', " null "]
  ) {
    assert.notEqual(parseIJson(text), undefined, text);
  }
  for (const text of ['{"a":1,"a":1}', '{"\\u0061":1,"a":2}', '"\\ud83d"', '"x', '"\\"', '{"a":1,"b":{"c":1,"c":2}}']) {
    assert.equal(parseIJson(text), undefined, text);
  }
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assert.notEqual(parseIJson(nested(4000)), undefined);
  assert.equal(parseIJson(nested(4001)), undefined);
  JSON.stringify(parseIJson(nested(4000)));
});

Deno.test("RFC 8620 3.7: invalidResultReference: responses that are given on and on grow no further than a request may", async () => {
  await using s = await scene();
  const methodCalls: unknown[] = [["Core/echo", { a: "x".repeat(100_000) }, "0"]];
  for (let i = 1; i < 40; i++) {
    const all = { resultOf: String(i - 1), name: "Core/echo", path: "" };
    methodCalls.push(["Core/echo", { "#a": all, "#b": all }, String(i)]);
  }
  const response = await s.alice.post({ using: ALL, methodCalls });
  const text = await response.text();
  assert.ok(text.length < 3 * JMAP_LIMITS.maxSizeRequest);
  const { methodResponses } = JSON.parse(text);
  assert.equal(methodResponses[2][0], "Core/echo");
  assert.equal(methodResponses[39][1].type, "invalidResultReference");
});

Deno.test("RFC 8620 3.3: creation ids go from call to call and from request to request, the last one counts", async () => {
  await using s = await scene();
  const account = { accountId: s.alice.accountId };
  const post = async (request: object) => await (await s.alice.post({ using: ALL, ...request })).json();
  const first = await post({
    createdIds: { old: "m1", __proto__x: "y" },
    methodCalls: [
      ["Mailbox/set", { ...account, create: { k: { name: "A" } } }, "0"],
      ["Mailbox/set", { ...account, create: { l: { name: "B", parentId: "#k" } } }, "1"],
      ["Mailbox/set", { ...account, create: { k: { name: "C" } } }, "2"],
      ["Mailbox/get", { ...account, ids: ["#k", "#old", "#none"], properties: ["name"] }, "3"],
    ],
  });
  const [[, a], [, b], [, c], [, got]] = first.methodResponses;
  const { k, l, old } = first.createdIds;
  assert.deepEqual([k, l, old], [c.created.k.id, b.created.l.id, "m1"]);
  assert.deepEqual(got.list.map(({ name }: { name: string }) => name), ["C", "Inbox"]);
  assert.deepEqual(got.notFound, ["#none"]);
  const second = await post({
    createdIds: first.createdIds,
    methodCalls: [["Mailbox/set", { ...account, update: { "#l": { parentId: "#k" } } }, "0"]],
  });
  assert.deepEqual(second.methodResponses[0][1].updated, { [l]: null });
  const { list } = await s.call("Mailbox/get", { ids: [l], properties: ["parentId"] });
  assert.equal(list[0].parentId, k);
  assert.notEqual(a.created.k.id, k);
  // Who does not give any gets none.
  assert.ok(!("createdIds" in await post({ methodCalls: [] })));
});

Deno.test("RFC 8620 3.4: a call id comes back with each of its responses, sessionState with all", async () => {
  await using s = await scene();
  const { state } = await s.alice.session();
  const response = await s.alice.post({
    using: ALL,
    methodCalls: [["Core/echo", { a: 1 }, "same"], ["none", {}, "same"], ["Core/echo", {}, ""]],
  });
  const { methodResponses, sessionState } = await response.json();
  assert.deepEqual(methodResponses, [
    ["Core/echo", { a: 1 }, "same"],
    ["error", { type: "unknownMethod" }, "same"],
    ["Core/echo", {}, ""],
  ]);
  assert.equal(sessionState, state);
  await s.share("bob", "INBOX", "lr");
  const again = await (await s.alice.post({ using: ALL, methodCalls: [] })).json();
  assert.notEqual(again.sessionState, state, "an account came");
  assert.equal((await s.alice.session())["state"], again.sessionState);
});

Deno.test("RFC 8620 2: the session has all that it must have", async () => {
  await using s = await scene();
  const session = await s.alice.session() as Record<string, Record<string, Record<string, unknown>>>;
  const core = session["capabilities"]!["urn:ietf:params:jmap:core"]!;
  const least = {
    maxSizeUpload: 50_000_000,
    maxConcurrentUpload: 4,
    maxSizeRequest: 10_000_000,
    maxConcurrentRequests: 4,
    maxCallsInRequest: 16,
    maxObjectsInGet: 500,
    maxObjectsInSet: 500,
  };
  assert.deepEqual(Object.keys(core).sort(), [...Object.keys(least), "collationAlgorithms"].sort());
  for (const [name, value] of Object.entries(least)) assert.ok((core[name] as number) >= value, name);
  for (const name of ["downloadUrl", "uploadUrl", "eventSourceUrl"]) assert.match(String(session[name]), /^https:/);
  for (const name of ["accountId", "blobId", "type", "name"]) {
    assert.ok(String(session["downloadUrl"]).includes(`{${name}}`));
  }
  for (const name of ["types", "closeafter", "ping"]) {
    assert.ok(String(session["eventSourceUrl"]).includes(`{${name}}`));
  }
  assert.ok(!("urn:ietf:params:jmap:core" in session["primaryAccounts"]!));
  const { accountCapabilities } = session["accounts"]![s.alice.accountId]! as {
    accountCapabilities: Record<string, Record<string, unknown>>;
  };
  // RFC 8621 sections 1.3.1 and 1.3.2.
  const mail = accountCapabilities["urn:ietf:params:jmap:mail"]!;
  assert.deepEqual(Object.keys(mail).sort(), [
    "emailQuerySortOptions",
    "maxMailboxDepth",
    "maxMailboxesPerEmail",
    "maxSizeAttachmentsPerEmail",
    "maxSizeMailboxName",
    "mayCreateTopLevelMailbox",
  ]);
  const submission = accountCapabilities["urn:ietf:params:jmap:submission"]!;
  assert.deepEqual(Object.keys(submission).sort(), ["maxDelayedSend", "submissionExtensions"]);
  for (const property of mail["emailQuerySortOptions"] as string[]) {
    await s.call("Email/query", { sort: [{ property, keyword: "$seen" }] });
  }
});
