/** What is the same of all methods (RFC 8620 sections 3 and 5), tried on each of them. */
import assert from "node:assert/strict";
import type { Invocation } from "../../../../src/jmap/mod.ts";
import { JMAP_LIMITS } from "../../../../src/jmap/mod.ts";
import { ALL, type Scene, scene } from "../scene.ts";
import { rightArgs, SCHEMA, WRONG } from "./schema.ts";

const METHODS = Object.keys(SCHEMA);
const MAIL_ONLY = /^(Mailbox|Thread|Email|SearchSnippet)\//;
const CHANGING = /\/(set|copy|import)$/;

/** Many calls in few requests: the type of the error of each, or null. */
async function typesOf(s: Scene, calls: readonly (readonly [name: string, args: object])[]): Promise<unknown[]> {
  const types: unknown[] = [];
  for (let at = 0; at < calls.length; at += 60) {
    const page = calls.slice(at, at + 60).map(([name, args], i) => [name, args, String(i)] as unknown as Invocation);
    const response = await s.alice.post({ using: ALL, methodCalls: page });
    assert.equal(response.status, 200, await response.clone().text());
    const { methodResponses } = await response.json();
    for (const i of page.keys()) {
      const [name, { type }] = methodResponses.find(([, , id]: Invocation) => id === String(i));
      types.push(name === "error" ? type : null);
    }
  }
  return types;
}

/** alice, with the inbox of bob, which she may look at only. */
async function opened() {
  const s = await scene();
  await s.share("bob", "INBOX", "lr");
  await s.alice.session();
  const state = (await s.call("Mailbox/get", { ids: [] }))["state"] as string;
  const ids = { account: s.alice.accountId, other: s.bob.accountId, state };
  return { s, ids, right: (method: string) => rightArgs(method, ids) };
}

Deno.test("RFC 8620 3.6.2: invalidArguments: every argument of every method has its type, and there are no others", async () => {
  const { s, right } = await opened();
  await using _ = s;
  const calls: [string, object][] = [];
  for (const method of METHODS) {
    assert.deepEqual(await typesOf(s, [[method, right(method)]]), [null], method);
    for (const [name, type] of Object.entries(SCHEMA[method]!)) {
      for (const value of WRONG[type]) calls.push([method, { ...right(method), [name]: value }]);
      if (!type.endsWith("?") && type !== "int" && type !== "bool") {
        calls.push([method, { ...right(method), [name]: undefined }]);
      }
    }
    calls.push([method, { ...right(method), toString: null }], [method, { ...right(method), x: 1 }]);
  }
  const types = await typesOf(s, calls);
  for (const [i, type] of types.entries()) assert.equal(type, "invalidArguments", JSON.stringify(calls[i]));
  assert.ok(calls.length > 900);
});

Deno.test("RFC 8620 3.6.2: accountNotFound, accountNotSupportedByMethod, accountReadOnly: every method, by its account", async () => {
  const { s, right } = await opened();
  await using _ = s;
  const unknown = await typesOf(s, METHODS.map((method) => [method, { ...right(method), accountId: "azzz" }]));
  for (const [i, type] of unknown.entries()) assert.equal(type, "accountNotFound", METHODS[i]!);
  const shared = METHODS.map((method): [string, object] => {
    const from = method === "Email/copy" ? { fromAccountId: s.alice.accountId } : {};
    return [method, { ...right(method), accountId: s.bob.accountId, ...from }];
  });
  for (const [i, type] of (await typesOf(s, shared)).entries()) {
    const method = METHODS[i]!;
    const wanted = !MAIL_ONLY.test(method)
      ? "accountNotSupportedByMethod"
      : CHANGING.test(method)
      ? "accountReadOnly"
      : null;
    // The state is that of another account.
    if (wanted !== null || !/[cC]hanges$/.test(method)) assert.equal(type, wanted, method);
  }
  const { accounts } = await s.alice.session() as { accounts: Record<string, Record<string, object | boolean>> };
  const { isReadOnly, isPersonal, accountCapabilities } = accounts[s.bob.accountId]!;
  assert.deepEqual([isReadOnly, isPersonal], [true, false]);
  assert.ok(!("urn:ietf:params:jmap:submission" in (accountCapabilities as object)));
});

Deno.test("RFC 8620 3.6.2: unknownMethod: every method without its capability, and what never was one", async () => {
  const { s, right } = await opened();
  await using _ = s;
  for (const method of [...METHODS, "Core/echo"]) {
    const response = await s.alice.post({
      using: method === "Core/echo" ? [] : ["urn:ietf:params:jmap:core"],
      methodCalls: [[method, method === "Core/echo" ? {} : right(method), "c"]],
    });
    assert.deepEqual((await response.json()).methodResponses, [["error", { type: "unknownMethod" }, "c"]], method);
  }
  assert.deepEqual(await typesOf(s, [["Thread/set", {}], ["email/get", {}], ["", {}]]), [
    "unknownMethod",
    "unknownMethod",
    "unknownMethod",
  ]);
});

Deno.test("RFC 8620 3.7: invalidResultReference, invalidArguments: every method takes an argument by reference, or not at all", async () => {
  const { s, ids, right } = await opened();
  await using _ = s;
  for (const method of METHODS) {
    const { accountId: __, ...others } = right(method);
    const reference = (path: string) => ({ resultOf: "e", name: "Core/echo", path });
    const responses = await s.alice.post({
      using: ALL,
      methodCalls: [
        ["Core/echo", { account: ids.account }, "e"],
        [method, { ...others, "#accountId": reference("/account") }, "right"],
        [method, { ...others, "#accountId": reference("/nothing") }, "wrong"],
        [method, { ...others, accountId: ids.account, "#accountId": reference("/account") }, "both"],
      ],
    });
    const { methodResponses } = await responses.json();
    const of = (id: string) => methodResponses.find(([, , one]: Invocation) => one === id);
    assert.equal(of("right")[0], method, JSON.stringify(of("right")));
    assert.equal(of("wrong")[1].type, "invalidResultReference");
    assert.equal(of("both")[1].type, "invalidArguments");
  }
});

Deno.test("RFC 8620 5.1: requestTooLarge, invalidArguments: every /get by its limit, its properties, and ids that are none", async () => {
  const { s, right } = await opened();
  await using _ = s;
  const many = Array.from({ length: JMAP_LIMITS.maxObjectsInGet + 1 }, (_, i) => `x${i}`);
  for (const method of METHODS.filter((name) => name.endsWith("/get") && name !== "SearchSnippet/get")) {
    assert.equal(await s.fails(method, { ids: many }), "requestTooLarge");
    assert.equal(await s.fails(method, { ids: [], properties: ["nothing"] }), "invalidArguments");
    assert.equal(await s.fails(method, { ids: [], properties: ["__proto__"] }), "invalidArguments");
    const answer = await s.call(method, { ...right(method), ids: ["x", "x", "y", "#z"] });
    assert.deepEqual([answer["list"], answer["notFound"]], [[], ["x", "y", "#z"]]);
    assert.deepEqual((await s.call(method, { ids: [] }))["list"], []);
    assert.equal(typeof answer["state"], "string");
    const [one] = (await s.call(method, { properties: ["id"] }))["list"];
    if (one) assert.deepEqual(Object.keys(one), ["id"]);
  }
});

Deno.test("RFC 8620 5.2: cannotCalculateChanges: every /changes from what never was a state, and nothing from the last one", async () => {
  const { s, ids } = await opened();
  await using _ = s;
  for (const method of METHODS.filter((name) => name.endsWith("/changes"))) {
    for (const sinceState of ["", "x", "99999", "-1", "1-", "1-x-y", "1.5", "9".repeat(40)]) {
      assert.equal(await s.fails(method, { sinceState }), "cannotCalculateChanges", `${method} ${sinceState}`);
    }
    const { accountId: _, updatedProperties: __, ...answer } = await s.call(method, { sinceState: ids.state });
    assert.deepEqual(answer, {
      oldState: ids.state,
      newState: ids.state,
      hasMoreChanges: false,
      created: [],
      updated: [],
      destroyed: [],
    });
  }
});

Deno.test("RFC 8620 5.3: requestTooLarge, stateMismatch, notFound, willDestroy: every /set as a whole, and ids that are none", async () => {
  const { s, ids } = await opened();
  await using _ = s;
  const many = Array.from({ length: JMAP_LIMITS.maxObjectsInSet }, (_, i) => `x${i}`);
  for (const method of METHODS.filter((name) => name.endsWith("/set"))) {
    assert.equal(await s.fails(method, { destroy: many, update: { y: {} } }), "requestTooLarge");
    for (const ifInState of ["0", "x", ""]) assert.equal(await s.fails(method, { ifInState }), "stateMismatch");
    const nothing = await s.call(method, { ifInState: ids.state });
    const names = ["created", "updated", "destroyed", "notCreated", "notUpdated", "notDestroyed"];
    assert.deepEqual(names.map((name) => nothing[name]), [null, null, null, null, null, null]);
    assert.deepEqual([nothing["oldState"], nothing["newState"]], [ids.state, ids.state]);
    const answer = await s.call(method, { update: { x: {}, "__proto__x": {} }, destroy: ["y", "y"] });
    assert.equal(answer["notUpdated"].x.type, "notFound");
    const gone = answer["notDestroyed"].y.type;
    assert.equal(gone, method === "VacationResponse/set" ? "singleton" : "notFound");
  }
  const made = (await s.call("Mailbox/set", { create: { k: { name: "x" } } }))["created"].k.id;
  const both = await s.call("Mailbox/set", { update: { [made]: { name: "y" } }, destroy: [made] });
  assert.deepEqual([both["notUpdated"][made].type, both["destroyed"]], ["willDestroy", [made]]);
  // A name of the prototype is a creation id as others.
  const response = await s.alice.post(
    `{"using":${JSON.stringify(ALL)},"methodCalls":[["Mailbox/set",{"accountId":"${ids.account}",` +
      `"create":{"__proto__":{"name":"p"},"constructor":{}}},"c"]]}`,
  );
  const [[, { created, notCreated }]] = (await response.json()).methodResponses;
  assert.deepEqual([Object.keys(created), Object.keys(notCreated)], [["__proto__"], ["constructor"]]);
});

Deno.test("RFC 8620 5.5: anchorNotFound, unsupportedSort, unsupportedFilter: every /query, and its window", async () => {
  const { s } = await opened();
  await using _ = s;
  for (const text of ["one", "two", "three"]) await s.deliver(`Subject: ${text}\n\nx`);
  for (const method of METHODS.filter((name) => name.endsWith("/query"))) {
    assert.equal(await s.fails(method, { anchor: "nothing" }), "anchorNotFound");
    assert.equal(await s.fails(method, { sort: [{ property: "nothing" }] }), "unsupportedSort");
    const known = method === "Mailbox/query" ? "name" : method === "Email/query" ? "subject" : "emailId";
    assert.equal(await s.fails(method, { sort: [{ property: known, collation: "i;nothing" }] }), "unsupportedSort");
    for (const collation of ["i;ascii-numeric", "i;ascii-casemap", "i;unicode-casemap"]) {
      await s.call(method, { sort: [{ property: known, collation, isAscending: false }] });
    }
    assert.equal(await s.fails(method, { filter: { nothing: 1 } }), "unsupportedFilter");
    assert.equal(await s.fails(method, { filter: { __proto__x: 1 } }), "unsupportedFilter");
    let deep: object = {};
    for (let i = 0; i < 50; i++) deep = { operator: "AND", conditions: [deep] };
    assert.equal(await s.fails(method, { filter: deep }), "unsupportedFilter");
    const wide = { operator: "OR", conditions: Array.from({ length: 1000 }, () => ({})) };
    assert.equal(await s.fails(method, { filter: wide }), "unsupportedFilter");
    const { ids, canCalculateChanges, total } = await s.call(method);
    assert.deepEqual([canCalculateChanges, total], [true, undefined]);
    const window = async (args: object) => {
      const answer = await s.call(method, args);
      return [answer["position"], answer["ids"]];
    };
    const count = ids.length;
    assert.deepEqual(await window({ position: 1 }), [1, ids.slice(1)]);
    assert.deepEqual(await window({ position: -2 }), [Math.max(0, count - 2), ids.slice(-2)]);
    assert.deepEqual(await window({ position: -99 }), [0, ids]);
    assert.deepEqual(await window({ position: 99 }), [99, []]);
    assert.deepEqual(await window({ limit: 0 }), [0, []]);
    assert.deepEqual(await window({ limit: 2, anchorOffset: 5 }), [0, ids.slice(0, 2)]);
    assert.equal((await s.call(method, { calculateTotal: true, limit: 1 }))["total"], count);
    // None of nothing is true, one of nothing is not.
    const found = async (operator: string, conditions: object[]) =>
      (await s.call(method, { filter: { operator, conditions } }))["ids"].length;
    assert.deepEqual([await found("AND", []), await found("OR", []), await found("NOT", [])], [count, 0, count]);
    assert.deepEqual([await found("NOT", [{}]), await found("OR", [{ operator: "NOT", conditions: [{}] }, {}])], [
      0,
      count,
    ]);
    if (count < 3) continue;
    assert.deepEqual(await window({ anchor: ids[1], position: 99 }), [1, ids.slice(1)]);
    assert.deepEqual(await window({ anchor: ids[1], anchorOffset: -1, limit: 1 }), [0, [ids[0]]]);
    assert.deepEqual(await window({ anchor: ids[0], anchorOffset: -9 }), [0, ids]);
    assert.deepEqual(await window({ anchor: ids[0], anchorOffset: 99 }), [99, []]);
  }
});

Deno.test("RFC 8620 5.6: tooManyChanges, cannotCalculateChanges: every /queryChanges, and nothing where nothing changed", async () => {
  const { s, ids } = await opened();
  await using _ = s;
  for (const method of METHODS.filter((name) => name.endsWith("/queryChanges"))) {
    for (const sinceQueryState of ["", "x", "99999", "1-x"]) {
      assert.equal(await s.fails(method, { sinceQueryState }), "cannotCalculateChanges");
    }
    const answer = await s.call(method, { sinceQueryState: ids.state, calculateTotal: true });
    assert.deepEqual([answer["removed"], answer["added"], answer["oldQueryState"]], [[], [], ids.state]);
    assert.equal(typeof answer["total"], "number");
    assert.ok(!("total" in await s.call(method, { sinceQueryState: ids.state })));
  }
  await s.deliver("From: a@example.net\nSubject: x\n\nx");
  await s.call("Mailbox/set", { create: { k: { name: "x" } } });
  const { drafts } = s.boxes;
  const email = {
    mailboxIds: { [drafts!]: true },
    from: [{ email: "alice@example.test" }],
    to: [{ email: "bob@example.test" }],
  };
  const { id } = (await s.call("Email/set", { create: { k: email } }))["created"].k;
  await s.call("EmailSubmission/set", { create: { k: { identityId: "own", emailId: id } } });
  for (const method of METHODS.filter((name) => name.endsWith("/queryChanges"))) {
    assert.equal(await s.fails(method, { sinceQueryState: ids.state, maxChanges: 1 }), "tooManyChanges", method);
    const { added } = await s.call(method, { sinceQueryState: ids.state, maxChanges: 99 });
    assert.ok(added.length > 0, method);
  }
});

Deno.test("RFC 8620 5.4: fromAccountNotFound, fromAccountNotSupportedByMethod, stateMismatch: Email/copy as a whole", async () => {
  const { s, right } = await opened();
  await using _ = s;
  const args = right("Email/copy");
  assert.equal(await s.fails("Email/copy", { ...args, fromAccountId: "azzz" }), "fromAccountNotFound");
  assert.equal(await s.fails("Email/copy", { ...args, fromAccountId: s.alice.accountId }), "invalidArguments");
  for (const name of ["ifInState", "ifFromInState"]) {
    assert.equal(await s.fails("Email/copy", { ...args, [name]: "x" }), "stateMismatch");
  }
  // No account is without mail: only what is asked of the capability can be seen.
  const { supports } = await import("../../../../src/jmap/capabilities.ts");
  const account = { accountId: "a1" as never, name: "x@y.z", isPersonal: false, isReadOnly: false };
  assert.equal(supports(account, "urn:ietf:params:jmap:mail", JMAP_LIMITS), true);
  assert.equal(supports(account, "urn:ietf:params:jmap:submission", JMAP_LIMITS), false);
  const { Call } = await import("../../../../src/jmap/call.ts");
  const user = { accountId: "a2" as never, address: "b@y.z", accounts: [account] };
  const context = { user, limits: JMAP_LIMITS } as never;
  const call = new Call(context, "Email/copy", { fromAccountId: "a1" }, "urn:ietf:params:jmap:submission");
  assert.throws(() => call.account(false, "fromAccountId"), { type: "fromAccountNotSupportedByMethod" });
});
