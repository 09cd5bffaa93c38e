/** Requests as a whole, references between calls, and errors of methods (RFC 8620 section 3). */
import assert from "node:assert/strict";
import type { AccountId, Modseq } from "../../src/contract/mod.ts";
import {
  CAPABILITIES,
  type Invocation,
  JMAP_LIMITS,
  type JmapRequest,
  type JmapUser,
  parseRequest,
  processRequest,
} from "../../src/jmap/mod.ts";
import type { Answers } from "../support/run_machine.ts";
import { runProgram, WorldFails } from "../support/run_program.ts";

const USER: JmapUser = {
  accountId: "a1" as AccountId,
  address: "ann@example.org",
  accounts: [{ accountId: "a1" as AccountId, name: "ann@example.org", isPersonal: true, isReadOnly: false }],
};
const USING = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];

function respond(methodCalls: readonly Invocation[], answers: Answers = {}, using = USING): readonly Invocation[] {
  const request: JmapRequest = { using, methodCalls, createdIds: null };
  return runProgram(processRequest(request, USER, JMAP_LIMITS, "s", "password:x"), answers).result.methodResponses;
}

const parse = (value: unknown) => parseRequest(value as never, CAPABILITIES, JMAP_LIMITS);

Deno.test("RFC 8620 section 3.3: a request that is none is told why", () => {
  for (
    const value of [
      null,
      [],
      {},
      { using: "x", methodCalls: [] },
      { using: [], methodCalls: {} },
      { using: [], methodCalls: [["a", {}]] },
      { using: [], methodCalls: [["a", [], "c"]] },
      { using: [], methodCalls: [], createdIds: { a: 1 } },
    ]
  ) assert.equal((parse(value) as { type: string }).type, "notRequest", JSON.stringify(value));
  assert.equal((parse({ using: ["urn:x"], methodCalls: [] }) as { type: string }).type, "unknownCapability");
  const many = Array.from({ length: JMAP_LIMITS.maxCallsInRequest + 1 }, () => ["Core/echo", {}, "c"]);
  const problem = parse({ using: [], methodCalls: many }) as { type: string; limit: string };
  assert.deepEqual([problem.type, problem.limit], ["limit", "maxCallsInRequest"]);
});

Deno.test("RFC 8620 section 4: Core/echo gives back what came", () => {
  assert.deepEqual(respond([["Core/echo", { hello: true, high: [5] }, "b3ff"]]), [
    ["Core/echo", { hello: true, high: [5] }, "b3ff"],
  ]);
});

Deno.test("RFC 8620 section 3.6.2: a method is unknown, or of a capability that is not used", () => {
  const unknown = (call: Invocation, using?: string[]) => respond([call], {}, using)[0]![1]["type"];
  assert.equal(unknown(["Foo/get", {}, "c"]), "unknownMethod");
  assert.equal(unknown(["toString", {}, "c"]), "unknownMethod");
  assert.equal(
    unknown(["Mailbox/changes", { accountId: "a1", sinceState: "1" }, "c"], USING.slice(0, 1)),
    "unknownMethod",
  );
});

Deno.test("RFC 8620 section 3.7: references lead to what an earlier call answered, and to nothing else", () => {
  const first: Invocation = ["Core/echo", { list: [{ ids: ["a", "b"] }, { ids: ["c"] }], one: { "a/b": "x" } }, "0"];
  const follow = (args: Invocation[1]) => respond([first, ["Core/echo", args, "1"]])[1]!;
  const of = (path: string, more = {}) => ({ resultOf: "0", name: "Core/echo", path, ...more });
  assert.deepEqual({ ...follow({ "#x": of("/list/*/ids") })[1] }, { x: ["a", "b", "c"] });
  assert.deepEqual({ ...follow({ "#x": of("/one/a~1b"), y: 1 })[1] }, { x: "x", y: 1 });
  assert.deepEqual({ ...follow({ "#x": of("/list/1/ids/0") })[1] }, { x: "c" });
  for (
    const broken of [
      { "#x": of("/nothing") },
      { "#x": of("/list/2") },
      { "#x": of("/list/01") },
      { "#x": of("/list/*/nothing") },
      { "#x": of("list") },
      { "#x": of("/__proto__") },
      { "#x": of("/list", { resultOf: "1" }) },
      { "#x": of("/list", { name: "Foo/get" }) },
      { "#x": "y" },
      { "#x": { resultOf: "0" } },
    ]
  ) assert.equal(follow(broken as never)[1]["type"], "invalidResultReference", JSON.stringify(broken));
  assert.equal(follow({ "#x": of("/list"), x: 1 } as never)[1]["type"], "invalidArguments");
});

Deno.test("RFC 8620 section 3.6.2: serverUnavailable, serverFail, serverPartialFail: a failure of the world is told in the response, and the next call goes on", () => {
  const calls: Invocation[] = [
    ["Mailbox/changes", { accountId: "a1", sinceState: "1" }, "0"],
    ["Core/echo", {}, "1"],
  ];
  const fails = (reason?: "bug") => ({
    "mailbox.objectChanges": () => {
      throw new WorldFails(reason);
    },
  });
  assert.deepEqual(respond(calls, fails()).map(([, args]) => args["type"]), ["serverUnavailable", undefined]);
  assert.equal(respond(calls, fails("bug"))[0]![1]["type"], "serverFail");
  // A bug of a method is one call's, and nothing is hidden that was done before it.
  const broken = { "mailbox.objectChanges": () => undefined as never };
  assert.deepEqual(respond(calls, broken).map(([, args]) => args["type"]), ["serverFail", undefined]);
  let asked = 0;
  const made = { mailboxId: "m9", path: "x", name: "x", rights: "", parentId: null, role: null, sortOrder: 0 };
  const half: Answers = {
    "account.state": () => {
      if (asked++ > 0) throw new WorldFails();
      return 1 as Modseq;
    },
    "mailbox.make": () => made as never,
  };
  const set: Invocation = ["Mailbox/set", { accountId: "a1", create: { k: { name: "x" } } }, "0"];
  assert.equal(respond([set], half)[0]![1]["type"], "serverPartialFail");
});

Deno.test("RFC 8621 section 2.2: Mailbox/changes tells whether only counts changed", () => {
  const answer = { state: 9 as Modseq, created: [], updated: [], counted: ["m2"], destroyed: [], at: { m2: 9 } };
  const answers: Answers = {
    "mailbox.objectChanges": () => answer as never,
    "email.changes": () => ({ changes: [], upTo: { modseq: 9, emailId: null }, hasMore: false }) as never,
  };
  const call = (args = {}): Invocation => ["Mailbox/changes", { accountId: "a1", sinceState: "5", ...args }, "0"];
  const [[, told]] = respond([call()], answers) as [Invocation];
  assert.deepEqual([told["newState"], told["updated"], told["oldState"]], ["9", ["m2"], "5"]);
  assert.deepEqual(told["updatedProperties"], ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"]);
  const type = (args: object) => respond([call(args)], answers)[0]![1]["type"];
  assert.equal(type({ accountId: "a2" }), "accountNotFound");
  assert.equal(type({ sinceState: "x" }), "cannotCalculateChanges");
  assert.equal(type({ sinceState: 5 }), "invalidArguments");
  assert.equal(type({ maxChanges: 0 }), "invalidArguments");
  assert.equal(type({ maxChanges: -1 }), "invalidArguments");
  assert.equal(type({ other: 1 }), "invalidArguments");
});
