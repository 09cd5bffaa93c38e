/** Wrong types at every place: each method answers with an error of its own, and the server goes on (RFC 8620 section 3.6.2). */
import assert from "node:assert/strict";
import { CAPABILITIES, type Json, type JsonObject } from "../../../src/jmap/mod.ts";
import { METHODS } from "../../../src/jmap/methods.ts";
import { testServer } from "../../../src/server/test_server.ts";
import { JmapClient } from "./client.ts";

const ARGUMENTS = [
  "accountId",
  "ids",
  "properties",
  "sinceState",
  "maxChanges",
  "filter",
  "sort",
  "position",
  "anchor",
  "limit",
  "calculateTotal",
  "collapseThreads",
  "create",
  "update",
  "destroy",
  "ifInState",
  "emails",
  "blobIds",
  "emailIds",
  "bodyProperties",
  "maxBodyValueBytes",
  "fetchAllBodyValues",
  "fromAccountId",
  "sinceQueryState",
  "onSuccessUpdateEmail",
  "onSuccessDestroyEmail",
  "onDestroyRemoveEmails",
  "sortAsTree",
  "send",
  "identityId",
  "typeNames",
  "offset",
  "length",
  "blobId",
  "onSuccessActivateScript",
  "onSuccessDeactivateScript",
  "__proto__",
];
const VALUES: readonly Json[] = [
  null,
  true,
  -1,
  0,
  1.5,
  1e300,
  "",
  "x",
  "#k",
  "own",
  "singleton",
  "e1",
  "m1",
  "1",
  "e1_1",
  "__proto__",
  "toString",
  "\u0000\ufffd",
  "2026-02-30T00:00:00Z",
  [],
  ["e1"],
  [null],
  [["e1"]],
  [{}],
  {},
  { x: 1 },
  { k: null },
  { k: {} },
  { e1: { "keywords/a": 1 } },
  { e1: { mailboxIds: [], "mailboxIds/x/y": true } },
  { k: { mailboxIds: { m1: true }, bodyStructure: { subParts: [null], type: "multipart/x" } } },
  { k: { mailboxIds: { m1: true }, from: ["x"], textBody: [{ partId: "__proto__" }], bodyValues: {} } },
  { k: { data: [{ "data:asText": "x" }, { blobId: "#k", offset: 1e300 }], type: "x" } },
  { k: { data: [{ blobId: "e1", length: 5 }], blobId: "e1" } },
  { k: { name: null, blobId: "e1_1" } },
  { k: { forEmailId: "e1", disposition: { actionMode: 1 }, extensionFields: { "\n": "x" } } },
  ["Email", "x"],
  { name: "a", isActive: true },
  { k: { name: "\u0007", parentId: "#k", role: 5 } },
  { k: { identityId: "own", emailId: "e1", envelope: { mailFrom: null, rcptTo: [{ email: [] }] } } },
  { k: { blobId: "e1_1", mailboxIds: { m1: true }, keywords: { "(": true } } },
  { operator: "AND", conditions: [{ text: "'" }, { header: ["\n"] }, null] },
  { operator: "NOT", conditions: {} },
  { inMailbox: 5, before: "x" },
  [{ property: "subject", isAscending: "no" }],
  [{ property: "__proto__" }],
];
const ROUNDS = 1500;

Deno.test("RFC 8620 section 3.6.2: whatever a method is asked with, it answers, and nothing breaks", async () => {
  await using server = await testServer();
  await server.deliver("Subject: x\n\nx", "alice@example.test");
  const alice = new JmapClient(server, "alice");
  await alice.session();
  const random = randomNumbers(3666);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const names = [...METHODS.keys()];
  for (let round = 0; round < ROUNDS; round += 30) {
    const methodCalls = Array.from({ length: 30 }, (_, i) => {
      const args: [string, Json][] = [["accountId", alice.accountId]];
      for (let count = random(5); count > 0; count--) args.push([pick(ARGUMENTS), pick(VALUES)]);
      // As JSON has them: names of the prototype are names.
      return [
        pick(names),
        JSON.parse(
          `{${args.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)}}`,
        ) as JsonObject,
        `${i}`,
      ];
    });
    const response = await alice.post({ using: [...CAPABILITIES], methodCalls });
    assert.equal(response.status, 200, JSON.stringify(methodCalls));
    const { methodResponses } = await response.json();
    assert.ok(methodResponses.length >= methodCalls.length);
    for (const [name, { type }, id] of methodResponses) {
      if (name === "error") assert.notEqual(type, "serverFail", JSON.stringify(methodCalls[Number(id)]));
    }
  }
  const broken = server.logs.filter(({ event }) => event === "http.failed");
  assert.deepEqual(broken, []);
});

function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 4294967296 * below);
  };
}
