/** JmapSocket over a connection whose other side reads when the test says so. */
import assert from "node:assert/strict";
import { UnderWay } from "../../../src/http/jmap/api.ts";
import type { JmapDesk } from "../../../src/http/jmap/desk.ts";
import { JmapSocket } from "../../../src/http/jmap/jmap_socket.ts";
import { type AccountChange, PushHub } from "../../../src/http/jmap/push_hub.ts";
import type { MessageSocket } from "../../../src/http/web_socket/message_socket.ts";
import { JMAP_LIMITS, type JmapUser } from "../../../src/jmap/mod.ts";
import type { Touched } from "../../../src/storage/storage.ts";

const USER = {
  accountId: "a1",
  address: "alice@example.test",
  accounts: [{ accountId: "a1", name: "alice@example.test", isPersonal: true, isReadOnly: false }],
} as unknown as JmapUser;
const USING = ["urn:ietf:params:jmap:core"];

/** A connection that takes nothing until `read` is called. */
function stalled() {
  // deno-lint-ignore no-explicit-any
  const said: any[] = [];
  let waiting = 0;
  let wake: ((isDrained: boolean) => void)[] = [];
  let closed: number | null = null;
  const socket: MessageSocket = {
    send: (text) => void (said.push(JSON.parse(text)), waiting += text.length),
    get waiting() {
      return waiting;
    },
    drained: () => waiting < 1_000_000 ? Promise.resolve(true) : new Promise((resolve) => wake.push(resolve)),
    close: (code) => void (closed = code),
  };
  const read = async (isDrained = true) => {
    if (isDrained) waiting = 0;
    const all = wake;
    wake = [];
    for (const one of all) one(isDrained);
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return { socket, said, read, closed: () => closed };
}

function open() {
  let state = 1;
  let touched = (_: Touched): void => {};
  const hub = new PushHub({
    watch: (_, listener) => {
      touched = listener;
      return () => {};
    },
    changed: (): Promise<AccountChange> => Promise.resolve({ state, types: new Set(["Email"] as const) }),
  });
  const desk = {
    limits: { ...JMAP_LIMITS, maxConcurrentRequests: 2 },
    hub,
    now: () => 0,
    holds: () => Promise.resolve(true),
    user: () => Promise.resolve(USER),
    applicationServerKey: () => Promise.resolve("k"),
    process: () => Promise.resolve({ methodResponses: [["x", { x: "y".repeat(2_000_000) }, "c"]], sessionState: "s" }),
  } as unknown as JmapDesk;
  const underWay = new UnderWay(2);
  const login = { accountId: USER.accountId, login: USER.address, scopes: null };
  const own = new JmapSocket({ desk, underWay, user: USER, login, credential: "c", address: "" });
  const other = stalled();
  own.opened(other.socket);
  const change = async () => {
    state++;
    touched({ mailboxIds: new Set(["m1"]), mailboxList: false, annotations: [] } as unknown as Touched);
    await new Promise((resolve) => setTimeout(resolve, 40));
  };
  const say = async (value: unknown) => {
    own.message(JSON.stringify(value));
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return { ...other, own, say, change };
}

const request = (id: string) => ({ "@type": "Request", id, using: USING, methodCalls: [["Core/echo", {}, "c"]] });

Deno.test("a client that does not take its answers has no places left for more, and gets them back when it does", async () => {
  const { say, said, read, own } = open();
  for (const id of ["1", "2", "3"]) await say(request(id));
  assert.deepEqual(said.map((one) => [one["@type"], one.requestId]), [
    ["Response", "1"],
    ["Response", "2"],
    ["RequestError", "3"],
  ]);
  await read();
  await say(request("4"));
  assert.deepEqual([said.at(-1)["@type"], said.at(-1).requestId], ["Response", "4"]);
  own.closed();
});

Deno.test("a client that takes nothing for a minute is let go", async () => {
  const { say, read, closed, own } = open();
  await say(request("1"));
  assert.equal(closed(), null);
  await read(false);
  assert.equal(closed(), 1008);
  own.closed();
});

Deno.test("news that come while answers are on their way are told behind them, as one", async () => {
  const { say, said, read, change, own } = open();
  await say({ "@type": "WebSocketPushEnable", dataTypes: null });
  await change();
  assert.deepEqual(said.map((one) => [one["@type"], one.pushState]), [["StateChange", "a1=2"]]);
  await say(request("1"));
  await change();
  await change();
  assert.equal(said.length, 2);
  await read();
  assert.deepEqual(said.slice(2).map((one) => [one["@type"], one.pushState, one.changed]), [
    ["StateChange", "a1=4", { a1: { Email: "4" } }],
  ]);
  own.closed();
  await change();
  assert.equal(said.length, 3);
});
